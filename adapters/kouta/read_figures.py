"""How many credits a record gives and what it costs, in exact numbers."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.kouta.codes import CREDIT_UNITS, bare
from adapters.kouta.read_json import Defect, code_at, number_at, objects_at, shown
from domain.words import PRICE_CENTS_MAX

_CREDITS_LIMIT = Decimal(10**9)


def credits_of(about: Mapping[str, Any], notes: list[str]) -> str | None:
    """An exact decimal, such as "2.5"; None where the record names no single number of credits."""
    exact, least, most = (
        number_at(about.get(f"opintojenLaajuusNumero{end}"), f"metadata.opintojenLaajuusNumero{end}")
        for end in ("", "Min", "Max")
    )
    unit = code_at(about.get("opintojenLaajuusyksikko"), "metadata.opintojenLaajuusyksikko")
    number = exact if exact is not None else least if least == most else None
    if number is None:
        if least is not None or most is not None:
            notes.append("The scope is a range, not one number, so no credits are given.")
        return None
    if bare(unit or "") not in CREDIT_UNITS:
        notes.append(f"The scope is given in {shown(unit)}, which is no unit of credits, and was left out.")
        return None
    if not (0 <= number < _CREDITS_LIMIT and _is_whole(number * 10**6)):
        raise Defect(
            f"gives its scope as {shown(number)}; a number of credits is positive, below a thousand million, with six "
            "decimals at most. Correct opintojenLaajuusNumero in Kouta."
        )
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def price_cents(teaching: Mapping[str, Any], notes: list[str]) -> int | None:
    """List price in whole cents without VAT: 0 where the record says it is free, None where it names no single price.

    A record does not say whether its price holds VAT: `maksut` has a kind and an amount, no tax. That the amount is taken
    as the price without VAT is a decision, not something read. Its grounds: training listed in Kouta is VAT-free education
    (Value Added Tax Act 1501/1993, sections 39 and 40), or its price is stated net. Where one is stated with VAT all the
    same, the list price here is too high by that VAT, and nothing here can notice it.
    """
    fees = [fee for _, fee in objects_at(teaching.get("maksut"), "metadata.opetus.maksut")]
    kinds = {kind if isinstance(kind := fee.get("maksullisuustyyppi"), str) else None for fee in fees}
    amounts = {
        _cents(fee["maksunMaara"])
        for fee in fees
        if fee.get("maksullisuustyyppi") == "maksullinen" and fee.get("maksunMaara") is not None
    }
    if "maksuton" in kinds:
        if len(kinds) > 1:
            notes.append("The record is free for some and has a fee for others; the list price is 0.")
        return 0
    if kinds - {"maksullinen"}:
        notes.append("A fee by academic year or of an unknown kind is no list price and was left out.")
    if len(amounts) > 1:
        notes.append("The record has several prices, so no single list price is given.")
    return amounts.pop() if len(amounts) == 1 else None


def _cents(euros: object) -> int:
    amount = number_at(euros, "maksunMaara")
    if amount is None or not (0 <= amount * 100 <= PRICE_CENTS_MAX and _is_whole(amount * 100)):
        raise Defect(
            f"has the price {shown(amount)} euros; a price is in whole cents, up to a hundred million euros. Correct maksunMaara in Kouta."
        )
    return int(amount * 100)


def _is_whole(number: Decimal) -> bool:
    return number == number.to_integral_value()
