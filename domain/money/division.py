"""One amount divided: the shares as events store them."""

from msgspec import Struct

from domain.money.terms import Terms


class Share(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What one organisation gets of one amount under one clause."""

    partner: str
    """The organisation; a role where it stayed symbolic."""
    role: str | None
    """`role:…` where the rule named a role, `kept` where the collector keeps it, else null."""
    clause: str
    """The path: `steps[0]`, `steps[1].to.split[0]`, `steps[2].to.steps[1]`."""
    cents: int
    """Whole cents of euro without VAT, with the sign of the amount."""
    exact: str
    """The share of the whole rule without rounding, `num/den` in cents."""
    terms: Terms
    """Everything needed to compute the cents again by hand."""


class Division(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shares in the order of the rule; their cents, and their exact parts, sum to the amount."""

    shares: tuple[Share, ...]
    skipped: tuple[str, ...]
    """Paths of the clauses that took nothing because their role is bound to nobody."""
