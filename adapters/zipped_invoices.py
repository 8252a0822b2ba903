"""The e-invoices of a month in one file, for a partner's operator or accounting."""

import asyncio
import io
import zipfile
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from adapters.composed_documents import Invoices
from adapters.documents import FORMATS, render
from adapters.projecting.asking import Views
from domain.kernel import Refused
from domain.money import Language
from projections.documents import IssuedDocument, documents, issued_documents
from projections.rows import Rows

_FINVOICE: Final = "finvoice"
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file knows: that of making it would be another each time."""


class NoInvoices(Refused):
    def __init__(self, partner: str, period: str) -> None:
        super().__init__(
            f"{partner} has issued no invoice of {period}: its statement is not issued yet, or it sold nothing to others."
        )


async def zipped_invoices(
    views: Views, partner: str, period: str, language: Language, *, as_of: int | None = None
) -> bytes:
    """One XML for each invoice and credit note that a partner issued, as the seller or as the buyer who bills itself.

    Made again, it has the same bytes. Raises NoInvoices.
    """
    question = partial(_issued_by, partner=partner, period=period)
    found = (await views.ask(documents, question, as_of=as_of)).value
    if not found:
        raise NoInvoices(partner, period)
    files, invoices = {}, Invoices(views)
    for each in found:
        invoice = await invoices.of(each.document)
        files[_name(each)] = await asyncio.to_thread(render, invoice, _FINVOICE, language)
    return zipped(files)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files by name, in their order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as into:
        for name, body in files.items():
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            into.writestr(entry, body)
    return out.getvalue()


def _issued_by(rows: Rows, partner: str, period: str) -> Sequence[IssuedDocument]:
    """Vouchers between units of one legal person are no invoices."""
    return [
        each
        for each in issued_documents(rows, partner, period)
        if each.kind != "internal-voucher" and (each.seller == partner or (each.self_billed and each.buyer == partner))
    ]


def _name(issued: IssuedDocument) -> str:
    return f"{issued.series.removeprefix('series:')}-{issued.number}{FORMATS[_FINVOICE].suffix}"
