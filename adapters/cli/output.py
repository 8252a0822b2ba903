"""Where the result of a command goes: a file, or stdout with nothing added."""

import sys
from pathlib import Path

import click


def hand_over(body: bytes, output: Path | None, *, is_text: bool) -> None:
    """Write a result to a file, or else to stdout; what is no text is not poured into a terminal."""
    if output:
        try:
            output.write_bytes(body)
        except OSError as error:
            raise click.FileError(str(output), error.strerror) from error
        return
    if not is_text and sys.stdout.isatty():
        raise click.UsageError("This is no text for a terminal; name a file with -o, or redirect the output.")
    sys.stdout.flush()
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()
