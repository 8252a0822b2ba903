"""What must hold of every history, whatever befell it: compared with models of its own, not with the code that made it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby

import msgspec

from adapters.projecting.memory import Memory
from application.door import command_of
from application.envelope import Recorded, decode, placed
from application.execute import digest_of
from application.registry import DECIDERS
from domain.agreements.events import AgreementEnteredIntoForce
from domain.calendar import end_of
from domain.kernel import Boundary, Command, Event, command_name, current, tags_of
from domain.network.events import FollowUpClosed, FollowUpOpened, PartnerAdmitted
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import ReceiptRecorded, RevenueShared
from domain.settlement.close_period import ClosePeriod
from domain.settlement.events import PeriodClosed, StatementIssued
from projections.rows import At, Projection
from projections.statements import statements
from tests.invariants.promises import check_log, check_mentors, check_money, check_referrals, check_statements
from tests.simulation.world import World

_TOLERANCE = timedelta(seconds=2)
_TICK = timedelta(microseconds=1)
_encode = msgspec.json.Encoder(order="deterministic").encode


def check_everything(
    world: World, events: Sequence[Recorded], bodies: Sequence[bytes], documents: Mapping[str, bytes | None]
) -> None:
    """Raises AssertionError for whatever does not hold. `documents`: what is kept under the digests of issued statements."""
    check_log(events)
    check_money(events)
    check_mentors(events)
    check_referrals(events, worked_off=True)
    check_bytes(events, bodies)
    check_answers(world, events)
    check_times(world, events)
    check_decisions(world, events)
    check_sharing(world, events)
    check_receipts(world, events)
    check_list(world, events)
    check_closings(world, events)
    check_statements(events, check_views(world, events))
    check_issuing(world, events, documents)


def check_bytes(events: Sequence[Recorded], bodies: Sequence[bytes]) -> None:
    """What is stored decodes, and is what comes of encoding and placing it again."""
    for recorded, body in zip(events, bodies, strict=True):
        rest = b"{" + body.split(b",", 2)[2]
        assert placed(recorded.position, recorded.time, rest) == body
        assert _encode(recorded.data) in body
        assert decode(body) == recorded


def check_answers(world: World, events: Sequence[Recorded]) -> None:
    """Every acknowledged command is there once, as acknowledged; what was refused and never unsure is not there."""
    by_command: defaultdict[object, list[Recorded]] = defaultdict(list)
    for recorded in events:
        by_command[recorded.commandid].append(recorded)
    for identity, asking in world.askings.items():
        stored = by_command.get(identity, [])
        for outcome in asking.told:
            found = [(r.position, r.id, r.type) for r in stored]
            if found != [(e.position, e.id, e.type) for e in outcome.events] or found[-1][0] != outcome.position:
                world.fail(f"{world.told[identity]} was acknowledged as {outcome}, the log holds {found}.")
        if stored and not asking.told and not asking.unsure:
            world.fail(f"{world.told[identity]} was refused ({asking.refused}) and is stored at {stored[0].position}.")
    for recorded in events:
        if recorded.commandid not in world.database.stored:
            world.fail(f"Nobody stored the event at {recorded.position}.")


def check_times(world: World, events: Sequence[Recorded]) -> None:
    """In a real network an event's time is the database's, to two seconds, or the next moment after the one before it."""
    if world.constructed:
        return
    last = None
    for identity, of_one in groupby(events, key=lambda r: r.commandid):
        time, clock = next(of_one).time, world.database.stored[identity].clock
        at_most = max(clock + _TOLERANCE, last + _TICK) if last else clock + _TOLERANCE
        if not clock - _TOLERANCE <= time <= at_most:
            world.fail(f"{world.told[identity]} was recorded as of {time} when it was {clock}.")
        last = time


def check_decisions(world: World, events: Sequence[Recorded]) -> None:
    """Taken one by one, each on all that came before it, every decision comes out as it is stored."""
    before = Prefix()
    for _, grouped in groupby(events, key=lambda r: r.commandid):
        of_one = tuple(grouped)
        command = _commands(world, of_one[0])[-1]
        decider = DECIDERS[command_name(type(command))]
        again = decider(command, before.inside(decider.boundary(command)))
        if again != tuple(r.data for r in of_one):
            world.fail(f"{command} gives {again} on the history before it; stored is {of_one}.")
        before.add(of_one)


class Prefix:
    """A history and its indexes: another way to find what a boundary admits than the log's own."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._tags: list[frozenset[str]] = []
        self._by_type: defaultdict[type[Event], list[int]] = defaultdict(list)

    def add(self, recorded: Sequence[Recorded]) -> None:
        for r in recorded:
            self._by_type[type(r.data)].append(len(self._events))
            self._events.append(r.data)
            self._tags.append(frozenset(tags_of(r.data)))

    def inside(self, boundary: Boundary) -> list[Event]:
        found = {
            i
            for criterion in boundary
            for kind in criterion.types
            for i in self._by_type[kind]
            if self._tags[i].issuperset(criterion.tags)
        }
        return [self._events[i] for i in sorted(found)]


