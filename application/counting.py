"""How a number is said with what it counts."""


def counted(n: int, one: str, many: str = "") -> str:
    """The number before its words: "1 event", "2,000 events". `many`: where more of them are said otherwise than with an s."""
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"
