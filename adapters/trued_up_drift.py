"""What rounding has moved up to the closing of a period, for the policy that sets it right."""

from collections.abc import Sequence

from adapters.projecting.asking import Views
from application.envelope import Recorded
from application.policies import Intention
from domain.settlement.events import PeriodClosed
from projections.drift import drift, drifted


class TruedUpDrift:
    """Implements `application.policies.Cut`."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def intentions(self, event: Recorded) -> Sequence[Intention]:
        if not isinstance(event.data, PeriodClosed):
            return ()
        found = (await self._views.ask(drift, drifted, as_of=event.position)).value
        return [
            Intention(
                "true-up",
                {
                    "agreement": each.agreement,
                    "version": each.version,
                    "collected_by": each.collected_by,
                    "closed_period": event.data.period,
                    "totals": [
                        {"partner": t.partner, "exact": t.exact, "booked_cents": t.booked_cents} for t in each.totals
                    ],
                },
            )
            for each in found
        ]
