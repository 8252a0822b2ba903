"""How far a statement is: from open books to the last payment."""

from collections.abc import Sequence
from typing import Literal

from projections.rows import Rows
from projections.statement_rows import Closed, Dispute, Issued, Member, Payment, Planned, Side

State = Literal["open", "closed", "issued", "checked", "approved", "disputed", "settled", "paid"]


def state_of(rows: Rows, partner: str, period: str) -> State:
    """It stands outside the digest: it goes on changing when the statement never does any more."""
    closed, issued = rows.under(Closed, period), next(iter(rows.under(Issued, partner, period)), None)
    sides = rows.under(Side, partner, period)
    disputes = [dispute for side in sides for dispute in rows.under(Dispute, side.dispute)]
    # Asked of all of them, so that all look-ups are known in the first round.
    held = [each for each in disputes if _holds(each)]
    settled = _settled(rows, partner, period, issued.approved if issued else 0, disputes)
    if not closed:
        return "open"
    if issued is None:
        return "closed"
    if held:
        return "disputed"
    if issued.approved:
        return settled or "approved"
    return "checked" if issued.checked else "issued"


def _holds(dispute: Dispute, settled: Member | None = None) -> bool:
    """Whether a line is contested, from either side, and nothing has ended that: now, or before it was settled.

    A dispute that came after a settlement took nothing out of it. One of a correction lasts until who disputed it withdraws it.
    """
    if settled and settled.position < dispute.position:
        return False
    if _is_before(dispute.ended, settled):
        return False
    # What is taken back in the books of a later month is settled with that month.
    return not (_is_before(dispute.settled, settled) and (settled is None or dispute.settled_with <= settled.period))


def _is_before(position: int, settled: Member | None) -> bool:
    """Whether something has happened, before a settlement's cut where there is one."""
    return position > 0 and (settled is None or position < settled.position)


def _settled(
    rows: Rows, partner: str, period: str, approved: int, disputes: Sequence[Dispute]
) -> Literal["settled", "paid"] | None:
    """By the first settlement of the period, or of a later one, whose cut comes after the approval and that no dispute held up."""
    if not approved:
        return None
    members = [each for each in rows.under(Member, partner) if each.period >= period and each.position > approved]
    plans = [(plan.is_empty, each) for each in members for plan in rows.under(Planned, each.settlement)]
    # One that came to nothing counts where nothing else does: the month may be settled again.
    planned = [each for _, each in sorted(plans, key=lambda plan: (plan[0], plan[1].position))]
    whole = [each for each in planned if not any(_holds(dispute, each) for dispute in disputes)]
    if not whole:
        return None
    payments = rows.under(Payment, whole[0].settlement)
    mine = [each for each in payments if partner in (each.payer, each.payee)]
    return "paid" if all(each.posted_cents >= each.ordered_cents for each in mine) else "settled"
