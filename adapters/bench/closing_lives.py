"""What happens in the months of the closing bench, decided once for each partner by the product's own rules.

The partners stand in a ring: each collects for a pathway whose five parts its next neighbours deliver. Every second one pays a
referral fee as well; what half of them buy is taxed, what a quarter of them buy is exempt.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any, Final

from msgspec import Struct

from adapters.entropy import SeededEntropy
from adapters.postgres.bench.copies import Decided, decisions
from application.door import command_id
from application.envelope import encode, placed
from domain.agreements.events import AgreementEnteredIntoForce, Clauses
from domain.calendar import first_day
from domain.kernel import Asked, Decider, Event
from domain.money import parse_cost_key, parse_rule
from domain.network.events import NetworkFounded, OrganisationRegistered, PartnerAdmitted
from domain.pathways.events import AgreedStep, Part, PathwayAgreed, StepDelivered
from domain.revenue.reverse_entry import ReverseEntry, reverse_entry
from domain.revenue.share_cost import ShareCost, share_cost
from domain.revenue.share_revenue import ShareRevenue, share_revenue
from domain.settlement.events import PeriodClosed
from domain.vat.events import VatTreatmentDecided
from domain.words import Binding, Names

BEFORE: Final = "2019-10"
"""The month that is closed already."""
MONTH: Final = "2019-11"
CLOSED_AT: Final = datetime(2019, 12, 2, 8, tzinfo=UTC)
PARTS: Final = 5
"""Of each pathway, one for each of as many neighbours."""
PARTNERS_MIN: Final = PARTS + 2
DAYS: Final = (1, 6, 11, 16, 21, 26)
"""Of a month: on the first of them pathways are agreed, on each of the others a part is delivered."""
COSTS_DAY: Final = 27
BACK_DAY: Final = 28
_HOUR: Final = 9
_ACTOR: Final = "person:bench"
_KEY: Final = "web-service"


class Life(Struct, frozen=True):
    """What happens to one pathway and around it in one month, decision by decision."""

    agreed: Decided
    parts: tuple[tuple[Decided, Decided], ...]
    """Each part as it is delivered and as it is shared."""
    cost: Decided
    back: Decided
    """One of the parts is taken back, in the month that is closed now, whole or in part."""


class Ring:
    """Partners that deliver for each other, and what each of them does."""

    def __init__(self, partners: int, seed: int) -> None:
        self._entropy = SeededEntropy(seed)
        self.partners = [f"org:partner-{n:03}" for n in range(partners)]
        self._founded = NetworkFounded(
            network="bench",
            name=Names(fi="Verkosto"),
            first_period=BEFORE,
            constructed=True,
            founded_on=first_day(BEFORE),
        )
        self._agreements = [self._agreement(n) for n in range(partners)]
        self._treatments = [self._treated(n) for n in range(partners)]
        self._closed = PeriodClosed(period=BEFORE, closed_on=first_day(MONTH))

    def founding(self) -> list[Decided]:
        """The network, its partners, their agreements and how they are taxed."""
        day = first_day(BEFORE)
        members = [
            (
                OrganisationRegistered(
                    organisation=partner,
                    name=Names(fi=f"Kumppani {n}", en=f"Partner {n}"),
                    kind="vocational_institute",
                    business_id=None,
                    oid=None,
                    unit_of=None,
                    registered_on=day,
                ),
                PartnerAdmitted(organisation=partner, membership="implementer", admitted_on=day),
            )
            for n, partner in enumerate(self.partners)
        ]
        terms = [(each,) for each in (*self._agreements, *(t for those in self._treatments for t in those))]
        return [self._recorded(each, self._asked(day)) for each in ((self._founded,), *members, *terms)]

    def closing(self) -> Decided:
        """The month before is closed."""
        return self._recorded((self._closed,), self._asked(first_day(MONTH)))

    def life(self, n: int, month: str) -> Life:
        """What the partner with a number does in a month."""
        agreed_on, *delivered_on = (first_day(month) + timedelta(days=day - 1) for day in DAYS)
        agreed = self._agreed(n, self._asked(agreed_on))
        books: tuple[Event, ...] = (self._founded,) if month == BEFORE else (self._founded, self._closed)
        known: tuple[Event, ...] = (*books, self._agreements[n], *self._treatments[n], agreed)
        parts: list[tuple[Decided, Decided]] = []
        entries: list[Event] = []
        for step, day in enumerate(delivered_on, 1):
            delivered = self._delivered(n, step, agreed, day)
            asked = self._asked(day)
            share = ShareRevenue(
                asked=asked, pathway=agreed.pathway, step=step, part=1, agreement=self._agreements[n].agreement
            )
            (entry,) = _decided(share_revenue, share, (*known, delivered, *entries))
            entries.append(entry)
            parts.append((self._recorded((delivered,), self._asked(day)), self._recorded((entry,), asked)))
        return Life(
            self._recorded((agreed,), self._asked(agreed_on)),
            tuple(parts),
            self._cost(n, first_day(month) + timedelta(days=COSTS_DAY - 1), books),
            self._back(n, entries[n % PARTS]),
        )

    def _agreement(self, n: int) -> AgreementEnteredIntoForce:
        deliver = {"take": {"percent": "60"}, "to": "role:provider", "for": "delivery"}
        refer = {"take": {"fixed_cents": 2500}, "to": "role:referrer", "for": "referral fee"}
        neighbours = dict.fromkeys(self._next(n, 2), "1")
        rule = {"steps": [*([refer] if n % 2 else []), deliver, {"take": "remaining", "to": "kept"}]}
        costs = {
            "name": _KEY,
            "paid_by": self.partners[n],
            "for": "verkkopalvelu",
            "costs": {"split": {self.partners[n]: "1", **neighbours}},
        }
        clauses = Clauses(
            sharing_rule=parse_rule(rule),
            cost_keys=(parse_cost_key(costs),),
            data_sharing=True,
            answer_days=3,
            grace_days=2,
            rights=(),
            duties=(),
        )
        return AgreementEnteredIntoForce(
            agreement=f"agreement:ring-{n:03}",
            version=1,
            title=Names(fi="Yhteistyösopimus"),
            parties=tuple(sorted((self.partners[n], *self._next(n, PARTS)))),
            in_force_on=first_day(BEFORE),
            text_digest="0" * 64,
            clauses=clauses,
            units=(),
        )

    def _treated(self, n: int) -> tuple[VatTreatmentDecided, ...]:
        """How those who deliver for a partner are taxed."""
        if n % 4 == 0:
            return ()
        code, rate, ground = ("E", "0", "AVL 39-40 §") if n % 4 == 1 else ("S", "24", None)
        return tuple(
            VatTreatmentDecided(
                treatment=f"treatment:{n:x}-{k:x}",
                seller=seller,
                agreement=self._agreements[n].agreement,
                clause=None,
                code="E" if code == "E" else "S",
                rate=rate,
                ground=ground,
                valid_from=first_day(BEFORE),
                decided_by="Talousjohtaja",
                by=_ACTOR,
                decided_on=first_day(BEFORE),
            )
            for k, seller in enumerate(self._next(n, PARTS))
        )

    def _agreed(self, n: int, asked: Asked) -> PathwayAgreed:
        providers = self._next(n, PARTS)
        return PathwayAgreed(
            pathway=asked.new("pathway"),
            client=asked.new("client"),
            organisation=self.partners[n],
            mentor=None,
            agreement=self._agreements[n].agreement,
            version=1,
            agreed_on=asked.on,
            collected_by=self.partners[n],
            project="S20967" if n % 3 else None,
            roles=(Binding(role="role:referrer", organisation=self._next(n, PARTS + 1)[-1]),) if n % 2 else (),
            steps=tuple(
                AgreedStep(
                    step=step,
                    offering="offering:varastologistiikka",
                    provider=provider,
                    parts=(Part(part=1, cents=40_000 + 1_117 * n + 3_331 * step),),
                )
                for step, provider in enumerate(providers, 1)
            ),
            units=(),
            parties=tuple(sorted((self.partners[n], *providers))),
        )

    def _delivered(self, n: int, step: int, agreed: PathwayAgreed, day: date) -> StepDelivered:
        return StepDelivered(
            pathway=agreed.pathway,
            step=step,
            part=1,
            delivered_on=day,
            quantities=(),
            provider=agreed.steps[step - 1].provider,
            agreement=agreed.agreement,
            project=agreed.project,
            parties=tuple(sorted((self.partners[n], agreed.steps[step - 1].provider))),
        )

    def _cost(self, n: int, day: date, books: Sequence[Event]) -> Decided:
        asked = self._asked(day)
        share = ShareCost(
            asked=asked,
            agreement=self._agreements[n].agreement,
            key=_KEY,
            occurred_on=asked.on,
            project=None,
            amount_cents=90_000 + n,
            voucher=f"2019/{n + 1}",
        )
        return self._recorded(_decided(share_cost, share, (*books, self._agreements[n], *self._treatments[n])), asked)

    def _back(self, n: int, entry: Event) -> Decided:
        """The whole of it, or a part."""
        asked = self._asked(first_day(MONTH) + timedelta(days=BACK_DAY - 1))
        reverse = ReverseEntry(
            asked=asked,
            entry=getattr(entry, "entry", ""),
            reason="price-changed",
            amount_cents=None if n % 2 else 10_001,
        )
        return self._recorded(_decided(reverse_entry, reverse, (self._founded, self._closed, entry)), asked)

    def _next(self, n: int, count: int) -> list[str]:
        """The next partners in the ring."""
        return [self.partners[(n + k) % len(self.partners)] for k in range(1, count + 1)]

    def _asked(self, day: date) -> Asked:
        at = datetime(day.year, day.month, day.day, _HOUR, tzinfo=UTC)
        identity = command_id(_ACTOR, None, self._entropy.event_id(at))
        return Asked(at=at, actor=_ACTOR, role="coordinator", command_id=identity)

    def _recorded(self, events: Sequence[Event], asked: Asked) -> Decided:
        """The events of one decision as they are stored; where, the log says that they are copied into."""
        unplaced = encode(tuple(events), asked, "/networks/bench", self._entropy)
        (decided,) = decisions([placed(1, asked.at, each.body) for each in unplaced])
        return decided


def _decided(decider: Decider[Any, Any, Any], command: Any, history: Sequence[Event]) -> tuple[Event, ...]:  # noqa: ANN401 - of any slice
    """What a rule makes of a command after what has happened."""
    events: tuple[Event, ...] = decider.decide(command, reduce(decider.evolve, history, decider.initial))
    return events
