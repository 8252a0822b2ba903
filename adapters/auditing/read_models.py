"""Whether the read models, and the statements issued from them, are what the log gives.

Whoever can change a document can change the rows that it was made of as well, so that both agree. So no live row answers here:
everything is folded once more from the log's own bytes, which were verified before.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from adapters.auditing.report import Fault
from adapters.auditing.statements import Kept, check_recomputed
from adapters.postgres.differences import Sample
from adapters.postgres.refold import Compared, NotCompared
from adapters.postgres.views import Views
from application.counting import counted
from projections.registry import all_projections
from projections.statements import statements

_KEY_CHARACTERS: Final = 200
"""Of a row's key that are shown: whoever put it there may have put in a book."""


class ReadModels(NamedTuple):
    """What came of holding all read models against the log."""

    faults: list[Fault]
    compared: int
    not_compared: dict[str, str]
    """The names of the others, with the reason."""


def none_compared(why: str) -> ReadModels:
    """All of them left alone for one reason."""
    return ReadModels([], 0, {projection.name: why for projection in all_projections()})


async def check_read_models(views: Views, kept: Sequence[Kept], head: int) -> ReadModels:
    """Recompute the statements that are kept, and compare each read model as of where it stands."""
    faults: list[Fault] = []
    n, left = 0, dict[str, str]()
    for projection in all_projections():
        async with views.refolded(projection) as fold:
            if projection is statements:
                faults += await check_recomputed(kept, fold, head)
            compared = await fold.compare()
            if isinstance(compared, NotCompared):
                left[projection.name] = compared.why
                if compared.built:
                    faults.append(Fault(0, _cannot(projection.name, compared.why), "projection"))
            else:
                n += 1
                faults += [Fault(0, what, "projection") for what in _sentences(projection.name, compared, fold.keys)]
    return ReadModels(faults, n, left)


def _cannot(name: str, why: str) -> str:
    return f"Projection {name} cannot be compared with the log: {why}. `tasma rebuild {name}` makes it anew."


def _sentences(name: str, compared: Compared, keys: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    live, reached = compared.live, compared.reached
    anew = f"`tasma rebuild {name}` makes it anew."
    if compared.fault:
        yield f"Projection {name} stands at position {live:,}, and the log does not lead there: {compared.fault.sentence}"
    elif live < 0:
        yield f"Projection {name} stands at position {live:,}, before the first. {anew}"
    elif reached < live:
        yield f"Projection {name} stands at position {live:,}, and the log ends at {reached:,}. {anew}"
    if compared.unreadable:
        yield compared.unreadable.sentence
    for position, is_live in compared.parked:
        how = "is said to leave out" if is_live else "leaves out"
        but = "the log gives it no reason to" if is_live else "does not say so"
        yield f"Projection {name} at position {live:,} {how} the event at position {position:,}, and {but}. {anew}"
    for each in compared.differences:
        if each.repeated:
            keys_of = ", ".join(_key(row, keys[each.table]) for row in each.repeats)
            yield (
                f"Projection {name} at position {live:,}, table {each.table}: {counted(each.repeated, 'row is', 'rows are')} there "
                f"beyond the first of a key ({keys_of}), so that sums count twice. {anew}"
            )
        if not each.samples:
            continue
        differing = each.only_old + each.only_new + each.different
        shown = "; ".join(_row(sample, keys[each.table]) for sample in each.samples)
        more = f"; {differing - len(each.samples):,} more differ" if differing > len(each.samples) else ""
        yield f"Projection {name} at position {live:,}, table {each.table}: {shown}{more}. {anew}"


def _row(sample: Sample, keys: Sequence[str]) -> str:
    key = _key(sample.old or sample.new, keys)
    if sample.old is None:
        return f"the row of {key} is missing"
    if sample.new is None:
        return f"the log gives no row of {key}"
    return f"the row of {key} says other things than the log gives"


def _key(row: Mapping[str, Any], keys: Sequence[str]) -> str:
    return ", ".join(f"{name} {row[name]!r}" for name in keys)[:_KEY_CHARACTERS]
