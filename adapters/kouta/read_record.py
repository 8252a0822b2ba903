"""What one Kouta record says: a description in the catalogue's words, or why it cannot be one."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from adapters.kouta.codes import CREDIT_UNITS, MODES, TEACHING_LANGUAGES, bare, sector_of
from adapters.kouta.plain_text import cut, one_line, plain
from domain.catalog.events import Description
from domain.kernel import Value
from domain.money import CENTS_LIMIT
from domain.words import LANGUAGES

LINE_CHARACTERS_MAX = 200
PROSE_CHARACTERS_MAX = 5_000
KEYWORDS_MAX = 50
YEARS = range(2000, 2101)
"""A date outside them is a slip of the keyboard."""

_OID = re.compile(r"1\.2\.246\.562\.([0-9]{1,4})\.[0-9]{1,24}")
_PROGRAMME, _IMPLEMENTATION = "13", "17"
_ORGANISATIONS = frozenset({"10", "99"})
_GONE = frozenset({"arkistoitu", "poistettu"})
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_CREDITS = Decimal(10**9)
_SHOWN_MAX = 60
_PLAIN = re.compile(r"[\w.,:#+/-]+")


class KoutaRecord(Value, frozen=True):
    """A programme or an implementation of the national catalogue."""

    oid: str
    providers: tuple[str, ...]
    """OIDs of the organisations that give it, in the record's order."""
    description: Description | None
    """None where the record is archived or deleted at the source: nothing of it is needed then."""
    notes: tuple[str, ...] = ()
    """What the record says and the catalogue cannot hold; a sentence each."""

    @property
    def offering(self) -> str:
        return f"offering:{self.oid}"


class KoutaRefused(Value, frozen=True):
    """Why a record does not become an offering: a sentence with the oid, what is wrong and the way out."""

    oid: str | None
    reason: str


def read_record(record: Any) -> KoutaRecord | KoutaRefused:  # noqa: ANN401 - any JSON
    """Read a record decoded by `adapters.kouta.decode`. Never raises, whatever the JSON."""
    if not isinstance(record, Mapping):
        return KoutaRefused(
            oid=None,
            reason=f"A Kouta record is an object, not {_shown(record)}; give the JSON of one koulutus or toteutus.",
        )
    oid = record.get("oid")
    if not (isinstance(oid, str) and (known := _OID.fullmatch(oid))):
        return KoutaRefused(
            oid=None,
            reason=f"A Kouta record has an oid such as 1.2.246.562.17.1; {_shown(oid)} is none. Fetch the record again.",
        )
    try:
        return _Reader(oid).read(record, known[1])
    except _Defect as defect:
        return KoutaRefused(oid=oid, reason=f"{oid} {defect}")


class _Defect(Exception):
    """The end of a sentence that begins with the oid; it never leaves this file."""


