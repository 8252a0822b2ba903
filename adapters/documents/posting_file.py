"""A statement as entries in a partner's own bookkeeping: its accounts, cost centres, projects and VAT codes, debit equal to credit.

Each line of the statement is one pair of rows: the account of what it is, against the account of the counterparty. Sums due to the
partner are debited to the counterparty, what it owes is credited. A line is posted once: VAT is what the statement's VAT lines say.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from adapters.documents.amounts import in_euros
from adapters.documents.booking_day import booked_on
from adapters.documents.csv_text import Cell, csv_of
from domain.money import Language
from domain.settlement.events import PostingAccount
from projections.document import DocumentLine, StatementDocument

UNASSIGNED: Final = "unassigned"
"""The account of what none is given for: the books balance at once, and nobody overlooks it."""
COUNTERPARTY: Final = "counterparty"
"""The kind under which an account is given for the other side of lines: where a counterparty's debts and claims stand."""
COLUMNS: Final = (
    "voucher",
    "line",
    "booked_on",
    "occurred_on",
    "account",
    "debit",
    "credit",
    "cost_centre",
    "project",
    "vat_code",
    "vat_rate",
    "kind",
    "counterparty",
    "counterparty_name",
    "clause",
    "entry",
    "text",
    "events",
    "constructed",
)


def posting_file(document: StatementDocument, accounts: Sequence[PostingAccount], language: Language = "fi") -> bytes:
    """CSV, two rows a line in the order of the statement; what no account is given for is on the account `unassigned`."""
    return csv_of(COLUMNS, (row for line in document.lines for row in _rows_of(document, line, accounts, language)))


def unassigned(document: StatementDocument, accounts: Sequence[PostingAccount]) -> tuple[int, ...]:
    """The numbers of the lines of which a side stands on the account `unassigned`."""
    return tuple(line.n for line in document.lines if None in (_what(line, accounts), _whom(line, accounts)))


def _what(line: DocumentLine, accounts: Iterable[PostingAccount]) -> PostingAccount | None:
    return _closest(line, (each for each in accounts if each.kind in (None, line.kind)))


def _whom(line: DocumentLine, accounts: Iterable[PostingAccount]) -> PostingAccount | None:
    return _closest(line, (each for each in accounts if each.kind == COUNTERPARTY))


def _closest(line: DocumentLine, accounts: Iterable[PostingAccount]) -> PostingAccount | None:
    """The one that says most of those that fit; of two that say as much, kind goes before clause, counterparty and project."""
    fitting = (
        each
        for each in accounts
        if each.clause in (None, line.clause)
        and each.counterparty in (None, line.counterparty)
        and each.project in (None, line.project)
    )
    return max(fitting, key=_said, default=None)


def _said(account: PostingAccount) -> tuple[int, ...]:
    said = [each is not None for each in (account.kind, account.clause, account.counterparty, account.project)]
    return sum(said), *said


def _rows_of(
    document: StatementDocument, line: DocumentLine, accounts: Sequence[PostingAccount], language: Language
) -> Iterator[Sequence[Cell]]:
    said = (
        line.kind,
        line.counterparty,
        line.counterparty_name.best(language),
        line.clause,
        line.entry,
        line.text[language],
        " ".join(map(str, line.events)),
        document.constructed,
    )
    yield (*_side(document, line, _whom(line, accounts), line.cents, taxed=False), *said)
    yield (*_side(document, line, _what(line, accounts), -line.cents, taxed=True), *said)


def _side(
    document: StatementDocument, line: DocumentLine, account: PostingAccount | None, cents: int, *, taxed: bool
) -> Sequence[Cell]:
    """One side of a line: `cents` above 0 are debited. VAT is said on the side of what was sold or bought."""
    sum_of = str(in_euros(abs(cents)))
    debited = cents > 0 or (cents == 0 and taxed)
    vat = line.vat if taxed else None
    decided = vat.code if vat else None
    return (
        f"{document.partner.organisation} {document.period}",
        line.n,
        booked_on(line.occurred_on, document.period).isoformat(),
        line.occurred_on.isoformat(),
        account.account if account else UNASSIGNED,
        sum_of if debited else None,
        None if debited else sum_of,
        account.cost_centre if account else None,
        line.project,
        account.vat_code if taxed and account and account.vat_code else decided,
        vat.rate if vat else None,
    )
