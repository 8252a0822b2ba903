"""What a bank booked is read line by line, one id for one line whichever file says it."""

import hashlib
from collections.abc import Callable
from datetime import date
from itertools import product
from xml.etree.ElementTree import fromstring

import pytest
from msgspec.structs import replace

from adapters.bank.camt import read_camt
from adapters.bank.pain001 import NAMESPACE, pain001
from application.bank import BankLine
from domain.money.references import plain
from examples.kymenlaakso.bank_statement import Entry, Payment, Statement, Version, camt053
from tests.bank.payments import FILE, TRANSFER
from tests.bank.statements import (
    BATCH,
    CAME_IN,
    DAY,
    IBAN,
    MADE_AT,
    OTHER,
    THIRD,
    WENT_OUT,
    notification,
    statement,
)

WRITERS = (statement, notification)
VERSIONS: tuple[Version, Version] = ("02", "08")


@pytest.mark.parametrize(("write", "version"), tuple(product(WRITERS, VERSIONS)))
def test_every_form_says_the_same_lines(write: Callable[..., bytes], version: Version) -> None:
    """camt.053 and camt.054 of both versions: one reading, and one id for each line."""
    read = read_camt(write(CAME_IN, WENT_OUT, BATCH, version=version))
    usual = read_camt(statement(CAME_IN, WENT_OUT, BATCH))
    assert read.message_id in {"M-1", "M-2"}
    assert read.lines == usual.lines
    assert [(line.cents, line.reference, line.end_to_end_id, line.counterparty_iban) for line in read.lines] == [
        (123_456, "1234561", "2019-11-0001", OTHER),
        (-5_000, None, None, THIRD),
        (1_000, "1232", "E1", OTHER),
        (2_000, "1234561", "E2", THIRD),
        (3_000, None, None, None),
    ]
    assert {(line.iban, line.booked_on) for line in read.lines} == {(IBAN, DAY)}
    assert len({line.id for line in read.lines}) == 5
    assert all(len(line.id) == 32 for line in read.lines)


def test_a_lines_id_never_changes() -> None:
    """It is kept beside the payment that it was matched with, so what it is a digest of stands here word by word."""
    likeness = b'["FI2112345600000785",["bank","191104A1"],123456,"2019-11-04",0]'
    (line,) = read_camt(statement(CAME_IN)).lines
    assert line == BankLine(
        id=hashlib.sha256(likeness).hexdigest()[:32],
        iban=IBAN,
        cents=123_456,
        booked_on=DAY,
        end_to_end_id="2019-11-0001",
        reference="1234561",
        counterparty_iban=OTHER,
    )


def test_lines_that_are_alike_are_counted() -> None:
    """Two equal payments of one batch, which the bank does not number, are two lines; read again, the same two."""
    twins = Entry(DAY, (Payment(500), Payment(500)), bank_reference="191104A9")
    first, second = read_camt(statement(twins)).lines
    assert first.id != second.id
    assert read_camt(notification(twins)).lines == (first, second)


def test_a_line_without_the_banks_number_is_known_by_its_statement() -> None:
    """By the entry's own reference, so that its place does not matter; without that, by its place."""
    nameless = Entry(DAY, (Payment(500),))
    named = nameless._replace(own_reference="7")
    alone, beside = read_camt(statement(named)).lines[0], read_camt(statement(CAME_IN, named)).lines[1]
    assert alone.id == beside.id
    assert read_camt(statement(nameless)).lines[0].id != read_camt(statement(CAME_IN, nameless)).lines[1].id
    assert read_camt(statement(named)).lines[0].id != read_camt(notification(named)).lines[0].id
    nonref = statement(named._replace(bank_reference="NONREF"))
    assert read_camt(nonref).lines[0].id == alone.id, "what a bank writes where it has no number"


def page(body: bytes, number: str) -> bytes:
    """The same as a page of several, as version 8 says it of a statement."""
    kind = "Stmt" if b"<Stmt>" in body else "Ntfctn"
    told = f"<{kind}Pgntn><PgNb>{number}</PgNb><LastPgInd>false</LastPgInd></{kind}Pgntn><CreDtTm>"
    before, inside, after = body.partition(f"<{kind}>".encode())
    return before + inside + after.replace(b"<CreDtTm>", told.encode(), 1)


