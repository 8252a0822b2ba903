"""A bank's file taken in: every line is decided first, then recorded for its payment or put on the list, each once."""

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from functools import partial
from typing import Final, Literal

from msgspec import Struct

from adapters.bank.camt import read_camt
from adapters.invoice_references import Paying, invoiced, paying, with_invoices
from adapters.projecting.asking import Views
from application.bank import BankFault, BankLine
from application.desk import Asker, Desk
from application.door import check_may, decider_of
from application.envelope import decode
from application.matching import Match, OpenPayment, Reason, Wanted, match
from application.ports import ClockRefused, Log
from domain.changing import replace
from domain.kernel import Refused, current, facts
from domain.network.events import BillingDetailsSet, OrganisationRegistered
from domain.settlement.events import PaymentOutcome, PaymentRecorded
from domain.settlement.list_bank_line import LOOKED_AFTER, ListedAlready
from domain.settlement.record_payment import RecognisedAlready
from projections.documents import documents
from projections.rows import Rows
from projections.settlement_rows import BankLine as KnownLine
from projections.settlement_rows import Payment, Settlement
from projections.settlements import settlements

RECORDING: Final = "record-payment"
LINES_MAX: Final = 10_000
"""Of a file: half a minute's work."""
AT_ONCE: Final = 32
"""Lines that are sent at the same time."""
LineOutcome = Literal[PaymentOutcome, "unknown", "recognised", "left", "refused"]
Why = Literal[Reason, "not-approved"]
Own = Mapping[str, AbstractSet[str]]
"""By IBAN the organisations whose account it is, or was."""


class TakenLine(Struct, frozen=True, kw_only=True):
    """What became of a line of the account."""

    bank_line: str
    """The same whenever the line is read, from whichever file."""
    booked_on: date
    cents: int
    """Positive: came in."""
    outcome: LineOutcome
    """matched, part, over, double, confirmed: recorded for its payment; unknown: it fits none; recognised: it was read before, and
    nothing has changed; left: it is for another unit that shares the account; refused: `why` says what was in the way, and reading
    the file again, when that is away, finishes it."""
    payment: str | None
    listed: bool
    """Whether it is on the list of what somebody has to look after: unknown, part, over and double are."""
    position: int | None
    """Of the event that says so; null where there is none."""
    reason: Why | None
    """Why it fits no payment; `not-approved`: it shows one whose settlement nobody has approved."""
    why: str | None = None
    """The sentence of a refusal."""


class Taken(Struct, frozen=True, kw_only=True):
    """What became of a bank's file."""

    message_id: str
    """The bank's own name of the file."""
    lines: tuple[TakenLine, ...]
    """In the order of the file."""
    left_out: int
    """Entries that moved no money: pending, for information, or of 0.00."""
    appended: int
    """Events that are new; 0 where the file had been read before."""
    position: int
    """Of the log, when it was done."""


class NotOwnAccounts(Refused):
    """Whose accounts they are, or that they are anybody's here, is nobody's business."""

    def __init__(self, organisation: str) -> None:
        super().__init__(
            f"The file has lines of an account that is not one of {organisation}; nothing of it was taken in. Have a file of your "
            "own accounts read, or set your account with set-billing-details if it has changed."
        )


class NothingTakenIn(Refused):
    def __init__(self, lines: int, why: str) -> None:
        first = "" if lines == 1 else " The first:"
        super().__init__(
            f"Nothing of the file was taken in: {lines:,} line{' was' if lines == 1 else 's were'} refused.{first} {why} "
            "Hand the file in again when that is mended."
        )


class TooManyLines(BankFault):
    def __init__(self, lines: int) -> None:
        super().__init__(
            f"The file has {lines:,} lines; up to {LINES_MAX:,} are taken in at once. Have the bank send it in several."
        )


class _Standing(Struct, frozen=True):
    """What the read model says before anything is sent."""

    approved: Sequence[OpenPayment]
    waiting: Sequence[OpenPayment]
    """Of settlements that nobody has approved yet."""
    known: Mapping[str, KnownLine]
    """By id, the lines that were read before."""


