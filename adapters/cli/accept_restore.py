"""`tasma audit accept-restore`: a person decides that a network goes on from a restored backup."""

import asyncio

import click

from adapters.auditing.report import NotVerified
from adapters.auditing.verify import verify
from adapters.cli.audit import audit
from adapters.cli.session import format_option, with_network, write, write_json
from adapters.postgres.audit_reading import audit_reading
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


@audit.command("accept-restore")
@click.option(
    "--head", required=True, type=click.IntRange(0), help="Where the restored log ends, as `tasma status` says."
)
@format_option
def accept_restore(head: int, form: str) -> None:
    """Go on for good from a database that ends before, or differs from, what was signed.

    What is there is verified, and the checkpoint kept outside is moved aside under a name with its size: keep that file.
    Nothing is appended by this. Servers that run go on by themselves within seconds. Whoever holds a checkpoint from the
    part that is lost will find that no later one goes on from it: tell them, with the file and the reason.
    """

    async def work(network: Network) -> dict[str, object]:
        if network.read_only is None:
            raise NothingToAccept
        found = (await network.log.head()).position
        if found != head:
            raise AnotherHead(head, found)
        why = network.read_only
        async with audit_reading(network.dsn, network.settings.network) as reading:
            verified, _ = await verify(reading, views=network.views)
        if verified.first_fault:
            raise NotVerified(verified.first_fault, verified.faults_in_all)
        aside = await asyncio.to_thread(network.custody.file.set_aside)
        await network.custody.begin()
        return {"head": head, "was": why, "moved_to": str(aside)}

    done = with_network(work)
    if form == "json":
        write_json(done)
    else:
        write(
            f"The network goes on from position {head}. What was signed beyond it stands in {done['moved_to']}: keep that "
            "file, and tell everybody who was given a checkpoint."
        )
