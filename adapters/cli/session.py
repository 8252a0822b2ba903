"""What every command of the command line shares: settings, a network, sentences on stderr, exit codes."""

import asyncio
import io
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import click
import msgspec
from rich.console import Console
from rich.table import Table

from adapters.postgres.embedded import EmbeddedUnavailable
from adapters.postgres.migrate import NotMigrated
from adapters.settings import Settings, WrongSetting, read_settings
from adapters.wiring import Network, NotConstructed, open_network
from application.access import Person
from application.desk import Asker
from application.door import place_of
from application.notices import CONSTRUCTED
from application.policy_worker import PolicyHalted
from application.ports import Unavailable
from domain.kernel import Refused
from projections.issued import IssuedChanged

T = TypeVar("T")
COORDINATOR = Asker(actor="person:command-line", role="coordinator", shared=True)
"""Who stands at this keyboard may read the database, so nothing is gained by asking for a token.

Which of them it was, nobody can tell: what a person has to answer for needs `--as`.
"""

SENTENCES = (
    Refused,
    PolicyHalted,
    IssuedChanged,
    Unavailable,
    EmbeddedUnavailable,
    NotMigrated,
    NotConstructed,
    WrongSetting,
)
"""What is refused with a sentence and exit code 1; everything else is a fault of ours and shows its traceback."""

EXIT_REFUSED = 1
WIDTH: Final = 160
"""Letters of a line for people: two ids stand in it whole, on a terminal and where there is none."""
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people (text) or programs (json).",
)


def coordinator(person: str | None) -> Asker:
    """Who stands at this keyboard, by the name they give. Raises BadParameter."""
    return COORDINATOR if person is None else Asker(actor=person, role="coordinator")


def _named(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    try:
        return msgspec.convert(given, Person | None)
    except msgspec.ValidationError as error:
        raise click.BadParameter(f"{place_of(error)[1]}: {given!r}.") from None


as_option = click.option(
    "--as",
    "person",
    metavar="PERSON",
    callback=_named,
    help="Who you are, person:…: a person answers for this. Taken on trust at the command line; where two persons must be two, give "
    "out tokens. In a constructed network it may be left out.",
)


def settings() -> Settings:
    return read_settings(os.environ)


def with_network(work: Callable[[Network], Awaitable[T]]) -> T:
    """Open the network of the environment, do something with it, close it; say so if it is a constructed one."""

    async def run() -> T:
        async with open_network(settings()) as network:
            result = await work(network)
            if (await network.log.head()).constructed:
                click.echo(CONSTRUCTED, err=True)
            return result

    return asyncio.run(run())


def table(*headings: str, title: str | None = None) -> Table:
    """A table whose cells are folded where they are too long, never cut: people copy from it."""
    made = Table(title=title)
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made


def page(*, constructed: bool = False) -> Console:
    """What a result for people is put together on, and exported from as text; `constructed`: says so at its head."""
    made = Console(record=True, file=io.StringIO(), width=WIDTH)
    if constructed:
        made.print(CONSTRUCTED, style="bold")
    return made


def write_table(shown: Table) -> None:
    made = page()
    made.print(shown)
    write(made.export_text())


def write(text: str) -> None:
    """Results go to stdout, with nothing added."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def write_json(content: object) -> None:
    write(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())