class _Decided(Struct, frozen=True):
    """A line, and what is to be sent for it."""

    line: BankLine
    outcome: LineOutcome
    payment: str | None = None
    reason: Why | None = None
    commands: tuple[Wanted, ...] = ()
    known: KnownLine | None = None


class BankIntake:
    """Takes in what banks say, from HTTP and the command line."""

    def __init__(self, desk: Desk, views: Views) -> None:
        self._desk, self._views = desk, views

    async def take_in(self, body: bytes, asker: Asker, *, at: datetime | None = None) -> Taken:
        """Read a file whole, decide every line, then record and list them; read again, it changes nothing.

        A partner has files of its own accounts read. Raises NotAllowed, TimeIsReal, NoSuchTime, ClockRefused,
        BankFault, NotOwnAccounts, NothingTakenIn where all that is one's own to record is refused, Unavailable.
        """
        for name in (RECORDING, "list-bank-line"):
            check_may(decider_of(name), name, asker.role, asker.scopes)
        await self._desk.asked(asker, at=at)  # a time that may not be given is refused once, and not for each line
        file = await asyncio.to_thread(read_camt, body)
        if len(file.lines) > LINES_MAX:
            raise TooManyLines(len(file.lines))
        log = self._desk.log
        own = await own_accounts(log)
        if asker.role == "partner" and any(asker.organisation not in own.get(line.iban, ()) for line in file.lines):
            raise NotOwnAccounts(asker.organisation or "yours")
        position = (await log.head()).position
        standing = await self._standing(file.lines, own, position)
        decided = decide(file.lines, standing, own, asker.organisation if asker.role == "partner" else None)
        sent = await self._send_all(decided, asker, at)
        refused = [line.why for line, _ in sent if line.why]
        if refused and all(line.outcome in ("refused", "left") for line, _ in sent):
            raise NothingTakenIn(len(refused), refused[0])
        return Taken(
            message_id=file.message_id,
            lines=tuple(line for line, _ in sent),
            left_out=file.left_out,
            appended=sum(new for _, new in sent),
            position=(await log.head()).position,
        )

    async def _standing(self, lines: Sequence[BankLine], own: Own, position: int) -> _Standing:
        question = partial(_paid, lines=[_id(line) for line in lines])
        payments, approved, known = (await self._views.ask(settlements, question, at_least=position)).value
        partners = frozenset[str]().union(*(own.get(line.iban, ()) for line in lines))
        references = {line.reference for line in lines if line.reference} - {p.payment.reference for p in payments}
        invoices = partial(invoiced, partners=partners, references=references)
        found = (await self._views.ask(documents, invoices, at_least=position)).value if references else ()
        meant = with_invoices(payments, found)
        return _Standing(
            approved=[each for each in meant if each.settlement in approved],
            waiting=[each for each in meant if each.settlement not in approved],
            known=known,
        )

    async def _send_all(
        self, decided: Sequence[_Decided], asker: Asker, at: datetime | None
    ) -> Sequence[tuple[TakenLine, int]]:
        """Lines of one payment one after another, all others at the same time: they share the log's commits."""
        by_payment: dict[str, list[int]] = {}
        for n, each in enumerate(decided):
            by_payment.setdefault(each.payment or _id(each.line), []).append(n)
        sent: dict[int, tuple[TakenLine, int]] = {}
        room = asyncio.Semaphore(AT_ONCE)

        async def send(places: Sequence[int]) -> None:
            async with room:
                for n in places:
                    sent[n] = await self._send(decided[n], asker, at)

        # All come to an end before the first fault is told: nothing goes on behind whoever was answered.
        for ended in await asyncio.gather(*map(send, by_payment.values()), return_exceptions=True):
            if ended is not None:
                raise ended
        return [sent[n] for n in range(len(decided))]

    async def _send(self, decided: _Decided, asker: Asker, at: datetime | None) -> tuple[TakenLine, int]:
        """What became of one line, and how many events that took. What a rule refuses stops no other line."""
        known, appended = decided.known, 0
        outcome, position = decided.outcome, (known.recorded or known.listed or None) if known else None
        listed, why = known.is_open if known else False, None
        try:
            for wanted in decided.commands:
                done = await self._desk.carry_out(wanted.name, wanted.body, asker, key=wanted.key, at=at)
                appended += 0 if done.repeated else len(done.events)
                outcome, position, listed = "unknown", done.position, True
                if wanted.name == RECORDING:
                    outcome = await self._recorded(done.position)
                    listed = outcome in LOOKED_AFTER
                if done.repeated:
                    outcome = "recognised"
        except (RecognisedAlready, ListedAlready):  # somebody else read it at the same time
            outcome = "recognised"
        except ClockRefused:  # says nothing of the line
            raise
        except Refused as refusal:
            outcome, why, listed = "refused", str(refusal), False
        return (
            TakenLine(
                bank_line=_id(decided.line),
                booked_on=decided.line.booked_on,
                cents=decided.line.cents,
                outcome=outcome,
                payment=decided.payment,
                listed=listed,
                position=position,
                reason=decided.reason,
                why=why,
            ),
            appended,
        )

    async def _recorded(self, position: int) -> PaymentOutcome:
        body = await self._desk.log.body(position)
        recorded = current(decode(body).data) if body else None
        if isinstance(recorded, PaymentRecorded):
            return recorded.outcome
        raise AssertionError(f"A payment was recorded at {position}, and something else stands there.")


