"""Writes a network's log into one file for auditors. The same log with the same checkpoint gives the same bytes."""

import hashlib
import zipfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from adapters.bundle.aside import aside
from adapters.bundle.documents import misfit
from adapters.bundle.lines import NoEvent, digest_in, read_line
from adapters.bundle.verify import DOCUMENTS
from adapters.signing import KeyFault, verifier_of, witness_of
from application.envelope import PAGE_EVENTS
from application.notes import Checkpoint, NoteFault, opened, parse_checkpoint
from application.notices import CONSTRUCTED
from application.ports import Documents, Log, Tree
from application.registry import EVENT_TYPES
from application.tree import Frontier, leaf_hash, root_of
from domain.kernel import Refused

FORM: Final = 1
_AT_ONCE: Final = 4
"""Pages that are read together; twice as many are held in memory at most."""
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip: a bundle says when its events happened, not when it was written."""
_BESIDE: Final = Path(__file__).parent

_encode = msgspec.json.Encoder(order="deterministic").encode


class Rows(Protocol):
    """The events themselves, beside what is sealed of them."""

    async def hashes(self, after: int, upto: int) -> Mapping[int, bytes]:
        """The leaf hashes of the events after a position up to another, by position, of those that are there."""


class Source(Struct, frozen=True, kw_only=True):
    """The network that is exported."""

    network: str
    source: str
    """As the events name it."""
    log: Log
    tree: Tree
    documents: Documents
    rows: Rows | None = None
    """What the pages of the log are compared with; None where they are made of the rows whenever they are read."""
    doubt: str | None = None
    """Why the log as a whole may not be the one that was signed, in a sentence, although each event looks right."""


class Exported(Struct, frozen=True, kw_only=True):
    """What was written."""

    file: str
    network: str
    constructed: bool
    project: str | None
    events: int
    """Up to the head: how many there are."""
    exported: int
    """How many of them are in the bundle: all, or those of the project."""
    checkpoint: int | None
    """The size of the signed checkpoint; None where nothing was signed."""
    documents: int
    missing: tuple[str, ...]
    """Digests of documents that events name and nobody has kept."""


class NoProject(Refused):
    def __init__(self, project: str, events: int) -> None:
        super().__init__(
            f"None of the {events:,} events of this log names the project {project}, so there is nothing to export. Leave out "
            "--project for the whole log."
        )


class NotAsSigned(Refused):
    """A bundle of a damaged log would prove nothing but that."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; nothing was exported. `tasma audit verify` says what was changed.")


