"""A statement as the bytes that are digested, line by line: of a long one no more than a line has to be there at a time."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache

import msgspec
from msgspec import Raw, Struct

from domain.canonical import canonical
from projections.statement_forms import FORM, ContentForm2, Subtotal
from projections.statement_line import Line, LineVat

_encode = msgspec.json.Encoder().encode
_NO_LINES = b'"lines":['


class _Line(Struct, frozen=True, gc=False):
    """What form 2 digests of a line. In the order of canonical JSON, so that nothing has to be sorted for each of them."""

    agreement: str | None
    cents: int
    clause: str | None
    corrects: str | None
    counterparty: str
    entry: str | None
    events: tuple[int, ...]
    kind: str
    n: int
    occurred_on: date
    part: int | None
    pathway: str | None
    project: str | None
    quantity: str | None
    recorded_at: datetime
    role: str | None
    step: int | None
    unit: str | None
    unit_cents: int | None
    vat: Raw | None
    version: int | None


def bytes_of(lines: Sequence[Line]) -> bytes:
    """The canonical JSON of `line_form_2` of each line, with commas between them."""
    return _encode([_said(line) for line in lines])[1:-1]


def _said(line: Line) -> _Line:
    terms = line.terms
    return _Line(
        line.agreement,
        line.cents,
        line.clause,
        line.corrects,
        line.counterparty,
        line.entry,
        line.events,
        line.kind,
        line.n,
        line.occurred_on,
        line.part,
        line.pathway,
        line.project,
        terms.quantity if terms else None,
        line.recorded_at,
        line.role,
        line.step,
        terms.unit if terms else None,
        terms.unit_cents if terms else None,
        None if line.vat is None else _vat(line.vat),
        line.version,
    )


@lru_cache(maxsize=4_096)
def _vat(vat: LineVat) -> Raw:
    """Few decisions tax many lines."""
    return Raw(canonical(vat))


def around_lines(  # noqa: PLR0917 - what stands on a statement beside its lines
    partner: str, period: str, cut: int, opening_cents: int, closing_cents: int, subtotals: Sequence[Subtotal]
) -> tuple[bytes, bytes]:
    """The bytes of a statement before its lines and after them; between the lines stand commas."""
    content = ContentForm2(
        form=FORM,
        partner=partner,
        period=period,
        position=cut,
        opening_cents=opening_cents,
        lines=(),
        subtotals=tuple(subtotals),
        closing_cents=closing_cents,
    )
    before, between, after = canonical(content).partition(_NO_LINES)
    return before + between, after
