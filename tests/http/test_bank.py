"""Payment files fetched and bank's files handed in over HTTP: by whom, as what, and what is said where it will not do."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from adapters.bank.message_tree import MOST_BYTES
from adapters.http.handed_in.bank_statements import HELD_MAX, READ_MAX
from examples.kymenlaakso.bank_statement import Entry, Payment, Statement, camt053
from examples.kymenlaakso.settling import billing_details
from tests.bank.settled import EKAMI, IBANS, XAMK, do, ordered
from tests.bank.settled_world import MADE_AT, PAID_ON, STATEMENTS, SettledWorld, file_of, served
from tests.http.world import run

FILE = "/v1/settlements/2019-01/payments.xml"
READERS = {"coordinator", "auditor", XAMK, "checker"}
PAYERS = {"coordinator", XAMK}
STRANGE = file_of(XAMK, Payment(-1, "1232"))
BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><lolz>&lol2;</lolz>"""


@pytest.fixture(scope="module")
def january() -> Iterator[SettledWorld]:
    """What these tests hand in changes nothing that another of them looks at."""
    with served() as world:
        yield world


@pytest.fixture(scope="module")
def unapproved() -> Iterator[SettledWorld]:
    with served(approved=False) as world:
        yield world


@pytest.mark.parametrize("who", [*sorted(READERS), EKAMI, "subscriber", "mentor", "funder", "project auditor"])
def test_a_payment_file_is_its_debtor_s_and_of_whoever_sees_all(january: SettledWorld, who: str) -> None:
    answer = january.get(f"{FILE}?debtor={XAMK}", who)
    assert answer.status_code == (200 if who in READERS else 404), answer.text
    if who in READERS:
        assert answer.headers["content-type"] == "application/xml"
        assert answer.text.startswith("<?xml version='1.0' encoding='UTF-8'?>\n<Document xmlns=")
        assert january.get(FILE, XAMK).content == answer.content, "a partner means itself"
        again = january.get(f"{FILE}?debtor={XAMK}", who, {"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    else:
        assert answer.json()["type"] in ("/problems/no-such-path", "/problems/unknown")


@pytest.mark.parametrize(
    ("query", "who", "status", "sentence"),
    [
        ("", "coordinator", 422, "A payment file is one organisation's; say whose (at ?debtor)"),
        ("", EKAMI, 409, "org:ekami is to pay nothing in "),
        ("?agreement=agreement:b", XAMK, 404, "There is no settlement of 2019-01 under agreement:b here."),
        ("?debtor=xamk", "coordinator", 422, "This is not an id such as org:xamk (at ?debtor)"),
    ],
)
def test_what_there_is_no_payment_file_for_is_said(
    january: SettledWorld, query: str, who: str, status: int, sentence: str
) -> None:
    answer = january.get(FILE + query, who)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"].startswith(sentence)


def test_as_of_before_the_approval_there_was_no_file(january: SettledWorld, unapproved: SettledWorld) -> None:
    settled = next(event.position for event in january.events() if type(event.data).__name__ == "SettlementPlanned")
    early, never = january.get(f"{FILE}?as_of={settled}", XAMK), unapproved.get(FILE, XAMK)
    assert early.status_code == never.status_code == 409
    assert early.json()["type"] == never.json()["type"] == "/problems/no-file-yet"
    assert "There is no payment file for an unapproved settlement" in never.json()["detail"]


@pytest.mark.parametrize("who", [None, "auditor", EKAMI, "checker", "subscriber", "mentor", "funder"])
def test_a_bank_s_file_is_taken_from_whoever_may_record_its_payments(january: SettledWorld, who: str | None) -> None:
    before = january.head
    answer = january.hand_in(STRANGE, who)
    assert answer.status_code == (401 if who is None else 403), answer.text
    assert january.head == before
    if who == EKAMI:
        assert answer.json()["type"] == "/problems/not-own-accounts"


def test_a_file_is_recorded_once_and_the_second_time_it_says_so() -> None:
    with served() as world:
        order = run(ordered(world))[EKAMI]
        entries = (Payment(-70_000, order.reference), Payment(-1, "1232"))
        first, second = (world.hand_in(file_of(XAMK, *entries)) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 200), first.text
        assert [line["outcome"] for line in first.json()["lines"]] == ["matched", "unknown"]
        assert [line["outcome"] for line in second.json()["lines"]] == ["recognised"] * 2
        assert int(second.headers["tasma-position"]) == world.head == first.json()["position"]
        assert world.get(f"/v1/payments/{order.payment}", XAMK).json()["payment"]["state"] == "paid"
        (listed,) = world.get("/v1/bank-lines", XAMK).json()["items"]
        assert (listed["cents"], listed["reason"]) == (-1, "unknown")
        assert world.get("/v1/bank-lines", EKAMI).json()["items"] == []
        confirmed = world.hand_in(file_of(EKAMI, Payment(70_000, order.reference)), EKAMI)
        assert [line["outcome"] for line in confirmed.json()["lines"]] == ["confirmed"], "by the other side, itself"


def test_a_file_of_which_every_line_is_refused_is_refused(january: SettledWorld) -> None:
    """It is no file that had been read before: 409, with what was in the way."""
    reference = run(ordered(january))[EKAMI].reference
    body = file_of(XAMK, Payment(-70_000, reference)).replace(b"<BookgDt><Dt>2019-02-21<", b"<BookgDt><Dt>2019-02-25<")
    before = january.head
    answer = january.hand_in(body)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/nothing-taken-in")
    assert answer.json()["detail"].startswith(
        "Nothing of the file was taken in: 1 line was refused. A payment on 2019-02-25 "
    )
    assert january.head == before


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The file is not whole XML (no element found: line 1, column 0). "),
        (STRANGE[: len(STRANGE) // 2], "The file is not whole XML ("),
        (BOMB, "The file declares a document type or entities of its own"),
        (STRANGE.replace(b"<Ccy>EUR</Ccy>", b"<Ccy>SEK</Ccy>"), 'Statement 1 (S-1) is of an account in "SEK". '),
        (STRANGE.replace(b"FI21", b"FI22"), 'Statement 1 (S-1) is of the IBAN "FI2212345600000785", whose length, '),
        (
            STRANGE.replace(b"camt.053", b"camt.052"),
            'The file is "Document" of "urn:iso:std:iso:20022:tech:xsd:camt.052',
        ),
        (b'{"do": "no-such-thing"}', "The file is not whole XML ("),
    ],
)
@pytest.mark.parametrize("who", sorted(PAYERS))
def test_what_is_no_whole_statement_in_euro_is_refused_whole(
    january: SettledWorld, who: str, body: bytes, sentence: str
) -> None:
    before = january.head
    answer = january.hand_in(body, who)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bank-fault")
    assert answer.json()["detail"].startswith(sentence), answer.json()["detail"]
    assert january.head == before


def test_a_file_with_another_s_account_beside_one_s_own_is_refused_whole(january: SettledWorld) -> None:
    own, other = (
        Statement(f"S-{iban}", iban, (Entry(PAID_ON, (Payment(5, "1232"),)),)) for iban in (IBANS[XAMK], IBANS[EKAMI])
    )
    before = january.head
    answer = january.hand_in(camt053("M", MADE_AT, own, other), XAMK)
    assert answer.status_code == 403
    assert answer.json()["detail"] == (
        "The file has lines of an account that is not one of org:xamk; nothing of it was taken in. Have a file of your own accounts "
        "read, or set your account with set-billing-details if it has changed."
    )
    assert january.head == before


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_what_is_not_sent_as_xml_is_not_read(january: SettledWorld, content_type: str) -> None:
    answer = january.hand_in(STRANGE, content_type=content_type)
    assert answer.status_code == 415
    assert answer.json()["detail"] == (
        f"A bank's file is sent as application/xml, not as {content_type or 'nothing named'}."
    )


def test_a_file_too_large_is_refused_with_the_limit(january: SettledWorld) -> None:
    """Twenty megabytes, where a command has a quarter of one."""
    answer = january.hand_in(b" " * (MOST_BYTES + 1))
    assert answer.status_code == 413
    assert answer.json()["detail"] == "The body has 20,971,521 bytes; the limit is 20,971,520."
    larger_than_a_command = file_of(XAMK, Payment(-2, "1232", bank_reference="LARGE")) + b" " * 300_000
    assert january.hand_in(larger_than_a_command).status_code == 201


def test_more_files_than_are_read_at_a_time_come_again_later(january: SettledWorld) -> None:
    state = january.client.app.state
    state["bank-statements"] = READ_MAX
    file = file_of(XAMK, Payment(-3, "1232", bank_reference="LATER"))
    try:
        answer = january.hand_in(file)
    finally:
        state["bank-statements"] = 0
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["detail"] == "2 files of banks are being read already; send yours again in a moment."
    assert january.hand_in(file).status_code == 201


def test_no_more_files_are_held_than_a_process_can_bear_and_one_too_many_is_not_even_received(
    january: SettledWorld,
) -> None:
    """A file has its place from its first byte on, though not yet one of those that are read: a slow sender takes none of these."""
    state, sent = january.client.app.state, list[tuple[int, int]]()
    file = file_of(XAMK, Payment(-7, "1232", None, None, "SLOW"))

    async def slowly() -> AsyncIterator[bytes]:
        for half in (file[:100], file[100:]):
            sent.append((state["bank-statements-held"], state.get("bank-statements", 0)))
            yield half

    async def hand_in() -> httpx.Response:
        headers = {
            **january.authorised("coordinator"),
            "Content-Type": "application/xml",
            "Tasma-At": "2019-02-22T09:00:00+02:00",
        }
        transport = httpx.ASGITransport(january.client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.post(STATEMENTS, content=slowly(), headers=headers)

    assert run(hand_in()).status_code == 201
    assert sent == [(1, 0), (1, 0)]
    assert (state["bank-statements-held"], state["bank-statements"]) == (0, 0)
    sent.clear()
    state["bank-statements-held"] = HELD_MAX
    try:
        answer = run(hand_in())
    finally:
        state["bank-statements-held"] = 0
    assert (answer.status_code, answer.headers["retry-after"], sent) == (503, "1", [])
    assert answer.json()["detail"] == "8 files of banks are on their way in already; send yours again in a moment."


def test_a_line_of_an_account_that_nobody_has_set_is_refused_and_never_passed_over(january: SettledWorld) -> None:
    """Alone the file is refused, 409; beside what was read before it is told in an answer, 200."""
    strange, known = (
        Statement(f"S-{iban}", iban, (Entry(PAID_ON, (Payment(6, "1232"),), iban),))
        for iban in ("FI4250001510000023", IBANS[EKAMI])
    )
    january.hand_in(camt053("M", MADE_AT, known))
    before = january.head
    alone, beside = (january.hand_in(camt053("M", MADE_AT, *each)) for each in ((strange,), (strange, known)))
    assert (alone.status_code, alone.json()["type"]) == (409, "/problems/nothing-taken-in")
    assert (beside.status_code, [line["outcome"] for line in beside.json()["lines"]]) == (
        200,
        ["refused", "recognised"],
    )
    sentence = "The account FI4250001510000023 is nobody's here; whoever has it sets it with set-billing-details."
    assert sentence in alone.json()["detail"]
    assert beside.json()["lines"][0]["why"] == sentence
    assert january.hand_in(camt053("M", MADE_AT, strange), XAMK).json()["type"] == "/problems/not-own-accounts"
    assert january.head == before


def test_both_are_described(january: SettledWorld) -> None:
    paths = january.get("/openapi.json", None).json()["paths"]
    taking = paths[STATEMENTS]["post"]
    assert taking["requestBody"]["content"]["application/xml"]["schema"] == {"type": "string"}
    assert taking["requestBody"]["required"] is True
    assert {"201", "200", "403", "413", "415", "422"} <= set(taking["responses"])
    example = taking["requestBody"]["content"]["application/xml"]["example"].encode()
    assert january.hand_in(example).status_code == 409, "here the account is nobody's"
    lead = {"organisation": "org:lead", "name": {"fi": "Esimerkki"}, "kind": "other"}
    account = {
        "organisation": "org:lead",
        **{k: billing_details("org:xamk", 0, None)[k] for k in ("address", "iban", "bic")},
    }
    for name, body in (("register-organisation", lead), ("set-billing-details", account)):
        run(do(january, name, body, "2019-02-22T09:00:00+02:00"))
    answer = january.hand_in(example)
    assert (answer.status_code, [line["outcome"] for line in answer.json()["lines"]]) == (201, ["unknown"])
    (answer,) = paths["/v1/settlements/{period}/payments.xml"]["get"]["responses"]["200"]["content"].items()
    assert answer == ("application/xml", {"schema": {"type": "string"}})
