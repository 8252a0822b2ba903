"""Cost keys: dividing what one partner paid for several, so that each owes its part to the payer."""

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction

from msgspec import Struct, field

from domain.changing import replace
from domain.money.decimals import decimal_text, exact, ratio
from domain.money.faults import BadFigure, MoneyFault, RuleFault, shown
from domain.money.rounding import nearest_cent, portions, whole_cents
from domain.money.rule import Weighted
from domain.money.terms import Terms


class Costs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a cost is divided: by a `split`, or with `owed_by` by `fixed_cents` or by `per_unit_cents` with `unit`."""

    split: tuple[Weighted, ...] = ()
    """Organisations with weights, in proportion to which they bear the cost; the payer's own part stays with it."""
    fixed_cents: int | None = None
    """What each of `owed_by` owes, in whole cents of euro."""
    per_unit_cents: int | None = None
    """What each of `owed_by` owes for each unit counted for it, in whole cents of euro."""
    unit: str | None = None
    """The unit that is counted, such as `credit`."""
    owed_by: tuple[str, ...] = ()
    """The organisations that owe a fixed sum or a price for each unit."""


class CostKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A clause on costs as it is stored: types only, so that a stored key always loads; `parse_cost_key` checks."""

    name: str
    """What it is called in its agreement, such as `web-service`."""
    paid_by: str
    """The organisation that pays and is owed."""
    costs: Costs
    purpose: str | None = field(default=None, name="for")
    """What the costs are for, in a word or two."""


class CostShare(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What one organisation bears of a cost; the payer's own share is never owed to anybody."""

    partner: str
    """The organisation that bears it."""
    clause: str
    """The path in the cost key: `costs.split[0]`, `costs.owed_by[1]`; `paid_by` where the key gives the payer no part."""
    cents: int
    """Whole cents of euro without VAT, with the sign of the cost."""
    exact: str
    """The share without rounding, `num/den` in cents."""
    terms: Terms
    """Everything needed to compute by hand what the key asks for: the cents, before any waiver."""
    waived_cents: int
    """What the partner would owe had it and the payer not waived it, in whole cents of euro; its own cents are 0 then."""