async def own_accounts(log: Log) -> Own:
    """Every account that an organisation has set, earlier ones too: a bank sends statements of them for a while.

    A unit that never set one of its own has those of its legal person.
    """
    history = await log.look((facts(BillingDetailsSet, OrganisationRegistered),))
    accounts: dict[str, set[str]] = {}
    units: dict[str, str] = {}
    for event in history.events:
        fact = current(event.data)
        if isinstance(fact, BillingDetailsSet) and fact.iban:
            accounts.setdefault(fact.organisation, set()).add(fact.iban)
        elif isinstance(fact, OrganisationRegistered) and fact.unit_of:
            units[fact.organisation] = fact.unit_of
    shared = {unit: accounts[person] for unit, person in units.items() if unit not in accounts and person in accounts}
    own: dict[str, set[str]] = {}
    for organisation, ibans in (accounts | shared).items():
        for iban in ibans:
            own.setdefault(iban, set()).add(organisation)
    return own


def decide(lines: Sequence[BankLine], standing: _Standing, own: Own, reader: str | None) -> Sequence[_Decided]:
    """What each line is and what is to be sent for it. `reader`: the partner that brought the file; None: the coordinator."""
    found = match(lines, standing.approved, own)
    waiting = match(lines, standing.waiting, own)
    # On an account that units share, what fits nobody's payment is listed for whoever brings the file.
    listing = match(
        lines, (), {iban: {reader} if reader in who else who for iban, who in own.items()} if reader else own
    )
    return [
        _decided(
            one if one.payment else replace(rest, reason=one.reason),
            standing.known.get(_id(one.line)),
            reader,
            early="not-approved" if later.payment and not one.payment else None,
        )
        for one, later, rest in zip(found, waiting, listing, strict=True)
    ]


def _decided(of: Match, known: KnownLine | None, reader: str | None, *, early: Why | None) -> _Decided:
    payment = of.payment.payment if of.payment else None
    decided = _Decided(of.line, "unknown", payment, early or of.reason, of.commands, known)
    if known and (known.recorded or (known.listed and not payment)):
        return replace(decided, outcome="recognised", payment=known.payment, commands=())
    if reader and of.organisation != reader:
        return replace(decided, outcome="left", payment=None, commands=())
    return decided


def _paid(rows: Rows, lines: Sequence[str]) -> tuple[Sequence[Paying], AbstractSet[str], Mapping[str, KnownLine]]:
    """The payments of all settlements, which of these are approved, and the lines that were read before."""
    settled = {each.settlement: each for each in rows.under(Settlement)}
    approved = {settlement for settlement, each in settled.items() if each.approved}
    known = {line: each for line in lines for each in rows.under(KnownLine, line)}
    return [paying(each, settled[each.settlement]) for each in rows.under(Payment)], approved, known


def _id(line: BankLine) -> str:
    return f"bank-line:{line.id}"
