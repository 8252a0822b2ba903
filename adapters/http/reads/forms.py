"""In which form and language a document is asked for."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Final

from msgspec import Meta

from adapters.documents import FORMATS
from adapters.http.accepting import weighed
from adapters.http.problems import NoSuchForm
from adapters.http.reading import Query
from domain.kernel import Unknown
from domain.money import Language

ANY: Final = frozenset({"*/*", "application/*"})


class Lettered(Query, frozen=True):
    """A document is asked for in a language."""

    lang: Annotated[Language, Meta(description="The language of a document for people: fi, sv or en.")] = "fi"


def suffixed(asked: str) -> tuple[str, str]:
    """What is asked for, and the suffix that says in which form. Raises Unknown for a dot with nothing behind it."""
    thing, dot, suffix = asked.partition(".")
    if dot and not suffix:
        raise Unknown(asked)
    return thing, suffix


def form_of(suffix: str, accept: str, offered: Sequence[str], besides: Sequence[str] = ()) -> str:
    """The name of the format: a suffix outweighs what is accepted. Raises NoSuchForm for what there is not.

    `besides`: suffixes of what else there is, asked for in no other way.
    """
    suffixes = {FORMATS[name].suffix: name for name in offered}
    if suffix:
        if f".{suffix}" not in suffixes:
            raise NoSuchForm(f".{suffix}", ", ".join((*suffixes, *besides)))
        return suffixes[f".{suffix}"]
    plain = {FORMATS[name].media_type.partition(";")[0]: name for name in offered}
    weights = list(weighed(accept if accept.strip() else "*/*"))
    unwanted = {named for named, weight in weights if not weight}
    wanted = _by_preference(weights)
    for asked in wanted:
        if asked in ANY and (left := [name for named, name in plain.items() if named not in unwanted]):
            return left[0]
        if asked in plain:
            return plain[asked]
    raise NoSuchForm(", ".join(wanted) or f"{accept:.80}", ", ".join(plain))


def _by_preference(weights: Sequence[tuple[str, Decimal]]) -> list[str]:
    """Media types as RFC 9110, section 12.5.1, orders them: by weight, among equals what is named before what stands for any."""
    ordered = sorted(weights, key=lambda each: (-each[1], each[0] in ANY))
    return [media_type for media_type, weight in ordered if weight]
