"""What is said to a bank and heard from it: payments to be made, and lines of an account."""

from datetime import date, datetime

from msgspec import Struct

from domain.kernel import Refused


class Account(Struct, frozen=True, kw_only=True):
    """A legal person with its account."""

    name: str
    business_id: str | None
    street: str | None
    postal_code: str | None
    town: str | None
    country: str | None
    """Two letters."""
    iban: str
    bic: str | None


class Transfer(Struct, frozen=True, kw_only=True):
    """One payment to be made."""

    end_to_end_id: str
    """35 characters at most; comes back with the bank's line."""
    payee: Account
    cents: int
    """Above 0, in euro."""
    reference: str
    """A creditor reference: a Finnish viite (digits) or an RF reference."""


class PaymentFile(Struct, frozen=True, kw_only=True):
    """What one debtor hands to its bank."""

    message_id: str
    """35 characters at most, the same whenever the file is made again."""
    created_at: datetime
    debtor: Account
    execution_on: date
    """A day that is a banking day in Finland and of TARGET."""
    transfers: tuple[Transfer, ...]


class BankLine(Struct, frozen=True, kw_only=True):
    """One booked line of an account, as far as it is needed to match it. No names: whoever pays may be a person."""

    id: str
    """The same whenever the same line is read, from whichever file: hexadecimal digits of a digest of account and line."""
    iban: str
    """The account that it is a line of."""
    cents: int
    """Positive: came in; negative: went out."""
    booked_on: date
    end_to_end_id: str | None
    reference: str | None
    """As a plain viite or RF reference, without spaces and leading zeros."""
    counterparty_iban: str | None
    is_reversal: bool = False
    """Whether the bank took back with it what it had booked before: its sign is that of the money going back."""


class BankFile(Struct, frozen=True, kw_only=True):
    """A bank's message, read whole or not at all."""

    message_id: str
    lines: tuple[BankLine, ...]
    left_out: int = 0
    """Entries, or payments of an entry, that moved no money: pending, for information, or of 0.00."""


class BankFault(Refused):
    """A file from a bank that cannot be read, or a payment that no bank would take; the sentence says what and where."""
