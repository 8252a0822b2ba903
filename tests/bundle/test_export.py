"""What `tasma audit export` writes: the same bytes for the same log, whole or not at all."""

import asyncio
import json
import tracemalloc
import zipfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from adapters.bundle.as_signed import NotAsSigned
from adapters.bundle.aside import AlreadyThere
from adapters.bundle.export import Exported, NoProject, Source, export
from adapters.bundle.verify import Check, key_of
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog
from adapters.memory.tree import MemoryTree
from adapters.signing import cosigner_of, make_key, signer_of
from application.envelope import PAGE_EVENTS
from application.notes import COSIGNATURE, Signature, read, with_signatures
from application.ports import Head, Witness
from application.registry import EVENT_TYPES
from domain.pathways.events import PathwayCompleted
from tests.bundle.bundles import (
    EVENTS,
    KEY,
    ORIGIN,
    STRANGER,
    VKEY,
    WORDS,
    Entries,
    entries_of,
    faults,
    source_of,
)
from tests.examples.memory_stage import MemoryStage
from tests.log.decisions import DAY, NINE, decision, founded


def exported(source: Source, into: Path, project: str | None = None) -> Exported:
    return asyncio.run(export(source, into, project))


def test_the_same_log_gives_the_same_bytes(stage: MemoryStage, bundle: Path, tmp_path: Path) -> None:
    again = exported(source_of(stage, sealed_anew(stage)), tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()
    assert (again.events, again.exported, again.checkpoint, again.missing) == (EVENTS, EVENTS, EVENTS, ())


def sealed_anew(stage: MemoryStage) -> MemoryTree:
    tree = MemoryTree(stage.log, ORIGIN, (signer_of(KEY),))
    asyncio.run(tree.seal())
    return tree


def test_it_holds_every_event_and_document_byte_for_byte(stage: MemoryStage, entries: Entries) -> None:
    lines = [line for name in sorted(entries.files) if "pages/" in name for line in entries.files[name].splitlines()]
    assert lines == [asyncio.run(stage.log.body(position)) for position in range(1, EVENTS + 1)]
    digests = [name.split("/")[1].removesuffix(".json") for name in entries.files if name.startswith("documents/")]
    assert len(digests) > 20
    assert all(entries.files[f"documents/{d}.json"] == asyncio.run(stage.documents.find(d)) for d in digests)


def test_it_holds_the_schema_of_every_event_version(entries: Entries) -> None:
    schemas = {name.removeprefix("schemas/").removesuffix(".json") for name in entries.files if "schemas/" in name}
    assert schemas == set(EVENT_TYPES)
    schema = json.loads(entries.files["schemas/tasma.settlement.period_closed.v1.json"])
    assert schema["$defs"]["PeriodClosed"]["required"] == ["period", "closed_on"]


def test_it_says_that_a_network_is_constructed_and_names_no_machine_or_day(
    bundle: Path, entries: Entries, tmp_path: Path
) -> None:
    assert b"CONSTRUCTED EXAMPLE" in entries.files["README.txt"]
    assert json.loads(entries.files["manifest.json"])["constructed"] is True
    written = b"".join(data for name, data in entries.files.items() if not name.startswith(("pages/", "documents/")))
    assert str(tmp_path.parent).encode() not in written
    with zipfile.ZipFile(bundle) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_events_after_the_checkpoint_are_there_and_said_to_be_unsigned(stage: MemoryStage, tmp_path: Path) -> None:
    tree = MemoryTree(Shorter(stage.log, 520), ORIGIN, (signer_of(KEY),))
    asyncio.run(tree.seal())
    found = exported(source_of(stage, tree), tmp_path / "b.zip")
    assert (found.events, found.checkpoint) == (EVENTS, 520)
    report = Check(tmp_path / "b.zip", [VKEY])
    assert faults(report) == []
    assert report.size == 520
    assert report.verdict == f"WHOLE: 520 events, signed by {key_of(VKEY)[0]}."
    assert report.unproven == [WORDS, "positions 521 to 600, which came after the checkpoint"]
    entries = entries_of(tmp_path / "b.zip")
    tail = entries.files["pages/000002.ndjson"]
    changed = entries.changed({"pages/000002.ndjson": tail[:-3] + b"!" + tail[-2:]}).checked(tmp_path / "c.zip")
    (fault,) = faults(changed)
    assert fault == (
        "position 600 (pages/000002.ndjson, line 88) does not have the hash that the tree has: no checkpoint covers either."
    )


class Shorter(MemoryLog):
    """The same log as it was earlier."""

    def __init__(self, log: MemoryLog, events: int) -> None:
        vars(self).update(vars(log))
        self._kept = self._kept[:events]


def test_a_network_without_a_key_is_exported_without_a_checkpoint(stage: MemoryStage, tmp_path: Path) -> None:
    found = exported(source_of(stage, MemoryTree(stage.log, ORIGIN, ())), tmp_path / "b.zip")
    assert found.checkpoint is None
    report = Check(tmp_path / "b.zip")
    assert faults(report) == []
    assert report.verdict == "WHOLE: 600 events, signed by nobody whose key you gave."
    assert report.unproven[0].startswith("whose log it is, as nothing is signed: compare the root")
    assert {"checkpoint.txt", "keys.txt"}.isdisjoint(entries_of(tmp_path / "b.zip").files)


def test_a_witness_s_key_proves_as_much_as_the_network_s(stage: MemoryStage, tmp_path: Path) -> None:
    tree = sealed_anew(stage)
    witness = cosigner_of(make_key("ekami.fi/witness", bytes(32), COSIGNATURE), NINE)
    note = asyncio.run(tree.checkpoint()) or ""
    asyncio.run(tree.add_witness(Witness(witness.vkey, "org:ekami")))
    line = Signature(witness.name, witness.key_hash, witness.sign(read(note)[0].encode()))
    assert asyncio.run(tree.add_cosignature(with_signatures(note, [line]))) == 1
    exported(source_of(stage, tree), tmp_path / "b.zip")
    report = Check(tmp_path / "b.zip", [witness.vkey])
    assert faults(report) == []
    assert any(said.endswith("(the key you gave).") and "ekami.fi/witness" in said for said in report.said)
    assert report.unproven == [STRANGER, WORDS]
    calls = "(the bundle says: a witness's key of org:ekami)"
    assert any(said.endswith(f"{calls}.") for said in Check(tmp_path / "b.zip").said)
    entries = entries_of(tmp_path / "b.zip")
    note = entries.files["checkpoint.txt"].decode()
    earlier = with_signatures(note.rsplit("\u2014", 1)[0], [line_at_another_time(line)]).encode()
    changed = entries.changed({"checkpoint.txt": earlier}, vouched=True).checked(tmp_path / "c.zip")
    assert any(f"{calls} does not fit the checkpoint." in fault for fault in faults(changed))


def line_at_another_time(line: Signature) -> Signature:
    return Signature(line.name, line.key_hash, bytes(8) + line.signature[8:])


def test_a_file_that_is_there_is_not_overwritten(stage: MemoryStage, tmp_path: Path) -> None:
    there = tmp_path / "b.zip"
    there.write_text("mine", encoding="utf-8")
    with pytest.raises(
        AlreadyThere, match=r"b\.zip is there already and is not overwritten: give another name with -o"
    ):
        exported(source_of(stage), there)
    assert there.read_text(encoding="utf-8") == "mine"
    assert list(tmp_path.iterdir()) == [there]


def test_a_log_that_is_not_what_was_signed_is_not_exported(stage: MemoryStage, tmp_path: Path) -> None:
    """Half a file would pass for a whole one, so none is left."""
    tree = sealed_anew(stage)
    other = source_of(stage, tree)
    forged = Shorter(stage.log, EVENTS)
    kept = forged._kept[299]  # noqa: SLF001
    forged._kept[299] = msgspec.structs.replace(kept, body=kept.body.replace(b'"nonce":"', b'"nonce":"0', 1))  # noqa: SLF001
    with pytest.raises(NotAsSigned, match="The first 600 events do not lead to the root that the checkpoint"):
        exported(msgspec.structs.replace(other, log=forged), tmp_path / "b.zip")
    with pytest.raises(NotAsSigned, match="The newest checkpoint covers 600 events, the log ends at 599"):
        exported(msgspec.structs.replace(other, log=Shorter(stage.log, 599)), tmp_path / "b.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_document_that_was_lost_is_named(stage: MemoryStage, tmp_path: Path) -> None:
    found = exported(msgspec.structs.replace(source_of(stage), documents=MemoryDocuments()), tmp_path / "b.zip")
    assert found.documents == 0
    report = Check(tmp_path / "b.zip")
    assert len(found.missing) > FAULTS_SHOWN
    assert f"documents/{found.missing[0]}.json is missing." in faults(report)[0]


FAULTS_SHOWN = 20


def test_what_comes_while_it_is_written_stays_out(stage: MemoryStage, tmp_path: Path) -> None:
    """A page may be full by the time it is read: the bundle ends where the head was."""
    tree = MemoryTree(Shorter(stage.log, 500), ORIGIN, (signer_of(KEY),))
    asyncio.run(tree.seal())
    source = msgspec.structs.replace(source_of(stage, tree), log=Growing(stage.log, EVENTS))
    assert exported(source, tmp_path / "b.zip").events == 500
    assert faults(Check(tmp_path / "b.zip", [VKEY])) == []


class Growing(Shorter):
    async def head(self) -> Head:
        return msgspec.structs.replace(await super().head(), position=500)


def test_pages_that_are_not_sealed_are_taken_from_the_rows(stage: MemoryStage, bundle: Path, tmp_path: Path) -> None:
    log = Unsealed(stage.log, EVENTS)
    exported(msgspec.structs.replace(source_of(stage, sealed_anew(stage)), log=log), tmp_path / "b.zip")
    assert (tmp_path / "b.zip").read_bytes() == bundle.read_bytes()


class Unsealed(Shorter):
    """Page 1 cannot be read, such as a damaged one: what stands before and after it can."""

    async def pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        found = await super().pages(first, limit=limit)
        return found[: max(0, 1 - first)] if first <= 1 else found


def project_log(events: int) -> MemoryLog:
    """A log of which every 100th event names the project S20967."""
    log = MemoryLog("/networks/test", SeededEntropy(1), lambda: NINE)

    async def fill() -> None:
        await log.append(decision(founded(constructed=True), at=NINE))
        for n in range(2, events + 1):
            completed = PathwayCompleted(
                pathway=f"pathway:{n}",
                completed_on=DAY,
                project=None if n % 100 else "S20967",
                parties=("org:xamk",),
            )
            await log.append(decision(completed, at=NINE))

    asyncio.run(fill())
    return log


def project_source(events: int) -> Source:
    log = project_log(events)
    tree = MemoryTree(log, "tasma/networks/test", (signer_of(KEY),))
    asyncio.run(tree.seal())
    return Source(network="test", source="/networks/test", log=log, tree=tree, documents=MemoryDocuments())


def test_a_project_s_events_come_with_the_hashes_of_all(tmp_path: Path) -> None:
    found = exported(project_source(700), tmp_path / "b.zip", "S20967")
    assert (found.exported, found.events) == (7, 700)
    entries = entries_of(tmp_path / "b.zip")
    lines = [line for name, data in entries.files.items() if "pages/" in name for line in data.splitlines()]
    assert [int(json.loads(line)["sequence"]) for line in lines] == [100, 200, 300, 400, 500, 600, 700]
    report = entries.checked(tmp_path / "c.zip", VKEY)
    assert faults(report) == []
    assert report.verdict == f"WHOLE: 7 events, signed by {key_of(VKEY)[0]}."
    assert report.unproven == [
        WORDS,
        "constructed or not, as the network's founding is not here",
        "that no event of the project S20967 was left out",
    ]
    page = entries.files["pages/000001.ndjson"]
    changed = entries.changed({"pages/000001.ndjson": page.replace(b"pathway:400", b"pathway:401")})
    assert faults(changed.checked(tmp_path / "c.zip"))[0].startswith(
        "position 400 (pages/000001.ndjson) does not have the hash"
    )
    fewer = entries.changed({"pages/000001.ndjson": page.splitlines(keepends=True)[0]}).checked(tmp_path / "c.zip")
    assert faults(fewer) == ["manifest.json says that exported is 7, where 5 was found."]
    twice = entries.changed({"pages/000001.ndjson": page.splitlines(keepends=True)[0] * 3})
    assert (
        "position 300 (pages/000001.ndjson) is not in order: it names another position, stands there twice"
        in (faults(twice.checked(tmp_path / "c.zip"))[0])
    )
    elsewhere = entries.changed({"pages/000001.ndjson": entries.files["pages/000002.ndjson"]})
    assert faults(elsewhere.checked(tmp_path / "c.zip"))[0].startswith(
        "position 600 (pages/000001.ndjson) does not have"
    )
    other = entries.claiming(project="S1").checked(tmp_path / "c.zip")
    assert faults(other)[0].endswith("is not in order: it is not of the project.")


def test_a_project_that_nobody_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoProject, match="None of the 50 events of this log names the project S9, so there is nothing"):
        exported(project_source(50), tmp_path / "b.zip", "S9")
    assert list(tmp_path.iterdir()) == []


class Long(MemoryLog):
    """A log that is made while it is read, so that nothing but the export and the check can take memory."""

    def __init__(self, pages: int) -> None:
        super().__init__("/networks/test", SeededEntropy(1), lambda: NINE)
        self._pages, self._lines = pages, [b'"x":"%s","n":%d' % (b"x" * 500, n) for n in range(PAGE_EVENTS)]

    async def pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        return tuple(self._page(n) for n in range(first, min(first + limit, self._pages)))

    def _page(self, n: int) -> bytes:
        head = b'{"sequence":"%020d","time":"2019-03-05T09:00:00.000000Z","type":"t","data":{%s}}\n'
        return b"".join(head % (n * PAGE_EVENTS + i, line) for i, line in enumerate(self._lines, 1))

    async def head(self) -> Head:
        return msgspec.structs.replace(await super().head(), position=self._pages * PAGE_EVENTS)


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """Of a log four times as long: a kilobyte or two more a page, for the zip's table of contents."""
    peaks = {pages: measured(pages, tmp_path / f"{pages}.zip") for pages in (10, 40)}
    assert zipfile.ZipFile(tmp_path / "40.zip").getinfo("pages/000039.ndjson").file_size > 140_000
    grown = [(long - short) / 30 for short, long in zip(*peaks.values(), strict=True)]
    assert max(grown) < 5_000, grown


def measured(pages: int, path: Path) -> tuple[int, int]:
    """The most bytes that an export and a check held at one time."""
    log = Long(pages)
    source = Source(
        network="test",
        source="/networks/test",
        log=log,
        tree=MemoryTree(log, "tasma/networks/test", ()),
        documents=MemoryDocuments(),
    )
    found = []
    for work in (lambda: exported(source, path), lambda: Check(path)):
        tracemalloc.start()
        work()
        found.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert faults(Check(path)) == []
    return found[0], found[1]
