"""The statements of a closed period as of its cut, kept byte for byte, for the policy that issues them."""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.closed_months import ClosedMonth, ClosedMonths
from application.envelope import Recorded
from application.policies import Intention
from projections.statement_forms import FORM
from projections.statement_passage import Ended


class IssuedStatements:
    """Implements `application.policies.Cut`."""

    def __init__(self, months: ClosedMonths) -> None:
        self._months = months

    async def intentions(self, event: Recorded) -> Sequence[Intention]:
        month = await self._months.of(event)
        return [Intention("issue-statement", _body(each, month)) for each in month.ended] if month else ()


def _body(ended: Ended, month: ClosedMonth) -> Mapping[str, Any]:
    return {
        "partner": ended.partner,
        "period": month.period,
        "form": FORM,
        "position": month.cut,
        "opening_cents": ended.opening_cents,
        "closing_cents": ended.closing_cents,
        "lines": ended.lines,
        "digest": month.digests[ended.partner],
        "dispute_days": ended.dispute_days,
        "tacit_approval": ended.tacit_approval,
    }
