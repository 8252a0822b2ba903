"""Verify a live log: stream everything in order, recompute it from stored bytes, hold it against what was signed.

Memory does not grow with the log: a part of 2,048 events with its pages and tiles at a time, the next being read meanwhile.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from adapters.auditing.beside import check_beside
from adapters.auditing.checkpoints import CheckpointCheck, SignedRoot
from adapters.auditing.copies import Copies, read_copies
from adapters.auditing.events import Decision, EventCheck
from adapters.auditing.extent import Extent, extent_of
from adapters.auditing.read_models import check_read_models, none_compared
from adapters.auditing.report import Fault, Faults, First, Kind, Repairable, Verified
from adapters.auditing.signed_tree import SignedTree
from adapters.auditing.statements import Issued, check_documents
from adapters.postgres.audit_reading import AuditReading, TileRow
from adapters.postgres.database import Row
from adapters.postgres.views import Views
from application.counting import counted
from application.envelope import PAGE_EVENTS
from domain.kernel import current, versions_of
from domain.network.events import NetworkFounded
from domain.settlement.events import StatementIssued

_PART_PAGES: Final = 8
_ISSUED: Final = versions_of(StatementIssued)


class _Part(NamedTuple):
    """What is read at a time: the pages from `first` on."""

    first: int
    rows: list[Row]
    """(position, type id, time, tags, bytes, number of bytes)"""
    pages: dict[int, bytes]
    tiles: dict[int, TileRow]
    checkpoints: list[Row]


async def verify(
    reading: AuditReading,
    *,
    keys: Sequence[str] | None = None,
    held: Sequence[str] = (),
    outside: str | None = None,
    origin: str | None = None,
    views: Views | None = None,
    to_head: bool = False,
) -> tuple[Verified, Repairable]:
    """Verify all that is there; what can be made again where it is damaged.

    keys: the public keys that are trusted; None: those that the database itself says have signed, beside those held. held:
    public keys known from outside the database; one of them, if there are any, must have signed the newest checkpoint.
    outside: the note that is kept outside the database; it counts like a checkpoint inside. to_head: as it is once what is
    over no events was set aside. views: of the log where the issued statements and all read models are recomputed, if nothing
    else is wrong with it. Raises Unavailable, Unreadable and NoTablesOfItsOwn.
    """
    began = asyncio.get_running_loop().time()
    held = held if keys is None else keys
    recorded = await reading.keys()
    trusted = tuple(dict.fromkeys((*held, *(recorded if keys is None else ()))))
    checkpoints = CheckpointCheck(trusted, await reading.witnesses(), origin, held, outside=outside, recorded=recorded)
    extent = await extent_of(reading, checkpoints.decides, checkpoints.covered, to_head=to_head)
    work = _Verification(reading, extent, EventCheck(await reading.types()), to_head=to_head)
    root = await work.stream(checkpoints)
    await work.check_rest(views, checkpoints)
    faults = work.faults
    faults.add(*checkpoints.faults)
    unheld = checkpoints.unheld(work.newest)
    faults.add(*((unheld,) if unheld else ()))
    refused = work.tree.forked or work.beyond or checkpoints.damaged or unheld is not None
    kept = tuple(faults.kept())
    verified = Verified(
        size=work.head,
        root=root.hex() if root else "",
        ok=not faults.count,
        first_fault=First(kept[0].position, kept[0].what) if kept else None,
        faults=kept,
        faults_in_all=faults.count,
        pages=work.pages,
        checkpoints=work.checkpoints,
        keys=dict(checkpoints.signed_by),
        held=checkpoints.held,
        newest_signed_by=checkpoints.newest,
        cosignatures=dict(checkpoints.cosigned_by),
        unsigned=max(work.head - work.newest, 0),
        unknown_types=work.events.unknown,
        statements=len(work.issued),
        projections=work.read_models.compared,
        not_compared=work.read_models.not_compared,
        seconds=asyncio.get_running_loop().time() - began,
    )
    return verified, Repairable(refused=True) if refused else work.tree.repairable


class _Verification:
    def __init__(self, reading: AuditReading, extent: Extent, events: EventCheck, *, to_head: bool) -> None:
        self._reading, self.head, self.events, self._to_head = reading, extent.head, events, to_head
        self._last, self._needed = extent.last, extent.needed
        self.faults = Faults()
        self.tree = SignedTree(self.faults)
        self.beyond = False
        """Whether a checkpoint covers events that are gone."""
        self.pages = self.checkpoints = 0
        self.read_models = none_compared("nobody asked for it")
        self._misplaced: set[Kind] = set()
        """Of tags and commands: whether one is missing, so that as many as there must be say nothing of strays."""
        self._sizes: set[int] = set()
        """Of the stored checkpoints, those that the note outside could be of."""
        self.newest = 0
        """The size of the newest checkpoint that says what it must."""
        self.issued: list[Issued] = []
        self._founded: NetworkFounded | None = None
        self._tags = self._decisions = 0
        self._cosignatures: dict[int, list[tuple[str, str]]] = {}

    async def stream(self, checkpoints: CheckpointCheck) -> bytes | None:
        """Everything in order of position; the root over it."""
        for size, vkey, line in await self._reading.cosignatures():
            self._cosignatures.setdefault(size, []).append((vkey, line))
        root: bytes | None = None
        looked_up: asyncio.Task[None] | None = None
        coming = asyncio.create_task(self._part(0))
        try:
            for first in range(0, self._last // PAGE_EVENTS + 1, _PART_PAGES):
                part = await coming
                # Nothing is asked for beyond the last part: a question that is cut off ends the transaction of all that follow.
                if not self._is_last(first):
                    coming = asyncio.create_task(self._part(first + _PART_PAGES))
                await asyncio.sleep(0)  # it sends its questions before this works on
                self._check_rows(part, at_end=self._is_last(first))
                if looked_up:
                    await looked_up
                looked_up = asyncio.create_task(self._look_up(first, self.events.decisions))
                self.events.decisions = []
                await asyncio.sleep(0)
                root = await self._check_pages(part, checkpoints)
            if looked_up:
                await looked_up
        finally:
            begun = [task for task in (coming, looked_up) if task]
            for task in begun:
                task.cancel()
            await asyncio.gather(*begun, return_exceptions=True)
        return root

    def _is_last(self, first: int) -> bool:
        return first + _PART_PAGES > self._last // PAGE_EVENTS

    async def _part(self, first: int) -> _Part:
        after, upto = first * PAGE_EVENTS, min((first + _PART_PAGES) * PAGE_EVENTS, self._last)
        end = upto // PAGE_EVENTS
        rows = await self._reading.events(after, upto)
        return _Part(
            first,
            rows,
            await self._reading.pages(first, end),
            await self._reading.tiles(0, first, end),
            await self._reading.checkpoints(after, upto),
        )

    def _check_rows(self, part: _Part, *, at_end: bool) -> None:
        for row in part.rows:
            self._tags += len({*map(str, row[3] or ())})
            event = self.events.check(row)
            if isinstance(event, _ISSUED) and isinstance(said := current(event), StatementIssued):
                self.issued.append((row[0], said))
            elif event.__class__ is NetworkFounded:
                self._founded = self._founded or event
        self.faults.add(*self.events.faults)
        self.events.faults.clear()
        if at_end:
            self.events.finish()
        self._decisions += len(self.events.decisions)

    async def _look_up(self, first: int, decisions: Sequence[Decision]) -> None:
        """Tags and commands of a part, by the database while the next one is checked here."""
        after = first * PAGE_EVENTS
        for position, tag in await self._reading.missing_tags(after, after + _PART_PAGES * PAGE_EVENTS):
            self.faults.add(Fault(position, f"Position {position:,}: it is not found under its tag {tag}.", "tag"))
            self._misplaced.add("tag")
        for command, last, recorded_last, recorded_n in await self._reading.wrong_commands(decisions):
            if recorded_last is None:
                what = f"Position {last:,}: the command {command} that led to it is not recorded; a repeat would act again."
            else:
                what = (
                    f"Position {last:,}: the command {command} that led to it is recorded with {counted(recorded_n, 'event')} up to "
                    f"{recorded_last:,}."
                )
            self.faults.add(Fault(last, what, "command"))
            self._misplaced.add("command")

    async def _check_pages(self, part: _Part, checkpoints: CheckpointCheck) -> bytes | None:
        """The pages of a part with their checkpoints; at the end of the log the root over everything."""
        signed: dict[int, list[SignedRoot]] = {}
        for size, root, note in part.checkpoints:
            checked = self._check_checkpoint(checkpoints, size, root, note)
            if checked is None:
                continue
            signed.setdefault((size - 1) // PAGE_EVENTS, []).append(checked)
            cosigned = (checkpoints.cosigned(checked, vkey, line) for vkey, line in self._cosignatures.get(size, ()))
            self.faults.add(*(fault for fault in cosigned if fault))
        after = part.first * PAGE_EVENTS
        every = [each for found in signed.values() for each in found]
        if kept := checkpoints.kept(every, after, min(after + _PART_PAGES * PAGE_EVENTS, self._last)):
            beside = signed.setdefault((kept.size - 1) // PAGE_EVENTS, [])
            beside.append(kept)
            beside.sort(key=lambda each: each.size)
        found: list[bytes | None] = [None] * min(_PART_PAGES * PAGE_EVENTS, self._last - after)
        for position, _, _, _, data, _ in part.rows:
            found[position - after - 1] = data
        for n in range(part.first, part.first + _PART_PAGES):
            bodies = found[n * PAGE_EVENTS - after : (n + 1) * PAGE_EVENTS - after]
            copies = Copies(n, bodies, part.pages.get(n), part.tiles.get(n), needed=n <= self._needed)
            self.pages += copies.page is not None
            compared = read_copies(copies)
            if len(bodies) < PAGE_EVENTS:
                return self.tree.finish(compared, signed.get(n, ()))
            for level, number in self.tree.add(compared, signed.get(n, ())):
                stored = (await self._reading.tiles(level, number, number + 1)).get(number)
                if stored or n <= self._needed:
                    self.tree.compare(level, number, stored)
        return None

    def _check_checkpoint(self, checkpoints: CheckpointCheck, size: int, root: bytes, note: str) -> SignedRoot | None:
        self.checkpoints += 1
        if checkpoints.outside and checkpoints.outside.size == size:
            self._sizes.add(size)
        checked = checkpoints.signed(size, root, note)
        if isinstance(checked, Fault):
            self.faults.add(checked)
            return None
        self.newest = size
        return checked

    async def check_rest(self, views: Views | None, checkpoints: CheckpointCheck) -> None:
        """What is not in the order of positions."""
        reading, faults = self._reading, self.faults
        await self._check_beyond(checkpoints)
        if "tag" in self._misplaced or await reading.tag_count() != self._tags:
            for position, tag in _first_beyond(await reading.stray_tags(), self.head, 0):
                what = f"Position {position:,}: it is found under the tag {tag}, which it does not have."
                faults.add(Fault(position, what, "tag"))
        if "command" in self._misplaced or await reading.command_count() != self._decisions:
            for command, last in _first_beyond(await reading.stray_commands(), self.head, 1):
                what = f"Position {last:,}: the command {command} is recorded for it and did not lead to it."
                faults.add(Fault(last, what, "command"))
        constructed = await reading.constructed()
        if (constructed is None) != (self.head == 0):
            faults.add(
                Fault(0, "The network's row is there if and only if the log has events; here it is not so.", "network")
            )
        elif self._founded and self._founded.constructed != constructed:
            said = "constructed" if self._founded.constructed else "real"
            faults.add(Fault(0, f"The network was founded as {said}; its row says otherwise.", "network"))
        faults.add(*await check_beside(reading, self.head, self.events.causes, to_head=self._to_head))
        wrong, kept = await check_documents(self.issued, reading)
        faults.add(*wrong)
        if views:
            # What the log gives is what its rows give: where these are wrong, nothing can be held against it.
            self.read_models = (
                none_compared("the faults named here come first")
                if faults.count or checkpoints.faults
                else await check_read_models(views, kept, self.head)
            )
            faults.add(*self.read_models.faults)

    async def _check_beyond(self, checkpoints: CheckpointCheck) -> None:
        """What is said of positions that the log does not have."""
        reading, faults = self._reading, self.faults
        for size, root, note in await reading.checkpoints(self._last, 2**63 - 1):
            if self._check_checkpoint(checkpoints, size, root, note) is None:
                continue
            what = f"The checkpoint of {counted(size, 'event')} covers events that are gone: the log ends at {self.head:,}."
            faults.add(Fault(self.head + 1, what, "tree"))
            self.beyond = True
        lost = checkpoints.lost(self._sizes, self._last)
        faults.add(*((lost,) if lost else ()))
        for position in await reading.below():
            faults.add(Fault(position, f"Position {position:,}: there is a row, and the first position is 1.", "row"))
        for position in await reading.events_beyond(self._last):
            what = f"Position {position:,}: there is a row, and all that is stored is too little for a log that reaches it."
            faults.add(Fault(position, what, "row"))
        if self._to_head:
            return
        for n in await reading.pages_beyond(self._last // PAGE_EVENTS):
            faults.add(Fault(0, f"Page {n:,} is over events that are not there.", "page"))
        for level, n in await reading.tiles_beyond(self._last // PAGE_EVENTS):
            faults.add(Fault(0, f"The tile {level}/{n} is over events that are not there.", "tile"))


def _first_beyond(rows: Sequence[Row], head: int, column: int) -> Sequence[Row]:
    """Rows by position: beyond the head the first says it for all, so that the others do not crowd out other faults."""
    within = sum(row[column] <= head for row in rows)
    return rows[: within + 1]
