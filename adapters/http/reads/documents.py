"""Invoices, credit notes and internal vouchers: of a partner's month, and each in every format it is written in."""

import asyncio
from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from adapters.composed_documents import invoice_of
from adapters.documents import FORMATS, INVOICE_FORMATS, render
from adapters.http.readers import MEMBERS
from adapters.http.reading import Asking, Found, ListQuery, Read
from adapters.http.reads.forms import Lettered, form_of, suffixed
from application.desk import Asker
from application.visibility import sees_all
from domain.kernel import Unknown
from domain.settlement.events import DocumentVat
from domain.words import Organisation, Period
from projections.document import Invoice
from projections.documents import IssuedDocument, document_of, documents, issued_documents
from projections.rows import Rows


class DocumentQuery(ListQuery, frozen=True):
    partner: Annotated[Organisation, Meta(description="Whose documents, as seller and as buyer.")] | None = None
    period: Annotated[Period, Meta(description="Of which month.")] | None = None


class DocumentListed(Struct, frozen=True):
    """A document that was issued, by its figures."""

    document: str
    """The id, to be asked for with."""
    number: str
    """As it is printed."""
    kind: str
    """`invoice`, `credit-note` or `internal-voucher`, between units of one legal person."""
    self_billed: bool
    """The buyer issues it by a clause of the agreement."""
    seller: str
    """The organisation that supplied, such as org:ekami."""
    buyer: str
    """The organisation that is to pay, such as org:xamk."""
    period: str
    """The closed month whose lines it holds, such as 2019-11."""
    net_cents: int
    """Without VAT, in whole cents of euro; negative on a credit note."""
    vat: tuple[DocumentVat, ...]
    """By treatment, base and tax; an internal voucher has no tax."""
    gross_cents: int
    """With VAT, in whole cents of euro; negative on a credit note."""
    reference: str | None
    """The payment reference in digits; null where it is not paid by itself."""
    credits: tuple[str, ...]
    """The documents that a credit note gives back from."""
    netted: bool
    """Its sum is in the payments of the network's settlement: it is not paid separately."""
    issued_on: date
    """The day on which it was issued, in Helsinki."""
    due_on: date
    """The last day for paying it."""
    position: int
    """Of the event that issued it."""


async def listed(asking: Asking) -> Found:
    query: DocumentQuery = asking.query
    own = None if sees_all(asking.asker) else asking.asker.organisation
    if own is not None and query.partner not in (None, own):
        raise Unknown(f"list of documents of {query.partner}")
    found = await asking.ask(documents, lambda rows: _of(rows, own or query.partner, query.period))
    return Found([_listed(each) for each in found.value], found.position)


def _of(rows: Rows, partner: str | None, period: str | None) -> list[IssuedDocument]:
    """Each once, in order of month, series and number."""
    if partner and period:
        found = issued_documents(rows, partner, period)
    else:
        found = rows.under(IssuedDocument, partner) if partner else rows.under(IssuedDocument)
    by_id = {each.document: each for each in found if period in (None, each.period)}
    return sorted(by_id.values(), key=lambda d: (d.period, d.series, d.number))


def _listed(each: IssuedDocument) -> DocumentListed:
    return DocumentListed(
        document=each.document,
        number=each.shown,
        kind=each.kind,
        self_billed=each.self_billed,
        seller=each.seller,
        buyer=each.buyer,
        period=each.period,
        net_cents=each.net_cents,
        vat=each.vat,
        gross_cents=each.gross_cents,
        reference=each.reference,
        credits=each.credits,
        netted=each.netted,
        issued_on=each.issued_on,
        due_on=each.due_on,
        position=each.position,
    )


async def one(asking: Asking) -> Found:
    query: Lettered = asking.query
    document, suffix = suffixed(asking.path["document"])
    found = await asking.ask(documents, lambda rows: document_of(rows, document))
    if found.value is None or not _is_between(found.value, asking.asker):
        raise Unknown(document)
    form = form_of(suffix, asking.accept, INVOICE_FORMATS)
    invoice = await invoice_of(asking.network.views, document)
    body = await asyncio.to_thread(render, invoice, form, query.lang)
    return Found(body, found.position, media_type=FORMATS[form].media_type)


def _is_between(issued: IssuedDocument, asker: Asker) -> bool:
    """Whether it is the asker's to see: as seller, as buyer, or all."""
    return sees_all(asker) or asker.organisation in (issued.seller, issued.buyer)


list_documents = Read(
    name="documents",
    path="/v1/documents",
    says="Invoices, credit notes and internal vouchers that were issued, by seller and buyer, with their taxes.",
    readers=MEMBERS,
    query=DocumentQuery,
    gives=DocumentListed,
    answer=listed,
)
one_document = Read(
    name="document",
    path="/v1/documents/{document}",
    says="One invoice, credit note or voucher whole: `document:…`, or with `.json`, `.pdf`, `.finvoice.xml`, `.xlsx`, `.csv`. Made "
    "again, it has the same bytes.",
    readers=MEMBERS,
    query=Lettered,
    gives=Invoice,
    answer=one,
    media_types=tuple(FORMATS[name].media_type for name in INVOICE_FORMATS),
    problems=frozenset({"406"}),
)
