"""Statements and invoices as PDF: tagged, for the archive, the same bytes whenever they are printed again."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore
from typing import TypeVar

from adapters.documents.typst import invoice, statement
from adapters.documents.typst.parts import Content
from application.counting import counted
from application.ports import Unavailable
from domain.kernel import Refused
from domain.money import Language
from projections.document import Invoice, StatementDocument

LINES_MAX = 12_000
CHARACTERS_MAX = 8_000_000
"""Of all texts and figures. Laid out, each takes 500 bytes of memory: four gigabytes at most, given back with the process."""
LONG = 500_000
"""Characters of a document of which one is printed at a time: there is memory for one."""
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


class PressTaken(Unavailable):
    """Nobody waits for it: the threads that would are those which everybody else's documents are printed in."""

    def __init__(self) -> None:
        super().__init__(
            "Another long document is being printed. Ask again in a moment, or take it as XLSX or CSV, which wait for nobody."
        )


class PrintedTooSlowly(Unavailable):
    def __init__(self, lines: int) -> None:
        super().__init__(
            f"The document of {counted(lines, 'line')} was not printed within {SECONDS_MAX} seconds. Ask again when there is less "
            "to do here, or take it as XLSX or CSV."
        )


def statement_pdf(document: StatementDocument, language: Language) -> bytes:
    """A partner's statement of a period. A fifth of a second, half a minute for 10,000 lines: call it from a thread of its own.

    Raises TooLongToPrint, PressTaken while this process prints another long one, PrintedTooSlowly.
    """
    return _printed("statement", document, statement.content, language)


def invoice_pdf(document: Invoice, language: Language) -> bytes:
    """An invoice, a credit note or an internal voucher. Raises as `statement_pdf`."""
    return _printed("invoice", document, invoice.content, language)


def _printed(template: str, document: D, content: Callable[[D, Language], Content], language: Language) -> bytes:
    lines = len(document.lines)
    if lines > LINES_MAX:
        raise TooLongToPrint(lines)
    order = json.dumps({"template": template, "content": content(document, language)}, ensure_ascii=False)
    if len(order) > CHARACTERS_MAX:
        raise TooLongToPrint(lines, len(order))
    try:
        with _press(len(order)):
            done = subprocess.run(  # noqa: S603  # this interpreter with a file of this package; the document goes by stdin
                [sys.executable, "-P", str(_PRESS)],
                input=order.encode(),
                capture_output=True,
                timeout=SECONDS_MAX,
                check=False,
            )
    except subprocess.TimeoutExpired:  # it names the files of this machine
        raise PrintedTooSlowly(lines) from None
    if done.returncode:
        raise RuntimeError(
            f"The {template} could not be printed (exit {done.returncode}): {done.stderr.decode(errors='replace')[-2_000:]}"
        )
    return done.stdout


@contextmanager
def _press(characters: int) -> Iterator[None]:
    """One to print so many characters with: a short document waits its turn of a second or two, a long one is sent away."""
    if characters <= LONG:
        with _short_presses:
            yield
    elif _long_press.acquire(blocking=False):
        try:
            yield
        finally:
            _long_press.release()
    else:
        raise PressTaken
