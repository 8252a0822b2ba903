"""A statement line as a sentence, in Finnish, Swedish or English, that a person can recompute by hand."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import lru_cache

from domain.money import Language, Terms, euros, explain
from domain.money.euros import percentage
from projections.statement_because import CostPart, Drift, Paid, PaidBack, SetOff, TakenBack, Taxed
from projections.statement_books import is_levied
from projections.statement_line import Line
from projections.statement_phrases import PHRASES, Phrases

_explained = lru_cache(maxsize=4_096)(explain)
"""Reckoned once: a list price is shared in the same terms again and again."""


def text_of(
    line: Line, counterparty: str, language: Language, how: Callable[[Terms, Language], str] = _explained
) -> str:
    """What the line is for, and how its cents came about; `how` says that of its terms."""
    return " ".join(_sentences(line, counterparty, language, how))


def _sentences(
    line: Line, counterparty: str, language: Language, how: Callable[[Terms, Language], str]
) -> Iterator[str]:
    say = PHRASES[language]
    match line.because:
        case None:
            yield (
                (say.owed if line.kind == "share-owed" else say.earned)
                .format(
                    counterparty=counterparty,
                    purpose=line.purpose or say.share,
                    step=line.step,
                    part=line.part,
                    pathway=line.pathway,
                    day=day_in(line.occurred_on, language),
                    how=how(line.terms, language) if line.terms else "",
                )
                .strip()
            )
        case TakenBack() as back:
            yield _taken_back(line, back, counterparty, say, language)
        case CostPart() as cost:
            yield (
                (say.cost_due if line.sells else say.cost_owed)
                .format(
                    counterparty=counterparty,
                    purpose=f"{line.purpose}, {cost.key}" if line.purpose else cost.key,
                    day=day_in(line.occurred_on, language),
                    amount=euros(cost.amount_cents, language),
                    how=how(line.terms, language) if line.terms else "",
                )
                .strip()
            )
            if cost.waived_cents:
                yield say.waived.format(waived=euros(cost.waived_cents, language))
        case Drift() as drift:
            # On the hub's statement the cents have the other sign than on that of the partner whose drift it is.
            whose = say.this_partner if line.cents == drift.missing_cents else say.other_partner
            yield say.trued_up.format(
                agreement=f"{line.agreement} v{line.version}",
                upto=drift.upto,
                whose=whose.format(counterparty=counterparty),
                exact=_rounded(
                    Fraction(drift.exact), drift.booked_cents + drift.missing_cents, say.by_remainder, language
                ),
                booked=euros(drift.booked_cents, language),
                missing=euros(drift.missing_cents, language),
            )
        case SetOff() as offset:
            yield say.set_off.format(
                counterparty=counterparty,
                day=day_in(line.occurred_on, language),
                owes=euros(offset.owes_cents, language),
                due=euros(offset.due_cents, language),
                pays=euros(offset.pays_cents, language),
                gets=euros(offset.gets_cents, language),
            )
        case Paid() as paid:
            yield (say.paid if line.cents > 0 else say.received).format(
                counterparty=counterparty,
                day=day_in(line.occurred_on, language),
                cents=euros(abs(line.cents), language),
                ordered=euros(paid.ordered_cents, language),
                bank_line=paid.bank_line,
            )
        case PaidBack() as back_paid:
            yield (say.received_back if line.cents > 0 else say.paid_back).format(
                counterparty=counterparty,
                day=day_in(line.occurred_on, language),
                cents=euros(abs(line.cents), language),
                ordered=euros(back_paid.ordered_cents, language),
                bank_line=back_paid.bank_line,
                reason=say.back_reasons[back_paid.reason],
            )
        case Taxed() as taxed:
            yield _taxed(line, taxed, counterparty, say, language)
    if line.vat and line.vat.ground and not is_levied(line.vat.rate):
        yield say.untaxed.format(ground=line.vat.ground)


def _taken_back(line: Line, back: TakenBack, counterparty: str, say: Phrases, language: Language) -> str:
    whole = back.amount_cents == back.left_cents
    exact = Fraction(back.share_cents * back.amount_cents, back.left_cents or 1)
    return (say.corrected if whole else say.corrected_in_part).format(
        cents=euros(line.cents, language),
        corrects=line.corrects,
        counterparty=counterparty,
        purpose=line.purpose or (say.share if line.pathway else say.costs),
        where=say.step.format(step=line.step, part=line.part, pathway=line.pathway) if line.pathway else say.costs,
        day=day_in(line.occurred_on, language),
        amount=euros(back.amount_cents, language),
        left=euros(back.left_cents, language),
        reason=say.reasons.get(back.reason, back.reason),
        share=euros(back.share_cents, language),
        part=_rounded(exact, abs(line.cents) if exact >= 0 else -abs(line.cents), say.by_remainder, language),
    )


def _taxed(line: Line, taxed: Taxed, counterparty: str, say: Phrases, language: Language) -> str:
    rate = line.vat.rate if line.vat else "0"
    exact = taxed.base_cents * Fraction(rate) / 100
    return (say.sold if line.sells else say.bought).format(
        counterparty=counterparty,
        lines=(say.one_line if len(taxed.lines) == 1 else say.several_lines).format(numbers=_numbers(taxed.lines)),
        rate=percentage(rate, language),
        base=euros(taxed.base_cents, language),
        exact=_rounded(exact, line.cents if line.sells else -line.cents, say.rounded, language),
    )


def _rounded(exact: Fraction, cents: int, how: str, language: Language) -> str:
    if exact == cents:
        return euros(cents, language)
    return how.format(exact=euros(exact, language), result=euros(cents, language))


def _numbers(lines: Sequence[int]) -> str:
    """Line numbers in order, those in a row as from and to: `1-4, 7`."""
    runs: list[list[int]] = []
    for n in lines:
        if runs and n == runs[-1][-1] + 1:
            runs[-1][1:] = [n]
        else:
            runs.append([n])
    return ", ".join("-".join(map(str, run)) for run in runs)


def day_in(day: date, language: Language) -> str:
    return f"{day.day}.{day.month}.{day.year}" if language != "en" else f"{day.day} {day:%B %Y}"
