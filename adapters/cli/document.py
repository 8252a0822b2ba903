"""`tasma document`: an invoice, a credit note or an internal voucher, in any format that it is written in."""

from functools import partial
from pathlib import Path
from typing import Final

import click

from adapters.cli.output import hand_over
from adapters.cli.session import with_network
from adapters.composed_documents import invoice_of
from adapters.documents import INVOICE_FORMATS, render
from adapters.wiring import Network
from domain.kernel import Refused, Unknown
from domain.money import Language
from domain.words import LANGUAGES
from projections.documents import IssuedDocument, documents
from projections.rows import Rows

BINARY: Final = frozenset({"pdf", "xlsx", "finvoice"})
"""Nothing for a terminal; Finvoice is XML in letters of its own (ISO 8859-15)."""


class SeveralNumbered(Refused):
    def __init__(self, number: str, found: list[IssuedDocument]) -> None:
        names = ", ".join(f"{each.document} of {each.seller} to {each.buyer}" for each in found)
        super().__init__(f"Several issuers have a document {number}: {names}. Name it by its id.")


@click.command("document")
@click.argument("named", metavar="ID|NUMBER")
@click.option("--format", "form", type=click.Choice(INVOICE_FORMATS), default="json", show_default=True)
@click.option("--lang", "language", type=click.Choice(LANGUAGES), default="fi", show_default=True)
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead.")
def document_command(named: str, form: str, language: Language, output: Path | None) -> None:
    """Write a document that was issued, by its id (document:…) or the number printed on it (2019-11/7, ekami.2019-11/7).

    Made again, it has the same bytes.
    """

    async def work(network: Network) -> bytes:
        await network.leader.catch_up_once()
        found = (await network.views.ask(documents, partial(_named, named=named))).value
        if not found:
            raise Unknown(f"document {named}")
        if len(found) > 1:
            raise SeveralNumbered(named, found)
        return render(await invoice_of(network.views, found[0].document), form, language)

    hand_over(with_network(work), output, is_text=form not in BINARY)


def _named(rows: Rows, named: str) -> list[IssuedDocument]:
    by_id = {each.document: each for each in rows.under(IssuedDocument) if named in _names(each)}
    return sorted(by_id.values(), key=lambda each: (each.series, each.number))


def _names(issued: IssuedDocument) -> tuple[str, str, str]:
    return issued.document, issued.shown, f"{issued.series.removeprefix('series:')}/{issued.number}"
