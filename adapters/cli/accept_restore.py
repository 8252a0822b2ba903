"""`tasma audit accept-restore`: a person decides that a network goes on from a restored backup."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from adapters.auditing.report import NotVerified
from adapters.auditing.strays import set_aside
from adapters.auditing.verify import verify
from adapters.cli.audit import audit
from adapters.cli.session import format_option, with_network, write, write_json
from adapters.held_keys import folder_of, signers_for
from adapters.postgres.audit_reading import audit_reading
from adapters.postgres.marks import marks_beyond, set_back
from adapters.signing import verifier_of
from adapters.wiring import Network
from domain.kernel import Refused


class NothingToAccept(Refused):
    def __init__(self) -> None:
        super().__init__(
            "The database goes on from the checkpoint kept outside it: nothing has to be accepted, everything is appended."
        )


class AnotherHead(Refused):
    def __init__(self, given: int, head: int) -> None:
        super().__init__(
            f"The log ends at position {head:,}, not at {given:,}. Look at what is there with `tasma status`, and accept what you saw."
        )


class NobodyVouches(Refused):
    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(
            f"The newest checkpoint inside the database is signed by {', '.join(keys) or 'no known key'}, which only the database "
            "vouches for: whoever can write into it can have put the key there too. Give the signing key in TASMA_SIGNING_KEY, or "
            "a public key that you trust with --key."
        )


class NothingSigned(Refused):
    def __init__(self) -> None:
        super().__init__(
            "Inside the database is no checkpoint, so nobody vouches for any of its events. Restore a backup that was made after the "
            "first checkpoint was signed, with all that is in it."
        )


class NotOurs(Refused):
    """What was signed inside is another network's: no restore explains that."""


class MarksHeld(Refused):
    def __init__(self, policies: Sequence[str]) -> None:
        super().__init__(
            f"Policies have worked beyond the end of the log: {', '.join(policies)}. Only the owner of the tables may set them back: "
            "give TASMA_ADMIN_DATABASE_URL as well; nothing was accepted."
        )


class NotMoved(Refused):
    def __init__(self, path: Path, why: OSError) -> None:
        super().__init__(
            f"{path} cannot be moved aside: {os.strerror(why.errno or 0)}. It must be a file that Tasma can read, in a folder it "
            "can write to; nothing was accepted."
        )


@audit.command("accept-restore")
@click.option(
    "--head", required=True, type=click.IntRange(0), help="Where the restored log ends, as `tasma status` says."
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="VKEY",
    help="Trust this public key beside those that this process signs with.",
)
@format_option
def accept_restore(head: int, keys: tuple[str, ...], form: str) -> None:
    """Go on for good from a database that ends before, or differs from, what was signed, or after a signing key was lost.

    What is there is verified, policies that had worked beyond its end are set back to that, and the checkpoint kept outside is
    moved aside under a name with its size: keep that file.
    Where only the key was lost, --key with its public key lets the keys of this process go on from what it signed; the file
    stays in its place.

    Nothing is appended by this. Servers that run go on by themselves within seconds. Whoever holds a checkpoint from the
    part that is lost will find that no later one goes on from it: tell them, with the file and the reason.
    """
    for key in keys:
        verifier_of(key)

    async def work(network: Network) -> dict[str, object]:
        why = network.read_only or await network.sealer.builds_on_newest()
        found = (await network.log.head()).position
        beyond = await marks_beyond(network.database, network.settings.network, found)
        if why is None and not beyond:
            raise NothingToAccept
        if network.read_only and network.custody.foreign:
            raise NotOurs(network.read_only)
        if found != head:
            raise AnotherHead(head, found)
        owner = _owner(network, beyond)
        held = [*keys, *(signer.vkey for signer in await asyncio.to_thread(signers_for, network.settings))]
        if why:
            await _judge(network, held)
        if owner:  # while nothing is appended: later it would lie below them
            await set_back(owner, network.settings.network, head)
            click.echo(f"These policies begin again at position {head}: {', '.join(beyond)}.", err=True)
        set_aside_in = await _set_aside(network)
        for each in set_aside_in:  # at once: whatever comes after, people know where it is
            write(each) if form == "text" else click.echo(each, err=True)
        aside = await _moved_aside(network) if network.read_only else None
        if aside:
            click.echo(f"The checkpoint that was kept outside is in {aside} now.", err=True)
        if await network.sealer.builds_on_newest():
            await network.sealer.accept([verifier_of(key) for key in keys])
        return {"head": head, "was": why, "moved_to": aside, "set_aside": set_aside_in, "set_back": beyond}

    done = with_network(work)
    if form == "json":
        write_json(done)
    else:
        _tell(head, done)


def _tell(head: int, done: Mapping[str, object]) -> None:
    if done["was"] is None:
        write("Nothing else had to be accepted.")
    elif done["moved_to"] is None:
        write(
            f"The network goes on from position {head}: the keys of this process have signed what the given key had. Tell "
            "everybody the new public key, and why there was no overlap."
        )
    else:
        write(
            f"The network goes on from position {head}. What was signed beyond it stands in {done['moved_to']}: keep that "
            "file, and tell everybody who was given a checkpoint."
        )


def _owner(network: Network, beyond: Sequence[str]) -> str | None:
    """Where the tables' owner connects, if policies have worked beyond the end of the log. Raises MarksHeld."""
    if beyond and network.admin_dsn is None:
        raise MarksHeld(beyond)
    return network.admin_dsn if beyond else None


async def _judge(network: Network, held: Sequence[str]) -> None:
    """Verify what there will be once pages beyond the log's end are set aside: all of it, before anything is moved.

    Raises NothingSigned, NobodyVouches and NotVerified.
    """
    async with audit_reading(network.dsn, network.settings.network) as reading:
        verified, _ = await verify(reading, held=held, views=network.views, to_head=True)
    if not verified.checkpoints:
        raise NothingSigned
    if not set(verified.held) & set(verified.newest_signed_by):
        raise NobodyVouches(verified.newest_signed_by)
    if verified.first_fault:
        raise NotVerified(verified.first_fault, verified.faults_in_all)


async def _set_aside(network: Network) -> Sequence[str]:
    """Set aside what is over no events; where it is, in sentences."""
    aside = await set_aside(network.database, network.settings.network, folder_of(network.settings))
    return aside.sentences if aside else ()


async def _moved_aside(network: Network) -> str:
    """Where the checkpoint kept outside is now. Raises NotMoved."""
    file = network.custody.file
    try:
        aside = await asyncio.to_thread(file.set_aside)
    except OSError as why_not:
        raise NotMoved(file.path, why_not) from why_not
    await network.custody.begin()
    return str(aside)
