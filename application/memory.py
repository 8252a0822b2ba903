"""What a process remembers of the log, so that it need not look again before every decision.

Nothing here has to be up to date. The log refuses what was decided on knowledge that somebody has overtaken meanwhile, so what
is remembered may be old, and what was never met is supposed to have never happened; only a refusal is no answer before the
log was looked at. What must be right is how far each criterion is known.

What this process itself appended is added to the criteria of that decision, since the log has confirmed these. Of others that
admit it, it is known that they are out of date, and not what else they missed: these are looked at again.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from application.ports import History, Outcome
from domain.kernel import Boundary, Criterion, Event, tags_of

EVENTS_MAX: Final = 100_000
"""Events remembered, and criteria: some 110 megabytes."""
EVENTS_EACH_MAX: Final = 1_000
"""Events remembered of one criterion. What reads more takes its time anyhow."""


Told = tuple[int, Event]
"""An event and its position."""


class Known(Struct, frozen=True, gc=False):
    """What one criterion admits, in order, up to a position."""

    until: int
    told: tuple[Told, ...] = ()


_NOTHING: Final = Known(until=0)
_TO_BE_LOOKED_AT: Final = Known(until=-1)
"""Instead of what is too much to be remembered, or out of date."""


class Knowledge(Struct, frozen=True):
    """What a decision rests on: of each criterion of its boundary what is known."""

    each: tuple[Known, ...]
    events: tuple[Event, ...]
    """All of them together, in order, each once."""
    era: int
    """The log's when this was read."""
    remembered: bool

    @property
    def after(self) -> tuple[int, ...]:
        return tuple(known.until for known in self.each)


class Memory:
    """Keeps what criteria admit, as long as the log's era lasts; of more than there is room for, what was used last."""

    def __init__(self, events_max: int = EVENTS_MAX) -> None:
        self._events_max = events_max
        self._known: OrderedDict[Criterion, Known] = OrderedDict()
        self._about: defaultdict[str, set[Criterion]] = defaultdict(set)
        """The same criteria by their first tag, "" for none."""
        self._weight = 0
        self._era = 0

    def __len__(self) -> int:
        """The events and criteria in it."""
        return self._weight

    def of(self, boundary: Boundary, era: int) -> Knowledge | None:
        """What is remembered of a boundary; None where it has to be looked at."""
        self._enter(era)
        each = tuple(self._recalled(criterion) for criterion in boundary)
        if any(known is _TO_BE_LOOKED_AT for known in each):
            return None
        return Knowledge(each=each, events=_together(each), era=era, remembered=True)

    def learn(self, boundary: Boundary, history: History, era: int) -> Knowledge:
        """Remember what was read of a boundary in an era."""
        told = [(recorded.position, recorded.data) for recorded in history.events]
        if len(boundary) == 1:
            each: tuple[Known, ...] = (Known(until=history.head, told=tuple(told)),)
        else:
            tags = [tags_of(event) for _, event in told]
            each = _more(boundary, [_NOTHING] * len(boundary), told, tags, history.head)
        self._keep(boundary, each, era)
        return Knowledge(each=each, events=tuple(event for _, event in told), era=era, remembered=False)

    def add(self, boundary: Boundary, knowledge: Knowledge, events: Sequence[Event], outcome: Outcome) -> None:
        """Remember what was appended on that knowledge: nothing else came between."""
        told = [(placed.position, event) for placed, event in zip(outcome.events, events, strict=True)]
        tags = [tags_of(event) for event in events]
        for event, its in zip(events, tags, strict=True):
            for criterion in [c for tag in (*its, "") for c in self._about.get(tag, ()) if c.admits(event, its)]:
                self._weight -= _weight(self._known[criterion]) - 1
                self._known[criterion] = _TO_BE_LOOKED_AT
        self._keep(boundary, _more(boundary, knowledge.each, told, tags, outcome.position), knowledge.era)

    def _enter(self, era: int) -> None:
        if era != self._era:
            self._known.clear()
            self._about.clear()
            self._era, self._weight = era, 0

    def _recalled(self, criterion: Criterion) -> Known:
        known = self._known.get(criterion)
        if known is None:
            return _NOTHING
        self._known.move_to_end(criterion)
        return known

    def _keep(self, boundary: Boundary, each: Sequence[Known], era: int) -> None:
        """Keep what is newer than what is there, in this era; what is of another one is gone."""
        if era != self._era:
            return
        for criterion, known in zip(boundary, each, strict=True):
            before = self._known.get(criterion)
            if before is not None:
                if before.until > known.until:
                    continue
                self._weight -= _weight(before)
            kept = known if len(known.told) <= EVENTS_EACH_MAX else _TO_BE_LOOKED_AT
            self._known[criterion] = kept
            self._known.move_to_end(criterion)
            self._about[_first(criterion)].add(criterion)
            self._weight += _weight(kept)
        while self._weight > self._events_max:
            criterion, oldest = self._known.popitem(last=False)
            self._weight -= _weight(oldest)
            neighbours = self._about[_first(criterion)]
            neighbours.remove(criterion)
            if not neighbours:
                del self._about[_first(criterion)]


def _first(criterion: Criterion) -> str:
    return criterion.tags[0] if criterion.tags else ""


def _weight(known: Known) -> int:
    return len(known.told) + 1


def _together(each: Sequence[Known]) -> tuple[Event, ...]:
    by_position = {position: event for known in each for position, event in known.told}
    return tuple(by_position[position] for position in sorted(by_position))


def _more(
    boundary: Boundary, each: Sequence[Known], told: Sequence[Told], tags: Sequence[tuple[str, ...]], until: int
) -> tuple[Known, ...]:
    """What is known of each criterion, and behind it what that admits of some newer events with these tags."""
    more = []
    for criterion, known in zip(boundary, each, strict=True):
        admitted = [one for one, its in zip(told, tags, strict=True) if criterion.admits(one[1], its)]
        more.append(Known(until=until, told=(*known.told, *admitted)))
    return tuple(more)