def _commands(world: World, first: Recorded) -> list[Command]:
    """The command a stored decision came from, as it was told at a desk, once for each reading that it may have come from."""
    stored = world.database.stored[first.commandid]
    found: list[Command] = []
    for told in world.told[first.commandid]:
        for filled in told.filled:
            command = command_of(told.name, told.body, stored.decision.asked, **filled)
            if digest_of(command) == stored.decision.digest and _is_worked_off(command):
                found.append(command)
    if not found:
        world.fail(f"Nobody asked for what is stored at {first.position}.")
    return found


def _is_worked_off(command: Command) -> bool:
    """A closing cannot have come from a reading that forbade it."""
    if not isinstance(command, ClosePeriod):
        return True
    read = command.worked_off
    return read.settled and read.mark >= read.last_before_end


def check_sharing(world: World, events: Sequence[Recorded]) -> None:
    """Every part that was delivered and, where that is agreed, paid was shared, or its refusal is on the coordinator's list."""
    waiting = awaiting_receipt(events)
    paid = {(e.pathway, e.step, e.part) for r in events if isinstance(e := r.data, ReceiptRecorded)}
    causes = {str(r.causationid) for r in events}
    entries = {(e.pathway, e.step, e.part): r for r in events if isinstance(e := r.data, RevenueShared)}
    listed = Counter(r.data.cause for r in events if isinstance(r.data, FollowUpOpened) and r.data.code == "refused")
    for recorded in events:
        if not isinstance(d := recorded.data, StepDelivered):
            continue
        if (d.pathway, d.step, d.part) in waiting:
            continue
        if (
            str(recorded.id) not in causes
            and (d.pathway, d.step, d.part) in paid
            and (d.pathway, d.step, d.part) in entries
        ):
            continue  # shared by hand before, and the client has paid: who asks after the receipt finds the same done
        if str(recorded.id) not in causes:
            world.fail(f"Nothing came of {d}.")
        times = listed.pop(str(recorded.id), 0)
        by_hand = any(
            isinstance(e := r.data, RevenueShared)
            and (e.pathway, e.step, e.part) == (d.pathway, d.step, d.part)
            and not r.actor.startswith("policy:")
            for r in events
        )
        if (d.pathway, d.step, d.part) not in entries and not times:
            world.fail(f"{d} was neither shared nor listed.")
        if times > 1 or (times and not by_hand):
            world.fail(f"{d} stands {times} times on the coordinator's list, shared by hand: {by_hand}.")
    if listed:
        world.fail(f"Nobody knows why these stand on the coordinator's list: {listed}")


def awaiting_receipt(events: Sequence[Recorded]) -> frozenset[tuple[str, int, int]]:
    """Parts of pathways whose agreement shares on receipt: a delivery alone lets nothing come of them."""
    on_receipt = {
        (e.agreement, e.version)
        for r in events
        if isinstance(e := current(r.data), AgreementEnteredIntoForce) and e.clauses.due == "receipt"
    }
    agreed = [e for r in events if isinstance(e := current(r.data), PathwayAgreed)]
    return frozenset(
        (path.pathway, step.step, part.part)
        for path in agreed
        if (path.agreement, path.version) in on_receipt
        for step in path.steps
        for part in step.parts
    )


