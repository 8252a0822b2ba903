"""Terms as a sentence from which a person can compute the cents again."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from domain.money.euros import Language, euros, number, percentage
from domain.money.phrases import PHRASES, Phrases
from domain.money.rounding import floor_cent, nearest_cent
from domain.money.terms import Terms, bands, bounded, lowered, raised, reckoned
from domain.money.units import counted


def explain(terms: Terms, language: Language, phrases_of: Mapping[Language, Phrases] = PHRASES) -> str:
    """One sentence in Finnish, Swedish or English whose last sum is the share.

    `5% of €1,234.56 is €61.728; rounded to €61.73.` It is written from the terms alone: they are enough to compute it.
    `phrases_of`: by language; others where a sentence is written again as it once was.
    """
    say = phrases_of[language]
    phrases = [*_chain(terms, say, language)]
    if terms.base_cents < 0:
        phrases.append(say.negative.format(result=euros(-_magnitude(terms), language)))
    sentence = "; ".join(phrases)
    return f"{sentence[0].upper()}{sentence[1:]}."


def cents_by(terms: Terms) -> int:
    """The cents of a share computed again from its terms."""
    return -_magnitude(terms) if terms.base_cents < 0 else _magnitude(terms)


def _magnitude(terms: Terms) -> int:
    took = _took(terms)
    return took if terms.weight is None else _part(terms, took) + _odd_cent(terms)


def _took(terms: Terms) -> int:
    """What the clause took, before any split."""
    return nearest_cent(bounded(terms, reckoned(terms, _base(terms)))) - terms.short_cents


def _base(terms: Terms) -> Fraction:
    return Fraction(abs(terms.base_cents))


def _due(terms: Terms, took: int) -> Fraction:
    return took * Fraction(terms.weight or 0) / Fraction(terms.weights_total or 1)


def _part(terms: Terms, took: int) -> int:
    return floor_cent(_due(terms, took))


def _odd_cent(terms: Terms) -> int:
    return int(terms.place is not None and terms.place <= terms.left_over_cents)


def _chain(terms: Terms, say: Phrases, language: Language, *, within: bool = False) -> Iterator[str]:
    """The phrases of the clauses around this one, then its own. `within`: another clause goes on with what it took."""
    if terms.within is not None:
        yield from _chain(terms.within, say, language, within=True)
    value = reckoned(terms, _base(terms))
    # Who takes a part of the whole names the whole with the part.
    goes_on = (within or terms.weight is not None) and terms.min_cents is None and terms.max_cents is None
    if terms.kind == "remaining" and not terms.earlier_cents and not goes_on:
        yield say.whole.format(base=euros(_base(terms), language))
    yield from _reckoning(terms, value, say, language)
    for limited, phrase in _limits(terms, value, say, language):
        value = limited
        yield phrase
    asked = nearest_cent(value)
    if value != asked:
        yield say.rounded.format(result=euros(asked, language))
    took = asked - terms.short_cents
    if terms.short_cents:
        yield say.short.format(result=euros(took, language), short=euros(terms.short_cents, language))
    if terms.weight is not None:
        yield from _splitting(terms, took, say, language)


def _reckoning(terms: Terms, value: Fraction, say: Phrases, language: Language) -> Iterator[str]:
    base, result = euros(_base(terms), language), euros(value, language)
    if terms.earlier_cents:
        earlier = abs(terms.earlier_cents)
        entered = euros(_base(terms) + earlier, language)
        yield say.earlier.format(earlier=euros(earlier, language), entered=entered, base=base)
    match terms.kind:
        case "fixed":
            yield say.fixed.format(fixed=euros(terms.fixed_cents or 0, language))
            if terms.taken_before_cents is not None:
                yield say.once.format(before=_before(terms, language), result=result)
        case "percent" | "percent-of-remaining":
            taking = say.of.format(percent=percentage(terms.percent or "0", language), base=base)
            yield say.equals.format(sum=taking, result=result)
        case "per-unit":
            quantity = terms.quantity or "0"
            taking = say.unit.format(
                counted=counted(quantity, terms.unit, language),
                quantity=number(quantity, language),
                price=euros(terms.unit_cents or 0, language),
                unit=terms.unit,
            )
            yield say.equals.format(sum=taking, result=result)
        case "tiers":
            each = [
                say.of.format(percent=percentage(percent, language), base=euros(band, language))
                for percent, band in bands(terms.tiers, _base(terms))
                if band or not terms.base_cents
            ]
            yield say.equals.format(sum=" + ".join(each), result=result)
        case "remaining":
            pass  # what was left is said already


def _limits(terms: Terms, value: Fraction, say: Phrases, language: Language) -> Iterator[tuple[Fraction, str]]:
    """The minimum and the maximum, each with the value after it."""
    for cents, phrase, limit in ((terms.min_cents, say.least, raised), (terms.max_cents, say.most, lowered)):
        if cents is None:
            continue
        value = limit(terms, value)
        bound = euros(cents, language)
        if terms.taken_before_cents is not None:
            bound = say.per_pathway.format(bound=bound, before=_before(terms, language))
        yield value, phrase.format(bound=bound, result=euros(value, language))


def _splitting(terms: Terms, took: int, say: Phrases, language: Language) -> Iterator[str]:
    due = _due(terms, took)
    yield say.part.format(
        weight=number(terms.weight or "0", language),
        total=number(terms.weights_total or "1", language),
        base=euros(took, language),
        result=euros(due, language),
    )
    if terms.place is not None:
        yield (say.largest if terms.rounding is None else say.listed).format(
            floor=euros(floor_cent(due), language),
            left_over=euros(terms.left_over_cents, language),
            place=terms.place,
            result=euros(floor_cent(due) + _odd_cent(terms), language),
        )


def _before(terms: Terms, language: Language) -> str:
    return euros(abs(terms.taken_before_cents or 0), language)
