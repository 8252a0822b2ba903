"""Reading how much a clause takes."""

from domain.money.faults import RuleFault, shown
from domain.money.reading_values import cents, decimal, entries, fields, word
from domain.money.rule import Take, Tier

MOST_TIERS = 32

_BOUNDS = ("min_cents", "max_cents", "per")
_COMPANIONS = {
    "fixed_cents": _BOUNDS,
    "percent": ("of", *_BOUNDS),
    "per_unit_cents": ("unit", *_BOUNDS),
    "tiers": _BOUNDS,
}
"""What each way of taking may be accompanied by."""


def read_take(raw: object, path: str) -> Take:
    if not isinstance(raw, dict):
        raise RuleFault(path, f'is {shown(raw)}, but must be an object or, in the last step, "remaining".')
    ways = [way for way in _COMPANIONS if way in raw]
    if len(ways) != 1:
        named = " and ".join(f'"{way}"' for way in ways) or "none"
        raise RuleFault(path, f'has {named}, but must have one of "fixed_cents", "percent", "per_unit_cents", "tiers".')
    needs = (ways[0], "unit") if ways[0] == "per_unit_cents" else (ways[0],)
    given = fields(raw, path, needs=needs, allows=_COMPANIONS[ways[0]])
    for choice, allowed in (("of", ("remaining",)), ("per", ("amount", "pathway"))):
        if choice in given and given[choice] not in allowed:
            either = " or ".join(f'"{each}"' for each in allowed)
            raise RuleFault(f"{path}.{choice}", f"is {shown(given[choice])}, but must be {either}.")
    take = Take(
        fixed_cents=cents(given, "fixed_cents", path, least=0),
        percent=decimal(given["percent"], f"{path}.percent", most=100) if "percent" in given else None,
        of="remaining" if "of" in given else None,
        per_unit_cents=cents(given, "per_unit_cents", path, least=0),
        unit=word(given["unit"], f"{path}.unit") if "unit" in given else None,
        tiers=_tiers(given["tiers"], f"{path}.tiers") if "tiers" in given else (),
        min_cents=cents(given, "min_cents", path, least=0),
        max_cents=cents(given, "max_cents", path, least=1),
        per="pathway" if given.get("per") == "pathway" else None,
    )
    if take.min_cents is not None and take.max_cents is not None and take.min_cents > take.max_cents:
        raise RuleFault(f"{path}.min_cents", f"is {take.min_cents}, but must not pass max_cents, {take.max_cents}.")
    return take


def _tiers(raw: object, path: str) -> tuple[Tier, ...]:
    listed = entries(raw, path, most=MOST_TIERS)
    tiers: list[Tier] = []
    floor = 0
    for number, each in enumerate(listed):
        at = f"{path}[{number}]"
        given = fields(each, at, needs=("percent",), allows=("up_to_cents",))
        up_to = cents(given, "up_to_cents", at, least=1)
        if number == len(listed) - 1:
            if up_to is not None:
                raise RuleFault(at, f'ends at {up_to}, but the last tier is open and has no "up_to_cents".')
        elif up_to is None:
            raise RuleFault(at, 'lacks "up_to_cents", but only the last tier is open.')
        elif up_to <= floor:
            raise RuleFault(f"{at}.up_to_cents", f"is {up_to}, but must be above the tier before it, {floor}.")
        else:
            floor = up_to
        tiers.append(Tier(up_to_cents=up_to, percent=decimal(given["percent"], f"{at}.percent", most=100)))
    return tuple(tiers)
