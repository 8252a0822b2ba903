"""A bank's file is read whole or refused whole, in a sentence that says what is wrong and where."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bank import message_tree
from adapters.bank.camt import read_camt
from adapters.bank.message_tree import MOST_BYTES
from application.bank import BankFault, BankFile
from examples.kymenlaakso.bank_statement import Statement, camt053
from tests.bank.statements import BATCH, CAME_IN, IBAN, MADE_AT, WENT_OUT, statement

BODY = statement(CAME_IN, WENT_OUT, BATCH)
OLDER = statement(CAME_IN, WENT_OUT, BATCH, version="02")
ONLY_EURO = "Nothing of the file was taken in; only accounts in euro are read."
AGAIN = "Nothing of the file was taken in; fetch it from the bank again, or ask the bank about it."


def refusal(body: bytes) -> str:
    with pytest.raises(BankFault) as refused:
        read_camt(body)
    return str(refused.value)


BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]><lolz>&lol3;</lolz>"""
EXTERNAL = b'<!DOCTYPE foo [<!ENTITY xxe SYSTEM "file:///etc/passwd">]><foo>&xxe;</foo>'


@pytest.mark.parametrize("body", [BILLION_LAUGHS, EXTERNAL, b"<!DOCTYPE a><a/>", b'<!DOCTYPE a SYSTEM "x"><a/>'])
def test_a_file_that_declares_entities_is_not_expanded(body: bytes) -> None:
    assert (
        refusal(body) == f"The file declares a document type or entities of its own, as no bank's message does. {AGAIN}"
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The file is not whole XML (no element found: line 1, column 0). "),
        (b"FI21;100,00", "The file is not whole XML (not well-formed (invalid token): line 1, column 4). "),
        (BODY[: BODY.index(b"<Ntry>")], "The file is not whole XML (no element found: line 2, column "),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "The file is not whole XML (multi-byte encodings are not supp"),
        (b'<?xml version="1.0" encoding="none"?><a/>', "The file is not whole XML (unknown encoding: "),
        (b"<a>" * 40, "The file nests elements more than 32 deep, as no statement does. "),
        (b" " * (MOST_BYTES + 1), "The file has 20,971,521 bytes; a bank's message is read up to 20,971,520 bytes. "),
        (b"<html/>", 'The file is "html" of ""; camt.053 and camt.054 of versions 001.02 and 001.08 are read. '),
        (
            BODY.replace(b"camt.053.001.08", b"camt.052.001.08"),
            'The file is "Document" of "urn:iso:std:iso:20022:tech:xsd:camt.052.001.08"; camt.053 and camt.054 of ',
        ),
        (
            BODY.replace(b"camt.053.001.08", b"camt.054.001.08"),
            'The file has an element "BkToCstmrStmt" in Document, which no such message has. ',
        ),
    ],
)
def test_what_is_no_statement_is_refused(body: bytes, sentence: str) -> None:
    assert refusal(body).startswith(sentence)


