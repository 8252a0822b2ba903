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
    OrganisationRenamed,
    PartnerAdmitted,
)
from domain.words import Names
from projections.rows import At, Key, Latest, Projection, Row, Rows, each, facts_of

Seen = NetworkFounded | OrganisationRegistered | OrganisationRenamed | PartnerAdmitted | DutyAssigned


class Network(Row, frozen=True):
    one: Key[str] = "network"
    network: str = ""
    name: Names | None = None
    first_period: str = ""
    constructed: bool = False


class HeldDuty(Struct, frozen=True):
    """What a partner looks after for the whole network."""

    duty: Duty
    """What it looks after."""
    starts_on: date
    """The first day of the duty, in Helsinki."""
    ends_on: date | None
    """Its last day; null: until further notice."""


class Member(Row, frozen=True):
    """An organisation of the register, and whether it is a partner of the network."""

    organisation: Key[str]
    """The id, such as org:xamk."""
    name: Names | None = None
    """As the register has it."""
    kind: OrganisationKind = "other"
    """What sort of organisation it is; `other` where none fits."""
    business_id: str | None = None
    """The Finnish business identity code, such as 2472908-2; null where it has none of its own."""
    oid: str | None = None
    """The object identifier in the register of education providers, such as 1.2.246.562.10.346830761110; null where it is not
    there."""
    unit_of: str | None = None
    """The legal person that it is a part of; null: it stands for itself."""
    membership: Membership | None = None
    """null: registered, but no partner."""
    admitted_on: date | None = None
    """The day from which it is a partner, in Helsinki; null: it is none."""
    duties: tuple[HeldDuty, ...] = ()
    """What it looks after for the network, ended duties too, in the order of recording."""


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
        case OrganisationRenamed():
            yield replace(rows.latest(Member(fact.organisation)), name=fact.name)
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
