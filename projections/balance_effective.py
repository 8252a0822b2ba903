"""How a partner stands with each other by all that had happened up to a day, whenever it was or will be booked."""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from domain.calendar import month_of
from projections.rows import Rows
from projections.settlement_views import balances
from projections.statement_effective import placed_from
from projections.statement_rows import Balance, Network, Organisation
from projections.words import Constructed, CounterpartyId, LogPosition, PartnerId, WholeCents


class CounterpartyBalance(Struct, frozen=True, kw_only=True):
    """Positive: due to the partner."""

    counterparty: CounterpartyId
    booked_cents: WholeCents
    """All lines of all months with it, tax, set-offs and payments included."""
    later_cents: WholeCents
    """What of that happened after the day."""
    cents: WholeCents
    """What is left: how the two stood at the end of that day."""


class Balances(Struct, frozen=True, kw_only=True):
    """How a partner stood with each other, and with all of them."""

    constructed: Constructed
    partner: PartnerId
    effective: date | None
    """The day; null: everything that is booked."""
    position: LogPosition
    counterparties: tuple[CounterpartyBalance, ...]
    """In order of id."""
    cents: int
    """The sum over all counterparties, in whole cents of euro; positive: due to the partner."""


class Later(Struct, frozen=True):
    """What is booked of a partner, and by counterparty what of it happened after a day."""

    constructed: bool
    booked_cents: int
    cents: Mapping[str, int]


def later_than(rows: Rows, partner: str, effective: date | None) -> Later | None:
    """To be asked of statements. None where nobody knows the partner; only months from that of the day on are looked through."""
    network = next(iter(rows.under(Network)), None)
    organisation = next(iter(rows.under(Organisation, partner)), None)
    booked = rows.under(Balance, partner)
    placed = [] if effective is None else placed_from(rows, partner, month_of(effective))
    if not rows.complete() or network is None or not (booked or (organisation and organisation.partner)):
        return None
    sums: dict[str, int] = {}
    for each in placed:
        if effective and each.line.occurred_on > effective:
            sums[each.line.counterparty] = sums.get(each.line.counterparty, 0) + each.cents
    return Later(network.constructed, sum(each.cents for each in booked), sums)


def booked_with(rows: Rows, partner: str) -> Mapping[str, int]:
    """To be asked of settlements: all that is booked, by counterparty."""
    return {each.counterparty: each.open_cents + each.to_pay_cents for each in balances(rows, partner)}


def balances_of(
    partner: str, effective: date | None, position: int, later: Later, booked: Mapping[str, int]
) -> Balances:
    """Both answers in one. Raises ValueError where the read models do not agree on what is booked."""
    if (total := sum(booked.values())) != later.booked_cents:
        raise ValueError(
            f"The pairs of {partner} come to {total} cents at {position}, its statements to {later.booked_cents}."
        )
    found = tuple(
        CounterpartyBalance(
            counterparty=each,
            booked_cents=booked.get(each, 0),
            later_cents=later.cents.get(each, 0),
            cents=booked.get(each, 0) - later.cents.get(each, 0),
        )
        for each in sorted({*booked, *later.cents})
    )
    return Balances(
        constructed=later.constructed,
        partner=partner,
        effective=effective,
        position=position,
        counterparties=found,
        cents=sum(each.cents for each in found),
    )
