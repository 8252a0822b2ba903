"""What has come to be known of a statement between two moments."""

from typing import Annotated

from msgspec import Meta, field

from adapters.compared_statements import compared
from adapters.http.readers import MEMBERS
from adapters.http.reading import Asking, Found, Query, Read
from adapters.http.reads.statements import check_own
from application.as_of import resolve
from application.door import Malformed
from domain.kernel import Unknown
from projections.statement_difference import StatementDifference

Moment = Annotated[str, Meta(max_length=60)]


class Between(Query, frozen=True):
    since: Annotated[
        Moment,
        Meta(description="The earlier moment: a position, a time with its zone or a date; left out: the beginning."),
    ] = field(default="0", name="from")
    upto: (
        Annotated[
            Moment, Meta(description="The later moment, in the same forms; left out: that of `as_of`, without one now.")
        ]
        | None
    ) = field(default=None, name="to")


async def answer(asking: Asking) -> Found:
    partner, period, query = asking.path["partner"], asking.path["period"], asking.query
    check_own(asking, partner, period)
    if query.upto is not None and query.as_of is not None:
        raise Malformed("?to", "`as_of` says up to when as well; give one of the two")
    log, clock = asking.network.log, asking.network.clock
    since = await resolve(query.since, log, clock)
    upto = asking.as_of if query.upto is None else await resolve(query.upto, log, clock)
    if upto is not None and upto < since:
        raise Malformed(
            "?from", f"{query.since} is position {since}, after position {upto}; give the earlier moment here"
        )
    found = await compared(
        asking.network.views, log, partner, period, since=since, upto=upto, at_least=max(since, query.at_least or 0)
    )
    if found is None:
        raise Unknown(f"statement of {partner} for {period}")
    return Found(found.value, found.position)


difference = Read(
    name="statement-difference",
    path="/v1/statements/{partner}/{period}/difference",
    says="What has come to be known of a statement between two moments: lines that came or changed, in the month and in what its "
    "opening holds, with the events that brought them. They sum to the difference of the closings.",
    readers=MEMBERS,
    query=Between,
    gives=StatementDifference,
    answer=answer,
)
