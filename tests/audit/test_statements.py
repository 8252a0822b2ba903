"""A kept document says one thing to every reader, and no word of it is another than the log gives."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from adapters.auditing.report import Verified
from adapters.auditing.verify import verify
from adapters.closed_months import ClosedMonths
from adapters.issued_statements import IssuedStatements
from adapters.postgres.audit_reading import audit_reading
from adapters.postgres.documents import PostgresDocuments
from adapters.postgres.views import Views
from domain.network.events import OrganisationRegistered
from domain.settlement.events import StatementIssued
from domain.words import Names
from projections.statement import account_of, partners_stated
from projections.statement_form_1 import kept_in_form_1
from projections.statements import statements
from tests.log.decisions import decision
from tests.projections.test_statements import MARCH_CLOSED, two_periods
from tests.sealing.conftest import ORIGIN, SIGNER, Ground, Sealing

Document = dict[str, Any]
Change = Callable[[bytes], bytes]


def views_of(sealing: Sealing) -> Views:
    return Views(connect=sealing.database.connection, network=sealing.schema, log=sealing.log)


async def issued(sealing: Sealing, *, form: int = 1) -> None:
    """A log in which March was closed and its statements were issued, by an older program or by this one."""
    for place, event in two_periods():
        if place <= MARCH_CLOSED:
            await sealing.log.append(decision(event))
    cut = (await sealing.log.head()).position
    views, documents = views_of(sealing), PostgresDocuments(sealing.database, sealing.schema)
    if form > 1:
        (closing,) = await sealing.log.read(cut - 1, limit=1)
        for each in await IssuedStatements(ClosedMonths(sealing.log, documents)).intentions(closing):
            await sealing.log.append(decision(issue(**each.body)))
        return
    for partner in (await views.ask(statements, partners_stated, as_of=cut)).value:
        account = (await views.ask(statements, partial(account_of, partner=partner, period="2019-03"), as_of=cut)).value
        assert account is not None
        said = kept_in_form_1(account)
        assert said.digest is not None
        await documents.keep(said.digest, msgspec.json.encode(said, order="deterministic"))
        figures = {field: getattr(said, field) for field in ("partner", "period", "opening_cents", "closing_cents")}
        event = issue(form=1, position=cut, lines=len(said.lines), digest=said.digest, **figures)
        await sealing.log.append(decision(event))


def issue(**figures: Any) -> StatementIssued:  # noqa: ANN401 - by its fields
    said = {field: figures[field] for field in StatementIssued.__struct_fields__ if field in figures}
    partner = figures["partner"]
    others = {"tacit_approval": False, "dispute_by": None, "parties": (partner,)}
    return StatementIssued(statement=f"statement:{partner}", **{**others, **said})


async def verified(sealing: Sealing) -> Verified:
    async with audit_reading(sealing.server.app_dsn, sealing.schema) as reading:
        found, _ = await verify(reading, keys=(SIGNER.vkey,), origin=ORIGIN, views=views_of(sealing))
        return found


async def forge(sealing: Sealing, change: Change) -> None:
    """Change the document of a statement that has lines."""
    documents = await sealing.rows("select digest, body from {schema}.document order by digest")
    digest, body = next((digest, body) for digest, body in documents if json.loads(body)["lines"])
    assert change(body) != body
    assert sealing.tamper("update {schema}.document set body = %s where digest = %s", change(body), digest) == 1


def front(text: bytes) -> Change:
    """With more in front of what is there, so that what is there is read last."""
    return lambda body: b"{" + text + b"," + body[1:]


def said(change: Callable[[Document], None]) -> Change:
    def changed(body: bytes) -> bytes:
        document = json.loads(body)
        change(document)
        return json.dumps(document).encode()

    return changed


def at(key: str, value: object) -> Change:
    return said(lambda document: document.update({key: value}))


def on_a_line(key: str, value: object) -> Change:
    return said(lambda document: document["lines"][0].update({key: value}))


UNREADABLE, MORE, BESIDE = (
    "its kept document cannot be read (",
    ", which no statement has.",
    "its kept document says other things beside its figures than the log gives.",
)
FORGERIES = {
    "a key twice": (front(b'"closing_cents":999999999'), UNREADABLE),
    "a key of a line twice": (lambda body: body.replace(b'"cents":', b'"cents":1,"cents":', 1), UNREADABLE),
    "a key that no statement has": (at("remark", "paid in full"), MORE),
    "a key that no line has": (on_a_line("paid_cents", 1), MORE),
    "bytes that are no text": (front(b'"zz":"\xff\xfe"'), UNREADABLE),
    "nested deep": (front(b'"zz":' + b"[" * 200_000 + b"]" * 200_000), UNREADABLE),
    "half a character": (at("partner", "org:\ud800"), UNREADABLE),
    "another sentence": (on_a_line("text", {"fi": "Maksettu", "sv": "Betald", "en": "Paid"}), BESIDE),
    "other own cents": (at("own_cents", 99_999_999), BESIDE),
    "another state": (at("state", "open"), BESIDE),
    "another network": (at("network", "evil"), BESIDE),
    "another moment": (at("as_of", 1), BESIDE),
    "constructed": (said(lambda document: document.update(constructed=not document["constructed"])), BESIDE),
    "another digest": (at("digest", "0" * 64), BESIDE),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_document_is_not_verified(ground: Ground, forgery: str) -> None:
    change, sentence = FORGERIES[forgery]

    async def promise() -> None:
        async with ground.open() as sealing:
            await issued(sealing)
            await sealing.sealer().seal()
            assert (await verified(sealing)).faults == ()
            await forge(sealing, change)
            (fault,) = (await verified(sealing)).faults
            assert fault.kind == "document"
            assert fault.what.startswith("The statement of org:")
            assert sentence in fault.what

    asyncio.run(promise())


def test_a_document_keeps_the_names_of_its_day(ground: Ground) -> None:
    """Whoever is called otherwise later is called in an issued statement what they were called when it was issued."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await issued(sealing)
            await sealing.sealer().seal()
            for _, event in two_periods():
                if isinstance(event, OrganisationRegistered):
                    await sealing.log.append(decision(replace(event, name=Names(fi="Uusi nimi"))))
            found = await verified(sealing)
            assert (found.faults, found.ok) == ((), True)
            assert found.statements > 1
            await forge(sealing, at("own_cents", 99_999_999))
            assert [fault.kind for fault in (await verified(sealing)).faults] == ["document"]

    asyncio.run(promise())


