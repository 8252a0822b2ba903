"""What an event makes due between partners: the whole of how statements follow from the log, for `statement_mirror` and the like.

Each event that moves money has a hub and shares. A share is a line of its partner, and with the other sign a line of the hub; what
is the hub's own is no line. So the lines of an event sum to zero over the partners, and so does VAT, which follows from the lines.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from examples.subscribers.checkpoints import Fault

# With the star a kind of posting that this program does not know stops it, where it would be missing in silence.
POSTINGS = (
    "tasma.revenue.*,tasma.settlement.netted.*,tasma.settlement.payment_recorded.*,"
    "tasma.settlement.payment_taken_back.*"
)
Json = dict[str, Any]


class Posted(NamedTuple):
    """One line."""

    partner: str
    counterparty: str
    cents: int
    """Positive: due to the partner."""
    sells: bool
    """Whether it is the partner that is paid for something, or the counterparty; without meaning where nothing is taxed."""
    code: str | None
    """How it is taxed, with the rate in percent; None where nothing was decided."""
    rate: str | None


def postings(kind: str, data: Json) -> Iterator[Posted]:
    """The lines of an event, in the order of its shares. Raises Fault for a kind of event that is not known here."""
    sign, hub, shares, costs = _shares(kind, data)
    taxes = {tax["clause"]: tax for tax in data.get("vat", ())}
    for share in shares:
        cents, partner = sign * share["cents"], share["partner"]
        if partner != hub and (cents or share.get("waived_cents")):
            tax = taxes.get(share.get("clause"), {})
            how = (tax.get("code"), tax.get("rate"))
            yield Posted(partner, hub, cents, not costs, *how)
            yield Posted(hub, partner, -cents, costs, *how)


def _shares(kind: str, data: Json) -> tuple[int, str, Sequence[Json], bool]:
    """Sign, hub and shares of an event, and whether the hub passes on costs: then it is the hub that sells."""
    match kind.removeprefix("tasma."):
        case "revenue.shared.v1" | "revenue.shared.v2" | "revenue.trued_up.v1":
            return 1, data["collected_by"], data["shares"], False
        case "revenue.cost_shared.v1":
            return -1, data["collected_by"], data["shares"], True
        case "revenue.reversed.v1" | "revenue.reversed.v2":
            costs = data.get("of") == "cost"
            return 1 if costs else -1, data["collected_by"], data["shares"], costs
        case "settlement.netted.v1":
            return 1, data["second"], [{"partner": data["first"], "cents": data["moved_cents"]}], False
        case "settlement.payment_recorded.v1" | "settlement.payment_taken_back.v1" as paid:
            sign = -1 if "taken_back" in paid else 1
            return sign, data["payee"], [{"partner": data["payer"], "cents": data["posted_cents"]}], False
        case "revenue.receipt_recorded.v1" | "revenue.bill_divided.v1" | "settlement.period_closed.v1":
            return 1, "", (), False
        case _:
            raise Fault(f"This program does not know what {kind} does to a statement: update it.")


def vat_of(base_cents: int, rate: str) -> int:
    """The tax on a sum, rounded once, half away from zero."""
    return int((base_cents * Decimal(rate) / 100).quantize(Decimal(1), ROUND_HALF_UP))
