"""In which form and language a document is asked for."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Final

from msgspec import Meta

from adapters.documents import FORMATS
from adapters.http.problems import NoSuchForm
from adapters.http.reading import Query
from domain.money import Language

ANY: Final = frozenset({"*/*", "application/*", ""})
_WEIGHT: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", re.ASCII)


class Lettered(Query, frozen=True):
    """A document is asked for in a language."""

    lang: Annotated[Language, Meta(description="The language of a document for people: fi, sv or en.")] = "fi"


def form_of(suffix: str, accept: str, offered: Sequence[str]) -> str:
    """The name of the format: a suffix outweighs what is accepted. Raises NoSuchForm for what there is not."""
    suffixes = {FORMATS[name].suffix: name for name in offered}
    if suffix:
        if f".{suffix}" not in suffixes:
            raise NoSuchForm(f".{suffix}", ", ".join(suffixes))
        return suffixes[f".{suffix}"]
    plain = {FORMATS[name].media_type.partition(";")[0]: name for name in offered}
    wanted = _by_preference(accept)
    for asked in wanted:
        if asked in ANY:
            return offered[0]
        if asked in plain:
            return plain[asked]
    raise NoSuchForm(", ".join(wanted), ", ".join(plain))


def _by_preference(accept: str) -> list[str]:
    """Media types as RFC 9110, section 12.5.1, orders them: by weight, among equals what is named before what stands for any."""
    weighted: list[tuple[Decimal, bool, str]] = []
    for part in accept.split(","):
        media_type, *parameters = (each.strip().lower() for each in part.split(";"))
        given = [each.removeprefix("q=") for each in parameters if each.startswith("q=")]
        weight = Decimal(given[0]) if given and _WEIGHT.fullmatch(given[0]) else Decimal(1)
        if weight:
            weighted.append((-weight, media_type in ANY, media_type))
    return [media_type for _, _, media_type in sorted(weighted, key=lambda each: each[:2])]
