"""A statement as the bytes that are digested, line by line: of a long one no more than a line has to be there at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Raw

from domain.canonical import canonical
from projections.statement_forms import FORM, ContentForm2, LineForm2, Subtotal, line_form_2
from projections.statement_line import Line

_NO_LINES = b'"lines":['


def bytes_of(line: Line) -> bytes:
    """A line as it is digested."""
    return canonical(line_form_2(line))


def pattern_of(line: Line, varying: Mapping[str, bytes]) -> bytes:
    """Of lines that differ from this one in some fields alone, what `%` makes them of; these stand in the order of their names.

    `varying`: by field of form 2 what stands for it, such as `%d`.
    """
    said: Any = line_form_2(line)
    fields: dict[str, Any] = {
        field: Raw(varying.get(field) or canonical(getattr(said, field)).replace(b"%", b"%%"))
        for field in LineForm2.__struct_fields__
    }
    return canonical(LineForm2(**fields))


def around_lines(  # noqa: PLR0917 - what stands on a statement beside its lines
    partner: str, period: str, cut: int, opening_cents: int, closing_cents: int, subtotals: Sequence[Subtotal]
) -> tuple[bytes, bytes]:
    """The bytes of a statement before its lines and after them; between the lines stand commas."""
    content = ContentForm2(
        form=FORM,
        partner=partner,
        period=period,
        position=cut,
        opening_cents=opening_cents,
        lines=(),
        subtotals=tuple(subtotals),
        closing_cents=closing_cents,
    )
    before, between, after = canonical(content).partition(_NO_LINES)
    return before + between, after