def check_receipts(world: World, events: Sequence[Recorded]) -> None:
    """What was delivered and paid is shared, however the two came."""
    entries = {(e.pathway, e.step, e.part) for r in events if isinstance(e := r.data, RevenueShared)}
    paid = {(e.pathway, e.step, e.part) for r in events if isinstance(e := r.data, ReceiptRecorded)}
    delivered = {(e.pathway, e.step, e.part) for r in events if isinstance(e := r.data, StepDelivered)}
    if unshared := (awaiting_receipt(events) & paid & delivered) - entries:
        world.fail(f"Delivered, paid and never shared: {sorted(unshared)}")


def check_list(world: World, events: Sequence[Recorded]) -> None:
    """What went off the coordinator's list had been on it, and went off once."""
    standing: set[str] = set()
    for recorded in events:
        match current(recorded.data):
            case FollowUpOpened() as opened:
                standing.add(opened.follow_up)
            case FollowUpClosed() as closed:
                if closed.follow_up not in standing:
                    world.fail(f"{closed} at {recorded.position} was not on the coordinator's list.")
                standing.remove(closed.follow_up)
            case _:
                pass


def check_closings(world: World, events: Sequence[Recorded]) -> None:
    """A period was closed after its end, and when all deliveries recorded before its end had been shared.

    In a constructed network: recorded by the time at which the desk looked; it is played by one hand, and what comes while it
    closes all the same is shared in the next.
    """
    waiting, done = awaiting_receipt(events), dict[str, int]()
    for recorded in events:
        if isinstance(recorded.data, (RevenueShared, FollowUpOpened)):
            done.setdefault(str(recorded.causationid), recorded.position)
        if isinstance(e := recorded.data, RevenueShared):
            done.setdefault(f"{e.pathway} {e.step} {e.part}", recorded.position)
    for closing in events:
        if not isinstance(closing.data, PeriodClosed):
            continue
        end = end_of(closing.data.period)
        if closing.time < end:
            world.fail(f"{closing.data.period} was closed at {closing.time}.")
        seen = min(c.worked_off.last_before_end for c in _commands(world, closing) if isinstance(c, ClosePeriod))
        for recorded in events[: closing.position]:
            if not isinstance(d := recorded.data, StepDelivered) or recorded.time >= end:
                continue
            if (d.pathway, d.step, d.part) in waiting:
                continue
            shared_at = done.get(str(recorded.id)) or done[f"{d.pathway} {d.step} {d.part}"]
            if shared_at > closing.position and (recorded.position <= seen or not world.constructed):
                world.fail(
                    f"{closing.data} at {closing.position}: what is at {recorded.position} was shared at {shared_at}."
                )


def check_views(world: World, events: Sequence[Recorded]) -> Memory:
    """Whatever a reader was shown is what comes of folding the log from zero up to there; gives the statements' rows."""
    by_projection: defaultdict[str, list[int]] = defaultdict(list)
    kinds: dict[str, Projection] = {statements.name: statements}
    for seen in world.seen:
        by_projection[seen.projection.name].append(seen.position)
        kinds[seen.projection.name] = seen.projection
    folded: dict[tuple[str, int], list[list[object]]] = {}
    memories = {}
    for name, projection in kinds.items():
        memory = memories[name] = Memory(projection)
        for to in sorted({*by_projection[name], len(events)}):
            new = events[memory.position : to]
            memory.advance([(At(r.position, r.time), r.data) for r in new if type(r.data) in projection.facts], to)
            folded[name, to] = [list(memory.under(table)) for table in projection.tables]
    for seen in world.seen:
        if folded[seen.projection.name, seen.position] != seen.rows:
            world.fail(f"{seen.projection.name} at {seen.position} was shown as {seen.rows}.")
    return memories[statements.name]


def check_issuing(world: World, events: Sequence[Recorded], documents: Mapping[str, bytes | None]) -> None:
    """After each closing every partner has one statement of it, and its document is kept."""
    partners: set[str] = set()
    owed: Counter[str] = Counter()
    for recorded in events:
        match recorded.data:
            case PartnerAdmitted() as admitted:
                partners.add(admitted.organisation)
            case PeriodClosed() as closed:
                owed[closed.period] = len(partners)
            case StatementIssued() as issued:
                owed[issued.period] -= 1
                if documents[issued.digest] is None:
                    world.fail(f"{issued.statement} was issued, its document is not kept.")
            case _:
                pass
    if any(owed.values()):
        world.fail(f"So many statements are owed: {owed}")
