"""What the money rules say no to, each in a sentence with the value and what is allowed."""

from domain.kernel import Refused


class MoneyFault(Refused, ValueError):
    """A figure, a rule or a binding with which not every cent could be accounted for."""


class BadFigure(MoneyFault):
    """An amount, a weight or a quantity that is not exact or not allowed."""


class RuleFault(MoneyFault):
    """A sharing rule, a cost key or a list of obligations that is malformed, or would leak; raised before it is used.

    `path` is the place, such as `steps[2].to.split`; `str()` is the path and what is wrong with it, one whole sentence.
    """

    def __init__(self, path: str, sentence: str) -> None:
        super().__init__(f"{path} {sentence}")
        self.path = path


class RoleUnbound(MoneyFault):
    """A clause pays a role that no organisation has and that it may not skip."""

    def __init__(self, role: str, clause: str) -> None:
        super().__init__(
            f"{clause} pays {role}, which is bound to no organisation; "
            f'bind it, or let the rule say "if_unbound": "skip" there.'
        )
        self.role = role
        self.clause = clause


class QuantityMissing(MoneyFault):
    """A clause counts a unit whose quantity did not come with the amount."""

    def __init__(self, unit: str, clause: str) -> None:
        super().__init__(f"{clause} counts {unit}, but no quantity of {unit} was given with the amount; give one.")
        self.unit = unit
        self.clause = clause


LONGEST_QUOTE = 60
"""Characters of a text, bits of an integer: longer ones are cut in a refusal, so that it stays a sentence."""

_KINDS: dict[type, str] = {type(None): "null", dict: "an object", list: "a list", tuple: "a list"}


def shown(value: object) -> str:
    """A value as a refusal quotes it: short, and its kind recognisable."""
    match value:
        case bool():
            quote = str(value).lower()
        case str():
            quote = f'"{value}"' if len(value) <= LONGEST_QUOTE else f'"{value[:LONGEST_QUOTE]}…"'
        case int():
            bits = value.bit_length()
            quote = str(value) if bits <= LONGEST_QUOTE else f"an integer of {bits} bits"
        case float():
            quote = f"the float {value!r}"
        case _:
            quote = _KINDS.get(type(value), f"a {type(value).__name__}")
    return quote
