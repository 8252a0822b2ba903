"""Whatever is changed in a bundle by damage is found, and where an event was changed its position is named."""

import hashlib
import zipfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.bundle.verify import FAULTS_MAX, HASH, Check, key_of, leaf_hash
from tests.bundle.bundles import (
    EVENTS,
    VKEY,
    WORDS,
    Entries,
    changed_at,
    entries_of,
    faults,
    forged,
    lines_of,
    page,
)

PAGES = 3
FEW, MANY = settings(max_examples=15), settings(max_examples=40)


def test_the_bundle_itself_is_whole(entries: Entries, place: Path) -> None:
    check = entries.checked(place, VKEY)
    assert (faults(check), check.unproven, check.size) == ([], [WORDS], EVENTS)
    assert check.verdict == f"WHOLE: 600 events, signed by {key_of(VKEY)[0]}."


@MANY
@given(st.integers(0, PAGES - 1), st.integers(0, 10**9), st.integers(0, 255))
def test_any_byte_of_any_page_is_found_and_its_position_named(
    entries: Entries, place: Path, n: int, at: int, to: int
) -> None:
    name = f"pages/{n:06}.ndjson"
    data = entries.files[name]
    at %= len(data)
    assume(data[at] != to)
    check = entries.changed({name: changed_at(data, at, to)}).checked(place)
    assert check.faults[0].position == 256 * n + data[:at].count(b"\n") + 1, faults(check)


@FEW
@given(st.integers(0, PAGES - 1), st.integers(0, 10**9), st.integers(1, 255))
def test_any_byte_of_any_tile_is_found_and_its_position_named(
    entries: Entries, place: Path, n: int, at: int, by: int
) -> None:
    name = f"tiles/0/{n:06}.bin"
    data = entries.files[name]
    at %= len(data)
    (fault,) = entries.changed({name: changed_at(data, at, data[at] ^ by)}).checked(place).faults
    assert fault.position == 256 * n + at // HASH + 1
    assert str(fault).endswith("does not have the hash that the tree has: the checkpoint agrees with the pages.")


@MANY
@given(st.data(), st.integers(1, 255))
def test_any_byte_of_any_other_file_is_found(entries: Entries, place: Path, data: st.DataObject, by: int) -> None:
    """manifest.json among them: it is written in one way, and all that it says is compared."""
    others = sorted(
        name for name in entries.files if not name.startswith(("pages/", "tiles/", "schemas/", "documents/"))
    )
    name = data.draw(st.sampled_from([*others, *sorted(entries.files)]))
    was = entries.files[name]
    at = data.draw(st.integers(0, len(was) - 1))
    assert entries.changed({name: changed_at(was, at, was[at] ^ by)}).checked(place).faults


@MANY
@given(st.data(), st.integers(1, 255))
def test_any_byte_of_the_checkpoint_is_found_without_the_manifest(
    entries: Entries, place: Path, data: st.DataObject, by: int
) -> None:
    """A forger makes the manifest agree: then signature, root and size do not."""
    was = entries.files["checkpoint.txt"]
    at = data.draw(st.integers(0, len(was) - 1))
    changed = entries.changed({"checkpoint.txt": changed_at(was, at, was[at] ^ by)}, vouched=True)
    assert changed.checked(place, VKEY).faults


@FEW
@given(st.data())
def test_any_file_that_is_gone_is_missed(entries: Entries, place: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(entries.files)))
    assert any(f"{name} is missing" in fault for fault in faults(entries.changed({name: None}).checked(place)))


@settings(max_examples=60)
@given(st.integers(0, 10**9), st.integers(1, 255))
def test_any_byte_of_the_zip_file_is_found_or_says_nothing(bundle: Path, place: Path, at: int, by: int) -> None:
    """The same bytes can be packed in several ways: without a fault, every file is what it was."""
    data = bundle.read_bytes()
    at %= len(data)
    place.write_bytes(changed_at(data, at, data[at] ^ by))
    if not Check(place).faults:
        assert entries_of(place).files == entries_of(bundle).files


def test_any_byte_of_the_zip_s_table_is_found(bundle: Path, place: Path) -> None:
    """Dates, rights and versions among them. A few of all bytes are tried, as most of the file is no table."""
    data = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        begin = archive.start_dir
    for at in range(begin, len(data), 31):
        place.write_bytes(changed_at(data, at, data[at] ^ 0x11))
        assert Check(place).faults, at - begin


def test_any_byte_before_a_packed_file_is_found(bundle: Path, place: Path) -> None:
    """There a zip says the same of a file as in its table, and some readers look at nothing else."""
    data = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        info = archive.getinfo("pages/000001.ndjson")
    for at in range(info.header_offset, info.header_offset + 30 + len(info.filename)):
        place.write_bytes(changed_at(data, at, data[at] ^ 0x11))
        assert Check(place).faults, at - info.header_offset


