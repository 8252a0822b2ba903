"""Billing details: whole, with check digits that fit, public business data of one organisation."""

import re
from typing import Any

import pytest
from stdnum import iban as reference_iban
from stdnum import numdb
from stdnum.fi import ytunnus

from application.door import Malformed
from domain.network.business_ids import is_finnish_vat_number
from domain.network.events import Address, BillingDetailsSet
from domain.network.sepa import FORMS, is_iban, length_of
from tests.domain.story import OUTSIDER, do, founded, with_partners
from tests.given_when_then import Given, asked

ADDRESS = {"street": "Patteristonkatu 3", "postal_code": "50100", "town": "Mikkeli"}
DETAILS = {
    "organisation": "org:xamk",
    "address": ADDRESS,
    "vat_number": "FI24729082",
    "iban": "FI2112345600000785",
    "bic": "NDEAFIHH",
    "einvoice_address": "003724729082",
    "einvoice_operator": "DABAFIHH",
}


def detailed(**fields: object) -> Given:
    return do(with_partners(), "set-billing-details", {**DETAILS, **fields})


def test_details_are_set_anew_as_a_whole() -> None:
    with_partners().when("set-billing-details", DETAILS, asked(organisation="org:xamk")).then(
        BillingDetailsSet(
            organisation="org:xamk",
            address=Address(street="Patteristonkatu 3", postal_code="50100", town="Mikkeli", country="FI"),
            vat_number="FI24729082",
            iban="FI2112345600000785",
            bic="NDEAFIHH",
            einvoice_address="003724729082",
            einvoice_operator="DABAFIHH",
            by="person:test",
            set_on=asked().on,
        )
    )
    kept = {"organisation": "org:xamk", "address": ADDRESS, "iban": DETAILS["iban"]}
    (less,) = detailed().when("set-billing-details", kept).events()
    assert isinstance(less, BillingDetailsSet)
    assert (less.vat_number, less.bic, less.einvoice_address, less.einvoice_operator) == (None,) * 4


def test_only_who_is_registered_has_details_and_only_its_own_people_set_them() -> None:
    founded().when("set-billing-details", DETAILS).then_refused("There is no org:xamk here.")
    with_partners().when("set-billing-details", DETAILS, OUTSIDER).then_refused(
        "Only org:xamk or the coordinator may say where it is invoiced and paid; you act for org:lut."
    )
    with_partners().when("set-billing-details", DETAILS, asked(organisation="org:ekami")).then_refused(
        "Only org:xamk or the coordinator may say where it is invoiced and paid; you act for org:ekami."
    )


def test_the_same_details_are_not_set_again() -> None:
    detailed().when("set-billing-details", DETAILS, asked("2019-04-10T09:00:00+03:00", "org:xamk")).then_refused(
        "The billing details of org:xamk are these already."
    )
    assert detailed().when("set-billing-details", {**DETAILS, "bic": None}).events()
    back = do(detailed(bic=None), "set-billing-details", DETAILS)
    assert back.when("set-billing-details", {**DETAILS, "bic": None}).events()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"iban": "FI2112345600000786"},
            "FI2112345600000786 is no account: its check digits do not fit. Compare it with the bank's.",
        ),
        (
            {"iban": "FI1212345600000785"},
            "FI1212345600000785 is no account: its check digits do not fit. Compare it with the bank's.",
        ),
        (
            {"vat_number": "FI24729083"},
            "FI24729083 is no Finnish VAT number: FI is followed by the eight digits of a business id, and its check digit does not fit.",
        ),
        (
            {"vat_number": "FI2472908"},
            "FI2472908 is no Finnish VAT number: FI is followed by the eight digits of a business id, and its check digit does not fit.",
        ),
        ({"einvoice_operator": None}, "An e-invoice finds its way by address and operator; give both or none."),
        ({"einvoice_address": None}, "An e-invoice finds its way by address and operator; give both or none."),
    ],
)
def test_wrong_details_are_refused(fields: dict[str, Any], sentence: str) -> None:
    with_partners().when("set-billing-details", {**DETAILS, **fields}).then_refused(sentence)


@pytest.mark.parametrize("field", ["iban", "bic", "vat_number"])
@pytest.mark.parametrize("text", ["", "fi2112345600000785", "FI21 1234 5600 0007 85", "FI21\n", "Ⅷ"])
def test_details_of_another_form_do_not_get_in(field: str, text: str) -> None:
    with pytest.raises(Malformed):
        with_partners().when("set-billing-details", {**DETAILS, field: text})


def test_a_vat_number_from_abroad_is_taken_as_it_is() -> None:
    assert detailed(vat_number="SE556677889901").history


def test_check_digits_are_those_of_the_publishers() -> None:
    """Against an independent reckoning: of all last digits and check digits, the same fit."""
    for last in range(100):
        account, number = f"FI{last:02}12345600000785", f"FI247290{last:02}"
        assert is_iban(account) is reference_iban.is_valid(account)
        assert is_finnish_vat_number(number) is ytunnus.is_valid(number[2:])
    for account in ("DE89370400440532013000", "SE4550000000058398257466", "GB82WEST12345698765432"):
        assert is_iban(account)
        assert not is_iban(f"{account[:-1]}{(int(account[-1]) + 1) % 10}")


def test_the_forms_of_accounts_are_those_of_the_registry() -> None:
    """Against the list that an independent library ships: every country's form."""
    for country, form in FORMS.items():
        (_, properties), *_ = numdb.get("iban").info(country)
        published = [(int(many), sign) for many, sign in re.findall(r"([0-9]+)!([nac])", properties["bban"])]
        assert length_of(country) == 4 + sum(many for many, _ in published)
        assert "".join(sign * many for many, sign in published) == "".join(
            sign * int(many) for many, sign in re.findall(r"([0-9]+)([nac])", form)
        )
