"""Draft an agreement between partners, or write another version of one."""

from domain.agreements.events import AgreementAmended, AgreementDrafted, AgreementEnteredIntoForce
from domain.agreements.writing import Members, WrittenVersion, checked
from domain.changing import replace
from domain.kernel import Boundary, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.network.events import OrganisationRegistered, PartnerAdmitted

Seen = AgreementDrafted | AgreementAmended | AgreementEnteredIntoForce | PartnerAdmitted | OrganisationRegistered


class DraftAgreement(WrittenVersion, frozen=True):
    """Draft the first version of an agreement.

    `sharing_rule` divides every revenue under the agreement and `cost_keys` divide costs of upkeep; a rule that could lose or
    invent a cent is refused with the path of its fault. Referrals between the parties need `data_sharing`; they are to be
    answered within `answer_days` business days and expire `grace_days` later. Revenue is shared when a part was delivered, or
    with `due` `receipt` when the client has paid. `netting` says how the parties pay: `gross`, `pairwise`, `multilateral`, or
    `clearing` through one partner. Lines of a statement may be disputed for `dispute_days` business days and are answered within
    `dispute_answer_days`; only with `tacit_approval` silence approves. Who stands in `self_billing` issues the invoices for what
    the others sell to it; parties in `waivers` charge each other no costs.
    """


class AmendAgreement(WrittenVersion, frozen=True):
    """Write another version of an agreement that is in force, to be frozen, approved and signed like the first.

    It says all that is to hold, as `draft-agreement` does, and every party of the version in force is a party of it: nobody is left
    out without having signed. Until the last signature the version in force holds; pathways that
    were agreed keep theirs for ever. A version that is on its way already is given up for this one.
    """


class AlreadyDrafted(Refused):
    def __init__(self, agreement: str) -> None:
        super().__init__(f"{agreement} has been drafted already; a changed text is a new version or another agreement.")


class NotInForce(Refused):
    def __init__(self, agreement: str) -> None:
        super().__init__(
            f"{agreement} is not in force yet, so there is nothing to amend; let its first version be signed, or draft another agreement."
        )


class LeavesOut(Refused):
    """Who is bound stays bound until it leaves by itself."""

    def __init__(self, agreement: str, missing: list[str]) -> None:
        super().__init__(
            f"{', '.join(missing)} is bound by {agreement} and would not be asked; name every party of the version in force, "
            "or conclude another agreement among the others."
        )


class Drawn(Value, frozen=True):
    latest: int = 0
    """The number of the newest version that was written down."""
    drafted_for: tuple[str, ...] = ()
    """Its parties."""
    bound: tuple[str, ...] = ()
    """The parties of the version in force."""
    in_force: bool = False
    members: Members = Members()


def boundary(command: DraftAgreement | AmendAgreement) -> Boundary:
    return (
        facts(AgreementDrafted, AgreementAmended, AgreementEnteredIntoForce, about=command.agreement),
        *(facts(PartnerAdmitted, OrganisationRegistered, about=party) for party in sorted(set(command.parties))),
    )


def evolve(state: Drawn, event: Seen) -> Drawn:
    match event:
        case AgreementDrafted() | AgreementAmended():
            return replace(state, latest=event.version, drafted_for=event.parties)
        case AgreementEnteredIntoForce():
            return replace(state, in_force=True, bound=event.parties)
        case PartnerAdmitted() | OrganisationRegistered():
            return replace(state, members=state.members.after(event))


def draft(command: DraftAgreement, state: Drawn) -> tuple[Event, ...]:
    if state.latest:
        raise AlreadyDrafted(command.agreement)
    clauses, units = checked(command, state.members)
    return (
        AgreementDrafted(
            agreement=command.agreement,
            version=1,
            title=command.title,
            parties=command.parties,
            clauses=clauses,
            units=units,
            drafted_on=command.asked.on,
        ),
    )


def amend(command: AmendAgreement, state: Drawn) -> tuple[Event, ...]:
    # Before it is in force, only its parties can know that an agreement exists.
    if not state.in_force and not any(command.asked.acts_for(party) for party in state.drafted_for):
        raise Unknown(command.agreement)
    if not state.in_force:
        raise NotInForce(command.agreement)
    if not any(command.asked.acts_for(party) for party in state.bound):
        raise NotYours(command.asked, " or ".join(state.bound), "amend their agreement")
    clauses, units = checked(command, state.members)
    if missing := sorted(set(state.bound) - set(command.parties)):
        raise LeavesOut(command.agreement, missing)
    return (
        AgreementAmended(
            agreement=command.agreement,
            version=state.latest + 1,
            amends=state.latest,
            title=command.title,
            parties=command.parties,
            clauses=clauses,
            units=units,
            amended_on=command.asked.on,
        ),
    )


_EXAMPLE = {
    "agreement": "agreement:kymenlaakso-2019",
    "title": {"fi": "Yhteistyösopimus 2019"},
    "parties": ["org:xamk", "org:ekami"],
    "data_sharing": True,
    "sharing_rule": {
        "rounding": "largest-remainder",
        "steps": [
            {"take": {"percent": "5", "max_cents": 20000, "per": "pathway"}, "to": "org:xamk", "for": "coordination"},
            {"take": "remaining", "to": "role:provider", "for": "delivery"},
        ],
    },
    "cost_keys": [
        {
            "name": "web-service",
            "for": "shared web service",
            "paid_by": "org:xamk",
            "costs": {"split": {"org:xamk": "1", "org:ekami": "2"}},
        }
    ],
    "netting": {"mode": "pairwise"},
}
draft_agreement = Decider(
    command=DraftAgreement,
    boundary=boundary,
    initial=Drawn(),
    evolve=evolve,
    decide=draft,
    may={"coordinator": None, "partner": "finance-check"},
    example=_EXAMPLE,
)
amend_agreement = Decider(
    command=AmendAgreement,
    boundary=boundary,
    initial=Drawn(),
    evolve=evolve,
    decide=amend,
    may={"coordinator": None, "partner": "finance-check"},
    example=_EXAMPLE,
)
