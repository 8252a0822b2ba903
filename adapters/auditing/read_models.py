"""Whether the read models, and the statements issued from them, are what the log gives.

Whoever can change a document can change the rows that it was made of as well, so that both agree. So no live row answers here:
everything is folded once more from the log's own bytes, which were verified before.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.auditing.report import Fault
from adapters.auditing.statements import Kept, check_recomputed
from adapters.postgres.differences import Sample
from adapters.postgres.refold import Compared
from adapters.postgres.views import Views
from projections.registry import all_projections
from projections.statements import statements

_KEY_CHARACTERS: Final = 200
"""Of a row's key that are shown: whoever put it there may have put in a book."""


async def check_read_models(views: Views, kept: Sequence[Kept], head: int) -> tuple[list[Fault], int]:
    """Recompute the statements that are kept, and compare each read model as of where it stands; how many were compared."""
    faults: list[Fault] = []
    n = 0
    for projection in all_projections():
        async with views.refolded(projection) as fold:
            if projection is statements:
                faults += await check_recomputed(kept, fold, head)
            compared = await fold.compare()
            if compared:
                n += 1
                faults += [Fault(0, what, "projection") for what in _sentences(projection.name, compared, fold.keys)]
    return faults, n


def _sentences(name: str, compared: Compared, keys: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    live, reached = compared.live, compared.reached
    anew = f"`tasma rebuild {name}` makes it anew."
    if compared.fault:
        yield f"Projection {name} stands at position {live:,}, and the log does not lead there: {compared.fault.sentence}"
    elif reached < live:
        yield f"Projection {name} stands at position {live:,}, and the log ends at {reached:,}. {anew}"
    for each in compared.differences:
        differing = each.only_old + each.only_new + each.different
        shown = "; ".join(_row(sample, keys[each.table]) for sample in each.samples)
        more = f"; {differing - len(each.samples):,} more differ" if differing > len(each.samples) else ""
        yield f"Projection {name} at position {live:,}, table {each.table}: {shown}{more}. {anew}"


def _row(sample: Sample, keys: Sequence[str]) -> str:
    row: dict[str, Any] = sample.old or sample.new
    key = ", ".join(f"{name} {row[name]!r}" for name in keys)[:_KEY_CHARACTERS]
    if sample.old is None:
        return f"the row of {key} is missing"
    if sample.new is None:
        return f"the log gives no row of {key}"
    return f"the row of {key} says other things than the log gives"
