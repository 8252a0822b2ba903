"""What a header such as `Accept` says that is wanted, and how much."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

_WEIGHT: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", re.ASCII)


def weighed(accepted: str) -> Iterator[tuple[str, Decimal]]:
    """What is named, in lower case and as it is written one after another, each with its weight (RFC 9110, section 12.4.2).

    What is weighed by anything but 0 to 1 with up to three decimals says nothing that could be gone by, and is left out.
    """
    for part in accepted.split(","):
        named, *parameters = (each.strip().lower() for each in part.split(";"))
        weights = [each for each in parameters if each.partition("=")[0].rstrip() == "q"]
        if not named:
            continue
        if not weights:
            yield named, Decimal(1)
        elif len(weights) == 1 and _WEIGHT.fullmatch(weight := weights[0].removeprefix("q=")):
            yield named, Decimal(weight)
