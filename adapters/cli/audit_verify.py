"""`tasma audit verify`: recompute a live log from its stored bytes."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
from msgspec.structs import replace

from adapters.auditing.repair import repair
from adapters.auditing.report import FAULTS_MAX, Fault, First, NotVerified, Repairable, Verified
from adapters.auditing.strays import set_aside
from adapters.auditing.verify import verify
from adapters.checkpoint_file import checkpoint_of
from adapters.cli.audit import audit
from adapters.cli.audit_bundle import verify_bundle
from adapters.cli.session import format_option, with_network, write, write_json, write_table
from adapters.cli.session import table as table_of
from adapters.held_keys import folder_of, signers_for
from adapters.postgres.audit_reading import audit_reading
from adapters.postgres.figures import record_verified
from adapters.signing import verifier_of
from adapters.wiring import Network
from application.counting import counted
from application.envelope import PAGE_EVENTS
from application.notes import NoteFault
from domain.kernel import Refused

_MOMENTS: Final = 10
_MOMENT_SECONDS: Final = 0.1


@audit.command("verify")
@click.option(
    "--repair",
    "mend",
    is_flag=True,
    help="Make damaged or lost pages and tiles again where the events are right; set aside those beyond the log's end.",
)
@click.option(
    "--give-up",
    "given_up",
    multiple=True,
    type=click.IntRange(0, 2**63 - 1),
    metavar="PAGE",
    help="With --repair: set this page and its tile aside as well, because the rows are right and no checkpoint covers it.",
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="VKEY",
    help="Trust this public key, instead of those recorded in the database.",
)
@click.option(
    "--bundle",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check this bundle of `tasma audit export` instead; no database is needed.",
)
@format_option
def verify_command(
    keys: tuple[str, ...], bundle: Path | None, form: str, given_up: tuple[int, ...], *, mend: bool
) -> None:
    """Recompute everything from the stored bytes and compare it with the signed checkpoints.

    Positions, times, tags, commands, sealed pages, the tree, signatures, cosignatures, issued statements and the rows of the
    read models. What is wrong is said with the copy that is wrong; exit code 1 then. Of a command it is checked that its row
    names exactly its own events; the digest of its body cannot be recomputed, because the log keeps what was decided and not
    the bodies of commands.
    `--repair` touches no event, and makes again only what a checkpoint that verifies and fits vouches for. Pages and tiles over
    events that are not there go into a file in the data folder, with every byte, before they leave the tables: they may be all
    that is left of events that were removed. Where a checkpoint covers such events they stay, for then the log was cut off.
    """
    if bundle and mend:
        raise click.UsageError("--repair and --bundle do not go together: a bundle is what it is.")
    if given_up and not mend:
        raise click.UsageError("--give-up says what --repair may set aside: give both.")
    if bundle:
        verify_bundle(bundle, keys, form)
        return

    for key in keys:
        verifier_of(key)

    async def work(network: Network) -> tuple[Verified, bool]:
        found = await _verified(network, keys, given_up, mend=mend)
        await network.custody.judge()
        found = _beside(found, network.read_only)
        if found.ok:
            await record_verified(network.database, network.settings.network, found.size, bytes.fromhex(found.root))
        return found, found.checkpoints > 0 or await network.custody.outside() is not None

    found, signed = with_network(work)
    if form == "json":
        write_json(found)
    else:
        _print(found, signed=signed)
    if found.first_fault:
        raise NotVerified(found.first_fault, found.faults_in_all)


async def _verified(network: Network, keys: Sequence[str], given_up: Sequence[int], *, mend: bool) -> Verified:
    """What is found; with `mend`, once what can be made again or set aside was."""
    held = [signer.vkey for signer in await asyncio.to_thread(signers_for, network.settings)]
    outside, schema = await network.custody.outside(), network.settings.network
    size = await _stored(network, outside)

    async def once() -> tuple[Verified, Repairable]:
        async with audit_reading(network.dsn, schema) as reading:
            return await verify(reading, keys=keys or None, held=held, outside=outside, views=network.views)

    found, repairable = await once()
    if not mend or found.ok:
        return found
    if repairable.refused:
        click.echo(
            "Nothing is made again: a checkpoint does not verify, does not fit, or is signed by no key that is known from "
            "outside the database, so nobody knows which copies are right.",
            err=True,
        )
        return found
    _check_given_up(given_up, found)
    made = await repair(repairable, network.database, schema)
    aside = None
    if network.read_only is None:  # otherwise what stands beyond the end may be of events that were signed
        aside = await set_aside(network.database, schema, folder_of(network.settings), given_up=given_up, signed=size)
    if not made and aside is None:
        return found
    found, _ = await once()
    # What was made again may be what did not fit the checkpoint outside.
    await network.custody.judge(by_root=True)
    return replace(found, repaired=tuple(made), set_aside=aside.sentences if aside else ())


async def _stored(network: Network, outside: str | None) -> int:
    """The size of the checkpoint outside, once it is inside as well: a sealer at work keeps it outside a moment before."""
    try:
        size = checkpoint_of(outside).size if outside else 0
    except NoteFault:
        return 0
    for _ in range(_MOMENTS if size else 0):
        if await network.tree.signed_at(size) is not None:
            break
        await asyncio.sleep(_MOMENT_SECONDS)
    return size


class NothingWrong(Refused):
    """A page that is as its rows say is not given up."""

    def __init__(self, n: int) -> None:
        super().__init__(f"Page {n:,} is not set aside: nothing was found that is wrong with it.")


def _check_given_up(given_up: Sequence[int], found: Verified) -> None:
    """Raises NothingWrong."""
    wrong = {(fault.position - 1) // PAGE_EVENTS for fault in found.faults}
    for n in given_up:
        if n not in wrong:
            raise NothingWrong(n)


def _beside(found: Verified, read_only: str | None) -> Verified:
    """What was found inside, and what the checkpoint outside says of it."""
    if read_only is None:
        return found
    return replace(
        found,
        ok=False,
        first_fault=found.first_fault or First(0, read_only),
        faults=(*found.faults[: FAULTS_MAX - 1], Fault(0, read_only, "outside")),
        faults_in_all=found.faults_in_all + 1,
    )


def _print(found: Verified, *, signed: bool) -> None:
    """`signed`: whether there is a checkpoint, be it outside alone."""
    rate = found.size / found.seconds if found.seconds else 0
    for each in found.repaired:
        write(f"Made again from the events: {each}.")
    for each in found.set_aside:
        write(each)
    for fault in found.faults:
        write(fault.what)
    for name, count in found.unknown_types.items():
        write(
            f"{counted(count, 'event is', 'events are')} of the type {name}, which this version does not know: no tags were "
            "recomputed there."
        )
    if found.ok:
        write(
            f"Verified: {counted(found.size, 'event')}, {counted(found.pages, 'sealed page')}, "
            f"{counted(found.checkpoints, 'checkpoint')}, {counted(found.statements, 'statement')}, "
            f"{counted(found.projections, 'read model')}, in {found.seconds:.1f} s ({rate:,.0f} events a second). "
            f"Root {found.root}."
        )
    for why in dict.fromkeys(found.not_compared.values()):
        names = ", ".join(name for name, reason in found.not_compared.items() if reason == why)
        write(f"Not compared with the log ({why}): {names}.")
    if not signed:
        write("No checkpoint was ever signed here: nothing proves that the log was not changed with all its copies.")
    if not found.checkpoints:
        return
    write(f"{counted(found.unsigned, 'event is', 'events are')} after the newest checkpoint.")
    table = table_of("key", "known from", "checkpoints signed", "cosigned")
    for key, count in {**found.keys, **dict.fromkeys(found.cosignatures, 0)}.items():
        known = "outside" if key in found.held else "the database only"
        table.add_row(key, known, str(count), str(found.cosignatures.get(key, 0)))
    write_table(table)
    if not set(found.held) & set(found.newest_signed_by):
        write(
            "No key known from outside the database has signed the newest checkpoint: whoever can write into the database can "
            "have put the key there too. Give one that you trust with --key."
        )
