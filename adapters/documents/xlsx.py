"""Workbooks: sheets of rows, written so that the same rows make the same bytes and a figure stays the figure it is.

Sums go into the file as exact decimals (16 digits, no float on the way) and are shown with two decimals. No cell is ever a formula.
"""

import io
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, Self

from xlsxwriter import Workbook  # type: ignore[import-untyped]  # the library says nothing about its types

from domain.kernel import Refused

Cell = str | int | Decimal | date | None
Row = tuple[Cell, ...]
Look = Literal["plain", "head", "title", "notice", "strong"]
CENTS: Final = -2
"""The exponent of a sum; a quantity with other decimals is shown with its own."""
_FITS: Final = 0


class DoesNotFitASheet(Refused):
    def __init__(self, sheet: str, row: int) -> None:
        super().__init__(
            f"Row {row:,} of the sheet {sheet!r} does not fit: a sheet takes 1,048,576 rows and a cell 32,767 characters; "
            "take the CSV, which has no such limits."
        )


class Sheet:
    """Rows from top to bottom; the workbook keeps one of them in memory."""

    def __init__(self, sheet: Any, name: str, looks: "_Looks") -> None:  # noqa: ANN401  # of a library without types
        self._sheet, self._name, self._looks, self._row = sheet, name, looks, 0

    def add(self, cells: Row, look: Look = "plain") -> None:
        for column, cell in enumerate(cells):
            if self._put(column, cell, look) != _FITS:
                raise DoesNotFitASheet(self._name, self._row + 1)
        self._row += 1

    def freeze(self) -> None:
        """What is above stays in sight."""
        self._sheet.freeze_panes(self._row, 0)

    def _put(self, column: int, cell: Cell, look: Look) -> int:
        """Each kind of cell by its own writer: the library's general one takes texts for formulas, links and numbers."""
        sheet, at, look_of = self._sheet, (self._row, column), self._looks.of
        match cell:
            case None:
                return _FITS
            case Decimal() if cell.as_tuple().exponent == CENTS:
                return int(sheet.write_number(*at, cell, self._looks.sum_of(look)))
            case Decimal() | int():
                return int(sheet.write_number(*at, cell, look_of(look)))
            case date():
                return int(sheet.write_datetime(*at, cell, self._looks.day))
            case str() if cell.startswith("<r>") and cell.endswith("</r>"):
                # The library takes such a text for XML of its own and would write it unescaped; in three pieces it does not.
                return int(sheet.write_rich_string(*at, cell[:1], cell[1:2], cell[2:], look_of(look)))
            case str():
                return int(sheet.write_string(*at, cell, look_of(look)))


class _Looks:
    """The formats of a workbook's cells."""

    def __init__(self, book: Any) -> None:  # noqa: ANN401  # of a library without types
        strong = {"bold": True}
        styles: dict[Look, dict[str, Any]] = {
            "plain": {},
            "head": {**strong, "bottom": 1, "text_wrap": True, "valign": "top"},
            "title": {**strong, "font_size": 16},
            "notice": {**strong, "font_color": "#9C2A10"},
            "strong": {**strong, "top": 1},
        }
        self._texts = {look: book.add_format(style) for look, style in styles.items()}
        self._sums = {look: book.add_format({**style, "num_format": "0.00"}) for look, style in styles.items()}
        self.day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})

    def of(self, look: Look) -> object:
        return self._texts[look]

    def sum_of(self, look: Look) -> object:
        return self._sums[look]


class Book:
    """A workbook that is being written; `notice` stands on top of every sheet.

    Rows wait in files of a folder of its own, which is gone when the work ends, however it ends.
    """

    def __init__(self, made_on: date, notice: str | None) -> None:
        self._bytes, self._notice = io.BytesIO(), notice
        self._folder = TemporaryDirectory(prefix="tasma-xlsx-")
        self._book = Workbook(self._bytes, {"constant_memory": True, "tmpdir": self._folder.name})
        # The date of making stands in the file: it is the document's, so that the bytes are the same whenever it is made again.
        self._book.set_properties({"created": datetime.combine(made_on, time.min), "author": "Täsmä"})
        self._looks = _Looks(self._book)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.done()
        self._folder.cleanup()

    def sheet(self, name: str, widths: Sequence[int]) -> Sheet:
        made = self._book.add_worksheet(name)
        for column, width in enumerate(widths):
            made.set_column(column, column, width)
        sheet = Sheet(made, name, self._looks)
        if self._notice:
            sheet.add((self._notice,), "notice")
        return sheet

    def done(self) -> bytes:
        """The workbook as far as it was written; nothing is added to it then."""
        if not self._book.fileclosed:
            self._book.close()
        return self._bytes.getvalue()
