"""Whether this database still holds all that was signed: the newest checkpoint outside it against what is inside.

A database that ends before that checkpoint is a restored backup, or another network's; one whose first events have another
root has a forked history. Either is read and never appended to until somebody decides what is right. So is one whose own newest
checkpoint was signed for another network.

When it is compared: before anything else at the start; by head whenever a decision looks, and by root when the newest event known
here is not there any more, before anything is appended; every few seconds by head; whenever the head that is seen falls; and by root
before each new checkpoint is kept.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import structlog

from adapters.checkpoint_file import CheckpointFile
from application.counting import counted
from application.notes import NoteFault, Verifier, opened, parse_checkpoint, read
from application.ports import EventGone, Log, ReadOnly, Tree
from application.tree import Frontier
from domain.kernel import Refused

WATCH_SECONDS: Final = 2.0
_LEAVES: Final = 16_384
"""Hashes asked for at once: half a megabyte."""

Trust = Callable[[str], Verifier]

logger = structlog.get_logger()


class _Wrong(Exception):
    """What does not fit, as a sentence, and what can be done about it."""

    def __init__(self, what: str, way_out: str | None = None) -> None:
        super().__init__(what)
        self.way_out = way_out or _WAY_OUT


class Custody:
    """Compares, and says what is wrong: `fault` is a sentence while nothing may be appended."""

    def __init__(
        self, file: CheckpointFile, log: Log, tree: Tree, *, origin: str, own: Sequence[Verifier], trust: Trust
    ) -> None:
        """`own`: the keys that sign here now; `trust` makes a verifier of the text of one that is recorded inside."""
        self.file = file
        self.fault: str | None = None
        self.foreign = False
        """Whether the fault is that the database is another network's by what was signed inside: that cannot be accepted."""
        self.unkept: str | None = None
        """Why the newest checkpoint could not be kept outside."""
        self.signed_size = 0
        """The size of the newest checkpoint outside, as far as this process knows."""
        self._log, self._tree, self._origin = log, tree, origin
        self._own, self._trust = own, trust
        self._compared: str | None = None
        """The note whose root was compared last."""
        self.highest = 0
        """The highest head that was seen."""
        self._judging = asyncio.Lock()

    async def begin(self) -> None:
        """Compare for the first time; where nothing is outside yet, keep what the database has. Raises Unavailable."""
        await self.judge()
        if self.fault or self._compared is not None or (await self._log.head()).position == 0:
            return
        try:
            note = await self._tree.note()
            if note is None:
                logger.info("custody.nothing_signed")
                return
            # Of a key that is only recorded inside, nothing but the database says whose it is.
            opened(note, self._own or await self._verifiers())
        except NoteFault as fault:
            logger.error("custody.inside_not_verified", why=str(fault))  # noqa: TRY400 - its sentence says it all
            return
        logger.warning("custody.nothing_outside", why="the newest checkpoint inside the database is kept outside now")
        await self.keep(note)

    async def judge(self, *, by_root: bool = False) -> None:
        """Compare the database with the checkpoint outside. `by_root`: also where the same root was compared before.

        Raises Unavailable.
        """
        async with self._judging:
            before, self.fault = self.fault, await self._judged(by_root=by_root)
        if self.fault and self.fault != before:
            logger.error("custody.read_only", why=self.fault)
        elif before and not self.fault:
            logger.warning("custody.writable_again")

    async def watch(self) -> None:
        """Go on comparing until cancelled, so that a database that changes under a running process is noticed."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            await self.judge()

    async def writable(self) -> None:
        """Wait until something may be appended; `watch` finds out."""
        while self.fault:  # noqa: ASYNC110 - who decides is an operator, not a task
            await asyncio.sleep(WATCH_SECONDS)

    def admit(self) -> None:
        """Let something be appended. Raises ReadOnly."""
        if self.fault:
            raise ReadOnly(self.fault)

    async def saw(self, head: int, *, before: int) -> None:
        """Take note of where the log ends, asked when `before` was the highest known; what falls or was signed is looked for.

        Raises Unavailable.
        """
        if head < before:
            logger.error("custody.head_fell", before=before, now=head)
            self.highest = head
            await self.judge()
        elif head < self.signed_size and not self.fault:
            await self.judge()
        self.highest = max(self.highest, head)

    async def keep(self, note: str) -> None:
        """Keep a newly signed checkpoint outside.

        A file that cannot be written is logged and shown; signing goes on. Raises ReadOnly where the database no longer
        goes on from the checkpoint outside, NoteFault, and Unavailable.
        """
        await self.judge(by_root=True)
        if self.fault:
            raise ReadOnly(self.fault)
        try:
            kept = await asyncio.to_thread(self.file.keep, note)
        except OSError as error:
            self.unkept = f"The newest checkpoint cannot be kept outside the database: {error.strerror or error}."
            logger.error("custody.unkept", why=self.unkept)  # noqa: TRY400 - the file system's word is all there is to say
            return
        self.unkept = None
        if kept:
            self._compared, self.signed_size = note, parse_checkpoint(read(note)[0]).size

    async def outside(self) -> str | None:
        """The note that is kept outside; None where there is none that can be read."""
        try:
            return await self._outside()
        except _Wrong:
            return None

    async def _judged(self, *, by_root: bool) -> str | None:
        self.foreign = False
        try:
            await self._compare(by_root=by_root)
        except _Wrong as wrong:
            return f"{wrong} {wrong.way_out}"
        return None

    async def _compare(self, *, by_root: bool) -> None:
        """Raises _Wrong and Unavailable."""
        note = await self._outside()
        if note is None:
            self._compared, self.signed_size = None, 0
            with suppress(NoteFault):  # nothing outside contradicts what cannot be read inside
                await self._check_origin()
            return
        head = (await self._log.head()).position
        if note == self._compared and head >= self.signed_size and not by_root:
            return
        try:
            checkpoint = parse_checkpoint(read(note)[0])
            signed = await self._signed(note)
        except NoteFault as fault:
            raise _Wrong(f"The checkpoint kept outside the database is not what was signed. {fault}") from fault
        if checkpoint.origin != self._origin:
            raise _Wrong(
                f"The checkpoint kept outside the database is that of {checkpoint.origin}, not of {self._origin}."
            )
        self.signed_size = checkpoint.size
        if head < checkpoint.size:
            raise _Wrong(
                f"The log ends at position {head:,}, but a checkpoint over {counted(checkpoint.size, 'event')} was {signed}: "
                "the database is a restored backup, or not this network's."
            )
        try:
            root = await self._root_at(checkpoint.size)
        except _Wrong as wrong:
            if self.foreign:
                raise
            raise _Wrong(
                f"{wrong} A checkpoint over the first {checkpoint.size:,} of {head:,} events was {signed}, and what the "
                "database holds of them is not whole."
            ) from wrong
        fits = root == checkpoint.root
        if not fits and await self._root_of_rows(checkpoint.size) == checkpoint.root:
            # A hash in a tile is all that was changed; the events are what was recorded.
            logger.error("custody.tiles_do_not_fit", size=checkpoint.size, way_out="tasma audit verify --repair")
        elif not fits:
            raise _Wrong(
                f"The first {checkpoint.size:,} of {head:,} events are not those over which a checkpoint was {signed}: "
                "the history was forked."
            )
        self._compared = note

    async def _outside(self) -> str | None:
        try:
            return await asyncio.to_thread(self.file.note)
        except (OSError, UnicodeDecodeError) as error:
            raise _Wrong(
                f"The checkpoint kept outside the database cannot be read ({type(error).__name__})."
            ) from error

    async def _root_at(self, size: int) -> bytes:
        """The root over the first events, from what is sealed of them and from the events behind that.

        Raises _Wrong where an event is missing, or what was signed inside cannot be read or is another network's.
        """
        try:
            await self._check_origin()
        except NoteFault as fault:
            raise _Wrong(f"The newest checkpoint inside the database is damaged. {fault}") from fault
        try:
            return await self._tree.subtree(0, size)
        except EventGone as gone:
            raise _Wrong(str(gone)) from gone

    async def _root_of_rows(self, size: int) -> bytes | None:
        """The same from the events alone; None where one is missing."""
        frontier = Frontier()
        try:
            for begin in range(0, size, _LEAVES):
                for leaf in await self._tree.leaves(begin, min(begin + _LEAVES, size)):
                    frontier.add(leaf)
        except EventGone:
            return None
        return frontier.root()

    async def _check_origin(self) -> None:
        """Whether what was signed inside is this network's. Raises _Wrong and NoteFault."""
        note = await self._tree.note()
        signed = parse_checkpoint(read(note)[0]) if note else None
        if signed and signed.origin != self._origin:
            self.foreign = True
            raise _Wrong(
                f"The newest checkpoint inside the database is that of {signed.origin}, and this process was started for "
                f"{self._origin}.",
                _ANOTHER,
            )

    async def _verifiers(self) -> Sequence[Verifier]:
        """Every key that signed here, as far as this database knows, and those that sign now."""
        known = {verifier.vkey: verifier for verifier in self._own}
        for vkey in await self._tree.verifiers():
            try:
                known.setdefault(vkey, self._trust(vkey))
            except Refused as fault:
                logger.error("custody.key_damaged", why=str(fault))  # noqa: TRY400 - its sentence says it all
        return tuple(known.values())

    async def _signed(self, note: str) -> str:
        """When the checkpoint outside was kept, and by which key it was signed, for people. Raises NoteFault."""
        when = await asyncio.to_thread(self._kept_at)
        verifiers = await self._verifiers()
        known = {(v.name, v.key_hash) for v in verifiers}
        signatures = read(note)[1]
        if any((s.name, s.key_hash) in known for s in signatures):
            keys = ", ".join(s.key for s in opened(note, verifiers).verified)
            return f"signed by {keys} (kept {when})"
        keys = ", ".join(s.key for s in signatures[:3])
        if note != self._compared:
            logger.warning("custody.unknown_key", keys=keys)
        return f"signed by {keys}, a key that is not known here (kept {when})"

    def _kept_at(self) -> str:
        try:
            written = self.file.path.stat().st_mtime
        except FileNotFoundError:
            return "just now"
        return datetime.fromtimestamp(written, UTC).isoformat(timespec="seconds")


_WAY_OUT: Final = (
    "Everything can be read, nothing is appended. Connect the right database or restore a newer backup; "
    "to go on with this one for good, `tasma audit accept-restore`."
)
_ANOTHER: Final = (
    "Everything can be read, nothing is appended and nothing of it is kept outside. Connect the database of this network, or "
    "give TASMA_NETWORK the name of the one that this database belongs to."
)
