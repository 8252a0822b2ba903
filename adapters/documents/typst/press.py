"""Prints one document: a template's name and its content as JSON on stdin, the PDF on stdout.

A process of its own, since typst keeps what it has laid out: a server that printed within itself would grow with every statement.
It knows nothing of Täsmä, starts in a few hundredths of a second, and asks neither the network nor the machine's fonts.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typst

TEMPLATES = Path(__file__).parent
NO_DAY = datetime(1970, 1, 1, tzinfo=UTC)


def printed(template: str, content: dict[str, Any]) -> bytes:
    """Tagged (PDF/UA-1) and, of a day, for the archive too (PDF/A-2a). The same content gives the same bytes.

    A letter that no bundled font has is a fault under both standards: then the document is tagged still, but claims neither.
    """
    day = content["date"]
    made_at = datetime(day[0], day[1], day[2], tzinfo=UTC) if day else NO_DAY
    standards: list[typst.PDFStandard] = ["ua-1", "a-2a"] if day else ["ua-1"]
    fonts = typst.Fonts(include_system_fonts=False)
    compiler = typst.Compiler(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs={"content": json.dumps(content, ensure_ascii=False)},
        package_path=TEMPLATES,
        package_cache_path=TEMPLATES,
    )
    try:
        pdf = compiler.compile(format="pdf", pdf_standards=standards, timestamp=made_at)
    except typst.TypstError as fault:
        if "could not be displayed" not in fault.message and "codepoint" not in fault.message:
            raise
        pdf = compiler.compile(format="pdf", timestamp=made_at)
    if not isinstance(pdf, bytes):
        raise TypeError(f"A document is one file, not {type(pdf).__name__}.")
    return pdf


if __name__ == "__main__":
    order = json.load(sys.stdin.buffer)
    sys.stdout.buffer.write(printed(order["template"], order["content"]))
