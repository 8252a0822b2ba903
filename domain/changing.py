"""A changed copy of an immutable value, checked by the type checker: msgspec's own takes and gives anything."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import replace
else:
    from msgspec.structs import replace

__all__ = ["replace"]
