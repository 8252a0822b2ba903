"""In which languages and places a record is taught, and which fields of education it names: all given as national codes."""

from collections.abc import Mapping
from typing import Any

from adapters.kouta.codes import MODES, TEACHING_LANGUAGES, bare
from adapters.kouta.read_json import codes_at, list_at, objects_at, shown, text_at
from domain.catalog.events import Mode
from domain.money import Language


def languages(teaching: Mapping[str, Any], notes: list[str]) -> list[Language]:
    found: dict[Language, None] = {}
    for code in codes_at(teaching.get("opetuskieli"), "metadata.opetus.opetuskieli"):
        if bare(code) in TEACHING_LANGUAGES:
            found.update(dict.fromkeys(TEACHING_LANGUAGES[bare(code)]))
        else:
            notes.append(f"The teaching language {shown(code)} was left out: the catalogue knows fi, sv and en.")
    return list(found)


def modes(teaching: Mapping[str, Any]) -> list[Mode]:
    codes = codes_at(teaching.get("opetustapa"), "metadata.opetus.opetustapa")
    return list(dict.fromkeys(mode for code in codes for mode in MODES.get(bare(code), ())))


def field_codes(record: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    """Fields of education as the programme names them, and those the source derived from its qualification."""
    found = codes_at(about.get("koulutusala"), "metadata.koulutusala")
    for place, entry in objects_at(record.get("koulutuskoodienAlatJaAsteet"), "koulutuskoodienAlatJaAsteet"):
        where = f"{place}.koulutusalaKoodiUrit"
        codes = (
            text_at(code, f"{where}[{n}]") for n, code in enumerate(list_at(entry.get("koulutusalaKoodiUrit"), where))
        )
        found += [code for code in codes if code]
    return found
