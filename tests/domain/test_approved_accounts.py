"""An approval fixes where payments go: whoever sets an account anew does not approve it, and nobody's account is taken over."""

from typing import Any

import pytest

from domain.network.accounts import Accounts
from domain.network.events import BillingDetailsSet, OrganisationRegistered, OrganisationRenamed
from domain.network.set_billing_details import AnothersAccount
from domain.settlement.events import SettlementApproved
from tests.domain.story import do, founded, person
from tests.domain.test_settling import A, B, C, id_of, planned
from tests.given_when_then import Given

ADDRESS = {"street": "Katu 1", "postal_code": "48100", "town": "Kotka"}
IBANS = {A: "FI2112345600000785", B: "FI1410093000123458", C: "FI5542345670000081"}
NEW = "FI4250001510000023"
ELSEWHERE = {"street": "Toinen katu 2", "postal_code": "00100", "town": "Helsinki"}


def account(so_far: Given, organisation: str, iban: str | None, by: str, **more: object) -> Given:
    body = {"organisation": organisation, "address": ADDRESS, "iban": iban, **more}
    return do(so_far, "set-billing-details", body, person(by))


def registered(so_far: Given, *organisations: str, unit_of: str | None = None) -> Given:
    for each in organisations:
        body = {"organisation": each, "name": {"fi": f"Nimi {each[4:]}"}, "kind": "other", "unit_of": unit_of}
        so_far = do(so_far, "register-organisation", body)
    return so_far


def to_approve() -> tuple[Given, dict[str, str]]:
    """A is to pay C; both have their accounts since before it was settled."""
    with_accounts = registered(Given(()), A, B, C)
    for organisation, iban in IBANS.items():
        with_accounts = account(with_accounts, organisation, iban, "setter")
    so_far = planned()
    return Given((*with_accounts.history, *so_far.history)), {"settlement": id_of(so_far)}


def approve(so_far: Given, body: dict[str, str], by: str) -> Given:
    """As somebody who has read the settlement as it is now."""
    return so_far.when("approve-settlement", {**body, "accounts": digest_in(so_far)}, person(by))


def digest_in(so_far: Given) -> str:
    """Of account, address and name of A and C, as the settlement shows it."""
    accounts = Accounts()
    for event in so_far.history:
        if isinstance(event, OrganisationRegistered | OrganisationRenamed | BillingDetailsSet):
            accounts = accounts.after(event)
    return accounts.digest([C, A])


def test_it_is_approved_again_by_another_person_when_an_account_was_set_anew() -> None:
    so_far, body = to_approve()
    approved = approve(so_far, body, "d").and_then()
    approve(approved, body, "e").then_refused(f"{body['settlement']} was approved on 2019-04-11 already.")
    moved = account(approved, C, NEW, "thief")
    approve(moved, body, "thief").then_refused(
        f"You have set the account, address or name of {C} yourself; let another person compare it with the bank's and approve."
    )
    approve(moved, body, "THIEF").then_refused(
        f"You have set the account, address or name of {C} yourself; let another person compare it with the bank's and approve."
    )
    approve(moved, body, "test").then_refused(
        f"Who settles may not approve the same settlement; let another person approve {body['settlement']}."
    )
    again = approve(moved, body, "d")
    again.then(SettlementApproved(settlement=body["settlement"], by="person:d", approved_on=person("d").on))
    approve(again.and_then(), body, "e").then_refused(f"{body['settlement']} was approved on 2019-04-11 already.")


def test_whoever_set_an_account_does_not_approve_the_first_settlement_that_uses_it() -> None:
    so_far, body = to_approve()
    approve(so_far, body, "setter").then_refused(
        f"You have set the account, address or name of {A} yourself; let another person compare it with the bank's and approve."
    )
    moved = account(so_far, A, NEW, "setter")
    approve(moved, body, "setter").then_refused(
        f"You have set the account, address or name of {A} yourself; let another person compare it with the bank's and approve."
    )
    assert approve(moved, body, "d").events()


def test_nobody_approves_what_was_set_since_without_having_read_it() -> None:
    so_far, body = to_approve()
    read = {**body, "accounts": digest_in(so_far)}
    moved = account(so_far, C, NEW, "thief")
    for blind in (body, read):
        moved.when("approve-settlement", blind, person("d")).then_refused(
            f"The account, address or name of {C} was set since {body['settlement']} was settled; read the settlement again, compare its "
            "accounts with the bank's, and approve with the digest `accounts` that it shows."
        )
    assert approve(moved, body, "d").events()
    assert so_far.when("approve-settlement", body, person("d")).events(), "as it was settled, nothing has to be said"


