"""What one Kouta record says: a description in the catalogue's words, or why it cannot be one.

A price is taken as the list price without VAT. The record does not say so: it is a decision, see
`adapters.kouta.read_figures.price_cents`.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.kouta.codes import sector_of
from adapters.kouta.read_codes import field_codes, languages, modes
from adapters.kouta.read_dates import check_dates
from adapters.kouta.read_figures import credits_of, price_cents
from adapters.kouta.read_json import Defect, object_at, objects_at, shown, text_at
from adapters.kouta.read_texts import keywords, names, summary
from domain.catalog.events import Description
from domain.kernel import Value

_OID = re.compile(r"1\.2\.246\.562\.([0-9]{1,4})\.[0-9]{1,24}")
_PROGRAMME, _IMPLEMENTATION = "13", "17"
_ORGANISATIONS = frozenset({"10", "99"})
_GONE = frozenset({"arkistoitu", "poistettu"})


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
            reason=f"A Kouta record is an object, not {shown(record)}; give the JSON of one koulutus or toteutus.",
        )
    oid = record.get("oid")
    if not (isinstance(oid, str) and (known := _OID.fullmatch(oid))):
        return KoutaRefused(
            oid=None,
            reason=f"A Kouta record has an oid such as 1.2.246.562.17.1; {shown(oid)} is none. Fetch the record again.",
        )
    try:
        return _read(record, oid, known[1])
    except Defect as defect:
        return KoutaRefused(oid=oid, reason=f"{oid} {defect}")


def _read(record: Mapping[str, Any], oid: str, register: str) -> KoutaRecord:
    if register in _ORGANISATIONS:
        raise Defect(
            "is an institution, not an offering; register it with register-organisation, and import the koulutus and "
            "toteutus records it gives."
        )
    if register not in (_PROGRAMME, _IMPLEMENTATION):
        raise Defect(
            f"is neither a programme (1.2.246.562.{_PROGRAMME}.…) nor an implementation "
            f"(1.2.246.562.{_IMPLEMENTATION}.…); only those can be offerings."
        )
    match record.get("tila"):
        case "julkaistu":
            notes: list[str] = []
            description = _description(record, oid, notes)
            return KoutaRecord(oid=oid, providers=_providers(record), description=description, notes=tuple(notes))
        case str(gone) if gone in _GONE:
            return KoutaRecord(oid=oid, providers=(), description=None)
        case "tallennettu":
            raise Defect("is a draft (tila: tallennettu); publish it in Kouta and import it again.")
        case other:
            raise Defect(
                f"has the state (tila) {shown(other)}, which is none of julkaistu, tallennettu, arkistoitu and poistettu; "
                "correct it in Kouta."
            )


def _providers(record: Mapping[str, Any]) -> tuple[str, ...]:
    given = objects_at(record.get("tarjoajat"), "tarjoajat")
    oids = [text_at(provider.get("oid"), f"{where}.oid") for where, provider in given]
    return tuple(dict.fromkeys(oid for oid in oids if oid))


def _description(record: Mapping[str, Any], oid: str, notes: list[str]) -> Description:
    """The readers add to `notes` what they leave out."""
    about = object_at(record.get("metadata"), "metadata")
    teaching = object_at(about.get("opetus"), "metadata.opetus")
    check_dates(record, about, teaching)
    name = names(record, notes)
    words = keywords(about, notes)
    content = {
        "kind": "course",
        "name": name,
        "summary": summary(about, notes),
        "sector": sector_of(field_codes(record, about), (word.text for word in words)),
        "languages": languages(teaching, notes),
        "modes": modes(teaching),
        "credits": credits_of(about, notes),
        "price_cents": price_cents(teaching, notes),
        "keywords": msgspec.to_builtins(words),
        "source": oid,
    }
    try:
        return msgspec.convert(content, Description)
    except msgspec.ValidationError as error:  # the readers keep every limit: a belt beside the braces
        raise Defect(f"does not fit the catalogue: {error}. Report this to whoever keeps the importer.") from error
