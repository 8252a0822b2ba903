"""Statements and invoices as PDF: tagged, for the archive, the same bytes whenever they are printed again."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import BoundedSemaphore
from typing import TypeVar

from adapters.documents.typst import invoice, statement
from adapters.documents.typst.parts import Content
from domain.kernel import Refused
from domain.money import Language
from projections.document import Invoice, StatementDocument

LINES_MAX = 12_000
CHARACTERS_MAX = 8_000_000
"""Of all texts and figures. Laid out, each takes 500 bytes of memory: four gigabytes at most, given back with the process."""
LONG = 500_000
"""Characters of a document for which others like it wait: there is memory for one."""
SHORT_AT_ONCE = 4
SECONDS_MAX = 300

_PRESS = Path(statement.__file__).with_name("press.py")
D = TypeVar("D", StatementDocument, Invoice)
_long_press = BoundedSemaphore(1)
_short_presses = BoundedSemaphore(SHORT_AT_ONCE)


class TooLongToPrint(Refused):
    def __init__(self, lines: int, characters: int | None = None) -> None:
        has, takes = f"{lines:,} lines", f"{LINES_MAX:,}"
        if characters is not None:
            has, takes = f"{has} of {characters:,} characters together", f"{CHARACTERS_MAX:,} characters"
        super().__init__(
            f"The document has {has}; a PDF takes {takes}. Take it as XLSX or CSV, which hold all of them."
        )


def statement_pdf(document: StatementDocument, language: Language) -> bytes:
    """A partner's statement of a period. A fifth of a second, half a minute for 10,000 lines: call it from a thread of its own."""
    return _printed("statement", document, statement.content, language)


def invoice_pdf(document: Invoice, language: Language) -> bytes:
    """An invoice, a credit note or an internal voucher."""
    return _printed("invoice", document, invoice.content, language)


def _printed(template: str, document: D, content: Callable[[D, Language], Content], language: Language) -> bytes:
    lines = len(document.lines)
    if lines > LINES_MAX:
        raise TooLongToPrint(lines)
    order = json.dumps({"template": template, "content": content(document, language)}, ensure_ascii=False)
    if len(order) > CHARACTERS_MAX:
        raise TooLongToPrint(lines, len(order))
    with _long_press if len(order) > LONG else _short_presses:
        done = subprocess.run(  # noqa: S603  # this interpreter with a file of this package; the document goes by stdin
            [sys.executable, "-P", str(_PRESS)],
            input=order.encode(),
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(
            f"The {template} could not be printed (exit {done.returncode}): {done.stderr.decode(errors='replace')[-2_000:]}"
        )
    return done.stdout
