"""What `tasma allocate` prints: a rule applied to an amount, targets merged, with its reasons."""

from collections.abc import Mapping
from fractions import Fraction

from msgspec import Struct, field

from domain.money.division import Share
from domain.money.euros import euros
from domain.money.explanation import explain
from domain.money.mentions import purpose_of, unbound_roles
from domain.money.rule import KEPT, SharingRule, clauses_of
from domain.money.sharing import share


class AllocatedShare(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one target gets under all clauses together; `for` joins what they are for."""

    to: str
    cents: int
    purpose: str | None = field(name="for")


class Allocation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shares in order of first appearance, those of 0 left out; they and `kept_cents` sum to the amount."""

    shares: tuple[AllocatedShare, ...]
    kept_cents: int
    explanation: tuple[str, ...]
    """One entry per clause and target, in English; skipped clauses last."""


def allocate(
    rule: SharingRule,
    amount_cents: int,
    *,
    bind: Mapping[str, str] | None = None,
    quantities: Mapping[str, str | Fraction] | None = None,
    taken: Mapping[str, int] | None = None,
    symbolic: bool = True,
) -> Allocation:
    """Divide an amount and say why; roles that are not bound stand for themselves unless `symbolic` is False.

    Raises what `share` raises.
    """
    division = share(
        rule, amount_cents, collected_by=KEPT, bind=bind, quantities=quantities, taken=taken, symbolic=symbolic
    )
    merged: dict[str, int] = {}
    purposes: dict[str, dict[str, None]] = {}
    for each in division.shares:
        merged[each.partner] = merged.get(each.partner, 0) + each.cents
        if (purpose := purpose_of(rule, each.clause)) is not None and each.cents:
            purposes.setdefault(each.partner, {})[purpose] = None
    return Allocation(
        shares=tuple(
            AllocatedShare(to=to, cents=cents, purpose="; ".join(purposes.get(to, ())) or None)
            for to, cents in merged.items()
            if cents and to != KEPT
        ),
        kept_cents=merged.get(KEPT, 0),
        explanation=(
            *(_reason(rule, each) for each in division.shares),
            *(_nothing(rule, path, bind or {}) for path in division.skipped),
        ),
    )


def _reason(rule: SharingRule, each: Share) -> str:
    sum_of_share = euros(each.cents, "en")
    outcome = f"the collector keeps {sum_of_share}" if each.role == KEPT else f"{each.partner} gets {sum_of_share}"
    return f"{_heading(rule, each.clause)}: {outcome}. {explain(each.terms, 'en')}"


def _nothing(rule: SharingRule, path: str, bind: Mapping[str, str]) -> str:
    roles = " and ".join(unbound_roles(dict(clauses_of(rule))[path], bind))
    return f"{_heading(rule, path)}: takes nothing, because no organisation is bound to {roles}."


def _heading(rule: SharingRule, path: str) -> str:
    purpose = purpose_of(rule, path)
    return path if purpose is None else f"{path} ({purpose})"
