"""What a statement says about itself: that its entries are all there, and lead from its opening to its closing balance."""

from collections.abc import Sequence

from adapters.bank.amounts import cents_of, sign_at, signed_at
from adapters.bank.message_tree import Part, quoted
from domain.money.euros import euros

_OPENING, _CLOSING = "OPBD", "CLBD"


def check_totals(statement: Part, entries: Sequence[int]) -> None:
    """Compare the totals that a statement gives (TxsSummry) with signed cents of all its entries, booked or not."""
    summary = statement.part("TxsSummry")
    if summary is None:
        return
    kinds = (
        ("TtlNtries", "entries", entries),
        ("TtlCdtNtries", "credit entries", [cents for cents in entries if cents > 0]),
        ("TtlDbtNtries", "debit entries", [cents for cents in entries if cents < 0]),
    )
    for path, name, given in kinds:
        total = summary.part(path)
        if total is None:
            continue
        count = total.text("NbOfNtries")
        if count is not None and (count.lstrip("0") or "0") != str(len(given)):
            raise statement.fault(f"says that it has {quoted(count)} {name}, but has {len(given)}")
        _check_sum(total, "Sum", name, sum(map(abs, given)))
    _check_net(summary, sum(entries))


def _check_net(summary: Part, net: int) -> None:
    """The net total is an element of its own since version 8 of the message, and was two before."""
    total = summary.part("TtlNtries")
    if total is None:
        return
    inner = total.part("TtlNetNtry")
    path = "TtlNetNtryAmt" if inner is None else "Amt"
    holder = inner or total
    if holder.part(path) is not None:
        sign = 1 if holder.part("CdtDbtInd") is None else sign_at(holder, "CdtDbtInd")
        _check_sum(holder, path, "entries, net", sign * net)


def _check_sum(total: Part, path: str, name: str, cents: int) -> None:
    text = total.text(path)
    if text is not None and (said := cents_of(text, total, path)) != cents:
        raise total.fault(f"says that its {name} come to {euros(said, 'en')}, but they come to {euros(cents, 'en')}")


def check_balances(statement: Part, booked: int) -> None:
    """Opening balance plus booked entries is the closing balance, where a statement gives both (the first, the last)."""
    balances: dict[str, list[int]] = {_OPENING: [], _CLOSING: []}
    for balance in statement.parts("Bal"):
        code = balance.text("Tp/CdOrPrtry/Cd")
        if code in balances:
            balances[code].append(signed_at(balance, "Amt"))
    if not (balances[_OPENING] and balances[_CLOSING]):
        return
    opening, closing = balances[_OPENING][0], balances[_CLOSING][-1]
    if opening + booked != closing:
        raise statement.fault(
            f"opens with {euros(opening, 'en')} and books {euros(booked, 'en')}, "
            f"but closes with {euros(closing, 'en')} instead of {euros(opening + booked, 'en')}"
        )