class InDoubt(Refused):
    """What would leave the house could be another history than the one that was signed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why} Until that is settled nothing of this log is exported or proven.")


async def export(of: Source, into: Path | None = None, project: str | None = None) -> Exported:
    """Write the bundle; without a name of its own it is called after the network and its size.

    project: only the events that name it, and the hashes of all, to check them against. Raises AlreadyThere, NoProject,
    NotAsSigned, InDoubt, Unavailable, OSError.
    """
    note = await of.tree.checkpoint()
    checkpoint = await _signed(of.tree, note) if note else None
    head = await of.log.head()
    size = checkpoint.size if checkpoint else 0
    if head.position < size:
        raise NotAsSigned(f"The newest checkpoint covers {size:,} events, the log ends at {head.position:,}")
    file = into or Path(f"{of.network}-{head.position}{f'-{project}' if project else ''}.zip")
    with aside(file) as opened, zipfile.ZipFile(opened, "w") as archive:
        bundle = _Bundle(of, archive, head.position, project)
        bundle.put("README.txt", _readme(of.network, head.position, size, project, constructed=head.constructed))
        bundle.put("verify.py", (_BESIDE / "verify.py").read_bytes())
        if note:
            bundle.put("checkpoint.txt", note.encode())
            bundle.put("keys.txt", "".join(f"{line}\n" for line in await key_lines(of.tree)).encode())
        for name, event in EVENT_TYPES.items():
            bundle.put(f"schemas/{name}.json", _schema(event))
        root = await bundle.put_events(size)
        if checkpoint and root != checkpoint.root:
            raise NotAsSigned(f"The first {size:,} events do not lead to the root that the checkpoint of that size has")
        if project and not bundle.exported:
            raise NoProject(project, head.position)
        if of.doubt:  # asked last: what is wrong with a single event says more
            raise InDoubt(of.doubt)
        bundle.put(
            "manifest.json",
            msgspec.json.format(
                _encode(
                    {
                        "form": FORM,
                        "network": of.network,
                        "source": of.source,
                        "constructed": head.constructed,
                        "project": project,
                        "events": head.position,
                        "exported": bundle.exported,
                        "checkpoint": size if checkpoint else None,
                        "documents": len(bundle.documents) - len(bundle.missing),
                        "files": bundle.sums,
                    }
                ),
                indent=1,
            ),
        )
    return Exported(
        file=str(file),
        network=of.network,
        constructed=head.constructed,
        project=project,
        events=head.position,
        exported=bundle.exported,
        checkpoint=size if checkpoint else None,
        documents=len(bundle.documents) - len(bundle.missing),
        missing=tuple(bundle.missing),
    )


async def key_lines(tree: Tree) -> list[str]:
    """The public keys of the network and its witnesses, as `verify.keys_in` reads them."""
    own = [f"log {vkey}" for vkey in await tree.verifiers()]
    return own + [f"witness {each.vkey} {each.organisation}" for each in await tree.witnesses()]


async def _signed(tree: Tree, note: str) -> Checkpoint:
    """The checkpoint in a note, if each of its signatures that can be checked is right. Raises NotAsSigned."""
    try:
        own = [verifier_of(vkey) for vkey in await tree.verifiers()]
        witnesses = [witness_of(each.vkey) for each in await tree.witnesses()]
        opened(note, own)  # a witness alone signs for nobody
        return parse_checkpoint(opened(note, [*own, *witnesses]).text)
    except (NoteFault, KeyFault) as fault:
        raise NotAsSigned(f"The newest checkpoint cannot be relied on ({fault})") from fault


class _Bundle:
    """The zip file while it is written: of what went into it, only sums and digests stay in memory."""

    def __init__(self, of: Source, archive: zipfile.ZipFile, events: int, project: str | None) -> None:
        self._of, self._archive, self._events, self._project = of, archive, events, project
        self.exported = 0
        self.sums: dict[str, str] = {}
        self.documents: set[str] = set()
        self.missing: list[str] = []

    def put(self, name: str, data: bytes) -> None:
        """Add a file that the manifest vouches for; pages and tiles are vouched for by the tree."""
        self.sums[name] = hashlib.sha256(data).hexdigest()
        self._write(name, data)

    async def put_events(self, size: int) -> bytes:
        """Add all pages and tiles, and the documents that they name; the root over the first `size` events."""
        frontier = Frontier()
        async with aclosing(_pages(self._of.log, self._events)) as pages:
            n = 0
            async for lines in pages:
                hashes = [leaf_hash(line) for line in lines]
                if len(hashes) == PAGE_EVENTS and frontier.size + PAGE_EVENTS <= size:
                    frontier.add_subtree(root_of(hashes), PAGE_EVENTS)
                else:
                    for leaf in hashes[: size - frontier.size]:
                        frontier.add(leaf)
                await self._check_rows(n, hashes)
                self._write(f"tiles/0/{n:06}.bin", b"".join(hashes), zipfile.ZIP_STORED)
                await self._put_page(n, lines)
                n += 1
        return frontier.root()

    async def _check_rows(self, n: int, hashes: Sequence[bytes]) -> None:
        """A bundle of pages whose events were changed or removed since would look right, and the log is not. Raises NotAsSigned."""
        if self._of.rows is None:
            return
        after, upto = n * PAGE_EVENTS, min((n + 1) * PAGE_EVENTS, self._events)
        rows = await self._of.rows.hashes(after, upto)
        for position, (_, leaf) in enumerate(zip_longest(range(after, upto), hashes), after + 1):
            if position not in rows:
                raise NotAsSigned(f"The row of the event at position {position:,} is gone; sealed page {n:,} has it")
            if rows[position] != leaf:
                raise NotAsSigned(
                    f"The event at position {position:,} has other bytes in its row than in sealed page {n:,}"
                )

    async def _put_page(self, n: int, lines: Sequence[bytes]) -> None:
        events = []
        for position, line in enumerate(lines, n * PAGE_EVENTS + 1):
            try:
                event = read_line(line)
                if self._project is None or event.data.project == self._project:
                    digest = digest_in(line, DOCUMENTS[event.type][0]) if event.type in DOCUMENTS else None
                    events.append((position, line, event.type, digest))
            except NoEvent as what:
                raise NotAsSigned(f"The bytes at position {position:,} {what}") from what
        if self._project is not None and not events:
            return
        self.exported += len(events)
        self._write(f"pages/{n:06}.ndjson", b"".join(line + b"\n" for _, line, _, _ in events))
        for position, line, kind, digest in events:
            if digest is not None:
                await self._put_document(position, line, kind, digest)

    async def _put_document(self, position: int, line: bytes, kind: str, digest: str) -> None:
        if digest in self.documents:
            return
        self.documents.add(digest)
        body = await self._of.documents.find(digest)
        if body is None:
            self.missing.append(digest)
        elif why := misfit(line, kind, digest, body):
            raise NotAsSigned(f"The document {digest}, which the event at position {position:,} names, {why}")
        else:
            self.put(f"documents/{digest}.json", body)

    def _write(self, name: str, data: bytes, how: int = zipfile.ZIP_DEFLATED) -> None:
        info = zipfile.ZipInfo(name, _EARLIEST)
        info.create_system, info.external_attr = 3, 0o644 << 16  # as on Unix, wherever it is written
        self._archive.writestr(info, data, how, compresslevel=6)


async def _pages(log: Log, events: int) -> AsyncGenerator[Sequence[bytes], None]:
    """The lines of every page: of sealed ones as they are, of the rest from the rows."""
    first, pages = 0, -(-events // PAGE_EVENTS)
    while first < pages:
        sealed: Sequence[bytes] = await log.pages(first, limit=min(_AT_ONCE, pages - first))
        for page in sealed:
            yield page.split(b"\n")[:-1][: events - first * PAGE_EVENTS]
            first += 1
        if not sealed:  # not yet, or damaged: the rows are the truth
            last = min(events, (first + 1) * PAGE_EVENTS)
            yield [await _body(log, position) for position in range(first * PAGE_EVENTS + 1, last + 1)]
            first += 1


async def _body(log: Log, position: int) -> bytes:
    body = await log.body(position)
    if body is None:
        raise NotAsSigned(f"The event at position {position:,} is not there")
    if b"\n" in body:
        raise NotAsSigned(f"The bytes at position {position:,} hold a line break, which no event's bytes have")
    return body


def _schema(event: type[Any]) -> bytes:
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return msgspec.json.format(_encode({**dialect, **msgspec.json.schema(event)}), indent=1)


def _readme(network: str, events: int, size: int, project: str | None, *, constructed: bool) -> bytes:
    title = f"The log of {network} for auditors" + (f": the project {project}" if project else "")
    signed = f"what the network signed: how many events there are ({size:,} of {events:,}), and their root"
    whole = "Every event from the first to the last is here."
    part = (
        f"Only the events that name the project {project} are here, with the hashes of all, so that each can be checked at its "
        "position. That none of the project's was left out, this bundle cannot show."
    )
    return (
        (_BESIDE / "readme.txt")
        .read_text(encoding="utf-8")
        .format(
            title=f"{title}\n{'=' * len(title)}" + (f"\n\n{CONSTRUCTED}" if constructed else ""),
            network=network,
            events=events,
            contents=part if project else whole,
            checkpoint=signed if size else "(missing: this network signs nothing, so nothing proves that all is here)",
        )
        .encode()
    )
