"""A zip that was made to mislead or to harm is refused in a sentence, in little time and memory."""

import resource
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.bundle.verify import MOST, Check, shown
from tests.bundle.bundles import PAGE, UNSIGNED, VERIFY, Entries, entry, faults
from tests.bundle.test_packing import BEFORE, TABLE, UNPACKED

NO_NAME = "the zip has {!r}; no file of a bundle is called that."


@pytest.mark.parametrize("name", ["/etc/passwd", "../verify.py", "pages/../x", "a\\b", "pages/", ".hidden", "C:x"])
def test_a_name_that_leads_out_of_the_bundle_is_refused(entries: Entries, place: Path, name: str) -> None:
    check = Check(entries.written(place, lambda archive: archive.writestr(zipfile.ZipInfo(name), b"x")))
    assert faults(check) == [NO_NAME.format(name)]


@pytest.mark.parametrize(
    "name",
    [
        "more.txt",
        "readme.txt",
        "Pages/000001.ndjson",
        "pages/1.ndjson",
        "pages/pages/000001.ndjson",
        "tiles/1/000000.bin",
        "schemas/tasma.X.v1.json",
        "documents/" + "A" * 64 + ".json",
        "pages/00000\u0661.ndjson",
        "\x1bcx",
    ],
)
def test_only_the_files_of_a_bundle_are_in_it_even_if_the_manifest_names_others(
    entries: Entries, place: Path, name: str
) -> None:
    """Among them are names that differ from a right one by case alone."""
    check = entries.changed({name: b""}, vouched=True).checked(place)
    assert faults(check) == [shown(NO_NAME.format(name))]
    files = {**entries.claims["files"], name: "0" * 64}
    assert faults(entries.claiming(files=files).checked(place)) == [shown(f"{name} is missing.")]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(entries: Entries, place: Path) -> None:
    """Which of the two a reader sees depends on the reader."""
    check = Check(entries.written(place, lambda archive: archive.writestr("pages/000001.ndjson", b"x")))
    assert faults(check) == ["the zip has pages/000001.ndjson twice."]


def test_nothing_stands_before_between_or_after_the_files(entries: Entries, place: Path) -> None:
    """A program or a picture there would be what another reader sees."""
    whole = entries.written(place).read_bytes()
    with zipfile.ZipFile(place) as archive:
        table, second = archive.start_dir, archive.infolist()[1].header_offset
    with zipfile.ZipFile(place.with_name("front.zip"), "w") as front:
        front.writestr("front.txt", b"x")
    first = "README.txt does not begin where the file before it ends in the zip."
    changed = {
        b"#!/bin/sh\n" + whole: first,
        place.with_name("front.zip").read_bytes() + whole: first,
        whole[:table] + b"between" + whole[table:]: first,
        whole + b"after": TABLE,
        whole[:-2] + b"\x05\x00after": TABLE,
    }
    for data, fault in changed.items():
        place.write_bytes(data)
        assert faults(Check(place)) == [fault]
    place.write_bytes(whole[:second] + b"between" + whole[second:])
    assert Check(place).faults


def lzma(archive: zipfile.ZipFile) -> None:
    archive.writestr("pages/000003.ndjson", b"x", zipfile.ZIP_LZMA)


def streamed(archive: zipfile.ZipFile) -> None:
    """With the sum and the sizes after the bytes."""
    info = zipfile.ZipInfo("pages/000003.ndjson")
    archive.writestr(info, b"x")
    info.flag_bits |= 8


def extended(archive: zipfile.ZipFile) -> None:
    """With other things said in front of the bytes."""
    info = zipfile.ZipInfo("pages/000003.ndjson")
    info.extra = b"\x01\x02\x04\x00abcd"
    archive.writestr(info, b"x")


PACKED = "pages/000003.ndjson is packed as no file of a bundle is."


@pytest.mark.parametrize(
    ("write", "fault"),
    [(lzma, PACKED), (streamed, PACKED), (extended, "the zip has more in it than its files.")],
)
def test_only_what_the_export_writes_is_unpacked(
    entries: Entries, place: Path, write: Callable[[zipfile.ZipFile], None], fault: str
) -> None:
    assert faults(Check(entries.written(place, write))) == [fault]


@pytest.mark.parametrize("name", [PAGE, "tiles/0/000001.bin", "checkpoint.txt", "manifest.json"])
def test_what_unpacks_to_more_than_can_be_right_is_not_unpacked(entries: Entries, place: Path, name: str) -> None:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, data in {**entries.files, name: bytes(MOST + 1)}.items():
            archive.writestr(entry(each), data)
    assert faults(Check(place)) == [f"{name} would unpack to 16,777,217 bytes, of 16,777,216 at most."]


