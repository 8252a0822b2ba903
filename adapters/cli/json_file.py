"""A file of JSON that a command is given."""

from pathlib import Path
from typing import Any

from application.door import BODY_BYTES_MAX, BodyTooLarge, NotJson, read_body
from domain.kernel import Refused


class FileRefused(Refused):
    def __init__(self, file: Path, why: Refused) -> None:
        super().__init__(f"{file}: {why}")


def read_json(file: Path, *, bytes_max: int = BODY_BYTES_MAX) -> Any:  # noqa: ANN401 - any JSON
    """What a file holds. Raises FileRefused, which names it: a command may be given several."""
    try:
        return read_body(file.read_bytes(), bytes_max=bytes_max)
    except (NotJson, BodyTooLarge) as refusal:
        raise FileRefused(file, refusal) from refusal
