"""A statement as it was kept in form 1: with its sentences, which no digest covers and an audit compares word by word."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from domain.changing import replace
from domain.money import Language, Terms, euros, explain
from domain.money.phrases import PHRASES, Phrases
from domain.words import LANGUAGES, Names
from projections.statement import Account
from projections.statement_forms import Subtotal, line_form_1
from projections.statement_line import Line
from projections.statement_text import day_in, text_of

_CORRECTED: Final[Mapping[Language, str]] = {
    "fi": "Oikaisu {cents} riviin {corrects} ({counterparty}, {purpose}): vaiheen {step} osa {part} ({pathway}) peruttiin {day}.",
    "sv": "Korrigering {cents} av rad {corrects} ({counterparty}, {purpose}): del {part} av etapp {step} ({pathway}) togs tillbaka {day}.",
    "en": "Correction of {cents} to line {corrects} ({counterparty}, {purpose}): part {part} of step {step} ({pathway}) "
    "was taken back on {day}.",
}
_RECKONED: Final[Mapping[Language, Phrases]] = {
    language: say._replace(unit="{quantity} \u00d7 {price} ({unit})") for language, say in PHRASES.items()
}
"""What is counted was named by its code, in every language."""
_SHARE: Final[Mapping[Language, str]] = {"fi": "korvausosuus", "sv": "ersättningsandel", "en": "a revenue share"}


class StatementLineForm1(Struct, frozen=True, kw_only=True):
    """A line as it was kept."""

    n: int
    occurred_on: date
    recorded_at: datetime
    kind: str
    counterparty: str
    cents: int
    role: str | None
    clause: str
    quantity: str | None
    unit_cents: int | None
    corrects: str | None
    vat: None
    project: str | None
    pathway: str
    step: int
    part: int
    entry: str
    text: Mapping[str, str]
    events: tuple[int, ...]


class StatementForm1(Struct, frozen=True, kw_only=True):
    """A statement as it was kept."""

    form: int
    network: str
    constructed: bool
    partner: str
    period: str
    position: int
    as_of: int | None
    state: str
    opening_cents: int
    closing_cents: int
    digest: str | None
    lines: tuple[StatementLineForm1, ...]
    subtotals: tuple[Subtotal, ...]
    own_cents: int


def kept_in_form_1(account: Account) -> StatementForm1:
    """What was kept when it was issued: as of the cut, when the period was closed and nothing issued yet."""
    account = replace(account, form=1)
    cut = account.cut or 0
    return StatementForm1(
        form=1,
        network=account.network,
        constructed=account.constructed,
        partner=account.partner,
        period=account.period,
        position=cut,
        as_of=cut,
        state="closed",
        opening_cents=account.opening_cents,
        closing_cents=account.closing_cents,
        digest=account.digest,
        lines=tuple(
            StatementLineForm1(**asdict(line_form_1(line)), text=_text(line, account.names[line.counterparty]))
            for line in account.lines
        ),
        subtotals=account.subtotals,
        own_cents=account.own_cents,
    )


def _text(line: Line, name: Names | None) -> Mapping[str, str]:
    return {
        language: _sentence(line, name.best(language) if name else line.counterparty, language)
        for language in LANGUAGES
    }


def _sentence(line: Line, counterparty: str, language: Language) -> str:
    if line.kind != "correction":
        return text_of(line, counterparty, language, _explained)
    return _CORRECTED[language].format(
        counterparty=counterparty,
        purpose=line.purpose or _SHARE[language],
        cents=euros(line.cents, language),
        corrects=line.corrects,
        step=line.step,
        part=line.part,
        pathway=line.pathway,
        day=day_in(line.occurred_on, language),
    )


def _explained(terms: Terms, language: Language) -> str:
    return explain(terms, language, _RECKONED)
