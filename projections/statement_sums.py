"""The sums of all statements as of a moment, and nothing that grows with their lines."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from projections.rows import At, Change, Latest, Projection, R, facts_of, readings_of
from projections.statement_books import Books
from projections.statement_facts import Share, Shared
from projections.statement_postings import SHARED, Posted, Postings, postings_of
from projections.statement_rows import Balance, Closed, Decided, Levy, Network, Organisation, Rule
from projections.statements import Ground, statements
from projections.statements import fold as fold_statements

Seen = Posted | Ground
NAME: Final = "statement-sums"
KEPT: Final = (Network, Organisation, Rule, Decided, Balance, Levy, Closed)
"""What grows with partners, agreements and months alone."""


class Sums:
    """The books of a network, from its first event on, posting by posting."""

    def __init__(self) -> None:
        self._books = Books(_Blank(), sheets=False)
        self._ground: list[tuple[At, Ground]] = []

    def share(self, position: int, fact: Shared, shares: Sequence[Share]) -> None:
        """Enter what is posted most, with its shares. Raises ValueError where they do not add up to the amount."""
        self._books.post(
            position, Postings(SHARED, fact.entry, fact.collected_by, fact.period, shares, fact.amount_cents, fact.vat)
        )

    def post(self, position: int, fact: Posted) -> None:
        """Enter a posting. Raises ValueError where its shares do not add up to the amount."""
        self._books.post(position, postings_of(fact))

    def found(self, at: At, fact: Ground) -> None:
        """Take in what the books rest on."""
        self._ground.append((at, fact))

    def projection(self) -> Projection:
        """What folds no facts, but gives the rows that come of all that was taken in: once, at the end."""

        def fold(rows: Latest, _: Iterable[object]) -> Iterator[Change]:
            yield from fold_statements(rows, self._ground)
            yield from self._books.changes()

        return Projection(NAME, fold, KEPT, facts_of(Seen))


def summed() -> Projection:
    """What sums are made of; for who reads it alone: it is no read model, so nothing follows it and it has no tables."""
    return Projection(NAME, statements.fold, KEPT, facts_of(Seen), readings=readings_of(Seen) & statements.readings)


class _Blank:
    """Rows of which none is there yet."""

    def latest(self, blank: R, /) -> R:
        return blank
