"""Bundles of the example's year, and the same bundles with something done to them."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from adapters.bundle import verify
from adapters.bundle.export import Source
from adapters.bundle.verify import Check, key_of, leaf_hash
from adapters.memory.log import _Kept
from adapters.memory.tree import MemoryTree
from adapters.signing import make_key, signer_of
from application.envelope import decode
from domain.kernel import name_of, tags_of, versions_of
from domain.settlement.events import PeriodClosed, StatementIssued
from projections.statement import account_of
from projections.statement_form_1 import kept_in_form_1
from projections.statements import statements
from tests.examples.memory_stage import MemoryStage

EVENTS = 600
"""Two full pages and a part of one."""
ORIGIN = "tasma/networks/kymenlaakso"
KEY = make_key(ORIGIN, bytes(range(32)))
VKEY = signer_of(KEY).vkey
OTHER_VKEY = signer_of(make_key(ORIGIN, bytes(32))).vkey
VERIFY = Path(verify.__file__)
PAGE = "pages/000001.ndjson"
WORDS = "what README.txt, keys.txt and schemas/ say, as no signature covers it"
TEXTS = "text and own_cents in the documents, as nothing covers them"
STRANGER = f"whose the key {key_of(VKEY)[0]} is, which came along: compare it with what you noted before"
UNSIGNED = b"""{
 "checkpoint": null,
 "constructed": false,
 "documents": 0,
 "events": 256,
 "exported": 256,
 "files": {},
 "form": 1,
 "network": "test",
 "project": null,
 "source": "/networks/test"
}"""
"""A manifest of one page, of which nothing is signed."""


def source_of(stage: MemoryStage, tree: MemoryTree | None = None) -> Source:
    """A played stage as the network that is exported; without a tree of its own nothing was signed."""
    tree = tree or MemoryTree(stage.log, ORIGIN, (signer_of(KEY),))
    return Source(
        network="kymenlaakso",
        source="/networks/kymenlaakso",
        log=stage.log,
        tree=tree,
        documents=stage.documents,
    )


SINCE = ("tasma.revenue.cost_shared", "tasma.revenue.trued_up", "tasma.settlement", "tasma.vat")
"""How the names of the events begin that there were none of in form 1, but for closings and statements."""


async def in_form_1(stage: MemoryStage) -> MemoryStage:
    """The same network as an older program has written it: no costs, taxes and payments, and statements in form 1."""
    older = MemoryStage(2019)
    older.log._constructed = stage.log._constructed  # noqa: SLF001 - its events come past `append`
    cut = 0
    for kept in stage.log._kept:  # noqa: SLF001 - a log of other bytes
        event = decode(kept.body).data
        position = len(older.log._kept) + 1  # noqa: SLF001 - see above
        if isinstance(event, PeriodClosed):
            cut = position
        elif not isinstance(event, StatementIssued) and kept.type.startswith(SINCE):
            continue
        others: Mapping[str, object] = {}
        if isinstance(event, StatementIssued):
            others = await _kept_in_form_1(older, event.partner, event.period, cut)
        older.log._kept.append(_in_version_1(kept.body, position, others))  # noqa: SLF001 - see above
    return older


def _in_version_1(body: bytes, position: int, others: Mapping[str, object]) -> _Kept:
    """A posting or a statement as it was written before, when it said less; others as they are."""
    said, kind = json.loads(body), type(decode(body).data)
    version = versions_of(kind)[-1] if said["type"].startswith(("tasma.revenue", "tasma.settlement")) else kind
    fields = {field: {**said["data"], **others}[field] for field in version.__struct_fields__ if field in said["data"]}
    written = document_of({**said, "sequence": f"{position:020}", "type": name_of(version), "data": fields})
    read = decode(written)
    return _Kept(read.type, frozenset(tags_of(read.data)), read.time, written)


async def _kept_in_form_1(older: MemoryStage, partner: str, period: str, cut: int) -> Mapping[str, object]:
    """Keep the document; what its event says otherwise."""
    question = partial(account_of, partner=partner, period=period)
    account = (await older.views.ask(statements, question, as_of=cut)).value
    assert account is not None
    statement = kept_in_form_1(account)
    assert statement.digest is not None
    await older.documents.keep(statement.digest, msgspec.json.encode(statement, order="deterministic"))
    return {
        "form": 1,
        "position": cut,
        "digest": statement.digest,
        "opening_cents": statement.opening_cents,
        "closing_cents": statement.closing_cents,
        "lines": len(statement.lines),
    }


class Entries:
    """A bundle's files by name, in order."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def changed(self, changes: Mapping[str, bytes | None], *, vouched: bool = False) -> "Entries":
        """Other content under some names, None: without it. vouched: the manifest is made to agree, as a forger would."""
        files = {name: data for name, data in {**self.files, **changes}.items() if data is not None}
        if vouched:
            manifest = json.loads(files["manifest.json"])
            manifest["files"] = {
                name: hashlib.sha256(data).hexdigest()
                for name, data in files.items()
                if not name.startswith(("pages/", "tiles/", "manifest"))
            }
            files["manifest.json"] = manifest_of(manifest)
        return Entries(files)

    @property
    def claims(self) -> dict[str, Any]:
        """What the manifest says."""
        claims: dict[str, Any] = json.loads(self.files["manifest.json"])
        return claims

    def claiming(self, **claims: object) -> "Entries":
        """With another manifest."""
        manifest = {**self.claims, **claims}
        return self.changed({"manifest.json": manifest_of(manifest)})

    def written(
        self, path: Path, write: Callable[[zipfile.ZipFile], None] = lambda _: None, *, instead: str | None = None
    ) -> Path:
        """As a zip file as the export writes it; `write` adds more to it, or what stands there instead of a file."""
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in self.files.items():
                if name == instead:
                    write(archive)
                else:
                    archive.writestr(entry(name), data)
            if instead is None:
                write(archive)
        return path

    def checked(self, path: Path, *keys: str) -> Check:
        return Check(self.written(path), keys)


def entry(name: str) -> zipfile.ZipInfo:
    """What the export says of a file beside its sizes."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, 0o644 << 16
    return info


def entries_of(path: Path) -> Entries:
    with zipfile.ZipFile(path) as archive:
        return Entries({name: archive.read(name) for name in archive.namelist()})


def manifest_of(claims: object) -> bytes:
    """As it is written, and no other way is taken."""
    text = json.dumps(claims, indent=1, sort_keys=True, ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def document_of(content: object) -> bytes:
    """As it is written, and no other way is taken."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def faults(check: Check) -> list[str]:
    return [str(fault) for fault in check.faults]


def changed_at(data: bytes, at: int, to: int) -> bytes:
    return data[:at] + bytes([to]) + data[at + 1 :]


def lines_of(entries: Entries, n: int) -> list[bytes]:
    return entries.files[f"pages/{n:06}.ndjson"].splitlines(keepends=True)


def page(lines: list[bytes], n: int = 1) -> dict[str, bytes | None]:
    return {f"pages/{n:06}.ndjson": b"".join(lines)}


def forged(entries: Entries, lines: list[bytes]) -> Entries:
    """Another page 1, with the hashes in its tile made to fit."""
    tile = b"".join(leaf_hash(line[:-1]) for line in lines)
    return entries.changed({**page(lines), "tiles/0/000001.bin": tile})