def test_a_file_of_too_many_elements_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would take more memory than their bytes; the limit is lowered here, so as not to take it."""
    monkeypatch.setattr(message_tree, "MOST_ELEMENTS", 40)
    assert refusal(BODY) == (
        "The file has more than 40 elements, which is more than is read at once. Have the bank send it in several."
    )


S = "Statement 1 (S-1)"
CHANGES: list[tuple[bytes, bytes, str]] = [
    (
        b'<Ntry><Amt Ccy="EUR">50.00<',
        b'<Ntry><Amt Ccy="SEK">50.00<',
        f'{S}, entry 2 has Amt in "SEK", not in euro. {ONLY_EURO}',
    ),
    (
        b'<Ntry><Amt Ccy="EUR">50.00<',
        b"<Ntry><Amt>50.00<",
        f'{S}, entry 2 has Amt in "no currency", not in euro. {ONLY_EURO}',
    ),
    (
        b"<Ccy>EUR<",
        b"<Ccy>USD<",
        f'{S} is of an account in "USD". {ONLY_EURO}',
    ),
    (
        f"<Acct><Id><IBAN>{IBAN}".encode(),
        b"<Acct><Id><IBAN>FI2112345600000786",
        f'{S} is of the IBAN "FI2112345600000786", whose length, form or check digits are wrong. {AGAIN}',
    ),
    (
        b"<CdtrAcct><Id><IBAN>SE45",
        b"<CdtrAcct><Id><IBAN>SE46",
        f"{S}, entry 2, payment 1 has an IBAN as CdtrAcct whose length, form or check digits are wrong. {AGAIN}",
    ),
    (
        b'<Amt Ccy="EUR">20.00<',
        b'<Amt Ccy="EUR">20.01<',
        f"{S}, entry 3 is €60.00, but its payments come to €60.01. {AGAIN}",
    ),
    (
        b"<Btch><NbOfTxs>3<",
        b"<Btch><NbOfTxs>4<",
        f'{S}, entry 3 says that it is a batch of "4" payments, but has 3. {AGAIN}',
    ),
    (
        b"<NbOfTxs>3</NbOfTxs></Btch>",
        b'<NbOfTxs>3</NbOfTxs><TtlAmt Ccy="EUR">61.00</TtlAmt></Btch>',
        f"{S}, entry 3 says that its batch comes to €61.00, but its payments come to €60.00. {AGAIN}",
    ),
    (
        b"<NbOfNtries>3<",
        b"<NbOfNtries>4<",
        f'{S} says that it has "4" entries, but has 3. {AGAIN}',
    ),
    (
        b"<TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>50.00<",
        b"<TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>51.00<",
        f"{S} says that its debit entries come to €51.00, but they come to €50.00. {AGAIN}",
    ),
    (
        b"<TtlNetNtry><Amt>1244.56<",
        b"<TtlNetNtry><Amt>1244.57<",
        f"{S} says that its entries, net come to €1,244.57, but they come to €1,244.56. {AGAIN}",
    ),
    (
        b'<Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1344.56<',
        b'<Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1344.57<',
        f"{S} opens with €100.00 and books €1,244.56, but closes with €1,344.57 instead of €1,344.56. {AGAIN}",
    ),
    (
        b"<Sts><Cd>BOOK<",
        b"<Sts><Cd>BOOX<",
        f'{S}, entry 1 has the status "BOOX", which is none of BOOK, FUTR, INFO and PDNG. {AGAIN}',
    ),
    (b"<CdtDbtInd>DBIT</CdtDbtInd><Sts>", b"<Sts>", f"{S}, entry 2 has no CdtDbtInd, which belongs there. {AGAIN}"),
    (
        b"<CdtDbtInd>DBIT</CdtDbtInd><Sts>",
        b"<CdtDbtInd>DEBT</CdtDbtInd><Sts>",
        f'{S}, entry 2 has "DEBT" as CdtDbtInd, which is CRDT or DBIT. {AGAIN}',
    ),
    (
        b"<CdtDbtInd>DBIT</CdtDbtInd><Sts>",
        b"<CdtDbtInd>DBIT</CdtDbtInd><CdtDbtInd>CRDT</CdtDbtInd><Sts>",
        f"{S}, entry 2 has 2 elements CdtDbtInd, where one belongs. {AGAIN}",
    ),
    (
        b'<Ntry><Amt Ccy="EUR">50.00<',
        b'<Ntry><Amt Ccy="EUR">50.005<',
        f'{S}, entry 2 has "50.005" as Amt, which is no amount in whole cents. {AGAIN}',
    ),
    (
        b'<Ntry><Amt Ccy="EUR">50.00<',
        b'<Ntry><Amt Ccy="EUR">5e1<',
        f'{S}, entry 2 has "5e1" as Amt, which is no amount in whole cents. {AGAIN}',
    ),
    (
        b"<BookgDt><Dt>2019-11-04<",
        b"<BookgDt><Dt>2019-11-31<",
        f'{S}, entry 1 has "2019-11-31" as BookgDt, which is no date. {AGAIN}',
    ),
    *(
        (
            b"<BookgDt><Dt>2019-11-04</Dt>",
            b"<BookgDt><%(kind)b>%(text)b</%(kind)b>" % {b"kind": kind, b"text": text},
            f'{S}, entry 1 has "{text.decode()}" as BookgDt, which is no date. {AGAIN}',
        )
        for kind, text in (
            (b"Dt", b"2019-11-04 hello world"),
            (b"Dt", b"2019-W45-1"),
            (b"Dt", b"20191104"),
            (b"Dt", b"2019-11-04T10:00:00"),
            (b"Dt", b"2019-11-04+2:00"),
            (b"Dt", "\uff12019-11-04".encode()),
            (b"DtTm", b"2019-11-04"),
            (b"DtTm", b"2019-11-04 10:00:00"),
            (b"DtTm", b"20191104T100000"),
            (b"DtTm", b"2019-11-04T10:00:00+0200"),
        )
    ),
    (
        b"<GrpHdr>",
        b"<GrpHdr><MsgPgntn><PgNb>one</PgNb></MsgPgntn>",
        f'The file has "one" as MsgPgntn/PgNb, which is a number of up to 5 digits. {AGAIN}',
    ),
    (
        b"<Stmt>",
        b"<Stmt><StmtPgntn><LastPgInd>true</LastPgInd></StmtPgntn>",
        f"{S} has no StmtPgntn/PgNb, which belongs there. {AGAIN}",
    ),
    (
        b"<EndToEndId>E1<",
        b"<EndToEndId>" + b"E" * 36 + b"<",
        f'{S}, entry 3, payment 1 has "{"E" * 36}" as Refs/EndToEndId, which has up to 35 printable characters. {AGAIN}',
    ),
    (
        b"<Sts><Cd>BOOK<",
        b"<RvslInd>perhaps</RvslInd><Sts><Cd>BOOK<",
        f'{S}, entry 1 has "perhaps" as RvslInd, which is true or false. {AGAIN}',
    ),
    (b"<Ntry>", b"<Ntrz/><Ntry>", f'{S} has an element "Ntrz" in Stmt, which no such message has. {AGAIN}'),
    (
        b"<TxDtls>",
        b"<Txs/><TxDtls>",
        f'{S}, entry 1 has an element "Txs" in NtryDtls, which no such message has. {AGAIN}',
    ),
    (b"<Sts>", b"<More/><Sts>", f'{S}, entry 1 has an element "More" in Ntry, which no such message has. {AGAIN}'),
    (
        b"<Ntry>",
        b'<Ntry xmlns="urn:other">',
        f'The file has an element "Ntry" of another namespace ("urn:other") than its own. {AGAIN}',
    ),
    (b"<MsgId>M-1</MsgId>", b"", f"The file has no GrpHdr/MsgId, which belongs there. {AGAIN}"),
    (b"<Id>S-1</Id>", b"", f"Statement 1 has no Id, which belongs there. {AGAIN}"),
    (
        b"<Id>S-1</Id>",
        b"<Id>S\xc2\x9b1</Id>",
        f"Statement 1 has \"'S\\x9b1'\" as Id, which has up to 35 printable characters. {AGAIN}",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), CHANGES)
def test_a_statement_that_does_not_fit_is_refused_whole(old: bytes, new: bytes, sentence: str) -> None:
    assert old in BODY
    assert refusal(BODY.replace(old, new, 1)) == sentence


def test_the_older_version_is_held_to_its_totals_too() -> None:
    changed = OLDER.replace(b"<TtlNetNtryAmt>1244.56<", b"<TtlNetNtryAmt>1244.57<")
    assert refusal(changed) == (
        f"{S} says that its entries, net come to €1,244.57, but they come to €1,244.56. {AGAIN}"
    )
    unsaid = OLDER.replace(b'<TxAmt><Amt Ccy="EUR">20.00</Amt></TxAmt>', b"")
    assert refusal(unsaid) == f"{S}, entry 3, payment 2 has no AmtDtls/TxAmt/Amt, which belongs there. {AGAIN}"


def test_a_message_without_statements_is_refused() -> None:
    assert refusal(camt053("M-1", MADE_AT)) == f"The file has no Stmt: neither entries nor an account. {AGAIN}"


def test_two_statements_that_say_one_line_are_refused() -> None:
    first, second = Statement("S-1", IBAN, (CAME_IN,)), Statement("S-2", IBAN, (WENT_OUT, CAME_IN))
    assert refusal(camt053("M-1", MADE_AT, first, second)) == (
        "Statement 2 (S-2) has a line of 2019-11-04 that Statement 1 (S-1) in the same file has too. "
        "Nothing of the file was taken in; ask the bank which of them is right."
    )


def test_what_a_bank_adds_in_its_own_namespace_is_passed_over() -> None:
    extra = b'<SplmtryData><Envlp><x:Note xmlns:x="urn:bank">hello</x:Note></Envlp></SplmtryData></Stmt>'
    assert read_camt(BODY.replace(b"</Stmt>", extra)) == read_camt(BODY)


def reads_or_refuses(body: bytes) -> BankFile | None:
    """Anything but a BankFault is an error of ours."""
    try:
        return read_camt(body)
    except BankFault:
        return None


@settings(max_examples=60)
@given(st.binary(max_size=200) | st.text(alphabet="<>/&;#x!?aA[]\"' =", max_size=60).map(str.encode))
def test_any_bytes_are_refused_in_a_sentence(body: bytes) -> None:
    assert reads_or_refuses(body) is None


@settings(max_examples=60)
@given(st.integers(min_value=0, max_value=len(BODY) - 2))
def test_a_file_cut_anywhere_is_refused(length: int) -> None:
    """The last two bytes are the end of the last element and a line break."""
    assert reads_or_refuses(BODY[: min(length, len(BODY.rstrip()) - 1)]) is None


@settings(max_examples=250)
@given(
    st.sampled_from([BODY, OLDER]),
    st.integers(min_value=0),
    st.integers(min_value=0, max_value=12),
    st.sampled_from([b"", b"0", b"9", b"<a>", b"</Ntry>", b"\xff", b"&#0;", b"-", b"Z", b"\n", b"<Ntry/>", b"DBIT"]),
)
def test_a_damaged_file_moves_no_money_that_it_did_not_move(body: bytes, place: int, length: int, put: bytes) -> None:
    """Read or refused; where the damage is read over, the sum of what was booked is what it was."""
    at = place % len(body)
    read = reads_or_refuses(body[:at] + put + body[at + length :])
    assert read is None or sum(line.cents for line in read.lines) == 124_456
