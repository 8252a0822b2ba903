"""A log that was begun before there were costs, taxes and deadlines: its statements are what they were, to the byte."""

from datetime import timedelta

import msgspec
import pytest

from adapters.auditing.report import Fault
from adapters.auditing.statements import Kept, read_document
from adapters.projecting.memory import Memory
from domain.agreements.earlier import AgreementEnteredIntoForce, Clauses
from domain.kernel import Event, current, name_of, versions_of
from domain.settlement.earlier import StatementIssued
from projections.rows import At
from projections.statement import Account, account_of
from projections.statement_form_1 import kept_in_form_1
from projections.statements import statements
from tests.projections.test_statements import APRIL_CLOSED, GOLDEN, START, two_periods

XAMK = "org:xamk"
KEPT = "da9dbd05d799bcc86711910611bd584a0538ccdeb6c793bff2232f9f4512b066"
"""SHA-256 of the document as it was kept in form 1, with its sentences."""


def older(event: Event) -> Event:
    """An event as it was written in the first version of its type."""
    version = versions_of(type(event))[-1]
    said = {field: getattr(event, field) for field in version.__struct_fields__}
    if version is AgreementEnteredIntoForce:
        said["clauses"] = Clauses(**{field: getattr(said["clauses"], field) for field in Clauses.__struct_fields__})
    return version(**said)


def issued(account: Account, digest: str) -> StatementIssued:
    return StatementIssued(
        statement="statement:xamk.2019-04",
        partner=XAMK,
        period="2019-04",
        form=1,
        position=APRIL_CLOSED,
        opening_cents=account.opening_cents,
        closing_cents=account.closing_cents,
        lines=len(account.lines),
        digest=digest,
        parties=(XAMK,),
    )


def of_april(rows: Memory) -> Account:
    found = account_of(rows, XAMK, "2019-04")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def begun() -> Memory:
    events = [(position, older(event)) for position, event in two_periods()]
    assert {name_of(type(event)) for _, event in events} >= {
        "tasma.revenue.shared.v1",
        "tasma.revenue.reversed.v1",
        "tasma.agreement.entered_into_force.v1",
    }
    memory = Memory(statements)
    memory.advance([(At(n, START + timedelta(hours=n)), event) for n, event in events], APRIL_CLOSED)
    return memory


def test_what_was_issued_in_form_1_is_recomputed_in_form_1(begun: Memory) -> None:
    """What has not been issued yet is reckoned in the newest form, and is something else."""
    before = of_april(begun)
    assert (before.form, before.digest == GOLDEN) == (2, False)
    rows = begun.copy()
    rows.advance([(At(APRIL_CLOSED + 1, START), issued(before, GOLDEN))], APRIL_CLOSED + 1)
    account = of_april(rows)
    assert (account.form, account.state, account.digest) == (1, "issued", GOLDEN)
    assert account.statement(APRIL_CLOSED + 1, None).form == 1


def test_the_document_of_then_is_written_again_word_by_word(begun: Memory) -> None:
    """No digest covers its sentences, so an audit compares them; nothing that is said today may get into them."""
    kept = msgspec.json.encode(kept_in_form_1(of_april(begun)), order="deterministic")
    event = current(issued(of_april(begun), GOLDEN))
    assert event.__class__.__module__ == "domain.settlement.events"
    read = read_document(7, event, kept)  # type: ignore[arg-type]  # just checked
    assert isinstance(read, Kept)
    assert read.whole.hex() == KEPT
    forged = read_document(7, event, kept.replace(b'"cents":-12500', b'"cents":-12501', 1))  # type: ignore[arg-type]  # as above
    assert isinstance(forged, Fault)
    assert "its kept document has the digest" in forged.what


def test_what_is_counted_is_named_by_its_code_in_what_was_kept_and_by_a_word_since(begun: Memory) -> None:
    """A sentence is no part of a digest, but in form 1 it was kept: it stays as it was written."""
    account = of_april(begun)
    then, now = kept_in_form_1(account).lines[0].text, account.statement(APRIL_CLOSED, None).lines[0].text
    for language, word in (("fi", "op"), ("sv", "sp")):
        assert " 2,5 \u00d7 50,00\u00a0€ (credit) " in then[language]
        assert f" 2,5 {word} \u00d7 50,00\u00a0€ " in now[language]


def test_what_v1_and_v2_events_say_is_folded_alike(begun: Memory) -> None:
    memory = Memory(statements)
    memory.advance([(At(n, START + timedelta(hours=n)), event) for n, event in two_periods()], APRIL_CLOSED)
    assert all(memory.under(table) == begun.under(table) for table in statements.tables)
    assert of_april(memory) == of_april(begun)
