"""What every fault ends with: all that was acknowledged is in the log as it was acknowledged, once, and the audit passes."""

import os
import subprocess
from collections import Counter
from collections.abc import Sequence
from itertools import groupby, pairwise

import msgspec
from msgspec import Struct

from adapters.settings import Settings
from adapters.wiring import Network, open_network
from application.envelope import Recorded
from application.ports import Log
from domain.mentoring.events import MentorCapacitySet
from domain.pathways.events import StepDelivered
from domain.revenue.events import RevenueShared
from tests import command
from tests.custody.restoring import environment_of
from tests.faults.cases import CLIENT, founding
from tests.faults.load import Acknowledged, Notes, by_desk, insist


class Audited(Struct, frozen=True):
    """What `tasma audit verify` said."""

    code: int
    size: int
    ok: bool
    pages: int
    checkpoints: int
    unsigned: int
    faults: tuple[str, ...]
    repaired: tuple[str, ...]
    said: str
    """On stderr."""


class _Found(Struct):
    what: str


class _Verified(Struct):
    size: int
    ok: bool
    pages: int
    checkpoints: int
    unsigned: int
    faults: tuple[_Found, ...]
    repaired: tuple[str, ...] = ()


def tasma(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, in a process of its own."""
    own = {"TASMA_CHECKPOINT_FILE": str(settings.checkpoint_file)} if settings.checkpoint_file else {}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TASMA_")}
    return command.run(*arguments, env={**environment, **environment_of(settings), **own})


def audited(settings: Settings, *options: str) -> Audited:
    done = tasma(settings, "audit", "verify", "--format", "json", *options)
    assert done.stdout, done.stderr
    found = msgspec.json.decode(done.stdout, type=_Verified)
    faults = tuple(fault.what for fault in found.faults)
    return Audited(
        done.returncode,
        found.size,
        found.ok,
        found.pages,
        found.checkpoints,
        found.unsigned,
        faults,
        found.repaired,
        done.stderr,
    )


async def found_network(network: Network, notes: Notes) -> None:
    """Everything that clients need before they can begin."""
    send = by_desk(network.desk)
    for name, body in founding():
        notes.note(await insist(send, name, body, network.desk.entropy.event_id(network.clock())))


async def check(settings: Settings, notes: Notes, *, grown_beyond: int) -> None:
    """Open everything anew, go on for a moment, and look at all of it.

    `grown_beyond`: the head when the fault was over.
    """
    async with open_network(settings) as network:
        send, entropy, clock = by_desk(network.desk), network.desk.entropy, network.clock
        more = {"organisation": f"org:after-{len(notes)}", "name": {"fi": "Uusi"}, "kind": "other"}
        notes.note(await insist(send, "register-organisation", more, entropy.event_id(clock())))
        await network.catch_up()
        assert (await network.sealer.seal()).checkpoint == (await network.log.head()).position
        events = await read_all(network.log)
        assert len(events) > grown_beyond + 1
        compare(notes.all(), events)
        for rebuilt in await network.rebuild():
            assert (rebuilt.fault, rebuilt.parked, rebuilt.differences) == (None, 0, ()), rebuilt.projection
            assert rebuilt.compared_at == rebuilt.position == len(events)
    said = audited(settings)
    assert (said.code, said.ok, said.faults) == (0, True, ()), said
    assert (said.size, said.unsigned, said.pages) == (len(events), 0, len(events) // 256)
    assert said.checkpoints


async def read_all(log: Log) -> Sequence[Recorded]:
    events: list[Recorded] = []
    while part := await log.read(len(events), limit=1_000):
        events += part
    return events


def compare(acknowledged: Sequence[Acknowledged], events: Sequence[Recorded]) -> None:
    """Hold what clients were told against what is there."""
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    decisions = [(command, list(together)) for command, together in groupby(events, lambda event: event.commandid)]
    times = [{event.time for event in together} for _, together in decisions]
    assert all(max(before) < min(after) for before, after in pairwise(times))
    recorded = [(command, tuple((event.position, event.id) for event in together)) for command, together in decisions]
    by_command = dict(recorded)
    assert len(by_command) == len(recorded), "a command is there twice"
    for told in acknowledged:
        assert by_command.get(told.command) == told.events
        assert told.position == told.events[-1][0]
    # Clients insist until they are answered, so nothing of theirs is there that they were not told of.
    assert {told.command for told in acknowledged} == {e.commandid for e in events if e.actor == CLIENT.actor}
    # And every case is different, so what happened twice was done twice; a capacity may be set to what it was.
    once = [event.data for event in events if not isinstance(event.data, MentorCapacitySet)]
    ((_, most),) = Counter(map(msgspec.json.encode, once)).most_common(1)
    assert most == 1
    delivered = [event.data for event in events if isinstance(event.data, StepDelivered)]
    shared = [event.data for event in events if isinstance(event.data, RevenueShared)]
    assert {(d.pathway, d.part) for d in delivered} == {(s.pathway, s.part) for s in shared}
    assert len(delivered) == len(shared)
