"""What the rows of a table look like where they are stored, down to the structs inside their documents."""

from functools import cache
from typing import Any, Final

import msgspec

from projections.rows import Record

_SAID: Final = frozenset({"title", "description"})
"""What is said about a value, and changes nothing of it."""
_NAMED: Final = frozenset({"properties", "$defs"})
"""Where names are keys: a field may be called `title`."""


@cache
def stored_form(table: type[Record]) -> bytes:
    """The same bytes as long as a row is stored in the same way; other ones when a struct anywhere inside it has changed."""
    return msgspec.json.encode(_bare(msgspec.json.schema(table)), order="deterministic")


def _bare(schema: Any) -> Any:  # noqa: ANN401 - a JSON Schema
    match schema:
        case dict():
            return {
                key: {name: _bare(each) for name, each in value.items()} if key in _NAMED else _bare(value)
                for key, value in schema.items()
                if key not in _SAID
            }
        case list():
            return [_bare(each) for each in schema]
        case _:
            return schema
