"""Reading who owes whom: refused with the place of its fault, or a list that can be netted."""

from domain.money.faults import RuleFault, shown
from domain.money.netting import Obligation
from domain.money.reading_values import fields, organisation, whole

MOST_OBLIGATIONS = 200_000


def parse_obligations(raw: object) -> tuple[Obligation, ...]:
    """Obligations from decoded JSON, `[{"from": "org:a", "to": "org:b", "cents": 10000}]`; none is a list as well.

    Raises `RuleFault` with a place such as `[3].cents`; `net` says no to what is of the right form but cannot be owed.
    """
    if not isinstance(raw, list | tuple):
        raise RuleFault("obligations", f"are {shown(raw)}, but must be a list.")
    if len(raw) > MOST_OBLIGATIONS:
        raise RuleFault("obligations", f"are {len(raw):,}, but {MOST_OBLIGATIONS:,} is the most.")
    return tuple(_obligation(each, f"[{number}]") for number, each in enumerate(raw))


def _obligation(raw: object, path: str) -> Obligation:
    given = fields(raw, path, needs=("from", "to", "cents"))
    debtor, creditor = organisation(given["from"], f"{path}.from"), organisation(given["to"], f"{path}.to")
    if debtor == creditor:
        raise RuleFault(f"{path}.to", f"is {shown(creditor)}, which owes it; an obligation is between two.")
    return Obligation(debtor=debtor, creditor=creditor, cents=whole(given["cents"], f"{path}.cents", least=1))