def page_of_a_message(body: bytes, number: str) -> bytes:
    """As either version says it of the message."""
    told = f"<MsgPgntn><PgNb>{number}</PgNb><LastPgInd>false</LastPgInd></MsgPgntn></GrpHdr>"
    return body.replace(b"</GrpHdr>", told.encode())


@pytest.mark.parametrize("paged", [page, page_of_a_message])
@pytest.mark.parametrize("write", WRITERS)
def test_entries_that_are_alike_on_two_pages_are_two_lines(
    write: Callable[..., bytes], paged: Callable[[bytes, str], bytes]
) -> None:
    """Each page is a file of the statement's own id and numbers its entries from one: neither hides the other's money."""
    for own_reference in (None, "1"):
        nameless = write(Entry(DAY, (Payment(500),), own_reference=own_reference))
        ids = [line.id for number in ("1", "2", "3") for line in read_camt(paged(nameless, number)).lines]
        assert len(set(ids)) == 3
        assert read_camt(paged(nameless, "00002")).lines[0].id == ids[1]
    numbered = write(CAME_IN)
    assert read_camt(paged(numbered, "2")).lines == read_camt(numbered).lines, "the bank's own number is enough"


@pytest.mark.parametrize("paged", [page, page_of_a_message])
def test_a_line_of_the_first_page_keeps_the_id_that_it_always_had(paged: Callable[[bytes, str], bytes]) -> None:
    nameless = statement(Entry(DAY, (Payment(500),)))
    first, second = b'["place","S-1","1"]', b'["place","S-1","1","2"]'
    expected = [
        hashlib.sha256(b'["FI2112345600000785",' + place + b',500,"2019-11-04",0]').hexdigest()[:32]
        for place in (first, first, second)
    ]
    files = (nameless, paged(nameless, "01"), paged(nameless, "2"))
    assert [read_camt(body).lines[0].id for body in files] == expected


def test_a_page_of_a_statement_says_more_than_that_of_its_message() -> None:
    nameless = statement(Entry(DAY, (Payment(500),)))
    both = page_of_a_message(page(nameless, "2"), "7")
    assert read_camt(both).lines == read_camt(page(nameless, "2")).lines


def test_pending_entries_are_counted_and_left_out() -> None:
    pending = CAME_IN._replace(status="PDNG", bank_reference="P1")
    told = WENT_OUT._replace(status="INFO", bank_reference="P2")
    free = Entry(DAY, (Payment(0),), bank_reference="P3")
    read = read_camt(statement(pending, CAME_IN, told, free))
    assert read.lines == read_camt(statement(CAME_IN)).lines
    assert read.left_out == 3


def test_a_reversal_moves_the_account_as_it_says_and_keeps_the_counterparty() -> None:
    """The direction of an entry is its own, also of a reversal (ISO 20022); the balances of the statement agree."""
    returned = Entry(DAY, (Payment(5_000, None, "E9", THIRD),), bank_reference="191104A4", is_reversal=True)
    (line,) = read_camt(statement(returned)).lines
    assert (line.cents, line.counterparty_iban) == (5_000, THIRD)
    taken_back = Entry(DAY, (Payment(-1_000, "1232", None, OTHER),), bank_reference="191104A5", is_reversal=True)
    (line,) = read_camt(statement(taken_back)).lines
    assert (line.cents, line.counterparty_iban) == (-1_000, OTHER)


def test_a_batch_of_which_no_payments_are_told_is_one_line() -> None:
    body = statement(CAME_IN)
    begin, end = body.index(b"<NtryDtls>"), body.index(b"</NtryDtls>") + len(b"</NtryDtls>")
    batch = b"<NtryDtls><Btch><NbOfTxs>40</NbOfTxs></Btch></NtryDtls>"
    for details in (b"", batch):
        (line,) = read_camt(body[:begin] + details + body[end:]).lines
        (whole,) = read_camt(body).lines
        assert line == replace(whole, end_to_end_id=None, reference=None, counterparty_iban=None)


