"""Draft an agreement between partners: its clauses are checked here, before anybody is asked to approve them."""

from typing import Annotated, Any

from msgspec import Meta

from domain.agreements.events import AgreementDrafted, Clauses
from domain.canonical import canonical
from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.money import (
    RuleFault,
    SharingRule,
    organisations_of,
    parse_rule,
    roles_of,
    share,
    units_of,
)
from domain.network.events import PartnerAdmitted
from domain.words import PRICE_CENTS_MAX, AgreementId, Names, Organisation

Seen = AgreementDrafted | PartnerAdmitted
TRIED_CENTS = (1, 97, 9_973, 999_983, 99_999_989, PRICE_CENTS_MAX - 1)
DIVISION_BYTES_MAX = 50_000
"""Leaves room in an event of 65,535 bytes for everything else, and for figures longer than those tried."""
Days = Annotated[int, Meta(ge=1, le=60)]


class DraftAgreement(Command, frozen=True):
    """Draft the first version of an agreement.

    `sharing_rule` divides every revenue under the agreement; a rule that could lose or invent a cent is refused with the
    path of its fault. Referrals between the parties need `data_sharing`; they are to be answered within `answer_days`
    business days and expire `grace_days` later.
    """

    agreement: AgreementId
    title: Names
    parties: Annotated[tuple[Organisation, ...], Meta(min_length=2, max_length=60)]
    sharing_rule: dict[str, Any] | None = None
    data_sharing: bool = False
    answer_days: Days = 2
    grace_days: Days = 2
    rights: Annotated[tuple[Names, ...], Meta(max_length=50)] = ()
    duties: Annotated[tuple[Names, ...], Meta(max_length=50)] = ()


class AlreadyDrafted(Refused):
    def __init__(self, agreement: str) -> None:
        super().__init__(f"{agreement} has been drafted already; a changed text is a new version or another agreement.")


class PartyTwice(Refused):
    def __init__(self, parties: tuple[str, ...]) -> None:
        twice = sorted({p for p in parties if parties.count(p) > 1})
        super().__init__(f"Each party is named once; {', '.join(twice)} stands there twice.")


class LeakingRule(Refused):
    """The sharing rule does not divide every amount to the last cent."""

    def __init__(self, fault: RuleFault) -> None:
        super().__init__(f"sharing_rule: {fault}")


class RuleTooLong(Refused):
    """A division under this rule could become larger than an event may be, and then could never be stored."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"One division under this sharing rule could take {size:,} bytes, of which {DIVISION_BYTES_MAX:,} are allowed; "
            "use fewer targets or flatter steps."
        )


class PaysOutsiders(Refused):
    def __init__(self, organisations: list[str]) -> None:
        super().__init__(
            f"The sharing rule pays {', '.join(organisations)}, who are no parties; add them to the parties or take them out of the rule."
        )


class Draft(Value, frozen=True):
    drafted: bool = False
    partners: frozenset[str] = frozenset()


def boundary(command: DraftAgreement) -> Boundary:
    return (
        facts(AgreementDrafted, about=command.agreement),
        *(facts(PartnerAdmitted, about=party) for party in sorted(set(command.parties))),
    )


def evolve(state: Draft, event: Seen) -> Draft:
    match event:
        case AgreementDrafted():
            return replace(state, drafted=True)
        case PartnerAdmitted():
            return replace(state, partners=state.partners | {event.organisation})


def decide(command: DraftAgreement, state: Draft) -> tuple[Event, ...]:
    if state.drafted:
        raise AlreadyDrafted(command.agreement)
    if len(set(command.parties)) < len(command.parties):
        raise PartyTwice(command.parties)
    for party in command.parties:
        if party not in state.partners:
            raise Unknown(f"partner {party}")
    if not any(command.asked.acts_for(party) for party in command.parties):
        raise NotYours(command.asked, " or ".join(command.parties), "draft this agreement")
    return (
        AgreementDrafted(
            agreement=command.agreement,
            version=1,
            title=command.title,
            parties=command.parties,
            clauses=_clauses(command),
            drafted_on=command.asked.on,
        ),
    )


def _clauses(command: DraftAgreement) -> Clauses:
    rule = None
    if command.sharing_rule is not None:
        try:
            rule = parse_rule(command.sharing_rule)
        except RuleFault as fault:
            raise LeakingRule(fault) from fault
        if (size := _division_size(rule)) > DIVISION_BYTES_MAX:
            raise RuleTooLong(size)
        if outsiders := sorted(organisations_of(rule) - set(command.parties)):
            raise PaysOutsiders(outsiders)
    return Clauses(
        sharing_rule=rule,
        data_sharing=command.data_sharing,
        answer_days=command.answer_days,
        grace_days=command.grace_days,
        rights=command.rights,
        duties=command.duties,
    )


def _division_size(rule: SharingRule) -> int:
    """Bytes of the shares of the longest division found: large figures make long cents, small ones long fractions."""
    roles = {
        named.role: f"org:{'x' * 59}{n % 10}" for n, named in enumerate(sorted(roles_of(rule), key=lambda r: r.role))
    }
    quantities = dict.fromkeys(units_of(rule), "999999999.999999")
    divisions = (
        share(rule, amount, collected_by="org:" + "x" * 60, bind=roles, quantities=quantities) for amount in TRIED_CENTS
    )
    return max(len(canonical(division.shares)) for division in divisions)


draft_agreement = Decider(
    command=DraftAgreement,
    boundary=boundary,
    initial=Draft(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "finance-check"},
    example={
        "agreement": "agreement:kymenlaakso-2019",
        "title": {"fi": "Yhteistyösopimus 2019"},
        "parties": ["org:xamk", "org:ekami"],
        "data_sharing": True,
        "sharing_rule": {
            "rounding": "largest-remainder",
            "steps": [
                {
                    "take": {"percent": "5", "max_cents": 20000, "per": "pathway"},
                    "to": "org:xamk",
                    "for": "coordination",
                },
                {"take": "remaining", "to": "role:provider", "for": "delivery"},
            ],
        },
    },
)
