"""A payment file is what banks take: valid by the official schema, the same bytes again, or refused in a sentence."""

from datetime import date, datetime
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.bank.pain001 import NAMESPACE, pain001
from application.bank import Account, BankFault, PaymentFile
from domain.money.references import rf
from tests.bank.payments import EKAMI, FILE, TRANSFER, XAMK
from tests.official_schemas import PAIN001, valid_xml

IN_SWEDEN = "SE4550000000058398257466"


def transfer_of(body: bytes) -> Element:
    """The only transfer of a file."""
    (found,) = fromstring(body).iter(f"{{{NAMESPACE}}}CdtTrfTxInf")  # noqa: S314 - our own bytes
    return found


def texts(element: Element, tag: str) -> list[str]:
    return [found.text or "" for found in element.iter(f"{{{NAMESPACE}}}{tag}")]


def with_transfer(**changes: Any) -> bytes:  # noqa: ANN401 - any field
    return pain001(replace(FILE, transfers=(replace(TRANSFER, **changes),)))


def paying(payee: Account) -> bytes:
    return with_transfer(payee=payee)


@st.composite
def files(draw: st.DrawFn) -> PaymentFile:
    """Any amounts and names; with BIC, address and business id, or without all of them."""
    cents = draw(st.lists(st.integers(min_value=1, max_value=99_999_999_999), min_size=1, max_size=5))
    name = draw(st.text(alphabet="aäöåÅé &'()+-.,/:?ßŠ\N{EN DASH}", min_size=1, max_size=90).filter(str.strip))
    bare = draw(st.booleans())
    payee = replace(EKAMI if not bare else XAMK, name=f"A{name}", iban=XAMK.iban)
    debtor = replace(XAMK if bare else EKAMI, iban=EKAMI.iban)
    transfers = tuple(
        replace(TRANSFER, end_to_end_id=f"E{n}", cents=one, payee=payee, reference="RF341234561" if n else "1234561")
        for n, one in enumerate(cents)
    )
    return replace(FILE, debtor=debtor, transfers=transfers)


@settings(max_examples=40)
@given(files())
def test_the_sum_and_the_number_of_transfers_stand_on_both_levels(file: PaymentFile) -> None:
    whole = fromstring(pain001(file))  # noqa: S314 - our own bytes
    euros, cents = divmod(sum(transfer.cents for transfer in file.transfers), 100)
    assert texts(whole, "CtrlSum") == [f"{euros}.{cents:02d}"] * 2
    assert texts(whole, "NbOfTxs") == [str(len(file.transfers))] * 2


@settings(max_examples=40)
@given(files())
def test_whatever_is_written_is_valid_by_the_official_schema(file: PaymentFile) -> None:
    valid_xml(pain001(file), PAIN001)


def test_a_file_made_again_has_the_same_bytes() -> None:
    helsinki = datetime.fromisoformat("2019-12-03T09:30:15.250+02:00")
    assert pain001(FILE) == pain001(replace(FILE, created_at=helsinki)), "one moment, whoever's clock it was read from"
    assert texts(fromstring(pain001(FILE)), "CreDtTm") == ["2019-12-03T09:30:15+02:00"]  # noqa: S314 - our own bytes


def test_a_transfer_says_what_the_payee_needs() -> None:
    found = transfer_of(pain001(FILE))
    assert texts(found, "EndToEndId") == ["2019-11-0001"]
    assert texts(found, "InstdAmt") == ["1234.56"]
    assert texts(found, "IBAN") == [XAMK.iban]
    assert texts(found, "Ref") == ["1234561"]
    assert texts(found, "Cd") == ["COID", "SCOR"]


@pytest.mark.parametrize(
    ("reference", "iban", "written", "issuers"),
    [
        ("000 1234561", XAMK.iban, "1234561", []),
        ("rf34 1234 561", XAMK.iban, "RF341234561", ["ISO"]),
        ("RF18 5390 0754 7034", XAMK.iban, "RF18539007547034", ["ISO"]),
        ("1234561", IN_SWEDEN, rf("1234561"), ["ISO"]),
    ],
)
def test_a_reference_is_written_as_the_payees_bank_knows_it(
    reference: str, iban: str, written: str, issuers: list[str]
) -> None:
    """A viite is known in Finland alone: an account elsewhere gets the RF reference that says the same."""
    found = transfer_of(with_transfer(reference=reference, payee=replace(XAMK, iban=iban)))
    assert texts(found, "Ref") == [written]
    assert texts(found, "Issr") == issuers


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Åbo & Söner \N{EN DASH} Kauppa", "Åbo + Söner - Kauppa"),
        ("Café Šokkó Æbler ß", "Cafe Sokko AEbler ss"),
        ("Kymenlaakson\u00a0 kesäyliopisto", "Kymenlaakson kesäyliopisto"),
        ("A\u0308iti", "Äiti"),
        ("x" * 80, "x" * 70),
        (
            "Kaakkois-Suomen ammattikorkeakoulu, " + "y" * 33 + " ja muut",
            "Kaakkois-Suomen ammattikorkeakoulu, " + "y" * 33,
        ),
        ("Kaakkois-Suomen ammattikorkeakoulu, " + "y" * 40, "Kaakkois-Suomen ammattikorkeakoulu"),
    ],
)
def test_a_name_is_written_in_letters_that_banks_take(name: str, written: str) -> None:
    """Finnish letters stay, others lose their marks; what is longer than 70 is cut at a word."""
    assert texts(transfer_of(paying(replace(XAMK, name=name))), "Nm") == [written]


