"""The JSON of one Kouta record, with exact numbers: `200.5` is the decimal it is written as, never a float."""

import json
from decimal import Decimal
from typing import Any, NoReturn

RECORD_BYTES_MAX = 1_048_576


class NotDecoded(ValueError):
    """The bytes are no JSON document this importer reads; the message is a sentence."""


def decode(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Decode UTF-8 JSON (a byte order mark is tolerated). Fractions become `Decimal`. Raises NotDecoded."""
    if len(body) > RECORD_BYTES_MAX:
        raise NotDecoded(f"The file has {len(body):,} bytes; the limit for one record is {RECORD_BYTES_MAX:,}.")
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise NotDecoded(f"The file is no UTF-8 text: byte {error.start + 1} is wrong. Save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:  # also integers beyond 4,300 digits
        raise NotDecoded(f"The file is no JSON: {str(error).rstrip('.')}. Fetch the record again.") from error


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")
