"""Writes a network's log into one file for auditors. The same log with the same checkpoint gives the same bytes."""

import hashlib
import zipfile
from contextlib import aclosing
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.bundle.as_signed import NotAsSigned, Page, Rows, pages_of, signed
from adapters.bundle.aside import aside
from adapters.bundle.documents import NamedDocuments
from adapters.bundle.lines import NoEvent, read_line
from adapters.bundle.texts import BESIDE, indented, key_lines, readme, schema
from adapters.bundle.verify import FORM
from adapters.postgres.views import Views
from application.envelope import PAGE_EVENTS
from application.ports import Documents, Log, Tree
from application.registry import EVENT_TYPES
from application.tree import Frontier, root_of
from domain.kernel import Refused

_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip: a bundle says when its events happened, not when it was written."""


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
    views: Views | None = None
    """What every word of a document is held against, as the log gives it; None where nobody can be asked."""
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
    checkpoint = await signed(of.tree, note) if note else None
    head = await of.log.head()
    size = checkpoint.size if checkpoint else 0
    if head.position < size:
        raise NotAsSigned(f"The newest checkpoint covers {size:,} events, the log ends at {head.position:,}")
    file = into or Path(f"{of.network}-{head.position}{f'-{project}' if project else ''}.zip")
    with aside(file) as opened, zipfile.ZipFile(opened, "w") as archive:
        bundle = _Bundle(of, archive, head.position, project)
        bundle.put("README.txt", readme(of.network, head.position, size, project, constructed=head.constructed))
        bundle.put("verify.py", (BESIDE / "verify.py").read_bytes())
        if note:
            bundle.put("checkpoint.txt", note.encode())
            bundle.put("keys.txt", "".join(f"{line}\n" for line in await key_lines(of.tree)).encode())
        for name, event in EVENT_TYPES.items():
            bundle.put(f"schemas/{name}.json", schema(event))
        root = await bundle.put_events(size)
        if checkpoint and root != checkpoint.root:
            raise NotAsSigned(f"The first {size:,} events do not lead to the root that the checkpoint of that size has")
        if project and not bundle.exported:
            raise NoProject(project, head.position)
        await bundle.documents.compare(head.position)
        if of.doubt:  # asked last: what is wrong with a single event says more
            raise InDoubt(of.doubt)
        bundle.put(
            "manifest.json",
            indented(
                {
                    "form": FORM,
                    "network": of.network,
                    "source": of.source,
                    "constructed": head.constructed,
                    "project": project,
                    "events": head.position,
                    "exported": bundle.exported,
                    "checkpoint": size if checkpoint else None,
                    "documents": bundle.documents.found,
                    "files": bundle.sums,
                }
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
        documents=bundle.documents.found,
        missing=tuple(bundle.documents.missing),
    )


class _Bundle:
    """The zip file while it is written: of what went into it, only sums and digests stay in memory."""

    def __init__(self, of: Source, archive: zipfile.ZipFile, events: int, project: str | None) -> None:
        self._of, self._archive, self._events, self._project = of, archive, events, project
        self.documents = NamedDocuments(of.documents, of.views)
        self.exported = 0
        self.sums: dict[str, str] = {}

    def put(self, name: str, data: bytes) -> None:
        """Add a file that the manifest vouches for; pages and tiles are vouched for by the tree."""
        self.sums[name] = hashlib.sha256(data).hexdigest()
        self._write(name, data)

    async def put_events(self, size: int) -> bytes:
        """Add all pages and tiles, and the documents that they name; the root over the first `size` events."""
        frontier = Frontier()
        async with aclosing(pages_of(self._of.log, self._of.rows, self._events)) as pages:
            async for page in pages:
                if len(page.hashes) == PAGE_EVENTS and frontier.size + PAGE_EVENTS <= size:
                    frontier.add_subtree(root_of(page.hashes), PAGE_EVENTS)
                else:
                    for leaf in page.hashes[: size - frontier.size]:
                        frontier.add(leaf)
                self._write(f"tiles/0/{page.n:06}.bin", b"".join(page.hashes), zipfile.ZIP_STORED)
                await self._put_page(page)
        return frontier.root()

    async def _put_page(self, page: Page) -> None:
        events = []
        for position, line in enumerate(page.lines, page.n * PAGE_EVENTS + 1):
            try:
                event = read_line(line)
            except NoEvent as what:
                raise NotAsSigned(f"The bytes at position {position:,} {what}") from what
            if self._project is None or event.data.project == self._project:
                events.append((position, event.type, line))
        if self._project is not None and not events:
            return
        self.exported += len(events)
        self._write(f"pages/{page.n:06}.ndjson", b"".join(line + b"\n" for _, _, line in events))
        for position, kind, line in events:
            if found := await self.documents.find(position, kind, line):
                digest, body = found
                self.put(f"documents/{digest}.json", body)

    def _write(self, name: str, data: bytes, how: int = zipfile.ZIP_DEFLATED) -> None:
        info = zipfile.ZipInfo(name, _EARLIEST)
        info.create_system, info.external_attr = 3, 0o644 << 16  # as on Unix, wherever it is written
        self._archive.writestr(info, data, how, compresslevel=6)
