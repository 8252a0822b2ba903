"""Reading a sharing rule: refused with the path of its fault, or typed and certain to account for every cent."""

import re
from fractions import Fraction
from typing import Literal

from domain.money.faults import RuleFault, shown
from domain.money.reading_split import read_split
from domain.money.reading_take import read_take
from domain.money.reading_values import entries, fields, purpose
from domain.money.rounding import Rounding
from domain.money.rule import KEPT, Clause, Onward, SharingRule, Take, clauses_of

DEEPEST_LIST = 8
MOST_CLAUSES = 64

_TARGET = re.compile(r"org:[a-z0-9][a-z0-9-]{0,59}|role:[a-z0-9][a-z0-9-]{0,59}")


def parse_rule(raw: object) -> SharingRule:
    """A rule from decoded JSON, as written (`split` an object) or as stored (`split` an ordered list).

    Both forms give the same rule, and `parse_rule(msgspec.to_builtins(rule)) == rule`. Raises `RuleFault` for a rule
    that is malformed or would leave a cent without an owner.
    """
    given = fields(raw, "rule", needs=("steps",), allows=("rounding",))
    rule = SharingRule(rounding=_rounding(given.get("rounding")), steps=_clauses(given["steps"], "steps", depth=1))
    if (count := sum(1 for _ in clauses_of(rule))) > MOST_CLAUSES:
        raise RuleFault(
            "steps", f"holds {count} steps together with those inside them, but {MOST_CLAUSES} is the most."
        )
    return rule


def _rounding(raw: object) -> Rounding:
    match raw:
        case None | "largest-remainder":
            return "largest-remainder"
        case "first-listed":
            return "first-listed"
        case _:
            raise RuleFault("rounding", f'is {shown(raw)}, but must be "largest-remainder" or "first-listed".')


def _clauses(raw: object, path: str, *, depth: int) -> tuple[Clause, ...]:
    if depth > DEEPEST_LIST:
        raise RuleFault(path, f"lies {depth} lists of steps deep, but {DEEPEST_LIST} is the deepest.")
    listed = entries(raw, path, most=MOST_CLAUSES)
    clauses = tuple(
        _clause(each, f"{path}[{number}]", last=number == len(listed) - 1, depth=depth)
        for number, each in enumerate(listed)
    )
    _check_percentages(clauses, path)
    return clauses


def _clause(raw: object, path: str, *, last: bool, depth: int) -> Clause:
    given = fields(raw, path, needs=("take", "to"), allows=("for", "if_unbound"))
    take: Take | Literal["remaining"]
    if given["take"] == "remaining":
        if not last:
            raise RuleFault(f"{path}.take", 'is "remaining", but only the last step of a list takes that.')
        take = "remaining"
    else:
        take = read_take(given["take"], f"{path}.take")
        if last:
            raise RuleFault(f"{path}.take", 'is not "remaining", but the last step of every list takes that.')
    return Clause(
        take=take,
        to=_target(given["to"], f"{path}.to", depth),
        purpose=purpose(given.get("for"), f"{path}.for"),
        if_unbound=_if_unbound(given.get("if_unbound"), f"{path}.if_unbound", last=last),
    )


def _check_percentages(clauses: tuple[Clause, ...], path: str) -> None:
    """Percentages of the same whole share it; those of what remains each have a whole of their own."""
    together = Fraction()
    for number, clause in enumerate(clauses):
        if isinstance(clause.take, Take) and clause.take.percent is not None and clause.take.of is None:
            together += Fraction(clause.take.percent)
            if together > 100:  # noqa: PLR2004 -- percent
                at = f"{path}[{number}].take.percent"
                raise RuleFault(
                    at, f"is {shown(clause.take.percent)}, but with it the percentages of the whole pass 100."
                )


def _target(raw: object, path: str, depth: int) -> str | Onward:
    if not isinstance(raw, dict):
        return KEPT if raw == KEPT else _payee(raw, path, f', "{KEPT}", or an object with "split" or "steps".')
    if "steps" in raw:
        nested = fields(raw, path, needs=("steps",))
        return Onward(steps=_clauses(nested["steps"], f"{path}.steps", depth=depth + 1))
    return Onward(split=read_split(fields(raw, path, needs=("split",))["split"], f"{path}.split", _weighed))


def _weighed(raw: object, path: str) -> str:
    return _payee(raw, path, ".")


def _payee(raw: object, path: str, otherwise: str) -> str:
    if not isinstance(raw, str) or not _TARGET.fullmatch(raw):
        raise RuleFault(
            path,
            f'is {shown(raw)}, but must be an organisation, as in "org:xamk", a role, as in "role:provider"{otherwise}',
        )
    return raw


def _if_unbound(raw: object, path: str, *, last: bool) -> Literal["skip"] | None:
    if raw is None:
        return None
    if raw != "skip":
        raise RuleFault(path, f'is {shown(raw)}, but must be "skip" or left out.')
    if last:
        raise RuleFault(path, 'is "skip", but what remains must have an owner, so the last step cannot be skipped.')
    return "skip"
