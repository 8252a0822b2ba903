"""What became of a bank's file, line by line."""

from datetime import date
from typing import Literal

from msgspec import Struct

from application.matching import Reason
from domain.settlement.events import PaymentOutcome
from projections.words import WholeCents

LineOutcome = Literal[PaymentOutcome, "returned", "unknown", "recognised", "left", "refused"]
Why = Literal[Reason, "not-approved"]


class TakenLine(Struct, frozen=True, kw_only=True):
    """What became of a line of the account."""

    bank_line: str
    """The same whenever the line is read, from whichever file."""
    booked_on: date
    """The day on which the bank booked it."""
    cents: WholeCents
    """Positive: came in."""
    outcome: LineOutcome
    """matched, part, over, double, confirmed: recorded for its payment; returned: it takes back the line that had shown its payment,
    which is open again; unknown: it fits none; recognised: it was read before, and nothing has changed; left: it is for another unit
    that shares the account; refused: `why` says what was in the way, and reading the file again, when that is away, finishes it."""
    payment: str | None
    """The payment that it shows; null where it fits none."""
    listed: bool
    """Whether it is on the list of what somebody has to look after: unknown, part, over and double are. Of a line that
    is returned the line that it takes back is."""
    position: int | None
    """Of the event that says so; null where there is none."""
    reason: Why | None
    """Why it fits no payment; `not-approved`: it shows one whose settlement nobody has approved; `other-counterparty`: its money went to
    an account that was never one of the payee's, or came from another organisation's than the payer's: record-payment records it by
    hand where that is right; `as-recorded`: a line of the same account, sum and day is recorded, and this one would pay it twice;
    `too-large`: no payment is."""
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
