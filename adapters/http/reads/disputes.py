"""Disputed lines, for the two sides of each line and those who see all."""

from typing import Annotated

from msgspec import Meta

from adapters.http.readers import MEMBERS
from adapters.http.reading import Asking, Found, ListQuery, Read
from application.visibility import sees_all
from domain.kernel import Unknown
from domain.settlement.dispute import DisputeState
from projections.disputes import Dispute, DisputeView, dispute_of, disputes, docket


class Docket(ListQuery, frozen=True):
    state: (
        Annotated[
            DisputeState,
            Meta(
                description="Only those that stand so; it is the other side's turn while open, the disputing partner's once "
                "rejected, the coordinator's once escalated."
            ),
        ]
        | None
    ) = None


async def everything(asking: Asking) -> Found:
    mine, state = asking.asker.organisation, asking.query.state
    if sees_all(asking.asker):
        found = await asking.ask(disputes, lambda rows: docket(rows, None, state))
    else:
        found = await asking.ask(disputes, lambda rows: docket(rows, mine, state) if mine else [])
    return Found(found.value, found.position)


async def one(asking: Asking) -> Found:
    dispute = asking.path["dispute"]
    found = await asking.ask(disputes, lambda rows: dispute_of(rows, dispute))
    view = found.value
    sides = (view.dispute.partner, view.dispute.counterparty) if view else ()
    if view is None or not (sees_all(asking.asker) or asking.asker.organisation in sides):
        raise Unknown(dispute)
    return Found(view, found.position)


all_disputes = Read(
    name="disputes",
    path="/v1/disputes",
    says="Disputed lines with their state and deadlines, the newest first: all, or those of which one's organisation is a side.",
    readers=MEMBERS,
    query=Docket,
    gives=Dispute,
    answer=everything,
)
one_dispute = Read(
    name="dispute",
    path="/v1/disputes/{dispute}",
    says="One disputed line and every step taken about it: for its two sides, the coordinator and auditors.",
    readers=MEMBERS,
    gives=DisputeView,
    answer=one,
)
