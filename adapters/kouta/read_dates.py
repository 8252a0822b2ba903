"""Whether the dates of a record can be true. They are not kept, but where they cannot, the rest is not relied on either."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from adapters.kouta.read_json import Defect, object_at, shown, text_at

YEARS = range(2000, 2101)
"""A date outside them is a slip of the keyboard."""

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


def check_dates(record: Mapping[str, Any], about: Mapping[str, Any], teaching: Mapping[str, Any]) -> None:
    """Raises Defect where a date is impossible, or an end lies before its beginning."""
    _day(record.get("modified"), "modified")
    for where, given, start, end in (
        ("metadata.hakuaika", about.get("hakuaika"), "alkaa", "paattyy"),
        (
            "metadata.opetus.koulutuksenAlkamiskausi",
            teaching.get("koulutuksenAlkamiskausi"),
            "koulutuksenAlkamispaivamaara",
            "koulutuksenPaattymispaivamaara",
        ),
    ):
        span = object_at(given, where)
        first, last = _day(span.get(start), f"{where}.{start}"), _day(span.get(end), f"{where}.{end}")
        if first and last and last < first:
            raise Defect(f"ends before it begins: {where} runs from {first} to {last}. Correct the dates in Kouta.")


def _day(value: object, where: str) -> date | None:
    text = text_at(value, where)
    if text is None:
        return None
    try:
        day = datetime.fromisoformat(text).date() if _MOMENT.fullmatch(text) else None
    except ValueError:  # the 31st of February, a 25th hour
        day = None
    if day is None or day.year not in YEARS:
        raise Defect(
            f"has an impossible date: {where} is {shown(text)}. Correct it in Kouta; dates lie between {YEARS[0]} and {YEARS[-1]}."
        )
    return day