REFUSED_TRANSFERS: list[tuple[dict[str, Any], str]] = [
    (
        {"cents": 0},
        (
            "Transfer 1 (2019-11-0001) pays 0 cents; a SEPA transfer pays from 1 to 99999999999 cents. "
            "Leave it out, or divide it."
        ),
    ),
    (
        {"cents": 100_000_000_000},
        (
            "Transfer 1 (2019-11-0001) pays 100000000000 cents; a SEPA transfer pays from 1 to 99999999999 cents. "
            "Leave it out, or divide it."
        ),
    ),
    (
        {"reference": "1234562"},
        (
            'Transfer 1 (2019-11-0001) has the reference "1234562", which is neither a viite nor an RF reference: '
            "their check digits do not fit. Take it from the document that is paid."
        ),
    ),
    (
        {"end_to_end_id": "x" * 36},
        (
            f'Transfer 1\'s end-to-end id is "{"x" * 36}"; it has from 1 to 35 letters without marks, digits, spaces and '
            "signs of /-?:().,'+, no space or slash at either end, and no two slashes together."
        ),
    ),
    (
        {"end_to_end_id": "NOTPROVIDED"},
        "Transfer 1 (NOTPROVIDED) says that it has no end-to-end id; give it one, by which its payment is found again.",
    ),
    (
        {"payee": replace(XAMK, iban=EKAMI.iban)},
        "Transfer 1 (2019-11-0001) pays from FI2112345600000785 to that same account; leave it out.",
    ),
]


@pytest.mark.parametrize(("changes", "sentence"), REFUSED_TRANSFERS)
def test_a_transfer_that_no_bank_would_take_is_named(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BankFault) as refused:
        with_transfer(**changes)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("end_to_end_id", ["", "Ä1", "/1", "1/", "1//2", " 1", "1 ", "1\n2", "1;2"])
def test_an_id_has_the_letters_that_come_back_unchanged(end_to_end_id: str) -> None:
    with pytest.raises(BankFault, match="Transfer 1's end-to-end id is"):
        with_transfer(end_to_end_id=end_to_end_id)


REFUSED_PAYEES: list[tuple[dict[str, Any], str]] = [
    (
        {"iban": "FI1410093000123459"},
        'has the IBAN "FI1410093000123459", whose length, form or check digits are wrong; correct it.',
    ),
    ({"iban": ""}, 'has the IBAN "", whose length, form or check digits are wrong; correct it.'),
    (
        {"iban": "TR330006100519786457841326"},
        "has the IBAN TR330006100519786457841326, in a country that no SEPA transfer reaches; pay it another way.",
    ),
    (
        {"bic": "NDEA1HH"},
        (
            'has the BIC "NDEA1HH", which is none (ISO 9362: 8 or 11 letters and digits, with a country in fifth place); '
            "correct it or leave it out."
        ),
    ),
    ({"business_id": "2472908-3"}, 'has the business id "2472908-3", which is none; correct it.'),
    ({"town": "Kotka"}, "has an address without town or country; give both, or no address."),
    (
        {"town": "Kotka", "country": "Finland"},
        'has the country "Finland"; a country is two letters, such as FI.',
    ),
    (
        {"town": "Kotka", "country": "FI", "postal_code": "48220; Kotka"},
        'has the postal code "48220; Kotka"; it has up to 16 letters, digits, spaces and hyphens.',
    ),
]


@pytest.mark.parametrize(("changes", "sentence"), REFUSED_PAYEES)
def test_a_payee_that_no_bank_would_take_is_named_with_its_transfer(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BankFault) as refused:
        paying(replace(XAMK, **changes))
    assert str(refused.value) == f"Transfer 1 (2019-11-0001): the payee {sentence}"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Ñ Ж", """'s name "Ñ Ж" has '\\u0416' in it, which banks do not take; spell it otherwise."""),
        ("A_B", """'s name "A_B" has '_' in it, which banks do not take; spell it otherwise."""),
        (" ", "'s name is empty; give it."),
    ],
)
def test_a_name_is_never_guessed(name: str, sentence: str) -> None:
    """The payee's bank compares it with the account's."""
    with pytest.raises(BankFault) as refused:
        paying(replace(XAMK, name=name))
    assert str(refused.value) == f"Transfer 1 (2019-11-0001): the payee{sentence}"


def test_a_file_is_for_a_day_on_which_banks_are_open() -> None:
    with pytest.raises(BankFault) as refused:
        pain001(replace(FILE, execution_on=date(2019, 12, 6)))
    assert str(refused.value) == (
        "The payment file 2019-11-EKAMI is to be executed on 2019-12-06, which is no banking day in Finland and of TARGET; "
        "the next one is 2019-12-09."
    )


def test_a_file_without_transfers_or_with_two_alike_is_refused() -> None:
    with pytest.raises(BankFault) as refused:
        pain001(replace(FILE, transfers=()))
    assert str(refused.value) == (
        "The payment file 2019-11-EKAMI holds no transfers; there is nothing to hand to a bank."
    )
    with pytest.raises(BankFault) as refused:
        pain001(replace(FILE, transfers=(TRANSFER, replace(TRANSFER, cents=1))))
    assert str(refused.value) == "Transfers 1 and 2 both have the end-to-end id 2019-11-0001; give each its own."


def test_a_file_names_itself_its_time_and_its_debtor_rightly() -> None:
    with pytest.raises(BankFault, match=r"^The payment file's message id is "):
        pain001(replace(FILE, message_id="Ä"))
    with pytest.raises(BankFault, match="a time without its zone; give the zone too"):
        pain001(replace(FILE, created_at=FILE.created_at.replace(tzinfo=None)))
    with pytest.raises(BankFault, match=r'^The payment file 2019-11-EKAMI: the debtor has the IBAN "FI00"'):
        pain001(replace(FILE, debtor=replace(EKAMI, iban="FI00")))
