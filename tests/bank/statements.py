"""A day of an account, for tests to change."""

from datetime import UTC, date, datetime

from examples.kymenlaakso.bank_statement import Entry, Payment, Statement, Version, camt053, camt054

IBAN = "FI2112345600000785"
OTHER, THIRD = "FI1410093000123458", "SE4550000000058398257466"
MADE_AT = datetime(2019, 11, 5, 4, 0, tzinfo=UTC)
DAY = date(2019, 11, 4)
CAME_IN = Entry(DAY, (Payment(123_456, "1234561", "2019-11-0001", OTHER),), bank_reference="191104A1")
WENT_OUT = Entry(DAY, (Payment(-5_000, None, None, THIRD),), bank_reference="191104A2")
BATCH = Entry(
    DAY,
    (Payment(1_000, "1232", "E1", OTHER, "B1"), Payment(2_000, "RF341234561", "E2", THIRD, "B2"), Payment(3_000)),
    bank_reference="191104A3",
)


def statement(*entries: Entry, version: Version = "08") -> bytes:
    """An account statement of these entries."""
    return camt053("M-1", MADE_AT, Statement("S-1", IBAN, entries, opening_cents=10_000), version=version)


def notification(*entries: Entry, version: Version = "08") -> bytes:
    """A notification of these entries."""
    return camt054("M-2", MADE_AT, Statement("N-1", IBAN, entries), version=version)
