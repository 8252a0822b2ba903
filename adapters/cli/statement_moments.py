"""A statement by the days of happening, and what has come to be known of it between two moments, for people and programs."""

from datetime import date
from functools import partial

import msgspec

from adapters.cli.session import page, table
from adapters.compared_statements import compared
from adapters.wiring import Network
from application.as_of import resolve
from domain.kernel import Refused, Unknown
from domain.money import Language, euros
from projections.statement_difference import StatementDifference
from projections.statement_effective import EffectiveStatement, account_effective
from projections.statements import statements


class BeginsAfterItsEnd(Refused):
    def __init__(self, since: int, upto: int) -> None:
        super().__init__(f"Position {since} comes after position {upto}; give the earlier moment as --since.")


async def effective_of(
    network: Network, partner: str, period: str, effective: date, as_of: int | None
) -> EffectiveStatement:
    """What had happened by a day. Raises Unknown, EndsBeforeItsMonth."""
    question = partial(account_effective, partner=partner, period=period, effective=effective)
    answer = await network.views.ask(statements, question, as_of=as_of)
    if answer.value is None:
        raise Unknown(f"statement of {partner} for {period}")
    return answer.value.statement(answer.position, as_of)


async def difference_since(
    network: Network, partner: str, period: str, since: str, as_of: int | None
) -> StatementDifference:
    """What came after a moment. Raises Unknown, BeginsAfterItsEnd."""
    position = await resolve(since, network.log, network.clock)
    if as_of is not None and as_of < position:
        raise BeginsAfterItsEnd(position, as_of)
    found = await compared(network.views, network.log, partner, period, since=position, upto=as_of)
    if found is None:
        raise Unknown(f"statement of {partner} for {period}")
    return found.value


def effective_text(found: EffectiveStatement, form: str, language: Language) -> str:
    if form == "json":
        return _json(found)
    console = page(constructed=found.constructed)
    asked = "" if found.as_of is None else f", as of position {found.as_of}"
    heading = (
        f"{found.partner}  {found.period}  what had happened by {found.effective}, known at {found.position}{asked}"
    )
    console.print(heading, highlight=False)
    shown = table("n", "date", "booked as", "kind", "counterparty", "what for")
    shown.add_column("cents due", justify="right")
    shown.add_row("", "", "", "opening", "", "", euros(found.opening_cents, language))
    for line in found.lines:
        what, cents = line.text[language], euros(line.cents, language)
        booked = line.booked or ""
        shown.add_row(str(line.n), str(line.occurred_on), booked, line.kind, line.counterparty, what, cents)
    shown.add_row("", "", "", "closing", "", "", euros(found.closing_cents, language), style="bold")
    console.print(shown)
    return console.export_text()


def difference_text(found: StatementDifference, form: str, language: Language) -> str:
    if form == "json":
        return _json(found)
    console = page(constructed=found.constructed)
    console.print(f"{found.partner}  {found.period}", highlight=False)
    for name, side in (("from", found.before), ("to", found.after)):
        opening, closing = euros(side.opening_cents, language), euros(side.closing_cents, language)
        state = side.state or "not there yet"
        console.print(f"{name} position {side.position}: {state}, {opening} to {closing}", highlight=False)
    shown = table("line", "date", "kind", "counterparty", "change", "events")
    shown.add_column("cents", justify="right")
    for title, changes in (("in earlier months", found.opening), ("in this month", found.lines)):
        shown.add_row("", "", title, "", "", "", "", style="bold")
        for change in changes:
            events = " ".join(map(str, change.events))
            cents = euros(change.difference_cents, language)
            where = (f"{change.period}/{change.n}", str(change.occurred_on))
            shown.add_row(*where, change.kind, change.counterparty, change.change, events, cents)
    shown.add_row("", "", "together", "", "", "", euros(found.difference_cents, language), style="bold")
    console.print(shown)
    for event in found.events:
        console.print(f"{event.position}  {event.recorded_at:%Y-%m-%dT%H:%M:%SZ}  {event.type}", highlight=False)
    return console.export_text()


def _json(found: EffectiveStatement | StatementDifference) -> str:
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"
