"""Boundaries of many decisions, flattened into the arrays that the SQL functions `look` and `append` take."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from adapters.postgres.arrays import Packed, int4s, int8s, jsonbs, texts
from domain.kernel import Boundary, Criterion, name_of


class _Item(Struct, frozen=True, omit_defaults=True):
    """What the SQL function `matching` reads."""

    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


_encode_items = msgspec.json.Encoder().encode


class Boundaries:
    """Collects boundaries under their ordinals.

    Types with one tag, which is what nearly every decision asks for, become probes: rows that the server joins as a set.
    Items of any other form stay as they are.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._probe_of: list[int] = []
        self._probe_type: list[int] = []
        self._probe_tag: list[str] = []
        self._probe_since: list[int] = []
        self._wider_of: list[int] = []
        self._wider: list[bytes] = []
        self._wider_since: list[int] = []

    def number_of(self, name: str) -> int:
        """The number that stands for the name of a type in this call."""
        return self._numbers.setdefault(name, len(self._numbers) + 1)

    def add(self, ordinal: int, boundary: Boundary, after: Sequence[int]) -> None:
        """`after`: of each criterion, up to which position what it admits is known."""
        for criterion, since in zip(boundary, after, strict=True):
            if criterion.types and len(criterion.tags) == 1:
                (tag,), types = criterion.tags, criterion.types
                self._probe_of += [ordinal] * len(types)
                self._probe_type += [self.number_of(name_of(event)) for event in types]
                self._probe_tag += [tag] * len(types)
                self._probe_since += [since] * len(types)
            else:
                self._wider_of.append(ordinal)
                self._wider.append(_encode_items((_item(criterion),)))
                self._wider_since.append(since)

    def to_look(self) -> tuple[Packed, ...]:
        """names, probe_of, probe_type, probe_tag, wider_of, wider. Raises UnicodeEncodeError for a tag that is no text."""
        return (
            texts(self._numbers),
            int4s(self._probe_of),
            int4s(self._probe_type),
            texts(self._probe_tag),
            int4s(self._wider_of),
            jsonbs(self._wider),
        )

    def to_append(self) -> tuple[Packed, ...]:
        """The same with how far each is known: probe_since behind probe_tag, wider_since at the end."""
        *probes, wider_of, wider = self.to_look()
        return (*probes, int8s(self._probe_since), wider_of, wider, int8s(self._wider_since))


def _item(criterion: Criterion) -> _Item:
    return _Item(types=tuple(name_of(event) for event in criterion.types), tags=criterion.tags)
