"""`tasma statement`: what a partner is due and owes in a period, for people and programs."""

from datetime import date, datetime
from pathlib import Path
from typing import Final

import click
import msgspec

from adapters.causes import causes_at
from adapters.cli.output import hand_over
from adapters.cli.session import page, with_network
from adapters.cli.session import table as table_of
from adapters.cli.statement_moments import difference_since, difference_text, effective_of, effective_text
from adapters.composed_documents import statement_of
from adapters.documents import render
from adapters.documents.posting_file import posting_file
from adapters.wiring import Network
from adapters.zipped_invoices import zipped_invoices
from application.as_of import resolve
from application.notices import CONSTRUCTED
from domain.kernel import Refused, Unknown
from domain.money import Language, euros
from domain.words import Period
from projections.statement import Statement, account_of
from projections.statement_line import StatementLine
from projections.statements import statements

SHOWN: Final = ("text", "json")
"""What a statement is shown as, and each of its lines."""
WRITTEN: Final = ("csv", "xlsx", "pdf", "beancount", "finvoice", "postings")
"""What it is written as for other programs and for paper."""
BINARY: Final = frozenset({"xlsx", "pdf", "finvoice"})


class NoSuchLine(Refused):
    def __init__(self, n: int, lines: int) -> None:
        super().__init__(f"There is no line {n}; the statement has {lines} lines.")


class NotAPeriod(Refused):
    def __init__(self, period: str) -> None:
        super().__init__(f"{period!r} is no period; a calendar month such as 2019-11 is.")


@click.command("statement")
@click.option("--partner", required=True, metavar="ORG", help="org:ekami")
@click.option("--period", required=True, metavar="MONTH", help="2019-11")
@click.option(
    "--as-of", "as_of", metavar="X", help="A position, a date (before the next midnight in Helsinki) or a time."
)
@click.option(
    "--since", metavar="X", help="Only what has come to be known after this moment, with the events that brought it."
)
@click.option(
    "--effective",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="What had happened by a day, whenever it was booked.",
)
@click.option("--line", "n", type=int, help="Explain one line, with the events behind it.")
@click.option("--format", "form", type=click.Choice([*SHOWN, *WRITTEN]), default="text")
@click.option("--lang", "language", type=click.Choice(["fi", "sv", "en"]), default="en")
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead.")
def statement_command(
    partner: str,
    period: str,
    as_of: str | None,
    since: str | None,
    effective: datetime | None,
    n: int | None,
    form: str,
    language: Language,
    output: Path | None,
) -> None:
    """Print a partner's statement of a period: opening, lines, closing.

    A closed period's statement never changes; its digest is in the log. `--as-of` asks what was known then. `finvoice`: the
    e-invoices that the partner issued for the period, in a zip file; `postings`: rows on the accounts of its own books.
    """
    try:
        msgspec.convert(period, Period)
    except msgspec.ValidationError:
        raise NotAPeriod(period) from None
    if since is not None or effective is not None:
        if form in WRITTEN or n is not None or (since is not None and effective is not None):
            raise click.UsageError(f"--since and --effective stand alone and are shown as {' or '.join(SHOWN)}.")
        day = effective.date() if effective else None
        text = with_network(lambda network: _of_moments(network, partner, period, as_of, since, day, form, language))
        hand_over(text.encode(), output, is_text=True)
        return
    if form in WRITTEN:
        if n is not None:
            raise click.UsageError(f"One line is explained as {' or '.join(SHOWN)}, not as {form}.")
        written = with_network(lambda network: _written(network, partner, period, as_of, form, language))
        hand_over(written, output, is_text=form not in BINARY)
        return

    async def work(network: Network) -> tuple[Statement, list[bytes]]:
        position = await resolve(as_of, network.log, network.clock) if as_of else None
        if position is None:
            await network.leader.catch_up_once()
        answer = await network.views.ask(statements, lambda rows: account_of(rows, partner, period), as_of=position)
        if answer.value is None:
            raise Unknown(f"statement of {partner} for {period}")
        found = answer.value.statement(answer.position, position)
        bodies = await causes_at(network.log, _line(found, n).events) if n is not None else []
        return found, bodies

    found, bodies = with_network(work)
    if n is not None:
        text = _explained(found, _line(found, n), bodies, form, language)
    else:
        text = {"json": _json, "text": _text}[form](found, language)
    hand_over(text.encode(), output, is_text=True)


async def _of_moments(
    network: Network,
    partner: str,
    period: str,
    as_of: str | None,
    since: str | None,
    effective: date | None,
    form: str,
    language: Language,
) -> str:
    position = await resolve(as_of, network.log, network.clock) if as_of else None
    if position is None:
        await network.leader.catch_up_once()
    if since is not None:
        return difference_text(await difference_since(network, partner, period, since, position), form, language)
    if effective is None:
        raise AssertionError("One of the two is asked for.")
    return effective_text(await effective_of(network, partner, period, effective, position), form, language)


async def _written(
    network: Network, partner: str, period: str, as_of: str | None, form: str, language: Language
) -> bytes:
    position = await resolve(as_of, network.log, network.clock) if as_of else None
    if position is None:
        await network.leader.catch_up_once()
    if form == "finvoice":
        return await zipped_invoices(network.views, partner, period, language, as_of=position)
    composed = await statement_of(network.views, partner, period, as_of=position)
    if form == "postings":
        return posting_file(composed.document, composed.accounts, language)
    return render(composed.document, form, language)


def _line(found: Statement, n: int) -> StatementLine:
    if not 1 <= n <= len(found.lines):
        raise NoSuchLine(n, len(found.lines))
    return found.lines[n - 1]


def _json(found: Statement, _: Language) -> str:
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def _text(found: Statement, language: Language) -> str:
    console = page(constructed=found.constructed)
    asked = "" if found.as_of is None else f", as of position {found.as_of}"
    console.print(f"{found.partner}  {found.period}  {found.state}, position {found.position}{asked}", highlight=False)
    table = table_of("n", "date", "kind", "counterparty", "what for", "events")
    table.add_column("cents due", justify="right")
    table.add_row("", "", "opening", "", "", "", euros(found.opening_cents, language))
    for line in found.lines:
        events = " ".join(map(str, line.events))
        cents = euros(line.cents, language)
        table.add_row(
            str(line.n), str(line.occurred_on), line.kind, line.counterparty, line.text[language], events, cents
        )
    table.add_row("", "", "closing", "", "", "", euros(found.closing_cents, language), style="bold")
    console.print(table)
    if found.digest:
        console.print(f"digest {found.digest}", highlight=False)
    return console.export_text()


def _explained(found: Statement, line: StatementLine, bodies: list[bytes], form: str, language: Language) -> str:
    if form == "json":
        content = {"constructed": found.constructed, "line": line, "events": [msgspec.Raw(body) for body in bodies]}
        return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"
    parts = [CONSTRUCTED] if found.constructed else []
    parts.append(f"Line {line.n} of {found.partner} {found.period}: {euros(line.cents, language)}")
    parts.append(line.text[language])
    parts += [msgspec.json.format(body, indent=2).decode() for body in bodies]
    return "\n\n".join(parts) + "\n"
