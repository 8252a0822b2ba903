"""The accounts that payments go to, as of a settlement's approval: read of the few events that say so, not of the whole log."""

from collections.abc import Sequence

from msgspec import Struct

from application.envelope import Recorded
from application.ports import Log
from domain.changing import replace
from domain.kernel import current
from domain.network.accounts import STATED, Accounts
from domain.network.events import BillingDetailsSet, OrganisationRegistered, OrganisationRenamed
from projections.settlement_accounts import NewerDetails, account_of, newer_details
from projections.settlement_views import PaymentView, SettlementView


class AccountsInTime(Struct, frozen=True):
    """Everything that was ever said of accounts, addresses and names."""

    history: Sequence[Recorded]

    def at(self, position: int) -> Accounts:
        """As it was known at a position."""
        accounts = Accounts()
        for recorded in self.history:
            event = current(recorded.data)
            if recorded.position <= position and isinstance(
                event, (OrganisationRegistered, OrganisationRenamed, BillingDetailsSet)
            ):
                accounts = accounts.after(event)
        return accounts

    def shown(self, settled: SettlementView, position: int) -> SettlementView:
        """A settlement with the accounts of its payments, and who waits for another approval, as known at a position."""
        now = self.at(position)
        then = self.at(settled.approval) if settled.approval else now
        return replace(
            settled,
            payments=tuple(_with_account(each, then) for each in settled.payments),
            accounts=now.digest(p for each in settled.payments for p in (each.payer, each.payee))
            if settled.payments
            else None,
            newer_details=newer_of(settled.payments, then, now),
        )

    def shown_payment(
        self, payment: PaymentView, approval: int, position: int
    ) -> tuple[PaymentView, tuple[NewerDetails, ...]]:
        """One payment in the same way; `approval`: of its settlement, 0 where there is none."""
        now = self.at(position)
        then = self.at(approval) if approval else now
        return _with_account(payment, then), newer_of([payment], then, now)


async def accounts_in_time(log: Log) -> AccountsInTime:
    return AccountsInTime((await log.look((STATED,))).events)


def newer_of(payments: Sequence[PaymentView], then: Accounts, now: Accounts) -> tuple[NewerDetails, ...]:
    """Of the payers and payees of payments that are still to be made."""
    open_ = [each for each in payments if each.state not in ("paid", "over")]
    return tuple(newer_details((p for each in open_ for p in (each.payer, each.payee)), then, now))


def _with_account(payment: PaymentView, accounts: Accounts) -> PaymentView:
    return replace(payment, account=account_of(payment.payee, accounts))
