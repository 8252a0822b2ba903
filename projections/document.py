"""What stands on a document, whatever it is written as: the same figures in every format.

A statement is one partner's account of a period with everybody. Of it follow, for each partner that sold something to another,
an invoice, a credit note or, between units of one legal person, an internal voucher.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from domain.words import Names

DocumentKind = Literal["invoice", "credit-note", "internal-voucher"]
LineKind = Literal["share-earned", "share-owed", "cost-share", "correction", "true-up", "set-off", "payment", "vat"]


class PostalAddress(Struct, frozen=True, kw_only=True):
    """Where a legal person gets its post; all of it is what the register says."""

    street: str
    postal_code: str
    town: str
    country: str
    """Two letters (ISO 3166-1)."""


class Party(Struct, frozen=True, kw_only=True):
    """An organisation as a document names it. What is not known is null and left out, never made up."""

    organisation: str
    """The id, `org:ekami`."""
    name: Names
    legal_person: Names
    """The name of the legal person that it belongs to, or its own."""
    business_id: str | None
    vat_number: str | None
    address: PostalAddress | None
    iban: str | None
    bic: str | None
    einvoice_address: str | None
    einvoice_operator: str | None


class VatTreatment(Struct, frozen=True, kw_only=True):
    """How something is taxed, and why."""

    code: str
    """UNCL 5305, as Finvoice and EN 16931 have it: S standard, AE reverse charge, E exempt, Z zero-rated, O outside."""
    rate: str
    """Percent, an exact decimal: "25.5"."""
    ground: str | None
    """Why it is exempt or outside, such as "AVL 39-40 §"."""


class DocumentLine(Struct, frozen=True, kw_only=True):
    """One line. `cents` + `vat_cents` = gross, and over a document each of them sums to the document's total."""

    n: int
    """Its number on the statement."""
    occurred_on: date
    recorded_at: datetime
    kind: LineKind
    counterparty: str
    counterparty_name: Names
    cents: int
    """Without VAT; positive: due to the partner whose statement it is; on an invoice: to be paid by the buyer."""
    vat: VatTreatment | None
    """Null: not a supply (payments, set-offs), or no treatment was decided."""
    vat_cents: int
    """Its part of the document's VAT of this category, with the sign of `cents`; on a `vat` line 0: `cents` is the tax."""
    quantity: str | None
    unit: str | None
    unit_cents: int | None
    role: str | None
    clause: str | None
    agreement: str | None
    version: int | None
    project: str | None
    """Null: outside any project."""
    pathway: str | None
    step: int | None
    part: int | None
    entry: str | None
    corrects: str | None
    """Period and number of the corrected line: `2019-10/7`."""
    sells: bool | None = None
    """Whether the partner sells what the line is for, or buys it; null of payments and set-offs."""
    text: Mapping[str, str]
    """By language fi, sv, en: the reckoning as a sentence."""
    events: tuple[int, ...]
    """Positions of the events behind it, the posting first."""


class VatTotal(Struct, frozen=True, kw_only=True):
    """What a document comes to under one treatment."""

    treatment: VatTreatment | None
    """Null: supplies for which no treatment was decided."""
    base_cents: int
    vat_cents: int

    @property
    def gross_cents(self) -> int:
        return self.base_cents + self.vat_cents


class CounterpartyTotal(Struct, frozen=True, kw_only=True):
    """What the lines with one other partner come to, taxes, set-offs and payments included."""

    counterparty: str
    name: Names
    cents: int


class ProjectTotal(Struct, frozen=True, kw_only=True):
    """What the lines of one project come to; `project` null: outside any project."""

    project: str | None
    cents: int


class Flow(Struct, frozen=True, kw_only=True):
    """Where money went, for the chart: what one kind of line comes to, in and out."""

    kind: LineKind
    in_cents: int
    """The sum of what was due to the partner; not negative."""
    out_cents: int
    """The sum of what it owed; not negative."""


class StatementDocument(Struct, frozen=True, kw_only=True):
    """A partner's statement of one period."""

    network: str
    network_name: Names
    constructed: bool
    """Then every page says that the data are constructed."""
    partner: Party
    period: str
    state: str
    """open, closed, issued, checked, approved, disputed, settled or paid."""
    position: int
    as_of: int | None = None
    """The position that it was asked as of; null: as it is."""
    digest: str | None
    issued_on: date | None
    due_on: date | None
    agreements: tuple[str, ...]
    """Each with its version: `agreement:kymenlaakso-2019 v1`."""
    opening_cents: int
    lines: tuple[DocumentLine, ...]
    closing_cents: int
    own_cents: int
    """What the partner collected and kept: information, no part of the balance."""
    counterparties: tuple[CounterpartyTotal, ...]
    sold: tuple[VatTotal, ...]
    """By treatment, what the partner sells to others."""
    bought: tuple[VatTotal, ...]
    projects: tuple[ProjectTotal, ...]
    flows: tuple[Flow, ...]
    invoices: tuple[str, ...]
    """Numbers of the invoices, credit notes and vouchers that belong to it."""


class Invoice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one partner invoices another for a period. Lines and totals from the seller's side: positive is to be paid."""

    network: str
    network_name: Names
    constructed: bool
    kind: DocumentKind
    number: str
    """Of the issuer's series, without a gap."""
    self_billed: bool
    """The buyer issues it by a clause of the agreement: marked "itselaskutus"."""
    seller: Party
    buyer: Party
    period: str
    delivered_from: date
    delivered_to: date
    issued_on: date
    due_on: date
    agreements: tuple[str, ...]
    credits: tuple[str, ...]
    """Numbers of the invoices that a credit note gives back from."""
    lines: tuple[DocumentLine, ...]
    totals: tuple[VatTotal, ...]
    net_cents: int
    vat_cents: int
    gross_cents: int
    """Of a credit note negative. An internal voucher has no VAT and is not paid."""
    reference: str | None
    """The payment reference (viite), digits only; the RF form is made of it. Null where it is not paid by itself."""
    # Left out where it is false: what was issued before there was such a thing keeps its bytes.
    netted: bool = False
    """Its sum is in the payments of the network's settlement of its period: it is not paid separately, by no due date of its own."""
