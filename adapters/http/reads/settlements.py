"""Settlements and what became of them: payments, bank's lines, balances, each with one step to what is behind it."""

from collections.abc import Sequence
from functools import partial
from itertools import product

import msgspec
from msgspec import Struct

from adapters.http.readers import MEMBERS
from adapters.http.reading import Asking, Found, ListQuery, Read
from adapters.settlement_accounts import accounts_in_time
from application.desk import Asker
from application.visibility import sees_all
from domain.kernel import Unknown
from domain.words import Organisation, Period
from projections.rows import Rows
from projections.settlement_accounts import NewerDetails
from projections.settlement_bank_lines import BankLineView, bank_line_of, worklist
from projections.settlement_views import (
    PairBalance,
    PaymentView,
    SettlementView,
    balances,
    payment_of,
    settlements_of,
)
from projections.settlements import settlements
from projections.statement_behind import stretches
from projections.statements import statements


class StatementPlace(Struct, frozen=True):
    """A line of a statement."""

    partner: str
    """Whose statement it is."""
    period: str
    """The month of that statement."""
    n: int
    """The number of the line on it, from 1."""


class ShownPayment(Struct, frozen=True):
    """A bank's line, and the lines that it became of the statements that the reader may see."""

    bank_line: BankLineView
    lines: tuple[StatementPlace, ...]
    """Empty where the reader may see neither statement."""


class OnePayment(Struct, frozen=True):
    """A payment, one step each way: the settlement and events that it follows from, the bank's lines and statements after it."""

    payment: PaymentView
    period: str
    """The month that was settled."""
    agreement: str
    """The agreement under which it was settled."""
    approved: bool
    """Whether it may be made."""
    newer_details: tuple[NewerDetails, ...]
    """Of the payer and the payee, whose account, address or name was set anew since the approval: it waits for another one."""
    shown: tuple[ShownPayment, ...]
    """What banks have shown of it, line by line."""
    events: tuple[int, ...]
    """The positions of all events about it: the settlement, the set-off of the two, the order, the approval, the bank's lines."""


class OfWhom(ListQuery, frozen=True):
    organisation: Organisation | None = None
    """Whose; one's own without it, for the coordinator each two."""


async def of_period(asking: Asking) -> Found:
    question = partial(settlements_of, period=_period(asking.path["period"]), reader=_reader(asking.asker))
    found = await asking.ask(settlements, question)
    accounts = await accounts_in_time(asking.network.log)
    return Found(tuple(accounts.shown(each, found.position) for each in found.value), found.position)


async def payment(asking: Asking) -> Found:
    wanted, reader = asking.path["payment"], _reader(asking.asker)
    found = await asking.ask(settlements, partial(payment_of, payment=wanted, reader=reader))
    if found.value is None:
        raise Unknown(wanted)
    view, settled, lines, shown = found.value
    accounts = await accounts_in_time(asking.network.log)
    view, newer = accounts.shown_payment(view, settled.approved, found.position)
    between = [
        each.event for each in view.because if {each.organisation, each.counterparty} == {view.payer, view.payee}
    ]
    of_lines = (at for line in lines for at in line.events)
    behind = [settled.cut, *between, view.event, settled.approved, *of_lines, *shown]
    return Found(
        OnePayment(
            payment=view,
            period=settled.period,
            agreement=settled.agreement,
            approved=bool(settled.approved),
            newer_details=newer,
            shown=tuple([ShownPayment(line, await _places(asking, view, line, found.position)) for line in lines]),
            events=tuple(sorted({at for at in behind if at})),
        ),
        found.position,
    )


async def bank_line(asking: Asking) -> Found:
    wanted = asking.path["bank_line"]
    found = await asking.ask(settlements, partial(bank_line_of, bank_line=wanted, reader=_reader(asking.asker)))
    if found.value is None:
        raise Unknown(wanted)
    return Found(found.value, found.position)


async def bank_lines(asking: Asking) -> Found:
    found = await asking.ask(settlements, partial(worklist, reader=_wanted(asking)))
    return Found(found.value, found.position)


async def standing(asking: Asking) -> Found:
    found = await asking.ask(settlements, partial(balances, organisation=_wanted(asking)))
    return Found(found.value, found.position)


def _period(text: str) -> str:
    try:
        period: str = msgspec.convert(text, Period)
    except msgspec.ValidationError:
        raise Unknown(f"period {text}") from None
    return period


def _reader(asker: Asker) -> str | None:
    """The organisation whose part may be seen; None: all."""
    return None if sees_all(asker) else _own(asker)


def _wanted(asking: Asking) -> str | None:
    wanted: str | None = asking.query.organisation
    if sees_all(asking.asker):
        return wanted
    own = _own(asking.asker)
    if wanted not in (None, own):
        raise Unknown(f"list of {wanted}")
    return own


def _own(asker: Asker) -> str:
    if asker.organisation is None:
        raise AssertionError("A member acts for an organisation.")
    return asker.organisation


async def _places(asking: Asking, paid: PaymentView, line: BankLineView, position: int) -> tuple[StatementPlace, ...]:
    """Where the payment stands on the statements of the two, and where it was taken back, as far as they are the reader's own."""
    reader, back = _reader(asking.asker), line.taken_back
    posted = [(line.recorded, line.period, line.posted_cents)]
    posted += [(back.event, back.period, back.posted_cents)] if back else []
    wanted = [
        (partner, period, event)
        for partner, (event, period, cents) in product((paid.payer, paid.payee), posted)
        if event and period and cents and reader in (None, partner)
    ]
    if not wanted:
        return ()
    answer = await asking.network.views.ask(
        statements,
        partial(_placed, wanted=wanted),
        at_least=position if asking.as_of is None else None,
        as_of=asking.as_of,
    )
    return answer.value


def _placed(rows: Rows, wanted: Sequence[tuple[str, str, int]]) -> tuple[StatementPlace, ...]:
    """By partner, period and position of the posting. A payment is one line of each side, so that its number is known unwritten."""
    return tuple(
        StatementPlace(partner, period, each.first)
        for partner, period, event in wanted
        for each in stretches(rows, partner, period)
        if each.position == event
    )


settlements_of_period = Read(
    name="settlements",
    path="/v1/settlements/{period}",
    says="The settlements of a period, one for each agreement: the pairs and payments that one's organisation is a side of, "
    "each payment with the pairs that it follows from; the coordinator sees all.",
    readers=MEMBERS,
    gives=tuple[SettlementView, ...],
    answer=of_period,
)
one_payment = Read(
    name="payment",
    path="/v1/payments/{payment}",
    says="A payment of a settlement, what it follows from, the bank's lines that show it, and the statement lines it became.",
    readers=MEMBERS,
    gives=OnePayment,
    answer=payment,
)
one_bank_line = Read(
    name="bank-line",
    path="/v1/bank-lines/{bank_line}",
    says="A line of an account: the payment it was recognised as, why it was listed, and what became of it.",
    readers=MEMBERS,
    gives=BankLineView,
    answer=bank_line,
)
open_bank_lines = Read(
    name="bank-lines",
    path="/v1/bank-lines",
    says="The bank's lines that somebody has to look after, the oldest first: unknown, in part, too much, paid twice, taken "
    "back, or contradicted by the other account.",
    readers=MEMBERS,
    query=OfWhom,
    gives=BankLineView,
    answer=bank_lines,
)
pair_balances = Read(
    name="balances",
    path="/v1/balances",
    says="How an organisation stands with every other: what is open, settled, still to be paid, and paid.",
    readers=MEMBERS,
    query=OfWhom,
    gives=PairBalance,
    answer=standing,
)
