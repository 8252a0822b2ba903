"""Approve a settlement: from here on its payments may be made, to the accounts that were set when it was approved last."""

from collections.abc import Iterable

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Unknown, Value, facts
from domain.network.accounts import STATED, Accounts
from domain.network.events import BillingDetailsSet, OrganisationRegistered, OrganisationRenamed
from domain.persons import same_person
from domain.settlement.events import PaymentOrdered, PeriodSettled, SettlementApproved, SettlementPlanned
from domain.words import Digest, SettlementId

Seen = (
    PeriodSettled
    | PaymentOrdered
    | SettlementPlanned
    | SettlementApproved
    | OrganisationRegistered
    | OrganisationRenamed
    | BillingDetailsSet
)


class ApproveSettlement(Command, frozen=True):
    """Approve the payments of a settlement as they are planned, as somebody else than who settled.

    Until then there are no payment files. What they say of payers and payees is fixed by it: account, name and address. Where one
    of these was set anew since, the settlement may be approved again, as somebody else than who settled or set it, and the
    payments that are still to be made go to the new account. Nobody approves an account that they have set themselves.
    """

    settlement: SettlementId
    accounts: Digest | None = None
    """The digest `accounts` of the settlement as it was read, so that nothing else is approved; needed where an account, address or
    name was set since it was settled, or approved last."""


class NotPlanned(Refused):
    def __init__(self, settlement: str) -> None:
        super().__init__(f"{settlement} is still being planned; approve it when all its payments stand in the log.")


class SettledByOneself(Refused):
    def __init__(self, settlement: str) -> None:
        super().__init__(f"Who settles may not approve the same settlement; let another person approve {settlement}.")


class ApprovedAlready(Refused):
    def __init__(self, approved: SettlementApproved) -> None:
        super().__init__(f"{approved.settlement} was approved on {approved.approved_on} already.")


class SetByOneself(Refused):
    def __init__(self, organisation: str) -> None:
        super().__init__(
            f"You have set the account, address or name of {organisation} yourself; let another person compare it with the bank's and "
            "approve."
        )


class SetSince(Refused):
    def __init__(self, organisations: Iterable[str], settlement: str, *, again: bool) -> None:
        super().__init__(
            f"The account, address or name of {' and '.join(organisations)} was set since {settlement} was "
            f"{'approved' if again else 'settled'}; read the settlement again, compare its accounts with the bank's, and approve with "
            "the digest `accounts` that it shows."
        )


class Approving(Value, frozen=True):
    settled: PeriodSettled | None = None
    planned: bool = False
    approved: SettlementApproved | None = None
    parties: frozenset[str] = frozenset()
    """Who pays or is paid."""
    accounts: Accounts = Accounts()
    fixed: Accounts = Accounts()
    """As they were when it was settled, or else approved last."""

    def set_anew(self) -> tuple[str, ...]:
        """Of whom the payments would say something else than was fixed."""
        return tuple(p for p in sorted(self.parties) if self.accounts.holder(p) != self.fixed.holder(p))


def boundary(command: ApproveSettlement) -> Boundary:
    return (
        facts(PeriodSettled, PaymentOrdered, SettlementPlanned, SettlementApproved, about=command.settlement),
        STATED,
    )


def evolve(state: Approving, event: Seen) -> Approving:
    match event:
        case PeriodSettled():
            return replace(state, settled=event, fixed=state.accounts)
        case PaymentOrdered():
            two = {event.payer, event.payee}
            return state if two <= state.parties else replace(state, parties=state.parties | two)
        case SettlementPlanned():
            return replace(state, planned=True)
        case SettlementApproved():
            return replace(state, approved=event, fixed=state.accounts)
        case OrganisationRegistered() | OrganisationRenamed() | BillingDetailsSet():
            return replace(state, accounts=state.accounts.after(event))


def decide(command: ApproveSettlement, state: Approving) -> tuple[Event, ...]:
    if state.settled is None:
        raise Unknown(command.settlement)
    anew = state.set_anew()
    if state.approved and not anew:
        raise ApprovedAlready(state.approved)
    if not state.planned:
        raise NotPlanned(command.settlement)
    if same_person(command.asked.actor, state.settled.by):
        raise SettledByOneself(command.settlement)
    for organisation in anew if state.approved else sorted(state.parties):
        if any(same_person(command.asked.actor, by) for by in state.accounts.setters(organisation)):
            raise SetByOneself(organisation)
    if (command.accounts or anew) and command.accounts != state.accounts.digest(state.parties):
        raise SetSince(anew or sorted(state.parties), command.settlement, again=state.approved is not None)
    return (SettlementApproved(settlement=command.settlement, by=command.asked.actor, approved_on=command.asked.on),)


approve_settlement = Decider(
    command=ApproveSettlement,
    boundary=boundary,
    initial=Approving(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None},
    signed=True,
    example={"settlement": "settlement:0168f4a2-7c00-8123-9abc-0123456789ab"},
)
