"""Statements and invoices composed for whoever reads them: the account, the parties, what was issued."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from msgspec import Struct

from adapters.projecting.asking import Views
from domain.kernel import Unknown
from domain.settlement.events import PostingAccount
from domain.settlement.statement import statement_id
from projections.document import CorrectedStatement, Invoice, StatementDocument
from projections.documents import (
    Directory,
    IssuedDocument,
    accounts_of,
    directory,
    document_of,
    documents,
    issued_documents,
    numbered,
)
from projections.invoicing import Supplied, supplied
from projections.rows import Rows
from projections.statement import Account, account_of
from projections.statement_document import invoice, statement_document
from projections.statements import statements


class Composed(Struct, frozen=True):
    """A statement as a document, the position it holds for, and where its partner books it."""

    document: StatementDocument
    position: int
    accounts: tuple[PostingAccount, ...]


class _Beside(Struct, frozen=True):
    """What a statement's document has beside its account."""

    issued: tuple[IssuedDocument, ...]
    parties: Directory
    accounts: tuple[PostingAccount, ...]


async def statement_of(
    views: Views, partner: str, period: str, *, as_of: int | None = None, at_least: int | None = None
) -> Composed:
    """The document of a statement. Raises Unknown where there is none, StatementChanged where it is not what was issued."""
    question = partial(account_of, partner=partner, period=period)
    answer = await views.ask(statements, question, at_least=at_least, as_of=as_of)
    account = answer.value
    if account is None:
        raise Unknown(f"statement of {partner} for {period}")
    digest = account.verified()
    beside = (await views.ask(documents, partial(_beside, partner=partner, period=period), as_of=as_of)).value
    # A closed month is printed with who the parties were then, so that it is printed the same for ever.
    parties = (
        beside.parties if account.cut is None else (await views.ask(documents, directory, as_of=account.cut)).value
    )
    document = statement_document(account, answer.position, parties, beside.issued, digest=digest, as_of=as_of)
    return Composed(document, answer.position, beside.accounts)


async def invoice_of(views: Views, document: str) -> Invoice:
    """An issued document, as it was issued. Raises Unknown, DocumentChanged."""
    return await Invoices(views).of(document)


class Invoices:
    """Issued documents, as they were issued; what a seller sold in a month is looked up once for all that follow each other."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._last: tuple[_Cut, Sequence[Supplied]] | None = None
        """Of one statement alone: with its lines it may be long."""
        self._digests: dict[_Cut, str] = {}
        """Of the statements that were corrected."""

    async def of(self, document: str) -> Invoice:
        """Raises Unknown, DocumentChanged, StatementChanged."""
        found = (await self._views.ask(documents, partial(document_of, document=document))).value
        if found is None:
            raise Unknown(document)
        sold = await self._sold(_Cut(found.seller, found.period, found.cut))
        what = next((each for each in sold if each.buyer == found.buyer), None)
        if what is None:
            raise AssertionError(
                f"{document} was issued for what {found.seller} sold {found.buyer}, and there is no line of it."
            )
        parties = (await self._views.ask(documents, directory, as_of=found.position)).value
        credited = (await self._views.ask(documents, partial(numbered, documents=found.credits))).value
        named = {each.period for each in credited.values()}
        corrects = [
            await self._corrected(found, month)
            for month in (what.corrected if found.kind == "credit-note" else ())
            if month not in named
        ]
        numbers = [credited[each].shown if each in credited else each for each in found.credits]
        return invoice(what, found, parties, numbers, corrects)

    async def _sold(self, of: "_Cut") -> Sequence[Supplied]:
        """What a seller sold, by buyer."""
        if self._last is None or self._last[0] != of:
            account = await self._account(of)
            self._last = of, supplied(account.lines, of.partner) if account else ()
        return self._last[1]

    async def _corrected(self, note: IssuedDocument, month: str) -> CorrectedStatement:
        """The seller's statement of a month, as it stood when the note was cut. Raises StatementChanged."""
        of = _Cut(note.seller, month, note.cut)
        if of not in self._digests:
            account = await self._account(of)
            digest = account.verified() if account else None
            if digest is None:
                raise AssertionError(
                    f"{note.document} corrects lines of {month}, and {note.seller} has no closed statement of it."
                )
            self._digests[of] = digest
        return CorrectedStatement(statement=statement_id(note.seller, month), period=month, digest=self._digests[of])

    async def _account(self, of: "_Cut") -> Account | None:
        question = partial(account_of, partner=of.partner, period=of.period)
        return (await self._views.ask(statements, question, as_of=of.position)).value


class _Cut(NamedTuple):
    """A partner's statement of a month as it stood at a position."""

    partner: str
    period: str
    position: int


def _beside(rows: Rows, partner: str, period: str) -> _Beside:
    return _Beside(tuple(issued_documents(rows, partner, period)), directory(rows), accounts_of(rows, partner))
