"""A partner's statement of a period, and each of its lines with the events behind it."""

import asyncio
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from adapters.causes import causes_at
from adapters.composed_documents import statement_of
from adapters.documents import FORMATS, STATEMENT_FORMATS, render
from adapters.documents.posting_file import posting_file
from adapters.http.problems import NoSuchForm
from adapters.http.readers import MEMBERS
from adapters.http.reading import Asking, Found, Query, Read
from adapters.http.reads.forms import Lettered, form_of, suffixed
from application.desk import Asker
from application.envelope import decode
from application.visibility import may_see, sees_all
from domain.kernel import Unknown
from domain.words import Period
from projections.statement import Statement, account_of
from projections.statement_effective import EffectiveStatement, account_effective
from projections.statement_line import StatementLine
from projections.statements import statements

POSTINGS, POSTINGS_SUFFIX = "postings", ".postings.csv"
"""The partner's own bookkeeping: rows on its own accounts."""


class LineWithEvents(Struct, frozen=True):
    """A line and every event that led to it, each exactly as it is stored."""

    line: StatementLine
    """The line as it stands on the statement."""
    events: tuple[Raw, ...]
    """In the order of `line.events`: the posting first."""


class Dated(Lettered, frozen=True):
    effective: (
        Annotated[
            date,
            Meta(description="Not as it was booked: what had happened up to this day, a late fact in its own month."),
        ]
        | None
    ) = None


async def whole(asking: Asking) -> Found:
    partner, query = asking.path["partner"], asking.query
    period, suffix = suffixed(asking.path["period"])
    is_postings = f".{suffix}" == POSTINGS_SUFFIX
    form = POSTINGS if is_postings else form_of(suffix, asking.accept, STATEMENT_FORMATS, (POSTINGS_SUFFIX,))
    if query.effective is not None:
        if form != "json":
            named = POSTINGS_SUFFIX if is_postings else FORMATS[form].suffix
            raise NoSuchForm(f"{named} by the days of happening", ".json")
        return await _effective(asking, partner, period, query.effective)
    if form == "json":
        statement, position = await _statement(asking, partner, period)
        return Found(statement, position)
    check_own(asking, partner, period)
    composed = await statement_of(
        asking.network.views, partner, period, as_of=asking.as_of, at_least=asking.query.at_least
    )
    if form == POSTINGS:
        body = await asyncio.to_thread(posting_file, composed.document, composed.accounts, query.lang)
        return Found(body, composed.position, media_type=FORMATS["csv"].media_type)
    body = await asyncio.to_thread(render, composed.document, form, query.lang)
    return Found(body, composed.position, media_type=FORMATS[form].media_type)


async def line(asking: Asking) -> Found:
    partner, period, n = asking.path["partner"], asking.path["period"], asking.path["n"]
    statement, position = await _statement(asking, partner, period)
    found = next((each for each in statement.lines if str(each.n) == n), None)
    if found is None:
        raise Unknown(f"line {n} in the statement of {partner} for {period}")
    bodies = await causes_at(asking.network.log, found.events)
    # The parties to one division see the whole division; a reader who is none of them saw no such line above.
    events = tuple(Raw(body) for body in bodies if may_see(asking.asker, decode(body)))
    return Found(LineWithEvents(found, events), position)


async def _effective(asking: Asking, partner: str, period: str, effective: date) -> Found:
    check_own(asking, partner, period)
    found = await asking.ask(statements, lambda rows: account_effective(rows, partner, period, effective))
    if found.value is None:
        raise Unknown(f"statement of {partner} for {period}")
    return Found(found.value.statement(found.position, asking.as_of), found.position)


def check_own(asking: Asking, partner: str, period: str) -> None:
    """Raises Unknown for what is not the asker's, and for what is no month."""
    if not owns(asking.asker, partner):
        raise Unknown(f"statement of {partner} for {period}")
    if not _is_period(period):
        raise Unknown(f"period {period}")


async def _statement(asking: Asking, partner: str, period: str) -> tuple[Statement, int]:
    check_own(asking, partner, period)
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


one_statement = Read(
    name="statement",
    path="/v1/statements/{partner}/{period}",
    says="What a partner earned, owed, paid and got in a period (`2019-11`), to the cent and line by line; with "
    "`effective` what had happened by a day; as a document with "
    "`.pdf`, `.xlsx`, `.csv`, `.beancount`, and for its own books with `.postings.csv`.",
    readers=MEMBERS,
    query=Dated,
    gives=Statement,
    or_gives=EffectiveStatement,
    answer=whole,
    media_types=tuple(FORMATS[name].media_type for name in STATEMENT_FORMATS),
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
