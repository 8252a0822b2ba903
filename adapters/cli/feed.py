"""`tasma feed`: what subscribers get, read from the database."""

import sys
from collections.abc import AsyncIterator

import click

from adapters.cli.session import COORDINATOR, format_option, with_network
from adapters.wiring import Network
from application.envelope import UNREADABLE, decode
from application.feed import Feed, Line, Portion, Reader, wish_of

PORTION = 1_000
WAIT_SECONDS = 60.0


@click.group("feed")
def feed() -> None:
    """The events of the network, as subscribers get them."""


@feed.command("tail")
@click.option(
    "--after",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**62),
    metavar="POSITION",
    help="Begin behind this position.",
)
@click.option("--types", metavar="TYPE,…", help="Only these; `tasma.revenue.*`: all that begin so.")
@click.option("--about", metavar="ID,…", help="Only what concerns any of these ids.")
@click.option("--once", is_flag=True, help="End at the end of the log, without waiting for more.")
@format_option
def tail(*, after: int, types: str | None, about: str | None, once: bool, form: str) -> None:
    """Print events as they come, from any position on, until interrupted.

    As JSON each line is one event, its exact bytes: those that are hashed and signed.
    """
    reader = Reader(COORDINATOR, wish_of(types, about))

    async def work(network: Network) -> None:
        async for portion in _portions(network.feed, reader, after, once=once):
            for line in portion.lines:
                sys.stdout.buffer.write((line.body if form == "json" else _told(line)) + b"\n")
            sys.stdout.flush()

    with_network(work)


async def _portions(feed: Feed, reader: Reader, after: int, *, once: bool) -> AsyncIterator[Portion]:
    while True:
        portion = await feed.portion(reader, after, limit=PORTION)
        yield portion
        if portion.looked == after:
            if once:
                return
            await feed.wait(after, WAIT_SECONDS)
        after = portion.looked


def _told(line: Line) -> bytes:
    """An event in one line for people. What cannot be read here is shown too: the coordinator sees everything."""
    try:
        event = decode(line.body)
    except UNREADABLE:
        return f"{line.position:>8,}  cannot be read here: {line.body[:80]!r}".encode()
    by = f"{event.actor} for {event.organisation}" if event.organisation else event.actor
    return f"{line.position:>8,}  {event.time:%Y-%m-%d %H:%M:%S}  {event.type}  {event.subject}  by {by}".encode()