class _Reader:
    """Reads one record and notes what is left out on the way."""

    def __init__(self, oid: str) -> None:
        self.oid = oid
        self.notes: list[str] = []

    def read(self, record: Mapping[str, Any], register: str) -> KoutaRecord:
        if register in _ORGANISATIONS:
            raise _Defect(
                "is an institution, not an offering; register it with register-organisation, and import the koulutus and "
                "toteutus records it gives."
            )
        if register not in (_PROGRAMME, _IMPLEMENTATION):
            raise _Defect(
                f"is neither a programme (1.2.246.562.{_PROGRAMME}.…) nor an implementation "
                f"(1.2.246.562.{_IMPLEMENTATION}.…); only those can be offerings."
            )
        match record.get("tila"):
            case "julkaistu":
                description = self.description(record)
            case str(gone) if gone in _GONE:
                return KoutaRecord(oid=self.oid, providers=(), description=None)
            case "tallennettu":
                raise _Defect("is a draft (tila: tallennettu); publish it in Kouta and import it again.")
            case other:
                raise _Defect(
                    f"has the state (tila) {_shown(other)}, which is none of julkaistu, tallennettu, arkistoitu and poistettu; "
                    "correct it in Kouta."
                )
        return KoutaRecord(
            oid=self.oid, providers=self.providers(record), description=description, notes=tuple(self.notes)
        )

    def providers(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        given = [_object(p, f"tarjoajat[{n}]") for n, p in enumerate(_list(record.get("tarjoajat"), "tarjoajat"))]
        oids = [_text(p.get("oid"), f"tarjoajat[{n}].oid") for n, p in enumerate(given)]
        return tuple(dict.fromkeys(oid for oid in oids if oid))

    def description(self, record: Mapping[str, Any]) -> Description:
        about = _object(record.get("metadata"), "metadata")
        teaching = _object(about.get("opetus"), "metadata.opetus")
        self.check_dates(record, about, teaching)
        name = self.names(_object(record.get("nimi"), "nimi"))
        keywords = self.keywords(about)
        content = {
            "kind": "course",
            "name": name,
            "summary": self.summary(about),
            "sector": sector_of(_field_codes(record, about), keywords),
            "languages": self.languages(teaching),
            "modes": _modes(teaching),
            "credits": self.credits(about),
            "price_cents": self.price_cents(teaching),
            "keywords": keywords,
            "source": self.oid,
        }
        try:
            return msgspec.convert(content, Description)
        except msgspec.ValidationError as error:  # the readers above keep every limit: a belt beside the braces
            raise _Defect(f"does not fit the catalogue: {error}. Report this to whoever keeps the importer.") from error

    # --- texts -------------------------------------------------------------------------------------------------------
    def names(self, given: Mapping[str, Any]) -> dict[str, str]:
        names = {
            language: self.within(text, LINE_CHARACTERS_MAX, f"The name in {language}")
            for language, html in self.spoken(given, "nimi").items()
            if (text := one_line(html))
        }
        if not names:
            raise _Defect("has no name in fi, sv or en; name it in Kouta and import it again.")
        return names

    def summary(self, about: Mapping[str, Any]) -> dict[str, str]:
        """The description, then what is learnt, where both are there and differ."""
        parts = [self.spoken(_object(about.get(f), f"metadata.{f}"), f) for f in ("kuvaus", "osaamistavoitteet")]
        summary: dict[str, str] = {}
        for language in LANGUAGES:
            texts = dict.fromkeys(plain(part[language]) for part in parts if language in part)
            if text := "\n".join(filter(None, texts)):
                summary[language] = self.within(text, PROSE_CHARACTERS_MAX, f"The description in {language}")
        return summary

    def spoken(self, given: Mapping[str, Any], where: str) -> dict[str, str]:
        """The texts in the network's languages; others are noted and left out."""
        texts = {language: _text(text, f"{where}.{language}") for language, text in given.items()}
        if others := sorted(_shown(language) for language, text in texts.items() if text and language not in LANGUAGES):
            self.notes.append(
                f"The text {where} in {', '.join(others)} was left out: the catalogue holds fi, sv and en."
            )
        return {language: text for language in LANGUAGES if (text := texts.get(language))}

    def within(self, text: str, characters_max: int, what: str) -> str:
        if len(text) > characters_max:
            self.notes.append(f"{what} has {len(text):,} characters and was cut to {characters_max:,}.")
        return cut(text, characters_max)

    def keywords(self, about: Mapping[str, Any]) -> list[str]:
        """Subjects and job titles, each once whatever its capitals, in the record's order."""
        unique: dict[str, str] = {}
        for field in ("asiasanat", "ammattinimikkeet"):
            for n, item in enumerate(_list(about.get(field), f"metadata.{field}")):
                where = f"metadata.{field}[{n}]"
                word = one_line(_text(_object(item, where).get("arvo"), f"{where}.arvo") or "")
                if word and word.casefold() not in unique:
                    unique[word.casefold()] = self.within(word, LINE_CHARACTERS_MAX, f"The keyword {_shown(word)}")
        if len(unique) > KEYWORDS_MAX:
            self.notes.append(f"Of {len(unique)} keywords the first {KEYWORDS_MAX} were kept.")
        return list(unique.values())[:KEYWORDS_MAX]

    # --- codes -------------------------------------------------------------------------------------------------------
    def languages(self, teaching: Mapping[str, Any]) -> list[str]:
        languages: dict[str, None] = {}
        for code in _codes(teaching, "opetuskieli"):
            if bare(code) in TEACHING_LANGUAGES:
                languages.update(dict.fromkeys(TEACHING_LANGUAGES[bare(code)]))
            else:
                self.notes.append(
                    f"The teaching language {_shown(code)} was left out: the catalogue knows fi, sv and en."
                )
        return list(languages)

    # --- numbers -----------------------------------------------------------------------------------------------------
    def credits(self, about: Mapping[str, Any]) -> str | None:
        exact, least, most = (
            _number(about.get(f"opintojenLaajuusNumero{end}"), f"metadata.opintojenLaajuusNumero{end}")
            for end in ("", "Min", "Max")
        )
        unit = _code(about.get("opintojenLaajuusyksikko"), "metadata.opintojenLaajuusyksikko")
        number = exact if exact is not None else least if least == most else None
        if number is None:
            if least is not None or most is not None:
                self.notes.append("The scope is a range, not one number, so no credits are given.")
            return None
        if bare(unit or "") not in CREDIT_UNITS:
            self.notes.append(f"The scope is given in {_shown(unit)}, which is no unit of credits, and was left out.")
            return None
        if not (0 <= number < _CREDITS and _is_whole(number * 10**6)):
            raise _Defect(
                f"gives its scope as {_shown(number)}; a number of credits is positive, below a thousand million, with six "
                "decimals at most. Correct opintojenLaajuusNumero in Kouta."
            )
        text = f"{number:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def price_cents(self, teaching: Mapping[str, Any]) -> int | None:
        """Whole cents: 0 where the record says it is free, None where it names no single price."""
        fees = [
            _object(f, f"metadata.opetus.maksut[{n}]") for n, f in enumerate(_list(teaching.get("maksut"), "maksut"))
        ]
        kinds = {
            fee.get("maksullisuustyyppi") if isinstance(fee.get("maksullisuustyyppi"), str) else None for fee in fees
        }
        amounts = {
            _cents(fee["maksunMaara"])
            for fee in fees
            if fee.get("maksullisuustyyppi") == "maksullinen" and fee.get("maksunMaara") is not None
        }
        if "maksuton" in kinds:
            if len(kinds) > 1:
                self.notes.append("The record is free for some and has a fee for others; the list price is 0.")
            return 0
        if kinds - {"maksullinen"}:
            self.notes.append("A fee by academic year or of an unknown kind is no list price and was left out.")
        if len(amounts) > 1:
            self.notes.append("The record has several prices, so no single list price is given.")
        return amounts.pop() if len(amounts) == 1 else None

    # --- dates -------------------------------------------------------------------------------------------------------
    def check_dates(self, record: Mapping[str, Any], about: Mapping[str, Any], teaching: Mapping[str, Any]) -> None:
        """Dates are not kept, but a record whose dates cannot be true is not to be relied on for the rest."""
        _day(record.get("modified"), "modified")
        for where, given, start, end in (
            ("metadata.hakuaika", about.get("hakuaika"), "alkaa", "paattyy"),
            (
                "metadata.opetus.koulutuksenAlkamiskausi",
                teaching.get("koulutuksenAlkamiskausi"),
                "koulutuksenAlkamispaivamaara",
                "koulutuksenPaattymispaivamaara",
            ),
        ):
            span = _object(given, where)
            first, last = _day(span.get(start), f"{where}.{start}"), _day(span.get(end), f"{where}.{end}")
            if first and last and last < first:
                raise _Defect(
                    f"ends before it begins: {where} runs from {first} to {last}. Correct the dates in Kouta."
                )


def _modes(teaching: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(mode for code in _codes(teaching, "opetustapa") for mode in MODES.get(bare(code), ())))


def _field_codes(record: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    """Fields of education as the programme names them, and those the source derived from its qualification."""
    own = [
        _code(field, f"metadata.koulutusala[{n}]")
        for n, field in enumerate(_list(about.get("koulutusala"), "metadata.koulutusala"))
    ]
    derived: list[str | None] = []
    for n, entry in enumerate(_list(record.get("koulutuskoodienAlatJaAsteet"), "koulutuskoodienAlatJaAsteet")):
        where = f"koulutuskoodienAlatJaAsteet[{n}]"
        codes = _list(_object(entry, where).get("koulutusalaKoodiUrit"), f"{where}.koulutusalaKoodiUrit")
        derived += [_text(code, f"{where}.koulutusalaKoodiUrit[{m}]") for m, code in enumerate(codes)]
    return [code for code in (*own, *derived) if code]


def _codes(teaching: Mapping[str, Any], field: str) -> list[str]:
    where = f"metadata.opetus.{field}"
    codes = (_code(c, f"{where}[{n}]") for n, c in enumerate(_list(teaching.get(field), where)))
    return [code for code in codes if code]


def _code(value: object, where: str) -> str | None:
    return _text(_object(value, where).get("koodiUri"), f"{where}.koodiUri")


def _cents(euros: object) -> int:
    amount = _number(euros, "maksunMaara")
    if amount is None or not (0 <= amount < CENTS_LIMIT // 100 and _is_whole(amount * 100)):
        raise _Defect(
            f"has the price {_shown(amount)} euros; a price is positive, in whole cents. Correct maksunMaara in Kouta."
        )
    return int(amount * 100)


def _is_whole(number: Decimal) -> bool:
    return number == number.to_integral_value()


def _day(value: object, where: str) -> date | None:
    text = _text(value, where)
    if text is None:
        return None
    try:
        day = datetime.fromisoformat(text).date() if _MOMENT.fullmatch(text) else None
    except ValueError:  # the 31st of February, a 25th hour
        day = None
    if day is None or day.year not in YEARS:
        raise _Defect(
            f"has an impossible date: {where} is {_shown(text)}. Correct it in Kouta; dates lie between {YEARS[0]} and {YEARS[-1]}."
        )
    return day


# --- JSON that may be anything ---------------------------------------------------------------------------------------
def _object(value: object, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    raise _Defect(f"has {_shown(value)} at {where}, where an object belongs. Fetch the record again.")


def _list(value: object, where: str) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise _Defect(f"has {_shown(value)} at {where}, where a list belongs. Fetch the record again.")


def _text(value: object, where: str) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    raise _Defect(f"has {_shown(value)} at {where}, where a text belongs. Fetch the record again.")


def _number(value: object, where: str) -> Decimal | None:
    """An exact number. A float is refused: what it was before it was rounded nobody knows."""
    match value:
        case None:
            return None
        case bool():
            pass
        case int() if abs(value) < 10**30:
            return Decimal(value)
        case Decimal() if value.is_finite() and abs(value.adjusted()) < 30 and len(value.as_tuple().digits) < 30:  # noqa: PLR2004 - wider than any price, narrow enough to print
            return value
    raise _Defect(f"has {_shown(value)} at {where}, where an exact number belongs. Correct it in Kouta.")


def _shown(value: object) -> str:
    """A value in a sentence, short enough to be read; a text is quoted unless it is one plain word or code."""
    match value:
        case Mapping():
            text = "an object"
        case list():
            text = "a list"
        case None:
            text = "nothing"
        case str() if _PLAIN.fullmatch(value):
            text = value
        case str() if not value.isprintable():
            text = ascii(value)
        case int() if abs(value) >= 10**_SHOWN_MAX:  # Python refuses to print more than 4,300 digits
            text = "a number of many digits"
        case Decimal():
            text = str(value)
        case _:
            text = repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"
