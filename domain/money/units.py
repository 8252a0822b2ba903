"""What is counted, as people write it in Finnish, Swedish and English behind its quantity."""

from typing import Final, NamedTuple

from domain.money.euros import Language, number


class _Unit(NamedTuple):
    fi: str
    sv: str
    en: str


_ONE: Final = {
    "credit": _Unit("op", "sp", "credit"),
    "hour": _Unit("h", "h", "h"),
    "mentor_hour": _Unit("h", "h", "h"),
    "day": _Unit("pv", "dag", "day"),
    "participant": _Unit("osallistuja", "deltagare", "participant"),
}
_MANY: Final = _ONE | {
    "credit": _Unit("op", "sp", "credits"),
    "day": _Unit("pv", "dagar", "days"),
    "participant": _Unit("osallistujaa", "deltagare", "participants"),
}


def counted(quantity: str, unit: str | None, language: Language) -> str:
    """`3,3 op`, `3.3 credits`; a unit that a network has named itself stands as it is named."""
    words = (_ONE if quantity == "1" else _MANY).get(unit or "")
    word: str = getattr(words, language) if words else unit or ""
    return f"{number(quantity, language)} {word}".strip()
