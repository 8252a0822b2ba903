"""What stands on a document, whatever it is written as: the same figures in every format.

A statement is one partner's account of a period with everybody. Of it follow, for each partner that sold something to another,
an invoice, a credit note or, between units of one legal person, an internal voucher.

Whatever a document lists has one order, in every format and whenever it is made again; texts are compared by code point, so that a
rate of 9 comes after 24.
- Lines: by the position of the event that posts them, then as they stand in it. The `vat` lines follow all others, by counterparty,
  what was bought before what was sold, code, rate; `n` counts in this order. Lines of an invoice keep the order and the numbers
  of the seller's statement.
- Totals by treatment: what nothing was decided of, then by code, rate, ground.
- Totals by counterparty: by id; by project: by code, what is outside any project last; flows: as their kinds first occur.
- Agreements: by id and version as one text; the documents of a statement: by series and number; what a credit note gives back from:
  by month, then series and number, statements by month.
- Events behind a line: the posting, then delivery, agreement of the pathway, agreement in force, decision on VAT.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from domain.words import Names
from projections.words import WholeCents

DocumentKind = Literal["invoice", "credit-note", "internal-voucher"]
LineKind = Literal["share-earned", "share-owed", "cost-share", "correction", "true-up", "set-off", "payment", "vat"]


class PostalAddress(Struct, frozen=True, kw_only=True):
    """Where a legal person gets its post; all of it is what the register says."""

    street: str
    """The street and number, or a post-office box."""
    postal_code: str
    """As the country writes it, such as 48100."""
    town: str
    """The post town."""
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
    """The business identity code of the legal person, such as 2472908-2."""
    vat_number: str | None
    """With its country, such as FI24729082; null where it is in no register of VAT."""
    address: PostalAddress | None
    """Where it gets its post."""
    iban: str | None
    """The account that is paid to and from, without spaces."""
    bic: str | None
    """The bank of the account."""
    einvoice_address: str | None
    """Where e-invoices go to."""
    einvoice_operator: str | None
    """Who carries them there."""


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
    """The day on which it happened, in Helsinki."""
    recorded_at: datetime
    """When it was recorded."""
    kind: LineKind
    """The kind of the statement's line: on an invoice shares, costs, corrections and true-ups."""
    counterparty: str
    """The other side, such as org:xamk; on an invoice the one that pays, or gets, it."""
    counterparty_name: Names
    cents: WholeCents
    """Without VAT; positive: due to the partner whose statement it is; on an invoice: to be paid by the buyer."""
    vat: VatTreatment | None
    """Null: not a supply (payments, set-offs), or no treatment was decided."""
    vat_cents: WholeCents
    """Its part of the document's VAT of this category, with the sign of `cents`; on a `vat` line 0: `cents` is the tax."""
    quantity: str | None
    """How many units were counted, an exact decimal; null where none were."""
    unit: str | None
    """What is counted, such as credit; null where nothing is."""
    unit_cents: int | None
    """The price of one unit, in whole cents of euro."""
    role: str | None
    """The role by which the rule names whose share it is, such as role:provider; null: it names none."""
    clause: str | None
    """The path of the clause that divided, such as `steps[0]`; with the entry it tells a line from all others."""
    agreement: str | None
    """The agreement that divided it; null where none did."""
    version: int | None
    """The version of that agreement, counted from 1."""
    project: str | None
    """Null: outside any project."""
    pathway: str | None
    """The pathway that was delivered on, such as pathway:p-07; null where there is none."""
    step: int | None
    """The number of the step in its pathway, from 1."""
    part: int | None
    """The number of the part in its step, from 1."""
    entry: str | None
    """The id in the books of what the line is from; null where it has none."""
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
    """What is taxed, in whole cents of euro without VAT."""
    vat_cents: WholeCents
    """The tax, reckoned once on the base; 0 where none is added."""

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
    """The sum of what adds to the balance; not negative."""
    out_cents: int
    """The sum of what takes from it; not negative."""


class NumberedDocument(Struct, frozen=True, kw_only=True):
    """A document of a statement's period. Every issuer counts from 1, so a number is somebody's."""

    number: str
    """As it is printed, `2019-11/7`."""
    issuer: Names | None
    """Who numbered it; null: the statement's partner itself."""


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
    """Numbers of the invoices, credit notes and vouchers that belong to it, each with the Finnish name of another who numbered it."""
    documents: tuple[NumberedDocument, ...] = ()
    """The same, for who reads another language."""


class CorrectedStatement(Struct, frozen=True, kw_only=True):
    """A statement of the seller's whose lines are given back: of what it says there is no document of its own."""

    statement: str
    """The id, `statement:ekami.2019-03`."""
    period: str
    """The month of it, such as 2019-03."""
    digest: str
    """The SHA-256 that it was issued with, 64 hex digits."""


class Invoice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one partner invoices another for a period. Lines and totals from the seller's side: positive is to be paid."""

    network: str
    """The network's name in paths and sources, such as kymenlaakso."""
    network_name: Names
    constructed: bool
    """True: the network is an example; the document says so, and nobody owes anything by it."""
    kind: DocumentKind
    """`credit-note`: what it comes to is given back; `internal-voucher`: seller and buyer are units of one legal person."""
    number: str
    """Of the issuer's series, without a gap."""
    self_billed: bool
    """The buyer issues it by a clause of the agreement: marked "itselaskutus"."""
    seller: Party
    buyer: Party
    period: str
    """The closed month whose lines it holds, such as 2019-11."""
    delivered_from: date
    """The first day of what it holds, in Helsinki."""
    delivered_to: date
    """The last day of what it holds."""
    issued_on: date
    """The day on which it was issued, in Helsinki."""
    due_on: date
    """The last day for paying it."""
    agreements: tuple[str, ...]
    """Each with its version: `agreement:kymenlaakso-2019 v1`."""
    credits: tuple[str, ...]
    """Numbers of the invoices that a credit note gives back from."""
    lines: tuple[DocumentLine, ...]
    """The lines of the seller's statement that the buyer pays, in their order there."""
    totals: tuple[VatTotal, ...]
    """By treatment: base and tax; their sum is the gross."""
    net_cents: int
    """Without VAT, in whole cents of euro; negative on a credit note."""
    vat_cents: int
    """The tax, in whole cents of euro."""
    gross_cents: WholeCents
    """Of a credit note negative. An internal voucher has no VAT and is not paid."""
    reference: str | None
    """The payment reference (viite), digits only; the RF form is made of it. Null where it is not paid by itself."""
    # Left out where it is false: what was issued before there was such a thing keeps its bytes.
    netted: bool = False
    """Its sum is in the payments of the network's settlement of its period: it is not paid separately, by no due date of its own."""
    corrects: tuple[CorrectedStatement, ...] = ()
    """Statements that a credit note corrects, of the months for which it names no document."""
