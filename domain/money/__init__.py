"""Money: whole cents, exact fractions, and the rule that shares them so that none is lost or invented.

`parse_rule` reads a sharing rule, `share` divides an amount by it, `explain` says why; `split` divides by weights.
`divide_cost` divides what one partner paid by a cost key, `reverse` takes back, `true_up` sets right what rounding moved,
`vat_of` adds VAT, `net` says who pays whom.
"""

from domain.money.allocation import AllocatedShare, Allocation, allocate
from domain.money.costs import (
    CostAmountGiven,
    CostAmountMissing,
    CostKey,
    CostQuantityMissing,
    CostQuantityUnowed,
    Costs,
    CostShare,
    divide_cost,
)
from domain.money.decimals import decimal_text
from domain.money.division import Division, Share
from domain.money.drift import DriftUnequal, true_up
from domain.money.euros import Language, euros
from domain.money.explanation import cents_by, explain
from domain.money.faults import BadFigure, MoneyFault, QuantityMissing, RoleUnbound, RuleFault
from domain.money.levy import portions_of_vat, vat_of
from domain.money.mentions import (
    NamedRole,
    clauses_counting,
    organisations_of,
    purpose_of,
    roles_of,
    taken_by_clause,
    unbound_roles,
    units_of,
)
from domain.money.netting import (
    Netted,
    NothingOwed,
    Obligation,
    OwesItself,
    PairBalance,
    Payment,
    Position,
    SetOff,
    Unsettled,
    net,
    pairwise,
    set_offs,
    through,
)
from domain.money.reading import parse_rule
from domain.money.reading_costs import parse_cost_key, parse_cost_keys
from domain.money.reading_obligations import parse_obligations
from domain.money.reversal import exact_part, reverse
from domain.money.rounding import CENTS_LIMIT, nearest_cent, split
from domain.money.rule import Clause, Onward, SharingRule, Take, Tier, Weighted, clauses_of, lies_within
from domain.money.sharing import share
from domain.money.terms import Terms
from domain.money.units import counted

__all__ = [
    "CENTS_LIMIT",
    "AllocatedShare",
    "Allocation",
    "BadFigure",
    "Clause",
    "CostAmountGiven",
    "CostAmountMissing",
    "CostKey",
    "CostQuantityMissing",
    "CostQuantityUnowed",
    "CostShare",
    "Costs",
    "Division",
    "DriftUnequal",
    "Language",
    "MoneyFault",
    "NamedRole",
    "Netted",
    "NothingOwed",
    "Obligation",
    "Onward",
    "OwesItself",
    "PairBalance",
    "Payment",
    "Position",
    "QuantityMissing",
    "RoleUnbound",
    "RuleFault",
    "SetOff",
    "Share",
    "SharingRule",
    "Take",
    "Terms",
    "Tier",
    "Unsettled",
    "Weighted",
    "allocate",
    "cents_by",
    "clauses_counting",
    "clauses_of",
    "counted",
    "decimal_text",
    "divide_cost",
    "euros",
    "exact_part",
    "explain",
    "lies_within",
    "nearest_cent",
    "net",
    "organisations_of",
    "pairwise",
    "parse_cost_key",
    "parse_cost_keys",
    "parse_obligations",
    "parse_rule",
    "portions_of_vat",
    "purpose_of",
    "reverse",
    "roles_of",
    "set_offs",
    "share",
    "split",
    "taken_by_clause",
    "through",
    "true_up",
    "unbound_roles",
    "units_of",
    "vat_of",
]
