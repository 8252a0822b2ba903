"""`tasma relay`: the network's feed on NATS JetStream."""

import asyncio
import logging
import signal

import click

from adapters.cli.session import format_option, settings, with_network, write, write_json
from adapters.http.logs import configure_logs
from adapters.nats.relay import Relay, Standing
from adapters.postgres.lease import LOST, Leases, Taken, lease_at_once
from adapters.settings import nats_url_of
from adapters.wiring import Network, supervise
from application.counting import counted
from domain.kernel import Refused

LEASE = "relay"
AGAIN_SECONDS = 1.0


class NoAddress(Refused):
    def __init__(self) -> None:
        super().__init__("No NATS is named: give --nats nats://HOST:4222, or set TASMA_NATS_URL.")


class AnotherRelays(Refused):
    def __init__(self, network: str) -> None:
        super().__init__(
            f"Another relay of {network} is at work and brings the stream to the head by itself; `tasma relay --status` says how "
            "far it is."
        )


@click.command("relay")
@click.option("--nats", "url", metavar="URL", help="Servers with commas between them; without it TASMA_NATS_URL.")
@click.option(
    "--replicas", type=click.Choice(["1", "3"]), help="Copies of the stream, on so many servers.  [default: 1]"
)
@click.option("--once", is_flag=True, help="End when all that the log holds now is in the stream.")
@click.option("--status", is_flag=True, help="Say how far the stream is, and relay nothing.")
@format_option
def relay_command(url: str | None, replicas: str | None, form: str, *, once: bool, status: bool) -> None:
    """Bring all events to NATS JetStream: in order, each once, the exact bytes; go on where the stream ends.

    The stream TASMA_<NETWORK> is made if it is missing. Event n is its message n, under the subject
    tasma.<network>.<context>.<fact>. Of several relays one is at work; another takes over within seconds.
    """
    if once and status:
        raise click.UsageError("--once relays and --status does not; give one of them.")
    addresses = nats_url_of("--nats", url) if url else settings().nats_url
    if addresses is None:
        raise NoAddress
    copies = int(replicas) if replicas else None

    async def work(network: Network) -> Standing | None:
        name = network.settings.network
        relay = Relay(addresses.split(","), name, network.log, network.feed, network.now)
        if once:
            await _once(network, relay, copies)
        elif not status:
            configure_logs(network.settings.log_format, logging.INFO)
            await _until_stopped(network, relay, copies)
            return None
        return await relay.standing()

    found = with_network(work)
    if found is not None and form == "json":
        write_json(found)
    elif found is not None:
        write(_said(found))


async def _once(network: Network, relay: Relay, copies: int | None) -> None:
    try:
        async with lease_at_once(network.dsn, LEASE, network.settings.network):
            await relay.once(copies)
    except Taken:
        raise AnotherRelays(network.settings.network) from None


async def _until_stopped(network: Network, relay: Relay, copies: int | None) -> None:
    """Relay whenever this process holds the lease, until it is told to stop."""
    leases, stop = Leases(network.dsn, network.settings.network), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def lead() -> None:
        while True:
            relay.stand_by()
            try:
                await leases.under(LEASE, lambda: relay.run(copies))
            except LOST:
                await asyncio.sleep(AGAIN_SECONDS)

    leading = asyncio.create_task(lead(), name="relay")
    stopped = asyncio.create_task(stop.wait(), name="stop")
    keeping = asyncio.create_task(supervise("leases", leases.run), name="leases")
    try:
        await asyncio.wait({leading, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if leading.done():
            leading.result()
    finally:
        for task in (leading, stopped, keeping):
            task.cancel()
        await asyncio.gather(leading, stopped, keeping, return_exceptions=True)


def _said(found: Standing) -> str:
    if not found.made:
        return f"There is no stream {found.stream} yet; the log holds {counted(found.head, 'event')}."
    if not found.lag_events:
        return f"The stream {found.stream} holds the log up to its head, position {found.position:,}."
    return (
        f"The stream {found.stream} ends at position {found.position:,} of {found.head:,}: "
        f"{counted(found.lag_events, 'event')} behind, the first of them recorded {found.lag_seconds:,.1f} s ago."
    )
