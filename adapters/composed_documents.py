"""Statements and invoices composed for whoever reads them: the account, the parties, what was issued."""

from functools import partial

from msgspec import Struct

from adapters.projecting.asking import Views
from domain.kernel import Unknown
from domain.settlement.events import PostingAccount
from projections.document import Invoice, StatementDocument
from projections.documents import (
    Directory,
    IssuedDocument,
    accounts_of,
    directory,
    document_of,
    documents,
    issued_documents,
    numbers_of,
)
from projections.invoicing import supplied
from projections.rows import Rows
from projections.statement import account_of
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
    found = (await views.ask(documents, partial(document_of, document=document))).value
    if found is None:
        raise Unknown(document)
    question = partial(account_of, partner=found.seller, period=found.period)
    account = (await views.ask(statements, question, as_of=found.cut)).value
    sold = supplied(account.lines, found.seller) if account else []
    what = next((each for each in sold if each.buyer == found.buyer), None)
    if what is None:
        raise AssertionError(
            f"{document} was issued for what {found.seller} sold {found.buyer}, and there is no line of it."
        )
    parties = (await views.ask(documents, directory, as_of=found.position)).value
    numbers = (await views.ask(documents, partial(numbers_of, documents=found.credits))).value
    return invoice(what, found, parties, [numbers.get(each, each) for each in found.credits])


def _beside(rows: Rows, partner: str, period: str) -> _Beside:
    return _Beside(tuple(issued_documents(rows, partner, period)), directory(rows), accounts_of(rows, partner))
