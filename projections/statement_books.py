"""The accounts that postings touch: what is posted is summed up as it comes, and each sum becomes a row at the end.

VAT is a function of what is summed: one tax on all that one partner sells another in a period under one rate. It is kept current
with every posting, so that it is in every balance and nothing is left to be done when a period is closed.
"""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Final, get_args

from msgspec import Struct

from domain.money import vat_of
from domain.revenue.events import ShareVat
from projections.rows import Latest
from projections.statement_facts import Claused, ShareTax
from projections.statement_postings import Kind, Postings
from projections.statement_rows import Balance, LastSheet, Levy, Sheet, Stretch

SHEET_STRETCHES: Final = 32
"""Of a full sheet: the last one is written anew with every slice that adds to it."""
NOTHING: Final[Mapping[Kind, int]] = dict.fromkeys(get_args(Kind), 0)


@cache
def is_levied(rate: str) -> bool:
    """Whether a rate, in percent, is one by which tax is added. Raises BadFigure for what is no rate."""
    return vat_of(0, rate) == 0 and rate.strip("0.") != ""


@lru_cache(maxsize=4_096)
def _levied(taxes: tuple[ShareTax | ShareVat, ...]) -> Mapping[str, ShareTax | ShareVat]:
    """By clause those by which tax is added. Few decisions tax many postings."""
    return {tax.clause: tax for tax in taxes if is_levied(tax.rate)}


class _Account(Struct):
    """What is posted to one partner in one period, on top of what was there."""

    before: Balance
    lines: int
    """Also of those before."""
    sums: dict[Kind, int]
    own: int = 0
    vat_lines: int = 0
    stretches: list[Stretch] | None = None
    """Which postings its lines are of; None where nobody wants to know."""
    newest: int = 0
    """Where the posting stands that came last."""
    kind: Kind = "share-earned"
    """Of its lines on this account: all have one."""
    moved: int = 0
    """What lines of that kind have come to since another kind came; not in `sums` yet."""

    def begin(self, position: int, kind: Kind) -> None:
        """From the next line on they are those of a posting."""
        if kind != self.kind:
            self.sum_up()
            self.kind = kind
        if self.stretches is not None and position != self.newest:
            self.newest = position
            self.stretches.append(Stretch(position, self.lines + 1))

    def sum_up(self) -> None:
        self.sums[self.kind] += self.moved
        self.moved = 0

    def balance(self) -> Balance:
        self.sum_up()
        before, sums = self.before, self.sums
        return Balance(
            before.partner,
            before.period,
            self.lines,
            before.vat_lines + self.vat_lines,
            earned_cents=before.earned_cents + sums["share-earned"],
            owed_cents=before.owed_cents + sums["share-owed"],
            cost_cents=before.cost_cents + sums["cost-share"],
            corrected_cents=before.corrected_cents + sums["correction"],
            trued_up_cents=before.trued_up_cents + sums["true-up"],
            set_off_cents=before.set_off_cents + sums["set-off"],
            paid_cents=before.paid_cents + sums["payment"],
            vat_cents=before.vat_cents + sums["vat"],
            own_cents=before.own_cents + self.own,
        )


class _Month(dict[str, _Account]):
    """The accounts of one period by partner."""

    def __init__(self, rows: Latest, period: str, *, sheets: bool) -> None:
        super().__init__()
        self._rows, self._period, self._sheets = rows, period, sheets

    def __missing__(self, partner: str) -> _Account:
        before = self._rows.latest(Balance(partner, self._period))
        stretches: list[Stretch] | None = [] if self._sheets else None
        account = self[partner] = _Account(before, before.lines, {**NOTHING}, stretches=stretches)
        return account


class Books(dict[str, _Month]):
    """The accounts by period."""

    def __init__(self, rows: Latest, *, sheets: bool = True) -> None:
        """`sheets`: whether it is noted which lines are of which posting, or sums are all that is wanted."""
        super().__init__()
        self._rows, self._sheets = rows, sheets
        self._bases: dict[tuple[str, str, str, str, str], int] = {}
        """What was added for seller, period, buyer, code and rate."""

    def __missing__(self, period: str) -> _Month:
        month = self[period] = _Month(self._rows, period, sheets=self._sheets)
        return month

    def post(self, position: int, postings: Postings) -> None:
        """Enter each share where it is due, and what all of them make at the hub. Raises ValueError where they do not add up."""
        hub, way, accounts = postings.hub, postings.way, self[postings.period]
        kind, sign, sheets, shares_in = way.kind, way.sign, self._sheets, False
        lines = due = own = 0
        for share in postings.shares:
            partner, cents = share.partner, share.cents
            if partner == hub:
                shares_in = True
                own += cents
            elif cents or share.waived_cents:
                account = accounts[partner]
                if sheets or account.kind != kind:
                    account.begin(position, kind)
                account.lines += 1
                account.moved += sign * cents
                lines += 1
                due += cents
        if due + own != postings.total_cents:
            raise ValueError(
                f"The shares of {postings.posting} sum to {due + own} cents, not to {postings.total_cents}."
            )
        if lines or (shares_in and way.keeps):
            account = accounts[hub]
            if lines:
                if sheets or account.kind != way.at_hub:
                    account.begin(position, way.at_hub)
                account.lines += lines
                account.moved -= sign * due
            account.own += way.keeps * own
        if postings.vat:
            self._levy(postings)

    def _levy(self, postings: Postings) -> None:
        """Add what is taxed to what its seller sells its buyer."""
        way, hub = postings.way, postings.hub
        levied = _levied(tuple(postings.vat))
        if not levied:
            return
        for share in postings.shares:
            tax = levied.get(share.clause or "") if isinstance(share, Claused) and share.partner != hub else None
            if tax:
                seller, buyer = (hub, share.partner) if way.hub_sells else (share.partner, hub)
                owed = -way.sign * share.cents if way.hub_sells else way.sign * share.cents
                key = (seller, postings.period, buyer, tax.code, tax.rate)
                self._bases[key] = self._bases.get(key, 0) + owed

    def changes(self) -> Iterator[Balance | Levy | Sheet | LastSheet]:
        yield from self._levies()
        for account in [account for month in self.values() for account in month.values()]:
            yield account.balance()
            if account.stretches:
                partner, period = account.before.partner, account.before.period
                last = self._rows.latest(LastSheet(partner, period))
                stretches, n = (*last.stretches, *account.stretches), last.n
                while len(stretches) >= SHEET_STRETCHES:
                    yield Sheet(partner, period, n, stretches[:SHEET_STRETCHES])
                    stretches, n = stretches[SHEET_STRETCHES:], n + 1
                yield LastSheet(partner, period, n, stretches)

    def _levies(self) -> Iterator[Levy]:
        """Each is on both accounts; what the tax is more than before goes to the balances."""
        for (seller, period, buyer, code, rate), added in self._bases.items():
            sold = self._rows.latest(Levy(seller, period, buyer, sells=True, code=code, rate=rate))
            base = sold.base_cents + added
            tax_before, tax = vat_of(sold.base_cents, rate), vat_of(base, rate)
            for partner, other, sells in ((seller, buyer, True), (buyer, seller, False)):
                account = self[period][partner]
                account.sums["vat"] += tax - tax_before if sells else tax_before - tax
                account.vat_lines += (tax != 0) - (tax_before != 0)
                yield Levy(partner, period, other, sells, code, rate, base)