def test_setting_something_else_on_top_hides_nobody() -> None:
    """All details are set as a whole, so whoever sets the address after the account repeats the account."""
    so_far, body = to_approve()
    moved = account(account(so_far, C, NEW, "thief"), C, NEW, "clerk", address=ELSEWHERE)
    for who in ("thief", "clerk"):
        approve(moved, body, who).then_refused(
            f"You have set the account, address or name of {C} yourself; let another person compare it with the bank's and approve."
        )


@pytest.mark.parametrize("fields", [{"vat_number": "FI24729082"}, {"einvoice_address": "1", "einvoice_operator": "2"}])
def test_what_no_payment_says_and_what_is_as_before_needs_no_second_approval(fields: dict[str, Any]) -> None:
    so_far, body = to_approve()
    approved = approve(so_far, body, "d").and_then()
    refusal = f"{body['settlement']} was approved on 2019-04-11 already."
    approve(account(approved, C, IBANS[C], "e", **fields), body, "f").then_refused(refusal)
    approve(account(approved, B, NEW, "e"), body, "f").then_refused(refusal)  # B neither pays nor is paid
    there_and_back = account(account(approved, C, NEW, "e"), C, IBANS[C], "e")
    approve(there_and_back, body, "f").then_refused(refusal)


def test_address_and_name_are_fixed_as_the_account_is() -> None:
    so_far, body = to_approve()
    approved = approve(so_far, body, "d").and_then()
    assert approve(account(approved, C, IBANS[C], "e", address=ELSEWHERE), body, "f").events()
    named = do(approved, "rename-organisation", {"organisation": C, "name": {"fi": "Muu Oy"}}, person("e"))
    assert approve(named, body, "f").events()
    approve(named, body, "e").then_refused(
        f"You have set the account, address or name of {C} yourself; let another person compare it with the bank's and approve."
    )


# --- whose account it is ---------------------------------------------------------------------------------------------
def test_an_account_that_ever_was_another_s_is_refused_without_saying_whose() -> None:
    before = registered(founded(), A, B)
    had = account(account(before, A, IBANS[A], "a"), A, NEW, "a")
    body = {"organisation": B, "address": ADDRESS, "iban": IBANS[A]}
    refusal = (
        "{} is, or was, the account of {}; only units of one legal person share an account. Compare it with the bank's, or give another "
        "account. Where it was set there by mistake, that is replaced first; then the coordinator sets it here."
    )
    had.when("set-billing-details", body, person("b", organisation=B)).then_refused(
        refusal.format(IBANS[A], "another organisation")
    )
    now = {**body, "iban": NEW}
    had.when("set-billing-details", now, person("c")).then_refused(refusal.format(NEW, A))
    back = {**body, "organisation": A}
    assert had.when("set-billing-details", back, person("a", organisation=A)).events(), "it may go back to it"


def test_an_account_that_was_set_for_the_wrong_organisation_passes_by_the_coordinator() -> None:
    """Who has it no more does not get it back but in the same way: it is one legal person's at a time."""
    had = account(account(registered(founded(), A, B), A, IBANS[B], "c"), A, IBANS[A], "c")
    body = {"organisation": B, "address": ADDRESS, "iban": IBANS[B]}
    passed = had.when("set-billing-details", body, person("c")).and_then()
    back = {**body, "organisation": A}
    for who in (person("a", organisation=A), person("c")):
        with pytest.raises(AnothersAccount):
            passed.when("set-billing-details", back, who).events()
    replaced = account(passed, B, NEW, "c")
    assert replaced.when("set-billing-details", back, person("c")).events()


def test_units_of_one_legal_person_share_its_accounts_earlier_ones_too() -> None:
    had = registered(registered(founded(), A), B, C, unit_of=A)
    had = account(account(had, B, IBANS[A], "b"), B, NEW, "b")
    assert account(had, C, IBANS[A], "c").history
    assert account(had, A, IBANS[A], "a").history


def test_an_account_is_replaced_and_never_taken_away() -> None:
    had = account(registered(founded(), A), A, IBANS[A], "a")
    refusal = (
        f"{A} has the account {IBANS[A]}, and payments may be on their way to it; give it again or another one: an account is "
        "replaced, never taken away."
    )
    for body in ({"organisation": A, "address": ADDRESS}, {"organisation": A, "address": ELSEWHERE, "iban": None}):
        had.when("set-billing-details", body, person("a", organisation=A)).then_refused(refusal)
    assert account(had, A, IBANS[A], "a", address=ELSEWHERE).history
    unit = registered(had, B, unit_of=A)
    assert account(unit, B, None, "b").history, "a unit without an account of its own has its legal person's"