class CostAmountMissing(MoneyFault):
    """A split divides an amount, and none was given."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} splits a cost between its partners, but no amount was given; give what was paid.")


class CostAmountGiven(MoneyFault):
    """A key whose sums follow from its own figures was given an amount."""

    def __init__(self, key: str, amount_cents: int) -> None:
        super().__init__(
            f"{key} says itself what each partner owes, but an amount of {amount_cents} cents was given; leave it out."
        )


class CostQuantityMissing(MoneyFault):
    """A key has a price for each unit, and how many a partner had was not given."""

    def __init__(self, key: str, unit: str, partner: str) -> None:
        super().__init__(f'{key} counts {unit}, but none was given for {partner}; give a quantity, "0" where none was.')


class CostQuantityUnowed(MoneyFault):
    """A quantity was given for somebody who owes nothing under the key, so it would be lost."""

    def __init__(self, key: str, unit: str, partner: str) -> None:
        super().__init__(f"{key} counts {unit}, but {partner} owes nothing under it; leave its quantity out.")


def divide_cost(
    key: CostKey,
    *,
    amount_cents: int | None,
    quantities: Mapping[str, Mapping[str, str | Fraction]],
    waived: Collection[frozenset[str]] = (),
) -> tuple[CostShare, ...]:
    """Who bears how much of a cost, in the order of the key, shares of 0 cents too.

    `amount_cents`: what was paid, whole cents without VAT, for a split; null for a fixed sum and a price for each unit,
    where the amount is what the shares sum to. `quantities`: organisation to unit to quantity; other units than the
    key's own are left to other keys. `waived`: pairs of organisations that charge each other nothing.

    A split goes by largest remainder, ties in ascending order of the id, and a negative amount mirrors the positive one.
    A unit price times a quantity is rounded half away from zero. What is waived stays with the payer under a split, in
    cents and exactly, so that shares always sum to the amount; under the other two nobody bears it. Of a share
    `cents_by(terms)` is its cents plus what it waived, of the payer's under a split its cents less what others waived.

    Raises `CostAmountMissing`, `CostAmountGiven`, `CostQuantityMissing`, `CostQuantityUnowed`, `BadFigure` for an amount
    or quantity of a wrong form, and `RuleFault` if an unchecked key does not divide the whole amount.
    """
    if key.costs.split:
        if amount_cents is None:
            raise CostAmountMissing(key.name)
        return _split(key, whole_cents(amount_cents), waived)
    if amount_cents is not None:
        raise CostAmountGiven(key.name, whole_cents(amount_cents))
    shares = tuple(_waived(key, each, waived) for each in _each(key, quantities))
    whole_cents(sum(each.cents for each in shares))
    return shares


def _split(key: CostKey, amount: int, waived: Collection[frozenset[str]]) -> tuple[CostShare, ...]:
    sign = -1 if amount < 0 else 1
    weights = {part.to: Fraction(part.weight) for part in key.costs.split}
    total = sum(weights.values(), Fraction())
    given, left_over = portions(abs(amount), weights)
    due = tuple(
        CostShare(
            partner=part.to,
            clause=f"costs.split[{number}]",
            cents=sign * given[part.to].cents,
            exact=ratio(amount * weights[part.to] / total),
            terms=Terms(
                kind="remaining",
                base_cents=amount,
                weight=decimal_text(weights[part.to]),
                weights_total=decimal_text(total),
                left_over_cents=left_over,
                place=given[part.to].place if left_over else None,
            ),
            waived_cents=0,
        )
        for number, part in enumerate(key.costs.split)
    )
    shares = _kept(key.paid_by, amount, due, tuple(_waived(key, each, waived) for each in due))
    if (divided := sum(each.cents for each in shares)) != amount:
        raise RuleFault("costs.split", f"divides {divided} of {amount} cents; it must name each organisation once.")
    return shares


def _kept(payer: str, amount: int, due: tuple[CostShare, ...], shares: tuple[CostShare, ...]) -> tuple[CostShare, ...]:
    """The shares of a split with what was waived added to the payer's own, which is made where the key has none."""
    if shares == due:
        return shares
    kept_cents = sum(each.waived_cents for each in shares)
    kept_exact = sum(
        (Fraction(before.exact) - Fraction(after.exact) for before, after in zip(due, shares, strict=True)), Fraction()
    )
    if all(each.partner != payer for each in shares):
        terms = Terms(kind="remaining", base_cents=amount, weight="0", weights_total=due[0].terms.weights_total)
        own = CostShare(partner=payer, clause="paid_by", cents=0, exact="0/1", terms=terms, waived_cents=0)
        shares = (*shares, own)
    return tuple(
        each
        if each.partner != payer
        else replace(each, cents=each.cents + kept_cents, exact=ratio(Fraction(each.exact) + kept_exact))
        for each in shares
    )


def _each(key: CostKey, quantities: Mapping[str, Mapping[str, str | Fraction]]) -> Iterator[CostShare]:
    """What each of those who owe is asked for by a fixed sum or by a price for each unit."""
    costs = key.costs
    if costs.unit is not None:
        for partner, counted in quantities.items():
            if costs.unit in counted and partner not in costs.owed_by:
                raise CostQuantityUnowed(key.name, costs.unit, partner)
    for number, partner in enumerate(costs.owed_by):
        if costs.unit is None:
            due = Fraction(costs.fixed_cents or 0)
            terms = Terms(kind="fixed", base_cents=0, fixed_cents=costs.fixed_cents)
        else:
            quantity = _quantity(key.name, costs.unit, partner, quantities.get(partner, {}))
            due = (costs.per_unit_cents or 0) * quantity
            terms = Terms(
                kind="per-unit",
                base_cents=0,
                unit_cents=costs.per_unit_cents,
                unit=costs.unit,
                quantity=decimal_text(quantity),
            )
        yield CostShare(
            partner=partner,
            clause=f"costs.owed_by[{number}]",
            cents=whole_cents(nearest_cent(due)),
            exact=ratio(due),
            terms=terms,
            waived_cents=0,
        )


def _quantity(key: str, unit: str, partner: str, counted: Mapping[str, object]) -> Fraction:
    if unit not in counted:
        raise CostQuantityMissing(key, unit, partner)
    given = counted[unit]
    quantity = given if isinstance(given, Fraction) else exact(given)
    if quantity < 0:
        raise BadFigure(
            f"The quantity of {unit} for {partner} is {shown(given)}, but must be 0 or more; "
            f"what was too much is taken back by reversing its entry."
        )
    return quantity


def _waived(key: CostKey, share: CostShare, waived: Collection[frozenset[str]]) -> CostShare:
    """A share, emptied where its partner and the payer charge each other nothing."""
    if share.partner == key.paid_by or frozenset((share.partner, key.paid_by)) not in waived:
        return share
    return replace(share, cents=0, exact="0/1", waived_cents=share.cents)