CANONICAL: dict[str, tuple[Change, str]] = {
    "another form": (lambda body: body.replace(b'"form":2', b'"form":3'), "its kept document has the digest "),
    "a key twice": (front(b'"form":2'), "its kept document is not written as its digest is taken"),
    "a key that no line has": (
        lambda body: body.replace(b'"cents":', b'"paid_cents":1,"cents":', 1),
        "its kept document is not written as its digest is taken",
    ),
    "a key that no statement has": (front(b'"remark":"paid in full"'), UNREADABLE),
    "spaces": (lambda body: body + b" ", "its kept document is not written as its digest is taken"),
    "no text": (front(b'"zz":"\xff\xfe"'), UNREADABLE),
}
"""What an audit says where the bytes of a document in form 2 were changed: they are what the digest is of."""


def test_a_document_in_form_2_is_the_bytes_of_its_digest(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await issued(sealing, form=2)
            await sealing.sealer().seal()
            found = await verified(sealing)
            assert (found.faults, found.statements) == ((), 4)
            documents = await sealing.rows("select digest, body from {schema}.document order by digest")
            digest, body = next((digest, body) for digest, body in documents if json.loads(body)["lines"])
            assert all(sha256(body).hexdigest() == digest for digest, body in documents)
            put = "update {schema}.document set body = %s where digest = %s"
            for change, why in CANONICAL.values():
                assert sealing.tamper(put, change(body), digest) == 1
                (fault,) = (await verified(sealing)).faults
                assert (fault.kind, why in fault.what) == ("document", True), fault.what

    asyncio.run(promise())
