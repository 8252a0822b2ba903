"""Sharing one amount by a rule: the pure function behind every revenue entry."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from domain.changing import replace
from domain.money.decimals import decimal_text, exact, ratio
from domain.money.division import Division, Share
from domain.money.faults import BadFigure, QuantityMissing, RoleUnbound, RuleFault, shown
from domain.money.mentions import unbound_roles
from domain.money.rounding import Rounding, nearest_cent, portions, whole_cents
from domain.money.rule import KEPT, ROLE, Clause, Onward, SharingRule, Take, Weighted, clauses_of
from domain.money.terms import Kind, Terms, bounded, reckoned

_ORGANISATION = re.compile(r"org:[a-z0-9][a-z0-9-]{0,59}")


class Sum(NamedTuple):
    """An amount in whole cents beside what it would be if nothing were ever rounded; both not negative."""

    cents: int
    exact: Fraction

    def less(self, other: "Sum") -> "Sum":
        return Sum(self.cents - other.cents, self.exact - other.exact)


def share(
    rule: SharingRule,
    amount_cents: int,
    *,
    collected_by: str,
    bind: Mapping[str, str] | None = None,
    quantities: Mapping[str, str | Fraction] | None = None,
    taken: Mapping[str, int] | None = None,
    symbolic: bool = False,
) -> Division:
    """Divide an amount (whole cents, excluding VAT) among the targets of a rule.

    `collected_by`: the organisation that keeps what is `kept`. `bind`: role to organisation, both with their prefix.
    `quantities`: unit to quantity. `taken`: path of a clause that counts per pathway to the cents it took before, over
    everything below its path (`taken_by_clause` computes it); a path left out took nothing. `symbolic`: roles not bound
    stand for themselves.

    A negative amount is divided as its positive mirror image, then every sign is turned. Of what was taken before only
    the size counts: a fixed sum that was taken once is neither taken again nor given back by a credit.

    Raises `RoleUnbound`, `QuantityMissing`, `BadFigure` for an amount, quantity or binding of a wrong form, and
    `RuleFault` if an unchecked rule does not divide the whole amount.
    """
    amount = whole_cents(amount_cents)
    run = _Run(
        sign=-1 if amount < 0 else 1,
        collected_by=collected_by,
        bind=_organisations(bind or {}),
        quantities={unit: _quantity(unit, value) for unit, value in (quantities or {}).items()},
        taken=_known(taken or {}, rule),
        rounding=rule.rounding,
        symbolic=symbolic,
    )
    run.through(rule.steps, "", Sum(abs(amount), Fraction(abs(amount))), None)
    if (divided := sum(each.cents for each in run.shares)) != amount:
        raise RuleFault("steps", f"divides {divided} of {amount} cents; its last step must take what remains.")
    return Division(shares=tuple(run.shares), skipped=tuple(run.skipped))


def _organisations(bind: Mapping[str, str]) -> Mapping[str, str]:
    for role, organisation in bind.items():
        if not role.startswith(ROLE) or not _ORGANISATION.fullmatch(organisation):
            raise BadFigure(f'{role}={organisation} binds nothing; "role:referrer=org:xamk" is how a role is bound.')
    return bind


def _quantity(unit: str, value: object) -> Fraction:
    fraction = value if isinstance(value, Fraction) else exact(value)
    if fraction < 0:
        raise BadFigure(
            f"The quantity of {unit} is {shown(value)}, but must be 0 or more; the amount carries the sign."
        )
    return fraction


def _known(taken: Mapping[str, int], rule: SharingRule) -> Mapping[str, int]:
    paths = {path for path, _ in clauses_of(rule)}
    for path, cents in taken.items():
        whole_cents(cents)
        if path not in paths:
            raise BadFigure(f"{path} took {cents} cents before, but the rule has no such clause.")
    return taken


class _Run:
    """One evaluation: what came with the amount, and the shares so far."""

    def __init__(
        self,
        *,
        sign: int,
        collected_by: str,
        bind: Mapping[str, str],
        quantities: Mapping[str, Fraction],
        taken: Mapping[str, int],
        rounding: Rounding,
        symbolic: bool,
    ) -> None:
        self.sign = sign
        self.collected_by = collected_by
        self.bind = bind
        self.quantities = quantities
        self.taken = taken
        self.rounding = rounding
        self.symbolic = symbolic
        self.shares: list[Share] = []
        self.skipped: list[str] = []

    def through(self, clauses: tuple[Clause, ...], inside: str, entered: Sum, within: Terms | None) -> None:
        """Let each clause of a list take its part in turn."""
        left = entered
        for number, clause in enumerate(clauses):
            path = f"{inside}steps[{number}]"
            if clause.if_unbound and not self.symbolic and unbound_roles(clause, self.bind):
                self.skipped.append(path)
                continue
            took, terms = self._take(clause.take, path, entered, left)
            left = left.less(took)
            self._pass_on(clause.to, path, took, replace(terms, within=within))

    def _take(self, take: Take | str, path: str, entered: Sum, left: Sum) -> tuple[Sum, Terms]:
        """What a clause takes: the same terms applied to the cents, rounded, and to the exact amount, not rounded."""
        terms = self._terms(take, path, entered, left)
        base = left if terms.earlier_cents is not None else entered
        asked = nearest_cent(bounded(terms, reckoned(terms, Fraction(base.cents))))
        took = Sum(
            min(asked, left.cents),
            min(bounded(terms, reckoned(terms, base.exact)), left.exact),
        )
        return took, replace(terms, short_cents=asked - took.cents)

    def _terms(self, take: Take | str, path: str, entered: Sum, left: Sum) -> Terms:
        earlier = self.sign * entered.less(left).cents
        if not isinstance(take, Take):
            return Terms(kind="remaining", base_cents=self.sign * left.cents, earlier_cents=earlier)
        kind = _kind(take)
        of_rest = kind == "percent-of-remaining"
        return Terms(
            kind=kind,
            base_cents=self.sign * (left if of_rest else entered).cents,
            earlier_cents=earlier if of_rest else None,
            fixed_cents=take.fixed_cents,
            percent=take.percent,
            unit_cents=take.per_unit_cents,
            unit=take.unit,
            quantity=None if take.unit is None else self._quantity_of(take.unit, path),
            tiers=take.tiers,
            min_cents=take.min_cents,
            max_cents=take.max_cents,
            taken_before_cents=self.taken.get(path, 0) if take.per == "pathway" else None,
        )

    def _quantity_of(self, unit: str, path: str) -> str:
        if unit not in self.quantities:
            raise QuantityMissing(unit, path)
        return decimal_text(self.quantities[unit])

    def _pass_on(self, to: str | Onward, path: str, took: Sum, terms: Terms) -> None:
        if isinstance(to, str):
            self._give(to, path, took, terms)
        elif to.steps:
            self.through(to.steps, f"{path}.to.", took, terms)
        else:
            self._split(to.split, path, took, terms)

    def _split(self, parts: tuple[Weighted, ...], path: str, took: Sum, terms: Terms) -> None:
        """Split among bound targets; one named twice has its weights merged under the path and role named first."""
        first: dict[str, tuple[str, str]] = {}
        weights: dict[str, Fraction] = {}
        for number, part in enumerate(parts):
            clause = f"{path}.to.split[{number}]"
            partner = self._partner(part.to, clause)
            first.setdefault(partner, (part.to, clause))
            weights[partner] = weights.get(partner, Fraction()) + Fraction(part.weight)
        total = sum(weights.values(), Fraction())
        given, left_over = portions(took.cents, weights, self.rounding)
        for partner, (named, clause) in first.items():
            part_terms = replace(
                terms,
                weight=decimal_text(weights[partner]),
                weights_total=decimal_text(total),
                rounding="first-listed" if self.rounding == "first-listed" else None,
                left_over_cents=left_over,
                place=given[partner].place if left_over else None,
            )
            part_sum = Sum(given[partner].cents, took.exact * weights[partner] / total)
            self._give(named, clause, part_sum, part_terms)

    def _give(self, to: str, clause: str, got: Sum, terms: Terms) -> None:
        self.shares.append(
            Share(
                partner=self._partner(to, clause),
                role=to if to == KEPT or to.startswith(ROLE) else None,
                clause=clause,
                cents=self.sign * got.cents,
                exact=ratio(self.sign * got.exact),
                terms=terms,
            )
        )

    def _partner(self, to: str, clause: str) -> str:
        if to == KEPT:
            return self.collected_by
        if not to.startswith(ROLE):
            return to
        if to not in self.bind and not self.symbolic:
            raise RoleUnbound(to, clause)
        return self.bind.get(to, to)


def _kind(take: Take) -> Kind:
    if take.percent is not None:
        return "percent" if take.of is None else "percent-of-remaining"
    if take.per_unit_cents is not None:
        return "per-unit"
    return "tiers" if take.tiers else "fixed"
