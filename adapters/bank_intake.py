"""A bank's file taken in: every line is decided first, then recorded for its payment or put on the list, each once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from adapters.bank.camt import read_camt
from adapters.bank_lines_decided import Decided, decide, id_of, standing_of
from adapters.bank_taken import LineOutcome, Taken, TakenLine
from adapters.own_accounts import own_accounts
from adapters.projecting.asking import Views
from application.bank import BankFault
from application.desk import Asker, Desk
from application.door import check_may, decider_of
from application.envelope import decode
from application.ports import ClockRefused
from domain.kernel import Refused, current
from domain.settlement.events import PaymentRecorded, PaymentTakenBack
from domain.settlement.list_bank_line import LOOKED_AFTER, ListedAlready, OnListAsTakenBack
from domain.settlement.record_payment import RecognisedAlready
from domain.settlement.take_back_payment import ShownAsPayment, TakenBackAlready

RECORDING: Final = "record-payment"
LINES_MAX: Final = 10_000
"""Of a file: half a minute's work."""
AT_ONCE: Final = 32
"""Lines that are sent at the same time."""
BY_ANOTHER: Final = (RecognisedAlready, ListedAlready, OnListAsTakenBack, TakenBackAlready, ShownAsPayment)
"""What is refused because somebody else read the line at the same time."""


class NotOwnAccounts(Refused):
    """Whose accounts they are, or that they are anybody's here, is nobody's business."""

    def __init__(self, organisation: str) -> None:
        super().__init__(
            f"The file has lines of an account that is not one of {organisation}; nothing of it was taken in. Have a file of your "
            "own accounts read, or set your account with set-billing-details if it has changed."
        )


class AccountOfNobody(Refused):
    def __init__(self, iban: str) -> None:
        super().__init__(f"The account {iban} is nobody's here; whoever has it sets it with set-billing-details.")


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


class BankIntake:
    """Takes in what banks say, from HTTP and the command line."""

    def __init__(self, desk: Desk, views: Views) -> None:
        self._desk, self._views = desk, views

    async def take_in(self, body: bytes, asker: Asker, *, at: datetime | None = None) -> Taken:
        """Read a file whole, decide every line, then record and list them; read again, it changes nothing.

        A partner has files of its own accounts read. Raises NotAllowed, TimeIsReal, NoSuchTime, ClockRefused,
        BankFault, NotOwnAccounts, NothingTakenIn where all that is one's own to record is refused, Unavailable.
        """
        for name in (RECORDING, "take-back-payment", "list-bank-line"):
            check_may(decider_of(name), name, asker.role, asker.scopes)
        await self._desk.asked(asker, at=at)  # a time that may not be given is refused once, and not for each line
        file = await asyncio.to_thread(read_camt, body)
        if len(file.lines) > LINES_MAX:
            raise TooManyLines(len(file.lines))
        log = self._desk.log
        own = await own_accounts(log)
        if asker.role == "partner" and any(asker.organisation not in own.of.get(line.iban, ()) for line in file.lines):
            raise NotOwnAccounts(asker.organisation or "yours")
        position = (await log.head()).position
        standing = await standing_of(self._views, file.lines, own.of, position)
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

    async def _send_all(
        self, decided: Sequence[Decided], asker: Asker, at: datetime | None
    ) -> Sequence[tuple[TakenLine, int]]:
        """Lines of one payment one after another, all others at the same time: they share the log's commits.

        What is taken back comes after what may have been recorded of it just before.
        """
        by_payment: dict[str, list[int]] = {}
        for n, each in sorted(enumerate(decided), key=lambda each: (each[1].line.is_reversal, each[0])):
            by_payment.setdefault(each.payment or id_of(each.line), []).append(n)
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

    async def _send(self, decided: Decided, asker: Asker, at: datetime | None) -> tuple[TakenLine, int]:
        """What became of one line, and how many events that took. What a rule refuses stops no other line."""
        known, appended = decided.known, 0
        outcome, position = decided.outcome, (known.recorded or known.listed or None) if known else None
        listed, why = known.is_open if known else False, None
        if outcome == "unknown" and not decided.commands:
            outcome, why = "refused", str(AccountOfNobody(decided.line.iban))
        try:
            for wanted in decided.commands:
                done = await self._desk.carry_out(wanted.name, wanted.body, asker, key=wanted.key, at=at)
                appended += 0 if done.repeated else len(done.events)
                outcome, position, listed = "unknown", done.position, True
                if wanted.name != "list-bank-line":
                    outcome = await self._recorded(done.position)
                    listed = outcome in LOOKED_AFTER
                if done.repeated:
                    outcome = "recognised"
        except BY_ANOTHER:
            outcome = "recognised"
        except ClockRefused:  # says nothing of the line
            raise
        except Refused as refusal:
            outcome, why, listed = "refused", str(refusal), False
        return (
            TakenLine(
                bank_line=id_of(decided.line),
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

    async def _recorded(self, position: int) -> LineOutcome:
        body = await self._desk.log.body(position)
        recorded = current(decode(body).data) if body else None
        if isinstance(recorded, PaymentRecorded):
            return recorded.outcome
        if isinstance(recorded, PaymentTakenBack):
            return "returned"
        raise AssertionError(f"A payment was recorded or taken back at {position}, and something else stands there.")
