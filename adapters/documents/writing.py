"""Sums, days and account numbers as documents write them in a language."""

from collections.abc import Sequence
from datetime import date

from adapters.documents.words import word
from domain.calendar import first_day
from domain.money import Language, euros
from projections.document import CorrectedStatement, StatementDocument

_MINUS = "\u2212"
_SPACE = "\u00a0"
_MONTHS: dict[Language, tuple[str, ...]] = {
    "fi": (
        "tammikuu",
        "helmikuu",
        "maaliskuu",
        "huhtikuu",
        "toukokuu",
        "kesäkuu",
        "heinäkuu",
        "elokuu",
        "syyskuu",
        "lokakuu",
        "marraskuu",
        "joulukuu",
    ),
    "sv": (
        "januari",
        "februari",
        "mars",
        "april",
        "maj",
        "juni",
        "juli",
        "augusti",
        "september",
        "oktober",
        "november",
        "december",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}
_GROUP = 4
_REFERENCE_GROUP = 5


def amount(cents: int, language: Language) -> str:
    """`1 234,56 €`, `€1,234.56`; below zero with a minus sign, never a hyphen that a line breaks after."""
    return euros(cents, language).replace("-", _MINUS)


def figure(cents: int, language: Language) -> str:
    """The same for a column whose head says euro: `1 234,56`, `1,234.56`."""
    return amount(cents, language).replace("€", "").strip(_SPACE)


def day(on: date, language: Language) -> str:
    """`5.3.2019` in Finnish and Swedish, `5 Mar 2019` in English."""
    if language == "en":
        return f"{on.day}{_SPACE}{_MONTHS['en'][on.month - 1][:3]}{_SPACE}{on.year}"
    return f"{on.day}.{on.month}.{on.year}"


def month(period: str, language: Language) -> str:
    """`syyskuu 2024` of the period `2024-09`."""
    first = first_day(period)
    return f"{_MONTHS[language][first.month - 1]} {first.year}"


def numbers(statement: StatementDocument, language: Language) -> Sequence[str]:
    """The numbers of a statement's documents; beside another's its name."""
    return [
        f"{each.number} ({each.issuer.best(language)})" if each.issuer else each.number for each in statement.documents
    ] or statement.invoices


def corrects(statement: CorrectedStatement, language: Language) -> str:
    """Which statement a credit note corrects, where it has no document to name."""
    return word("notice.corrects", language).format(
        period=statement.period, statement=statement.statement, digest=statement.digest
    )


def iban(plain: str) -> str:
    """In groups of four (ISO 13616)."""
    return _SPACE.join(plain[at : at + _GROUP] for at in range(0, len(plain), _GROUP))


def reference(digits: str) -> str:
    """A Finnish reference in groups of five from the right, as banks print it."""
    start = len(digits) % _REFERENCE_GROUP
    groups = [
        digits[:start],
        *(digits[at : at + _REFERENCE_GROUP] for at in range(start, len(digits), _REFERENCE_GROUP)),
    ]
    return _SPACE.join(g for g in groups if g)