def overlapping(path: Path) -> None:
    """A thousand files that are one: a small zip that unpacks to a large one."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pages/000000.ndjson", bytes(MOST))
        for n in range(1, 1_000):
            archive.filelist.append(alike(archive.filelist[0], zipfile.ZipInfo(f"pages/{n:06}.ndjson")))


def alike(one: zipfile.ZipInfo, other: zipfile.ZipInfo) -> zipfile.ZipInfo:
    for name in ("header_offset", "compress_size", "file_size", "CRC", "compress_type"):
        setattr(other, name, getattr(one, name))
    return other


def many_files(path: Path) -> None:
    """A table longer than anything that a bundle can have."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README.txt", b"")
        one = archive.filelist[0]
        archive.filelist.extend(alike(one, zipfile.ZipInfo(f"pages/{n:09}.ndjson")) for n in range(260_000))


def lying(path: Path) -> None:
    """A file that says in the table that it unpacks to ten bytes, and goes on for a gigabyte."""
    with zipfile.ZipFile(path, "w") as archive:
        info = entry("manifest.json")
        info.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(info, "w", force_zip64=False) as file:
            for _ in range(64):
                file.write(bytes(2**24))
        archive.filelist[0].file_size = 10


def lying_twice(path: Path) -> None:
    """As above, and before its bytes too."""
    lying(path)
    data = path.read_bytes()
    path.write_bytes(data[:22] + struct.pack("<L", 10) + data[26:])


def empty_lines(path: Path) -> None:
    """A page of millions of lines with nothing in them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {
            "pages/000000.ndjson": b"\n" * MOST,
            "tiles/0/000000.bin": bytes(MOST),
            "manifest.json": UNSIGNED,
        }.items():
            archive.writestr(entry(name), data, zipfile.ZIP_DEFLATED)


def nested_lists(path: Path) -> None:
    """A manifest of millions of empty lists."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry("manifest.json"), b"[" + b"[]," * 5_500_000 + b"1]", zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    ("bomb", "fault"),
    [
        (overlapping, "pages/000001.ndjson does not begin where the file before it ends in the zip."),
        (many_files, "the zip's table would have 17,680,056 bytes, of 16,777,216 at most."),
        (lying, BEFORE.replace(PAGE, "manifest.json")),
        (lying_twice, UNPACKED.replace(PAGE, "manifest.json")),
        (empty_lines, "position 1 (pages/000000.ndjson, line 1) does not have the hash that the tree has: "),
        (nested_lists, "manifest.json is not written in the one way in which a bundle's is."),
    ],
)
def test_a_bomb_is_refused_in_little_time_and_memory(tmp_path: Path, bomb: Callable[[Path], None], fault: str) -> None:
    """Half a gigabyte of addresses is all that the program gets."""
    bomb(tmp_path / "bomb.zip")
    began = time.monotonic()
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", "-S", str(VERIFY), str(tmp_path / "bomb.zip")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=little_memory,
    )
    assert ran.stderr == ""
    assert ran.returncode == 1
    assert ran.stdout.startswith(f"FAULT: {fault}")
    assert ran.stdout.endswith("NOT WHOLE.\n")
    assert time.monotonic() - began < 30


def little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))


@pytest.mark.parametrize("text", ["\x1b[2J\x1b[HWHOLE.", "a\nWHOLE.", "\u202eELOHW", "\ud800", "\x9b2J", "x y"])
def test_what_a_bundle_says_draws_nothing_on_the_terminal(entries: Entries, place: Path, text: str) -> None:
    note = entries.files["checkpoint.txt"]
    raw = text.encode("utf-8", "surrogatepass")
    notes = [note.replace(b"tasma/", raw, 1), note.replace(b"\xe2\x80\x94 tasma/", b"\xe2\x80\x94 " + raw)]
    changed = [entries.claiming(**{field: text}) for field in ("project", "network", "source", "events", "constructed")]
    changed += [entries.claiming(files={text: ""}), entries.claiming(**{text: 1, "events": None})]
    changed += [entries.changed({"checkpoint.txt": each}, vouched=True) for each in notes]
    for bundle in changed:
        check = bundle.checked(place)
        assert check.faults
        assert all(line.isprintable() for line in [*check.said, *faults(check), *check.unproven, check.verdict])
