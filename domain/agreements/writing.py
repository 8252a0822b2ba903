"""What is written into a version of an agreement: checked here, before anybody is asked to approve it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta

from domain.agreements.events import Clauses, Netting, UnitOf, Waiver
from domain.canonical import canonical
from domain.changing import replace
from domain.kernel import Command, NotYours, Refused, Unknown, Value
from domain.money import (
    CostKey,
    RuleFault,
    SharingRule,
    organisations_of,
    parse_cost_keys,
    parse_rule,
    roles_of,
    share,
    units_of,
)
from domain.money.reading_costs import MOST_KEYS
from domain.network.events import OrganisationRegistered, PartnerAdmitted
from domain.words import PRICE_CENTS_MAX, AgreementId, Names, Organisation

TRIED_CENTS = (1, 97, 9_973, 999_983, 99_999_989, PRICE_CENTS_MAX - 1)
DIVISION_BYTES_MAX = 50_000
"""Leaves room in an event of 65,535 bytes for everything else, and for figures longer than those tried."""
Days = Annotated[int, Meta(ge=1, le=60)]


class WrittenVersion(Command, frozen=True):
    """What a version says, whether it is the first or another."""

    agreement: AgreementId
    """A new id for a first version, else that of the agreement."""
    title: Names
    """What it is called."""
    parties: Annotated[tuple[Organisation, ...], Meta(min_length=2, max_length=60)]
    """The organisations that it is to bind, each a partner of the network."""
    sharing_rule: dict[str, Any] | None = None
    """How every revenue is divided: `rounding` and `steps`, each with what it takes, `take`, for whom, `to`, and what for,
    `for`. Null: no pathway is agreed under this version."""
    cost_keys: Annotated[tuple[dict[str, Any], ...], Meta(max_length=MOST_KEYS)] = ()
    """How costs of upkeep are divided: each with its `name`, who has paid, `paid_by`, and by weights, fixed sums or unit prices
    who owes how much of it, `costs`."""
    waivers: Annotated[tuple[Waiver, ...], Meta(max_length=200)] = ()
    """Who charges whom nothing where costs are divided."""
    netting: Netting = Netting()
    due: Literal["delivery", "receipt"] = "delivery"
    """When revenue is shared: `delivery`, once a part was delivered; `receipt`, once the client has paid for it too."""
    self_billing: Annotated[tuple[Organisation, ...], Meta(max_length=60)] = ()
    """Parties that issue the invoices for what the others sell them."""
    data_sharing: bool = False
    """Whether a client may be referred from one party to another."""
    answer_days: Days = 2
    """Business days in which a referral is to be answered."""
    grace_days: Days = 2
    """Business days after that until it expires."""
    dispute_days: Days = 10
    """Business days after a statement was issued in which its lines may be disputed."""
    dispute_answer_days: Days = 5
    """Business days in which the other side answers a dispute; after that it goes to the coordinator."""
    payment_days: Days = 14
    """Days from an invoice, or from a settlement, until it is to be paid."""
    tacit_approval: bool = False
    """Whether a statement that nobody disputes in time counts as approved; else silence goes to the coordinator."""
    rights: Annotated[tuple[Names, ...], Meta(max_length=50)] = ()
    """What the parties may do, as sentences: they are signed with the rest, and no program reads them."""
    duties: Annotated[tuple[Names, ...], Meta(max_length=50)] = ()
    """What the parties have to do, in the same way."""


class PartyTwice(Refused):
    def __init__(self, parties: tuple[str, ...]) -> None:
        twice = sorted({p for p in parties if parties.count(p) > 1})
        super().__init__(f"Each party is named once; {', '.join(twice)} stands there twice.")


class FaultyClause(Refused):
    """A clause does not divide what it should: `where` is its place in the body, `why` what is wrong there."""

    def __init__(self, sentence: str, where: str, fault: RuleFault) -> None:
        super().__init__(sentence)
        self.where, self.why = where, str(fault).removeprefix(fault.path).strip()


class LeakingRule(FaultyClause):
    """The sharing rule does not divide every amount to the last cent."""

    def __init__(self, fault: RuleFault) -> None:
        super().__init__(f"sharing_rule: {fault}", f"sharing_rule.{fault.path}", fault)


class WrongCostKey(FaultyClause):
    """A cost key does not say who owes what."""

    def __init__(self, fault: RuleFault) -> None:
        super().__init__(str(fault), fault.path, fault)


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


class ClauseOnOutsiders(Refused):
    """A clause binds somebody who does not sign."""

    def __init__(self, clause: str, organisations: list[str]) -> None:
        super().__init__(
            f"{clause}: {', '.join(organisations)} would be bound without being a party; add them to the parties or leave them out."
        )


class WaiverOfOneself(Refused):
    def __init__(self, organisation: str) -> None:
        super().__init__(
            f"waivers: {organisation} stands on both sides; a waiver is between two parties that charge each other nothing."
        )


class WaiverOfNoKey(Refused):
    def __init__(self, keys: list[str]) -> None:
        super().__init__(f"waivers: there is no cost key {', '.join(keys)} in this agreement.")


class NoClearingPartner(Refused):
    def __init__(self, mode: str, clearing: str | None) -> None:
        super().__init__(
            "netting: the mode clearing needs the partner through which all pay; name it in `clearing`."
            if clearing is None
            else f"netting: {clearing} is named as the clearing partner, but the mode is {mode}; take the mode clearing or leave it out."
        )


class Members(Value, frozen=True):
    """What is known of the organisations that are to be parties."""

    partners: frozenset[str] = frozenset()
    units: Mapping[str, str] = {}
    """Of those that are units, the legal person."""

    def after(self, event: PartnerAdmitted | OrganisationRegistered) -> "Members":
        match event:
            case PartnerAdmitted():
                return replace(self, partners=self.partners | {event.organisation})
            case OrganisationRegistered():
                units = {event.organisation: event.unit_of} if event.unit_of else {}
                return replace(self, units={**self.units, **units})


def checked(command: WrittenVersion, members: Members) -> tuple[Clauses, tuple[UnitOf, ...]]:
    """The clauses of a version that may be put before its parties, and which of these are units of a legal person."""
    if len(set(command.parties)) < len(command.parties):
        raise PartyTwice(command.parties)
    for party in command.parties:
        if party not in members.partners:
            raise Unknown(f"partner {party}")
    if not any(command.asked.acts_for(party) for party in command.parties):
        raise NotYours(command.asked, " or ".join(command.parties), "draft this agreement")
    keys = written_keys(command.cost_keys, command.parties)
    _check_waivers(command, keys)
    _check_netting(command)
    _check_parties(command.parties, "self_billing", command.self_billing)
    clauses = Clauses(
        sharing_rule=None if command.sharing_rule is None else written_rule(command.sharing_rule, command.parties),
        data_sharing=command.data_sharing,
        answer_days=command.answer_days,
        grace_days=command.grace_days,
        rights=command.rights,
        duties=command.duties,
        cost_keys=keys,
        waivers=command.waivers,
        due=command.due,
        netting=command.netting,
        dispute_days=command.dispute_days,
        dispute_answer_days=command.dispute_answer_days,
        tacit_approval=command.tacit_approval,
        payment_days=command.payment_days,
        self_billing=tuple(sorted(set(command.self_billing))),
    )
    units = tuple(UnitOf(party=p, legal_person=members.units[p]) for p in sorted(command.parties) if p in members.units)
    return clauses, units


def written_rule(raw: object, parties: Sequence[str]) -> SharingRule:
    """The sharing rule that is written for some parties. Raises LeakingRule, RuleTooLong, PaysOutsiders."""
    try:
        rule = parse_rule(raw)
    except RuleFault as fault:
        raise LeakingRule(fault) from fault
    if (size := _division_size(rule)) > DIVISION_BYTES_MAX:
        raise RuleTooLong(size)
    if outsiders := sorted(organisations_of(rule) - set(parties)):
        raise PaysOutsiders(outsiders)
    return rule


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


def written_keys(raw: Sequence[object], parties: Sequence[str]) -> tuple[CostKey, ...]:
    """The cost keys that are written for some parties. Raises WrongCostKey, ClauseOnOutsiders."""
    try:
        keys = parse_cost_keys(raw)
    except RuleFault as fault:
        raise WrongCostKey(fault) from fault
    for key in keys:
        named = {key.paid_by, *key.costs.owed_by, *(part.to for part in key.costs.split)}
        _check_parties(parties, f"cost_keys: {key.name}", named)
    return keys


def _check_waivers(command: WrittenVersion, keys: tuple[CostKey, ...]) -> None:
    for waiver in command.waivers:
        _check_parties(command.parties, "waivers", waiver.between)
        if waiver.between[0] == waiver.between[1]:
            raise WaiverOfOneself(waiver.between[0])
        if unknown := sorted(set(waiver.keys) - {key.name for key in keys}):
            raise WaiverOfNoKey(unknown)


def _check_netting(command: WrittenVersion) -> None:
    netting = command.netting
    if (netting.mode == "clearing") is (netting.clearing is None):
        raise NoClearingPartner(netting.mode, netting.clearing)
    if netting.clearing is not None:
        _check_parties(command.parties, "netting", (netting.clearing,))


def _check_parties(parties: Sequence[str], clause: str, named: tuple[str, ...] | set[str]) -> None:
    if outsiders := sorted(set(named) - set(parties)):
        raise ClauseOnOutsiders(clause, outsiders)
