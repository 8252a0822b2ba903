"""`tasma statement`: what a partner is due and owes in a period, for people and programs."""

import csv
import io
from pathlib import Path

import click
import msgspec
from rich.console import Console

from adapters.cli.session import table as table_of
from adapters.cli.session import with_network, write
from adapters.wiring import Network
from application.as_of import resolve
from application.notices import CONSTRUCTED
from domain.kernel import Refused, Unknown
from domain.money import Language, euros
from domain.words import Period
from projections.statement import Statement, StatementLine, account_of
from projections.statements import statements


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
@click.option("--line", "n", type=int, help="Explain one line, with the events behind it.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text")
@click.option("--lang", "language", type=click.Choice(["fi", "sv", "en"]), default="en")
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead.")
def statement_command(
    partner: str, period: str, as_of: str | None, n: int | None, form: str, language: Language, output: Path | None
) -> None:
    """Print a partner's statement of a period: opening, lines, closing.

    A closed period's statement never changes; its digest is in the log. `--as-of` asks what was known then.
    """
    try:
        msgspec.convert(period, Period)
    except msgspec.ValidationError:
        raise NotAPeriod(period) from None

    async def work(network: Network) -> tuple[Statement, list[bytes]]:
        position = await resolve(as_of, network.log, network.clock) if as_of else None
        if position is None:
            await network.leader.catch_up_once()
        answer = await network.views.ask(statements, lambda rows: account_of(rows, partner, period), as_of=position)
        if answer.value is None:
            raise Unknown(f"statement of {partner} for {period}")
        found = answer.value.statement(answer.position, position)
        bodies = [await network.log.body(p) or b"" for p in _line(found, n).events] if n is not None else []
        return found, bodies

    found, bodies = with_network(work)
    if n is not None:
        text = _explained(found, _line(found, n), bodies, form, language)
    else:
        text = {"json": _json, "csv": _csv, "text": _text}[form](found, language)
    if output:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise click.FileError(str(output), error.strerror) from error
    else:
        write(text)


def _line(found: Statement, n: int) -> StatementLine:
    if not 1 <= n <= len(found.lines):
        raise NoSuchLine(n, len(found.lines))
    return found.lines[n - 1]


def _json(found: Statement, _: Language) -> str:
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def _csv(found: Statement, language: Language) -> str:
    """RFC 4180, one row a line of the statement."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    columns = [f for f in StatementLine.__struct_fields__ if f not in ("text", "events", "vat")]
    writer.writerow(["partner", "period", "constructed", "position", "as_of", *columns, "text", "events"])
    for line in found.lines:
        plain = msgspec.to_builtins(line)
        events = " ".join(map(str, line.events))
        where = (found.partner, found.period, found.constructed, found.position, found.as_of)
        writer.writerow([*where, *(plain[c] for c in columns), line.text[language], events])
    return out.getvalue()


def _text(found: Statement, language: Language) -> str:
    console = Console(record=True, file=io.StringIO(), width=140)
    if found.constructed:
        console.print(CONSTRUCTED, style="bold")
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
