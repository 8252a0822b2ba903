"""The sums of all statements as of a moment, and nothing that grows with their lines."""

from collections.abc import Iterable, Iterator

from projections.rows import At, Change, Latest, Projection, R, facts_of, readings_of
from projections.statement_postings import Posted
from projections.statement_rows import Balance, Closed, Decided, LastSheet, Levy, Network, Organisation, Payment, Rule
from projections.statements import Ground, statements
from projections.statements import fold as fold_statements

Seen = Posted | Ground
KEPT = (Network, Organisation, Rule, Decided, Balance, Levy, Closed)
"""What grows with partners, agreements and months alone."""


def fold(rows: Latest, facts: Iterable[tuple[At, Seen]]) -> Iterator[Change]:
    """What statements make of it, without that which says what a line is made of."""
    return (change for change in fold_statements(_WithoutSheets(rows), facts) if isinstance(change, KEPT))


class _WithoutSheets:
    """Sheets, and what is paid of each payment, are not kept, so each is begun anew."""

    def __init__(self, rows: Latest) -> None:
        self._rows = rows

    def latest(self, blank: R, /) -> R:
        return blank if isinstance(blank, LastSheet | Payment) else self._rows.latest(blank)


def sums_in_memory() -> Projection:
    """Made for who folds it alone: it is no read model, so nothing follows it and it has no tables."""
    return Projection("statement-sums", fold, KEPT, facts_of(Seen), readings=readings_of(Seen) & statements.readings)