# --- what banks take -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"iban": "TR330006100519786457841326"},
            "TR330006100519786457841326 is an account in TR, which no SEPA transfer reaches; give an account in the SEPA area.",
        ),
        (
            {"iban": "FI21123456000007850"},
            "FI21123456000007850 has 19 characters, and an IBAN of FI has 18. Compare it with the bank's.",
        ),
        (
            {"iban": "FI21A2345600000785"},
            "FI21A2345600000785 has letters where an IBAN of FI has digits, or digits where it has letters. Compare it with the bank's.",
        ),
        (
            {"bic": "DEUTDEFF"},
            "DEUTDEFF is a bank in DE, and FI2112345600000785 an account in FI; give the BIC of the bank that keeps the account.",
        ),
        (
            {"address": {**ADDRESS, "street": "Улица 1"}},
            "The street, Улица 1, has '\\u0423' in it, which banks do not take; write it in Latin letters, digits and /-?:().,'+.",
        ),
        (
            {"address": {**ADDRESS, "town": "Kotka ☃"}},
            "The town, Kotka ☃, has '\\u2603' in it, which banks do not take; write it in Latin letters, digits and /-?:().,'+.",
        ),
        (
            {"address": {**ADDRESS, "street": "k" * 71}},
            "The street has 71 characters as banks take it, and a payment has room for 70; shorten it.",
        ),
        (
            {"address": {**ADDRESS, "town": "ß" * 18}},
            "The town has 36 characters as banks take it, and a payment has room for 35; shorten it.",
        ),
        (
            {"address": {**ADDRESS, "postal_code": "48100_1"}},
            "48100_1 is no postal code that banks take; it has up to 16 letters, digits, spaces and hyphens.",
        ),
    ],
)
def test_details_that_no_bank_takes_are_refused_when_they_are_set(fields: dict[str, Any], sentence: str) -> None:
    body = {"organisation": A, "address": ADDRESS, "iban": IBANS[A], "bic": "NDEAFIHH", **fields}
    registered(founded(), A).when("set-billing-details", body).then_refused(sentence)


def test_a_name_that_no_bank_takes_is_changed_before_an_account_is_set() -> None:
    named = do(founded(), "register-organisation", {"organisation": A, "name": {"fi": "Ääni ☃ Oy"}, "kind": "other"})
    body = {"organisation": A, "address": ADDRESS, "iban": IBANS[A]}
    named.when("set-billing-details", body).then_refused(
        f"The name of {A}, Ääni ☃ Oy, has '\\u2603' in it, which banks do not take; write it in Latin letters, digits and "
        "/-?:().,'+."
    )
    renamed = do(named, "rename-organisation", {"organisation": A, "name": {"fi": "Ääni & Co Oy"}})
    assert renamed.when("set-billing-details", body).events()


def test_who_has_an_account_takes_no_name_that_no_bank_takes() -> None:
    """Of a unit a bank is told the legal person, so that one keeps such a name too, and the unit may have any."""
    had = account(registered(registered(founded(), A), B, unit_of=A), B, IBANS[B], "b")
    strange = {"organisation": A, "name": {"fi": "Ксамк", "en": "Xamk"}}
    refusal = f"The name of {A}, Ксамк, has '\\u041a' in it, which banks do not take; write it in Latin letters, digits and /-?:().,'+."
    had.when("rename-organisation", strange).then_refused(refusal)
    account(registered(founded(), A), A, IBANS[A], "a").when("rename-organisation", strange).then_refused(refusal)
    assert had.when("rename-organisation", {**strange, "organisation": B}).events()
    assert had.when("rename-organisation", {**strange, "name": {"fi": "Xamk", "en": "Ксамк"}}).events()


def test_who_has_no_account_may_have_any_name_until_it_is_to_be_paid() -> None:
    """Its details without an account name it to no bank; with one they are refused until it is named otherwise."""
    had = account(registered(founded(), A), A, None, "a")
    named = do(had, "rename-organisation", {"organisation": A, "name": {"fi": "Ксамк"}})
    named.when("rename-organisation", {"organisation": A, "name": {"fi": "Ксамк"}}).then_refused(
        f"{A} has this name already; there is nothing to rename."
    )
    named.when("set-billing-details", {"organisation": A, "address": ADDRESS, "iban": IBANS[A]}).then_refused(
        f"The name of {A}, Ксамк, has '\\u041a' in it, which banks do not take; write it in Latin letters, digits and /-?:().,'+."
    )


def test_a_bank_of_a_territory_keeps_accounts_of_its_country() -> None:
    body = {"organisation": A, "address": ADDRESS, "iban": "FR1420041010050500013M02606", "bic": "BNPAREPX"}
    assert registered(founded(), A).when("set-billing-details", body).events()
    assert registered(founded(), A).when("set-billing-details", {**body, "bic": "BNPAFRPP"}).events()
