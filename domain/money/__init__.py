"""Money: whole cents, exact fractions, and the rule that shares them so that none is lost or invented.

`parse_rule` reads a sharing rule, `share` divides an amount by it, `explain` says why; `split` divides by weights.
"""

from domain.money.allocation import AllocatedShare, Allocation, allocate
from domain.money.division import Division, Share
from domain.money.euros import Language, euros
from domain.money.explanation import cents_by, explain
from domain.money.faults import BadFigure, MoneyFault, QuantityMissing, RoleUnbound, RuleFault
from domain.money.mentions import NamedRole, organisations_of, purpose_of, roles_of, taken_by_clause, units_of
from domain.money.reading import parse_rule
from domain.money.reversal import reverse
from domain.money.rounding import CENTS_LIMIT, nearest_cent, split
from domain.money.rule import Clause, Onward, SharingRule, Take, Tier, Weighted, clauses_of
from domain.money.sharing import share
from domain.money.terms import Terms

__all__ = [
    "CENTS_LIMIT",
    "AllocatedShare",
    "Allocation",
    "BadFigure",
    "Clause",
    "Division",
    "Language",
    "MoneyFault",
    "NamedRole",
    "Onward",
    "QuantityMissing",
    "RoleUnbound",
    "RuleFault",
    "Share",
    "SharingRule",
    "Take",
    "Terms",
    "Tier",
    "Weighted",
    "allocate",
    "cents_by",
    "clauses_of",
    "euros",
    "explain",
    "nearest_cent",
    "organisations_of",
    "parse_rule",
    "purpose_of",
    "reverse",
    "roles_of",
    "share",
    "split",
    "taken_by_clause",
    "units_of",
]