def test_broken_bytes_inside_are_a_sentence(bundle: Path, place: Path) -> None:
    data = bundle.read_bytes()
    at = data.index(b"pages/000001.ndjson") + 5_000
    place.write_bytes(changed_at(data, at, data[at] ^ 0xFF))
    assert any("pages/000001.ndjson cannot be unpacked: " in fault for fault in faults(Check(place)))


WHERE = "position {} (pages/000001.ndjson, line {}) does not have the hash that the tree has: the checkpoint agrees with the tiles."


@pytest.mark.parametrize(
    ("what", "position"),
    [("an amount", 300), ("left out", 300), ("twice", 301), ("moved", 300), ("added", 513), ("left out last", 512)],
)
def test_a_line_that_is_changed_left_out_put_in_or_moved_is_named(
    entries: Entries, place: Path, what: str, position: int
) -> None:
    lines = lines_of(entries, 1)
    changed = {
        "an amount": [*lines[:43], lines[43].replace(b'"', b"'", 1), *lines[44:]],
        "left out": lines[:43] + lines[44:],
        "twice": [*lines[:44], lines[43], *lines[44:]],
        "moved": [*lines[:43], lines[44], lines[43], *lines[45:]],
        "added": [*lines, lines[0]],
        "left out last": lines[:-1],
    }[what]
    check = entries.changed(page(changed)).checked(place)
    assert faults(check)[0] == WHERE.format(position, position - 256)
    assert check.faults[0].position == position


def test_a_page_ends_with_the_end_of_a_line(entries: Entries, place: Path) -> None:
    last = entries.files["pages/000002.ndjson"]
    for data in (last[:-1], last + b"x", last + b"\n"):
        assert entries.changed({"pages/000002.ndjson": data}).checked(place).faults[0].position in (600, 601)


@pytest.mark.parametrize("size", [0, 31, 32 * 43, 256 * 32 - 1, 256 * 32 + 1, 257 * 32])
def test_a_tile_that_is_cut_or_longer_is_named(entries: Entries, place: Path, size: int) -> None:
    tile = (entries.files["tiles/0/000001.bin"] + bytes(HASH))[:size]
    check = entries.changed({"tiles/0/000001.bin": tile}).checked(place)
    assert check.faults[0].position == 256 + min(size // HASH, 256) + 1
    assert faults(check)[0].endswith("the checkpoint agrees with the pages.")


def test_page_and_tile_changed_alike_lead_to_another_root(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    lines[43] = lines[43].replace(b'"nonce":"', b'"nonce":"0', 1)
    (fault,) = faults(forged(entries, lines).checked(place))
    assert "lead to the root" in fault
    assert fault.endswith(", the checkpoint has another.")
    lines[99] = lines[99].replace(b'"', b"'", 1)
    both = forged(entries, lines_of(entries, 1)[:43] + lines[43:]).changed(page(lines_of(entries, 1)))
    (fault,) = faults(both.checked(place))
    assert fault.startswith("position 300 ")
    assert fault.endswith("the checkpoint agrees with the pages.")


def test_a_page_and_another_tile_changed_fit_nothing(entries: Entries, place: Path) -> None:
    lines, tile = lines_of(entries, 1), entries.files["tiles/0/000000.bin"]
    lines[43] = lines[43].replace(b'"', b"'", 1)
    changed = entries.changed({**page(lines), "tiles/0/000000.bin": changed_at(tile, 5, tile[5] ^ 1)})
    (fault,) = faults(changed.checked(place))
    assert fault.startswith("position 1 (pages/000000.ndjson, line 1) does not have the hash")
    assert fault.endswith(": the checkpoint agrees with neither page nor tile.")


def test_lines_moved_together_with_their_hashes_are_named(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    lines[43], lines[44] = lines[44], lines[43]
    check = forged(entries, lines).checked(place)
    assert check.faults[0].position == 300
    assert any("lead to the root" in fault for fault in faults(check))


def test_what_was_found_before_the_reading_ended_is_said_first(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    lines[43] = lines[43].replace(b'"', b"'", 1)
    found = faults(entries.changed({**page(lines), "tiles/0/000002.bin": None}).checked(place))
    assert found[0].startswith("position 300 (pages/000001.ndjson, line 44) does not have the hash that the tree has")
    assert found[1] == "tiles/0/000002.bin is missing."


def test_where_nothing_fits_it_stops_and_says_so(entries: Entries, place: Path) -> None:
    """Every line of a page says something wrong of itself."""
    lines = [line.replace(b'"sequence":"0', b'"sequence":"9') for line in lines_of(entries, 1)]
    found = faults(forged(entries, lines).checked(place))
    assert len(found) == FAULTS_MAX + 2
    assert found[0].startswith("position 257 (pages/000001.ndjson) is not in order: it names another position")
    assert found[-1] == "so much does not fit that nothing more was looked at."


def test_a_hash_is_of_a_zero_byte_and_the_event() -> None:
    """RFC 6962: so that no node can pass for an event."""
    assert leaf_hash(b"x") == hashlib.sha256(b"\x00x").digest()
