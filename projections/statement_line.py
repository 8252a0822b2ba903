"""One line of a statement: as it is kept, and as it is answered."""

from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct

from domain.money import Terms
from projections.statement_because import Because
from projections.statement_postings import Kind
from projections.words import (
    AgreementOfIt,
    CentsOfOne,
    ClausePath,
    CountedQuantity,
    CounterpartyId,
    EntryOfIt,
    HappenedOn,
    KindOfLine,
    LineNumber,
    PartOfIt,
    PathwayOfIt,
    RecordedAt,
    RolePlayed,
    StepOfIt,
    VersionOfIt,
    WholeCents,
)


class LineVat(Struct, frozen=True, kw_only=True, gc=False):
    """How a line is taxed, and by which decision."""

    code: str
    """UNCL 5305, such as S standard rate, E exempt."""
    rate: str
    """In percent, an exact decimal."""
    ground: str | None
    """Why no tax is added, such as the section of the law."""
    decision: str
    """The id of the decision; on a line of VAT the one that holds for the newest line it taxes."""


class Line(Struct, frozen=True, gc=False):
    """What one share makes due to one partner, or owed by it."""

    partner: str
    period: str
    n: int
    occurred_on: date
    recorded_at: datetime
    kind: Kind
    counterparty: str
    cents: int
    """Positive: due to the partner."""
    role: str | None
    clause: str | None
    """With the entry it tells a line from all others of the partner."""
    purpose: str | None
    terms: Terms | None
    """How the cents came about; a correction has the terms of the line it corrects there."""
    corrects: str | None
    """Period and number of the corrected line: `2019-10/7`."""
    agreement: str | None
    version: int | None
    vat: LineVat | None
    """None where no treatment was decided, and of what is no supply."""
    sells: bool
    """Whether what the line is for is sold by the partner or by the counterparty; without meaning where nothing is sold."""
    project: str | None
    pathway: str | None
    step: int | None
    part: int | None
    entry: str | None
    because: Because | None
    """What its sentence says beside the terms."""
    events: tuple[int, ...]
    """The posting first, then delivery, pathway agreement, agreement in force, decision on VAT."""


class StatementLine(Struct, frozen=True, kw_only=True):
    """One line: what one posting makes due to the partner, or owed by it."""

    n: LineNumber
    occurred_on: HappenedOn
    recorded_at: RecordedAt
    kind: KindOfLine
    counterparty: CounterpartyId
    cents: WholeCents
    """Without VAT; positive: due to the partner. Of a line of VAT the tax."""
    role: RolePlayed
    clause: ClausePath
    quantity: CountedQuantity
    unit_cents: CentsOfOne
    corrects: str | None
    """Period and number of the corrected line: `2019-10/7`."""
    vat: LineVat | None
    """Null where no treatment was decided, and of what is no supply."""
    project: str | None
    """Null: outside any project."""
    pathway: PathwayOfIt
    step: StepOfIt
    part: PartOfIt
    entry: EntryOfIt
    unit: str | None
    """What is counted, where a price is for one of it."""
    agreement: AgreementOfIt
    version: VersionOfIt
    text: Mapping[str, str]
    """By language fi, sv, en: how the cents came about, as a sentence to reckon after."""
    events: tuple[int, ...]
    """Positions of the events behind it, the posting first."""
