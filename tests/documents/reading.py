"""Documents read back as another program would: workbooks from their XML, tables with a CSV reader of their own."""

import csv
import io
import re
import zipfile
from decimal import Decimal
from xml.etree import ElementTree as ET

from adapters.documents.csv_text import as_written

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Value = str | Decimal
Rows = list[dict[str, Value]]


def workbook(written: bytes) -> dict[str, Rows]:
    """By sheet its rows, each by column letter; texts as texts, numbers as the decimals that stand in the file."""
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314  # our own file
        names = [str(sheet.get("name")) for sheet in book.iter(f"{MAIN}sheet")]
        sheets = [archive.read(f"xl/worksheets/sheet{n}.xml") for n in range(1, len(names) + 1)]
    return {name: _rows(sheet) for name, sheet in zip(names, sheets, strict=True)}


def table(written: bytes) -> list[dict[str, str]]:
    """A CSV file by the names of its columns, texts as they were before they were made inert."""
    rows = list(csv.reader(io.StringIO(written.decode(), newline=""), strict=True))
    return [dict(zip(rows[0], map(as_written, row), strict=True)) for row in rows[1:]]


def _rows(sheet: bytes) -> Rows:
    root = ET.fromstring(sheet)  # noqa: S314  # our own file
    assert root.find(f".//{MAIN}f") is None, "no cell is a formula"
    return [{re.sub(r"[0-9]", "", str(c.get("r"))): _value(c) for c in row} for row in root.iter(f"{MAIN}row")]


def _value(cell: ET.Element) -> Value:
    if cell.get("t") == "inlineStr":
        return "".join(t.text or "" for t in cell.iter(f"{MAIN}t"))
    return Decimal(cell.findtext(f"{MAIN}v") or "")
