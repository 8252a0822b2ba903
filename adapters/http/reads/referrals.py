"""The referral board, as far as somebody may see it."""

from adapters.http.readers import MEMBERS
from adapters.http.reading import Asking, Found, ListQuery, Read
from application.visibility import sees_all
from domain.words import Organisation
from projections.referrals import Referral, Stage, board, referrals


class Board(ListQuery, frozen=True):
    stage: Stage | None = None
    """Only referrals that have come this far."""
    organisation: Organisation | None = None
    """Sent or received by it."""


async def answer(asking: Asking) -> Found:
    wanted, mine = asking.query.organisation, asking.asker.organisation
    if sees_all(asking.asker):
        found = await asking.ask(referrals, lambda rows: board(rows, wanted, asking.query.stage))
        return Found(found.value, found.position)
    found = await asking.ask(referrals, lambda rows: board(rows, mine, asking.query.stage) if mine else [])
    shown = [r for r in found.value if wanted is None or wanted in (r.sender, r.receiver)]
    return Found(shown, found.position)


referral_board = Read(
    name="referrals",
    path="/v1/referrals",
    says="Referrals with their stage and deadlines, the newest first: all, or those that one's organisation sent or received.",
    readers=MEMBERS,
    query=Board,
    gives=Referral,
    answer=answer,
)
