"""Who belongs to the network, as what, and who upkeeps which task."""

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from domain.changing import replace
from domain.network.events import (
    Duty,
    DutyAssigned,
    Membership,
    NetworkFounded,
    OrganisationKind,
    OrganisationRegistered,
    PartnerAdmitted,
)
from domain.words import Names
from projections.rows import At, Key, Latest, Projection, Row, Rows, each, facts_of

Seen = NetworkFounded | OrganisationRegistered | PartnerAdmitted | DutyAssigned


class Network(Row, frozen=True):
    one: Key[str] = "network"
    network: str = ""
    name: Names | None = None
    first_period: str = ""
    constructed: bool = False


class HeldDuty(Struct, frozen=True):
    duty: Duty
    starts_on: date
    ends_on: date | None


class Member(Row, frozen=True):
    organisation: Key[str]
    name: Names | None = None
    kind: OrganisationKind = "other"
    business_id: str | None = None
    oid: str | None = None
    unit_of: str | None = None
    membership: Membership | None = None
    """null: registered, but no partner."""
    admitted_on: date | None = None
    duties: tuple[HeldDuty, ...] = ()


@each
def fold(rows: Latest, fact: Seen, at: At) -> Iterator[Network | Member]:  # noqa: ARG001 - dates are in the facts
    match fact:
        case NetworkFounded():
            yield Network(
                network=fact.network, name=fact.name, first_period=fact.first_period, constructed=fact.constructed
            )
        case OrganisationRegistered():
            yield replace(
                rows.latest(Member(fact.organisation)),
                name=fact.name,
                kind=fact.kind,
                business_id=fact.business_id,
                oid=fact.oid,
                unit_of=fact.unit_of,
            )
        case PartnerAdmitted():
            member = rows.latest(Member(fact.organisation))
            yield replace(member, membership=fact.membership, admitted_on=fact.admitted_on)
        case DutyAssigned():
            member = rows.latest(Member(fact.organisation))
            duty = HeldDuty(fact.duty, fact.starts_on, fact.ends_on)
            yield replace(member, duties=(*member.duties, duty))


partners = Projection("partners", fold, (Network, Member), facts_of(Seen), on_poison="park")


def members(rows: Rows) -> list[Member]:
    """Every registered organisation, by id."""
    return list(rows.under(Member))
