"""A partner's statement of a period, and each of its lines with the events behind it."""

import msgspec
from msgspec import Raw, Struct

from adapters.http.problems import NoSuchForm
from adapters.http.readers import MEMBERS
from adapters.http.reading import Asking, Found, Query, Read
from application.desk import Asker
from application.envelope import decode
from application.visibility import may_see, sees_all
from domain.kernel import Unknown
from domain.words import Period
from projections.statement import Statement, StatementLine, account_of
from projections.statements import statements

JSON = "application/json"
FORMS = {"json": JSON}
"""By suffix: the media types a statement is available as."""


class LineWithEvents(Struct, frozen=True):
    """A line and every event that led to it, each exactly as it is stored."""

    line: StatementLine
    events: tuple[Raw, ...]


async def whole(asking: Asking) -> Found:
    period, _, suffix = asking.path["period"].partition(".")
    _check_form(suffix, asking.accept)
    statement, position = await _statement(asking, asking.path["partner"], period)
    return Found(statement, position)


async def line(asking: Asking) -> Found:
    partner, period, n = asking.path["partner"], asking.path["period"], asking.path["n"]
    statement, position = await _statement(asking, partner, period)
    found = next((each for each in statement.lines if str(each.n) == n), None)
    if found is None:
        raise Unknown(f"line {n} in the statement of {partner} for {period}")
    bodies = [await asking.network.log.body(position) for position in found.events]
    # The parties to one division see the whole division; a reader who is none of them saw no such line above.
    events = tuple(Raw(body) for body in bodies if body and may_see(asking.asker, decode(body)))
    return Found(LineWithEvents(found, events), position)


async def _statement(asking: Asking, partner: str, period: str) -> tuple[Statement, int]:
    if not owns(asking.asker, partner):
        raise Unknown(f"statement of {partner} for {period}")
    if not _is_period(period):
        raise Unknown(f"period {period}")
    found = await asking.ask(statements, lambda rows: account_of(rows, partner, period))
    if found.value is None:
        raise Unknown(f"statement of {partner} for {period}")
    return found.value.statement(found.position, asking.as_of), found.position


def _is_period(text: str) -> bool:
    try:
        msgspec.convert(text, Period)
    except msgspec.ValidationError:
        return False
    return True


def owns(asker: Asker, partner: str) -> bool:
    """One's own statement, and nobody else's."""
    return sees_all(asker) or asker.organisation == partner


def _check_form(suffix: str, accept: str) -> None:
    """Raises NoSuchForm for what a statement is not available as; a suffix outweighs what is accepted."""
    if suffix:
        if suffix not in FORMS:
            raise NoSuchForm(f".{suffix}", ", ".join(f".{s}" for s in FORMS))
        return
    accepted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    if not {"*/*", "application/*", "", *FORMS.values()} & set(accepted):
        raise NoSuchForm(", ".join(accepted), ", ".join(FORMS.values()))


one_statement = Read(
    name="statement",
    path="/v1/statements/{partner}/{period}",
    says="What a partner earned, owed, paid and got in a period (`2019-11`, or `2019-11.json`), to the cent and line by line.",
    readers=MEMBERS,
    gives=Statement,
    answer=whole,
    problems=frozenset({"406"}),
)
one_line = Read(
    name="statement-line",
    path="/v1/statements/{partner}/{period}/lines/{n}",
    says="One line of a statement, with the events it follows from as they are stored.",
    readers=MEMBERS,
    query=Query,
    gives=LineWithEvents,
    answer=line,
)
