"""The forms in which statements are digested. A form is pinned for ever: content that says more is another form."""

from datetime import date, datetime
from typing import Final

from msgspec import Struct

from projections.statement_line import Line, LineVat
from projections.words import CounterpartyId

FORM: Final = 2
"""The form that statements are issued in. One that was issued in an older form is recomputed in that."""


class Subtotal(Struct, frozen=True, kw_only=True):
    """What the lines with one counterparty come to."""

    counterparty: CounterpartyId
    cents: int
    """In whole cents of euro; positive: due to the partner."""


class LineForm2(Struct, frozen=True, kw_only=True):
    """What form 2 digests of a line."""

    n: int
    occurred_on: date
    recorded_at: datetime
    kind: str
    counterparty: str
    cents: int
    role: str | None
    clause: str | None
    quantity: str | None
    unit: str | None
    unit_cents: int | None
    corrects: str | None
    agreement: str | None
    version: int | None
    vat: LineVat | None
    project: str | None
    pathway: str | None
    step: int | None
    part: int | None
    entry: str | None
    events: tuple[int, ...]


class ContentForm2(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What form 2 digests. Its canonical JSON is what is kept of a statement, and the SHA-256 of that is its digest."""

    form: int
    partner: str
    period: str
    position: int
    opening_cents: int
    lines: tuple[LineForm2, ...]
    subtotals: tuple[Subtotal, ...]
    closing_cents: int


class LineForm1(Struct, frozen=True, kw_only=True):
    """What form 1 digests of a line: no treatment of VAT was decided then, and every line was of a pathway."""

    n: int
    occurred_on: date
    recorded_at: datetime
    kind: str
    counterparty: str
    cents: int
    role: str | None
    clause: str
    quantity: str | None
    unit_cents: int | None
    corrects: str | None
    vat: None
    project: str | None
    pathway: str
    step: int
    part: int
    entry: str
    events: tuple[int, ...]


class ContentForm1(Struct, frozen=True, kw_only=True):
    """What form 1 digests."""

    form: int
    partner: str
    period: str
    position: int
    opening_cents: int
    lines: tuple[LineForm1, ...]
    subtotals: tuple[Subtotal, ...]
    closing_cents: int


def line_form_2(line: Line) -> LineForm2:
    terms = line.terms
    return LineForm2(
        n=line.n,
        occurred_on=line.occurred_on,
        recorded_at=line.recorded_at,
        kind=line.kind,
        counterparty=line.counterparty,
        cents=line.cents,
        role=line.role,
        clause=line.clause,
        quantity=terms.quantity if terms else None,
        unit=terms.unit if terms else None,
        unit_cents=terms.unit_cents if terms else None,
        corrects=line.corrects,
        agreement=line.agreement,
        version=line.version,
        vat=line.vat,
        project=line.project,
        pathway=line.pathway,
        step=line.step,
        part=line.part,
        entry=line.entry,
        events=line.events,
    )


def line_form_1(line: Line) -> LineForm1:
    said = line_form_2(line)
    # What has become optional since is there on every line that form 1 was ever issued with.
    return LineForm1(**{field: getattr(said, field) for field in LineForm1.__struct_fields__})
