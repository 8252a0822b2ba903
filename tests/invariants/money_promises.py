"""What must hold of all the money at any time, and what must come of it in the end, when everything is settled and paid."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from hashlib import sha256
from itertools import groupby

from application.envelope import Recorded
from domain.calendar import day_of, month_of
from domain.kernel import Event, current
from domain.network.events import FollowUpOpened
from domain.settlement.events import PeriodClosed
from projections.registry import all_projections
from projections.rows import At
from projections.settlement_rows import Claim
from projections.settlement_views import balances
from projections.settlements import settlements
from projections.statement import account_of, totals
from projections.statement_rows import Balance
from projections.statements import statements
from tests.invariants.money import FIRST, TREASURER, MoneyNetwork, colleague_of
from tests.invariants.network import COORDINATOR, person_of
from tests.invariants.promises import POSTED, check_log, check_mentors, check_referrals, check_statements
from tests.projections.same import in_memory, read


async def check_kept(net: MoneyNetwork) -> None:
    """A statement that was issued, another one each time, is recomputed to the very bytes that were kept then."""
    if not net.ledger.issued:
        return
    (partner, period), issued = list(net.ledger.issued.items())[net.ledger.position % len(net.ledger.issued)]
    view = net.folded_views[net.ledger.position % 2]
    account = (await view.ask(statements, partial(account_of, partner=partner, period=period))).value
    assert account is not None
    assert account.document == await net.documents.find(issued.digest)
    assert account.document is not None
    assert sha256(account.document).hexdigest() == issued.digest == account.verified()
    figures = (await view.ask(statements, partial(totals, period=net.ledger.first_open))).value
    assert sum(total.closing_cents for total in figures) == 0, "all partners together stand at zero"


async def finish(net: MoneyNetwork) -> None:
    """Every dispute is brought to its end, what is wrong is taken back, the month is closed, settled and paid."""
    await net.work_all_off()
    ledger = net.ledger
    for dispute, contested in ledger.disputes.items():
        if contested.ended or contested.accepted:
            continue
        if contested.state == "rejected" or len(dispute) % 2:
            await net.must("withdraw-dispute", {"dispute": dispute}, person_of(contested.disputed.partner))
        else:
            answerer = (
                COORDINATOR
                if contested.state.startswith("escalated")
                else colleague_of(contested.disputed.counterparty)
            )
            await net.must("answer-dispute", {"dispute": dispute, "answer": "accepted"}, answerer)
    for dispute, contested in ledger.disputes.items():
        entry = contested.disputed.entry
        waits = contested.accepted and not contested.ended and entry not in ledger.left
        if waits and not list(ledger.booked_anew(contested)):  # and nobody does that any more
            await net.must("withdraw-dispute", {"dispute": dispute}, person_of(contested.disputed.partner))
        if contested.accepted and entry in ledger.left and not ledger.left[entry].is_gone:
            await net.must("reverse-entry", {"entry": entry, "reason": "entered-in-error"})
    net.now += timedelta(days=28)  # whoever disputed what is corrected now has nothing more to say
    await net.look_at_deadlines()
    await net.work_all_off()
    newest = max([month_of(day_of(net.now)), *(line.period for line in ledger.lines)])
    while ledger.first_open <= newest:
        assert await net.close() is None
        await net.work_all_off()
    await net.approve_all()
    await go_back_late(net)
    assert await net.settle(FIRST, max(ledger.closed)) is None
    await net.work_all_off()
    for settlement, each in ledger.settlements.items():
        if not each.approved:
            await net.must("approve-settlement", {"settlement": settlement}, TREASURER)
    await net.pay_the_rest()
    await net.work_all_off()


async def go_back_late(net: MoneyNetwork) -> None:
    """Of what was paid, something never came, goes back or was something else, when its month is long closed."""
    ledger = net.ledger
    for reason, side in (("not-received", "payer"), ("returned", "payee"), ("wrong-line", "payer")):
        found = [line for line in ledger.bank_lines.values() if line.side == side]
        # Rather one that the other account does not show: the payee may contest that.
        line = min(found, key=lambda line: ledger.shown[line.payment]["payee"], default=None)
        if line:
            body = {"payment": line.payment, "bank_line": line.bank_line, "reason": reason}
            refusal = await net.tell("take-back-payment", {**body, "booked_on": str(day_of(net.now))})
            if refusal is None and reason == "wrong-line":
                await net.recognise_anew(line)


async def check_all(net: MoneyNetwork) -> None:
    """After `finish`."""
    events = await net.events()
    check_log(events)
    check_mentors(events)
    check_referrals(events, worked_off=True)
    check_nothing_was_in_vain(events)
    memory = await net.folded()
    accounts = check_statements(events, memory)
    for (partner, period), cents in net.ledger.closings().items():
        account = accounts[partner, period]
        assert account.closing_cents - account.opening_cents == cents
    check_invoiced(net)
    check_nobody_drifts(net)
    await check_nothing_is_open(net)
    check_one_fold(events, net)
    check_order(events, net)


def check_nothing_was_in_vain(events: Sequence[Recorded]) -> None:
    """What policies ask for is never refused, but for what people did before them: two processes are no news to anybody."""
    listed = [e.reason for r in events if isinstance(e := current(r.data), FollowUpOpened) and e.code == "refused"]
    in_vain = [
        reason for reason in listed if not (reason.startswith("share-revenue") and "is shared already" in reason)
    ]
    assert not in_vain, in_vain


def check_invoiced(net: MoneyNetwork) -> None:
    """What one sold another in a closed month stands on one document, and of what comes to nothing there is none."""
    wanted = {key for period in net.ledger.closed for key in net.ledger.supplies(period)}
    assert wanted == net.ledger.documents.keys()


def check_nobody_drifts(net: MoneyNetwork) -> None:
    """Nothing was booked since the last true-up, so nobody is off by a cent."""
    for drift in net.ledger.drift.values():
        for partner in {*drift.exact, *drift.booked}:
            assert abs(drift.exact[partner] - drift.booked[partner]) < 1


async def check_nothing_is_open(net: MoneyNetwork) -> None:
    """All that was booked up to the last closing is settled, what was paid too much too, and all that is settled is paid."""
    last = max(net.ledger.closed)
    unpaid, persons, unsure = net.ledger.still_to_pay(), net.ledger.person, net.ledger.unsure()
    assert all(order.payment in net.ledger.shown for order in net.ledger.payments.values())
    later = [line for line in net.ledger.lines if line.period > last]
    assert all(line.kind == "trued up" for line in later)
    for each in (await net.views.ask(settlements, partial(balances, organisation=None))).value:
        pair = each.organisation, each.counterparty
        assert each.settled_cents == net.ledger.settled[pair]
        assert each.to_pay_cents == unpaid[pair]
        if persons(pair[0]) != persons(pair[1]):
            after = sum(x.cents if x.seller == pair[0] else -x.cents for x in later if x.pair == pair)
            assert each.open_cents == after + unsure[pair], "nothing settled stays open"


def check_one_fold(events: Sequence[Recorded], net: MoneyNetwork) -> None:
    """All at once, one by one, and as two processes folded it on: every projection comes to the same rows."""
    told: list[tuple[At, Event]] = [(At(r.position, r.time), r.data) for r in events]
    for projection in all_projections():
        expected = read(projection, in_memory(projection, told))
        assert read(projection, in_memory(projection, told, singly=True)) == expected
        for views in net.folded_views:
            folded = views._newest.get(projection.name)  # noqa: SLF001 - what a process remembers, as it does
            if folded is not None:
                upto = [(at, event) for at, event in told if at.position <= folded.position]
                assert read(projection, folded) == read(projection, in_memory(projection, upto))


def check_order(events: Sequence[Recorded], net: MoneyNetwork) -> None:
    """Postings between two closings might have come in any other order: no total would be another."""
    shuffled: list[tuple[At, Event]] = []
    for posts, run in groupby(events, key=lambda r: isinstance(current(r.data), (*POSTED, PeriodClosed))):
        together = list(run)
        datas = [r.data for r in together]
        if posts and not any(isinstance(data, PeriodClosed) for data in datas):
            net.chance.shuffle(datas)
        shuffled += [(At(r.position, r.time), data) for r, data in zip(together, datas, strict=True)]
    for projection, table in ((statements, Balance), (settlements, Claim)):
        in_order = in_memory(projection, [(At(r.position, r.time), r.data) for r in events])
        assert list(in_memory(projection, shuffled).under(table)) == list(in_order.under(table))
