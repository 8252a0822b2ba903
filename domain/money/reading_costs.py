"""Reading a cost key: refused with the path of its fault, or typed and certain to say who owes what."""

import re
from collections.abc import Mapping
from fractions import Fraction

from domain.money.costs import CostKey, Costs
from domain.money.faults import RuleFault, shown
from domain.money.reading_split import MOST_TARGETS, read_split
from domain.money.reading_values import cents, entries, fields, organisation, purpose, word

MOST_KEYS = 50
"""Of one agreement."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,60}")
_WAYS = ("split", "fixed_cents", "per_unit_cents")


def parse_cost_keys(raw: object, path: str = "cost_keys") -> tuple[CostKey, ...]:
    """The cost keys of an agreement, none or several, each under a name of its own; faults as `cost_keys[1].costs.split`."""
    if not isinstance(raw, list | tuple):
        raise RuleFault(path, f"is {shown(raw)}, but must be a list.")
    if len(raw) > MOST_KEYS:
        raise RuleFault(path, f"has {len(raw)} entries, but {MOST_KEYS} is the most.")
    keys = tuple(_key(each, f"{path}[{number}]", f"{path}[{number}].") for number, each in enumerate(raw))
    for number, key in enumerate(keys):
        if key.name in (names := [each.name for each in keys[:number]]):
            raise RuleFault(
                f"{path}[{number}].name", f"is {shown(key.name)}, as is that of {path}[{names.index(key.name)}]."
            )
    return keys


def parse_cost_key(raw: object) -> CostKey:
    """A cost key from decoded JSON, as written (`split` an object, `owed_by` beside `costs`) or as stored.

    Both forms give the same key, and `parse_cost_key(msgspec.to_builtins(key)) == key`. Raises `RuleFault` for a key that
    is malformed or under which nobody but the payer would ever owe anything.
    """
    return _key(raw, "cost key", "")


def _key(raw: object, path: str, inside: str) -> CostKey:
    given = fields(raw, path, needs=("name", "paid_by", "costs"), allows=("owed_by", "for"))
    paid_by = organisation(given["paid_by"], f"{inside}paid_by")
    return CostKey(
        name=_name(given["name"], f"{inside}name"),
        paid_by=paid_by,
        costs=_costs(given, inside, paid_by),
        purpose=purpose(given.get("for"), f"{inside}for"),
    )


def _name(raw: object, path: str) -> str:
    if not isinstance(raw, str) or not _NAME.fullmatch(raw):
        raise RuleFault(path, f'is {shown(raw)}, but must be a name in lower case such as "web-service".')
    return raw


def _costs(key: Mapping[str, object], inside: str, paid_by: str) -> Costs:
    raw, path = key["costs"], f"{inside}costs"
    if not isinstance(raw, dict):
        raise RuleFault(path, f"is {shown(raw)}, but must be an object.")
    ways = [way for way in _WAYS if way in raw]
    if len(ways) != 1:
        named = " and ".join(f'"{way}"' for way in ways) or "none"
        raise RuleFault(path, f'has {named}, but must have one of "split", "fixed_cents", "per_unit_cents".')
    if ways[0] == "split":
        return _split(key, raw, inside, paid_by)
    needs = ("per_unit_cents", "unit") if ways[0] == "per_unit_cents" else ("fixed_cents",)
    given = fields(raw, path, needs=needs, allows=("owed_by",))
    return Costs(
        fixed_cents=cents(given, "fixed_cents", path, least=1),
        per_unit_cents=cents(given, "per_unit_cents", path, least=1),
        unit=word(given["unit"], f"{path}.unit") if "unit" in given else None,
        owed_by=_owed_by(key, given, inside, paid_by),
    )


def _split(key: Mapping[str, object], costs: Mapping[str, object], inside: str, paid_by: str) -> Costs:
    path = f"{inside}costs.split"
    if "owed_by" in key:
        raise RuleFault(f"{inside}owed_by", "stands beside a split, whose weights say who owes; leave it out.")
    parts = read_split(fields(costs, f"{inside}costs", needs=("split",))["split"], path, organisation)
    _check_once([part.to for part in parts], path, ".to")
    if not any(Fraction(part.weight) for part in parts if part.to != paid_by):
        raise RuleFault(path, f"gives a weight above 0 to {paid_by} alone, which pays; name another that owes a part.")
    return Costs(split=parts)


def _owed_by(key: Mapping[str, object], costs: Mapping[str, object], inside: str, paid_by: str) -> tuple[str, ...]:
    """Who owes, from beside `costs` as written or from inside as stored."""
    outside, stored = f"{inside}owed_by", f"{inside}costs.owed_by"
    if "owed_by" not in key and "owed_by" not in costs:
        raise RuleFault(outside, "is missing, but without a split it says who owes; name the organisations.")
    if "owed_by" in key and "owed_by" in costs:
        raise RuleFault(outside, f"stands beside {stored}; leave one of them out.")
    path, raw = (outside, key["owed_by"]) if "owed_by" in key else (stored, costs["owed_by"])
    owed_by = tuple(organisation(each, f"{path}[{n}]") for n, each in enumerate(entries(raw, path, most=MOST_TARGETS)))
    _check_once(owed_by, path, "")
    if owed_by == (paid_by,):
        raise RuleFault(path, f"names {paid_by} alone, which pays; name another that owes.")
    return owed_by


def _check_once(organisations: tuple[str, ...] | list[str], path: str, within: str) -> None:
    for number, each in enumerate(organisations):
        if each in organisations[:number]:
            raise RuleFault(f"{path}[{number}]{within}", f"is {shown(each)}, which is named before; once is enough.")