def test_a_batch_may_move_both_ways() -> None:
    """Version 8 tells the direction of each payment of a batch."""
    mixed = Entry(DAY, (Payment(5_000), Payment(-2_000)), bank_reference="191104A6")
    assert [line.cents for line in read_camt(statement(mixed)).lines] == [5_000, -2_000]


def test_money_that_was_exchanged_counts_as_booked() -> None:
    """A payment that came as crowns and was booked in euro is the entry's euro."""
    body = statement(CAME_IN, version="02").replace(
        b'<TxAmt><Amt Ccy="EUR">1234.56<', b'<TxAmt><Amt Ccy="SEK">13000.00<'
    )
    assert b"SEK" in body
    assert read_camt(body).lines == read_camt(statement(CAME_IN)).lines


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (b"<Dt>2019-11-04</Dt>", DAY),
        (b"<Dt>2019-11-04+02:00</Dt>", DAY),
        (b"<Dt>2019-11-04Z</Dt>", DAY),
        (b"<DtTm>2019-11-04T23:30:00+00:00</DtTm>", date(2019, 11, 5)),
        (b"<DtTm>2019-11-04T23:30:00</DtTm>", DAY),
    ],
)
def test_a_line_is_booked_on_a_day_in_helsinki(given: bytes, read: date) -> None:
    body = statement(CAME_IN).replace(b"<BookgDt><Dt>2019-11-04</Dt>", b"<BookgDt>" + given)
    assert read_camt(body).lines[0].booked_on == read


def test_several_references_in_one_payment_are_none() -> None:
    """Nobody can say which document it pays: people look at it."""
    body = statement(CAME_IN).replace(b"</RmtInf>", b"<Strd><CdtrRefInf><Ref>1232</Ref></CdtrRefInf></Strd></RmtInf>")
    assert read_camt(body).lines[0].reference is None


@pytest.mark.parametrize("spelled", ["RF34 1234 561", "00000000000001234561", "rf341234561"])
def test_a_reference_is_found_however_the_payer_spelled_it(spelled: str) -> None:
    body = statement(CAME_IN).replace(b"<Ref>1234561<", f"<Ref>{spelled}<".encode())
    assert read_camt(body).lines[0].reference == "1234561"


def test_a_statement_may_be_of_several_accounts_and_of_none_of_the_days() -> None:
    elsewhere = Statement("S-2", OTHER, (CAME_IN,))
    empty = Statement("S-3", THIRD, ())
    read = read_camt(camt053("M-1", MADE_AT, Statement("S-1", IBAN, (CAME_IN,)), elsewhere, empty))
    assert [line.iban for line in read.lines] == [IBAN, OTHER]
    assert len({line.id for line in read.lines}) == 2


@pytest.mark.parametrize("reference", ["1234561", "RF34 1234 561", "RF18 5390 0754 7034"])
@pytest.mark.parametrize("payee", [OTHER, THIRD])
def test_what_was_ordered_is_found_again_when_it_is_booked(reference: str, payee: str) -> None:
    """The payment file's end-to-end id, reference and cents come back, whichever spelling the payee's country asks for."""
    ordered = replace(TRANSFER, reference=reference, payee=replace(TRANSFER.payee, iban=payee))
    order = fromstring(pain001(replace(FILE, transfers=(ordered,))))  # noqa: S314 - our own bytes
    told = {tag: order.findtext(f".//{{{NAMESPACE}}}{tag}") for tag in ("EndToEndId", "Ref")}
    booked = Entry(DAY, (Payment(-ordered.cents, told["Ref"], told["EndToEndId"], payee),), bank_reference="X1")
    (line,) = read_camt(statement(booked)).lines
    assert (line.cents, line.end_to_end_id, line.reference, line.counterparty_iban) == (
        -ordered.cents,
        ordered.end_to_end_id,
        plain(reference),
        payee,
    )
