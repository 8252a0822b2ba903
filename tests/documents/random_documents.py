"""Statements and invoices of any lines, each consistent in itself."""

from datetime import date, timedelta
from typing import get_args

from hypothesis import strategies as st

from domain.changing import replace
from projections.document import DocumentLine, Invoice, LineKind, StatementDocument
from tests.documents.samples import (
    AT_COST,
    CURSOR,
    EARLIER,
    EKAMI,
    EXEMPT,
    HOSTILE,
    KSAO,
    LETTERS,
    STANDARD,
    XAMK,
    invoice_of,
    line,
    statement_of,
)

CENTS = st.one_of(st.integers(-200, 200), st.integers(-(10**14), 10**14))
TEXTS = st.one_of(st.sampled_from([HOSTILE, LETTERS, "=1+1;-2\t'@x", "<r><t>=1&2</t></r>"]), st.text(max_size=30))
TAXED: tuple[LineKind, ...] = ("share-earned", "share-owed", "cost-share", "correction", "true-up")
OTHERS: tuple[LineKind, ...] = tuple(kind for kind in get_args(LineKind) if kind not in (*TAXED, "vat"))
SIGNS: dict[LineKind, int] = {"share-earned": 1, "share-owed": -1}


@st.composite
def lines(draw: st.DrawFn, kinds: tuple[LineKind, ...] = (*TAXED, *OTHERS)) -> DocumentLine:
    kind, cents = draw(st.sampled_from(kinds)), draw(CENTS)
    return line(
        kind,
        draw(st.sampled_from([EKAMI, KSAO, CURSOR])),
        abs(cents) * SIGNS[kind] if kind in SIGNS else cents,
        draw(st.sampled_from([EXEMPT, AT_COST, STANDARD, EARLIER, None])) if kind in TAXED else None,
        on=date(2024, 8, 20) + timedelta(days=draw(st.integers(0, 41))),
        project=draw(st.sampled_from([None, "S20967", "KOKKA"])),
        text=draw(TEXTS),
        quantity=draw(st.sampled_from([None, "2.5", "3", "0.333333"])),
        unit="credit",
        unit_cents=draw(st.sampled_from([None, 5_000, 1])),
    )


@st.composite
def statements(draw: st.DrawFn) -> StatementDocument:
    drawn = draw(st.lists(lines(), max_size=6))
    return statement_of(XAMK, drawn, opening_cents=draw(CENTS), constructed=draw(st.booleans()))


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    drawn = draw(st.lists(lines(kinds=TAXED), min_size=1, max_size=6))
    made = invoice_of(EKAMI, XAMK, drawn, self_billed=draw(st.booleans()))
    return replace(made, reference=None, netted=True) if draw(st.booleans()) else made
