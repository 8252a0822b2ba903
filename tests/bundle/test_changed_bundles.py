"""Whatever is changed in a bundle is found, and where an event was changed its position is named."""

import base64
import json
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.bundle.verify import FAULTS_MAX, check_bundle, leaf_hash
from tests.bundle.bundles import EVENTS, VKEY, Entries, faults

PAGES = 3
FEW, MANY = settings(max_examples=15), settings(max_examples=40)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file name for all the bundles that are made and thrown away."""
    return tmp_path_factory.mktemp("changed") / "changed.zip"


def changed_at(data: bytes, at: int, to: int) -> bytes:
    return data[:at] + bytes([to]) + data[at + 1 :]


def test_the_bundle_itself_is_whole(entries: Entries, place: Path) -> None:
    report = entries.checked(place, VKEY)
    assert faults(report) == []
    assert report.size == json.loads(entries.files["manifest.json"])["events"] == EVENTS


@MANY
@given(st.integers(0, PAGES - 1), st.integers(0, 10**9), st.integers(0, 255))
def test_any_byte_of_any_page_is_found_and_its_position_named(
    entries: Entries, place: Path, n: int, at: int, to: int
) -> None:
    name = f"pages/{n:06}.ndjson"
    data = entries.files[name]
    at %= len(data)
    assume(data[at] != to)
    report = entries.changed({name: changed_at(data, at, to)}).checked(place)
    assert report.faults[0].position == 256 * n + data[:at].count(b"\n") + 1, faults(report)


@FEW
@given(st.integers(0, PAGES - 1), st.integers(0, 10**9), st.integers(1, 255))
def test_any_byte_of_any_tile_is_found_and_its_position_named(
    entries: Entries, place: Path, n: int, at: int, by: int
) -> None:
    name = f"tiles/0/{n:06}.bin"
    data = entries.files[name]
    at %= len(data)
    (fault,) = entries.changed({name: changed_at(data, at, data[at] ^ by)}).checked(place).faults
    assert fault.position == 256 * n + at // 32 + 1
    assert str(fault).endswith("does not have the hash that the tree has: the checkpoint agrees with the pages.")


@FEW
@given(st.data(), st.integers(1, 255))
def test_any_byte_of_any_other_file_is_found(entries: Entries, place: Path, data: st.DataObject, by: int) -> None:
    others = [name for name in entries.files if not name.startswith(("pages/", "tiles/", "manifest"))]
    name = data.draw(st.sampled_from(others))
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


@MANY
@given(st.data())
def test_any_figure_of_a_document_is_found_without_the_manifest(
    entries: Entries, place: Path, data: st.DataObject
) -> None:
    names = [name for name in entries.files if name.startswith("documents/")]
    name = data.draw(st.sampled_from(names))
    document = json.loads(entries.files[name])
    field = data.draw(st.sampled_from(["form", "partner", "period", "position", "opening_cents", "closing_cents"]))
    value = document[field]
    document[field] = value + 1 if isinstance(value, int) else f"{value}0"
    report = entries.changed({name: json.dumps(document).encode()}, vouched=True).checked(place)
    digest = name.removeprefix("documents/").removesuffix(".json")
    assert any(digest in fault for fault in faults(report)), faults(report)
    assert report.faults[0].position is not None


@FEW
@given(st.data())
def test_any_file_that_is_gone_is_missed(entries: Entries, place: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(entries.files)))
    assert any(f"{name} is missing" in fault for fault in faults(entries.changed({name: None}).checked(place)))


def lines_of(entries: Entries, n: int) -> list[bytes]:
    return entries.files[f"pages/{n:06}.ndjson"].splitlines(keepends=True)


def page(lines: list[bytes], n: int = 1) -> dict[str, bytes | None]:
    return {f"pages/{n:06}.ndjson": b"".join(lines)}


def test_a_changed_amount_is_named_by_page_and_line(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    lines[43] = lines[43].replace(b'"', b"'", 1)
    assert faults(entries.changed(page(lines)).checked(place)) == [
        "position 300 (pages/000001.ndjson, line 44) does not have the hash that the tree has: the checkpoint agrees with the tiles."
    ]


def test_a_line_that_is_taken_out_put_in_or_moved_is_named(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    out = entries.changed(page(lines[:43] + lines[44:])).checked(place)
    assert faults(out)[0] == (
        "position 300 (pages/000001.ndjson, line 44) does not have the hash that the tree has; its bytes say position 301: "
        "the checkpoint agrees with the tiles."
    )
    twice = entries.changed(page([*lines[:44], lines[43], *lines[44:]])).checked(place)
    assert twice.faults[0].position == 301
    after = entries.changed(page([*lines, lines[0]])).checked(place)
    assert faults(after)[0].startswith("position 513 (pages/000001.ndjson, line 257) is none that can stand there")
    moved = entries.changed(page([*lines[:43], lines[44], lines[43], *lines[45:]])).checked(place)
    assert moved.faults[0].position == 300
    short = entries.changed(page(lines[:-1])).checked(place)
    assert faults(short)[0].startswith("position 512 is missing or not whole: pages/000001.ndjson or its tile ends")


def test_lines_moved_together_with_their_hashes_lead_to_another_root(entries: Entries, place: Path) -> None:
    lines, tile = lines_of(entries, 1), entries.files["tiles/0/000001.bin"]
    lines[43], lines[44] = lines[44], lines[43]
    moved = tile[: 43 * 32] + tile[44 * 32 : 45 * 32] + tile[43 * 32 : 44 * 32] + tile[45 * 32 :]
    report = entries.changed({**page(lines), "tiles/0/000001.bin": moved}).checked(place)
    assert report.faults[0].position == 300
    assert any("lead to the root" in fault and "the checkpoint has another" in fault for fault in faults(report))


def test_events_left_out_at_the_end_are_missed_by_the_checkpoint(entries: Entries, place: Path) -> None:
    last = f"{PAGES - 1:06}"
    kept = len(lines_of(entries, PAGES - 1)) - 1
    cut = entries.changed(
        {
            f"pages/{last}.ndjson": b"".join(lines_of(entries, PAGES - 1)[:-1]),
            f"tiles/0/{last}.bin": entries.files[f"tiles/0/{last}.bin"][: 32 * kept],
        }
    ).claiming(events=EVENTS - 1, exported=EVENTS - 1)
    (fault,) = faults(cut.checked(place))
    assert fault.startswith("the checkpoint is of 600 events of tasma/networks/kymenlaakso, the bundle has 599")


def test_a_checkpoint_that_was_taken_out_proves_nothing(entries: Entries, place: Path) -> None:
    without = entries.changed({"checkpoint.txt": None, "keys.txt": None}, vouched=True)
    report = without.checked(place)
    assert faults(report) == []
    assert report.said[0].startswith("NOT SIGNED: there is no checkpoint;")
    assert faults(without.checked(place, VKEY)) == [
        "there is no checkpoint, so nothing was signed by the key that you gave."
    ]


def test_a_changed_key_is_refused(entries: Entries, place: Path) -> None:
    keys = entries.files["keys.txt"]
    at = keys.index(b"+A") + 10
    report = entries.changed({"keys.txt": changed_at(keys, at, keys[at] ^ 1)}, vouched=True).checked(place)
    assert any("was changed: its id does not fit" in fault for fault in faults(report))
    none = entries.changed({"keys.txt": b"# nothing\n"}, vouched=True).checked(place)
    assert "no key of the network has signed the checkpoint." in faults(none)


def test_another_network_s_bundle_does_not_pass_for_this_one(entries: Entries, place: Path) -> None:
    (fault,) = faults(entries.claiming(network="other", source="/networks/other").checked(place))
    assert "of tasma/networks/other" in fault
    for one in ({"source": "/networks/other"}, {"network": "other"}):
        (fault,) = faults(entries.claiming(**one).checked(place))
        assert fault.startswith("manifest.json says both network ")


def test_what_nobody_names_is_said(entries: Entries, place: Path) -> None:
    extra = entries.changed({"pages/000099.ndjson": b"{}\n", "documents/" + "0" * 64 + ".json": b"{}"})
    found = faults(extra.checked(place))
    assert [f.split(" ")[0] for f in found] == ["documents/" + "0" * 64 + ".json", "pages/000099.ndjson"]
    assert all(f.endswith(" is here, and nothing names it.") for f in found)
    vouched = entries.changed({"documents/" + "0" * 64 + ".json": b"{}"}, vouched=True)
    assert len(faults(vouched.checked(place))) == 1


def test_a_network_s_being_constructed_is_not_hidden(entries: Entries, place: Path) -> None:
    report = entries.claiming(constructed=False).checked(place)
    assert report.faults[0].position == 1
    assert any("CONSTRUCTED EXAMPLE" in said for said in entries.checked(place).said)


@pytest.mark.parametrize("name", ["/etc/passwd", "../verify.py", "pages/../x", "a\\b", "pages/", ".hidden", "C:x"])
def test_a_name_that_leads_out_of_the_bundle_is_refused(entries: Entries, place: Path, name: str) -> None:
    report = check_bundle(entries.written(place, lambda archive: archive.writestr(zipfile.ZipInfo(name), b"x")))
    assert faults(report) == [f"the zip has {name!r} twice, encrypted, or though no file of a bundle is called that."]


@pytest.mark.parametrize(
    "name",
    [
        "more.txt",
        "readme.txt",
        "Pages/000001.ndjson",
        "pages/1.ndjson",
        "tiles/1/000000.bin",
        "schemas/tasma.X.v1.json",
        "documents/" + "A" * 64 + ".json",
        "pages/00000\u0661.ndjson",
        "\x1b[2Jx",
    ],
)
def test_only_the_files_of_a_bundle_are_in_it_even_if_the_manifest_names_others(
    entries: Entries, place: Path, name: str
) -> None:
    """Among them are names that differ from a right one by case alone."""
    report = entries.changed({name: b""}, vouched=True).checked(place)
    assert faults(report) == [f"the zip has {name!r} twice, encrypted, or though no file of a bundle is called that."]
    files = {**json.loads(entries.files["manifest.json"])["files"], name: "0" * 64}
    (fault,) = faults(entries.claiming(files=files).checked(place))
    assert fault == f"manifest.json names {name!r}; no file of a bundle is called that."


def test_nothing_stands_before_the_first_file(entries: Entries, place: Path) -> None:
    """A program or a picture in front would be what another reader sees."""
    whole = entries.written(place).read_bytes()
    place.write_bytes(b"#!/bin/sh\n" + whole)
    assert faults(check_bundle(place)) == [
        "something stands before the zip's first file: it would be another file to another reader."
    ]
    with zipfile.ZipFile(place.with_name("front.zip"), "w") as front:
        front.writestr("front.txt", b"x")
    place.write_bytes(place.with_name("front.zip").read_bytes() + whole)
    assert faults(check_bundle(place))[0].startswith("something stands before the zip's first file")


@pytest.mark.parametrize("text", ["\x1b[2J\x1b[HWHOLE.", "a\nWHOLE.", "\u202eELOHW", "\ud800", "\x9b2J", "x y"])
def test_what_a_bundle_says_draws_nothing_on_the_terminal(entries: Entries, place: Path, text: str) -> None:
    note = entries.files["checkpoint.txt"]
    raw = text.encode("utf-8", "surrogatepass")
    notes = [note.replace(b"tasma/", raw, 1), note.replace(b"\xe2\x80\x94 tasma/", b"\xe2\x80\x94 " + raw)]
    changed = [entries.claiming(**{field: text}) for field in ("project", "network", "source", "events", "constructed")]
    changed += [entries.claiming(files={text: ""}), entries.claiming(**{text: 1, "events": None})]
    changed += [entries.changed({"checkpoint.txt": each}, vouched=True) for each in notes]
    for bundle in changed:
        report = bundle.checked(place)
        assert report.faults
        assert all(line.isprintable() for line in [*report.said, *faults(report)])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(entries: Entries, place: Path) -> None:
    """Which of the two a reader sees depends on the reader."""
    report = check_bundle(entries.written(place, lambda archive: archive.writestr("pages/000001.ndjson", b"x")))
    assert faults(report) == [
        "the zip has 'pages/000001.ndjson' twice, encrypted, or though no file of a bundle is called that."
    ]


@pytest.mark.parametrize("name", ["pages/000001.ndjson", "tiles/0/000001.bin", "checkpoint.txt", "manifest.json"])
def test_what_unpacks_to_more_than_can_be_right_is_not_unpacked(entries: Entries, place: Path, name: str) -> None:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, data in entries.files.items():
            if each != name:
                archive.writestr(each, data)
        with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as file:
            for _ in range(70):
                file.write(bytes(2**20))
    found = faults(check_bundle(place))
    assert any(f"{name} would unpack to 73,400,320 bytes; it cannot have more than " in fault for fault in found), found


def test_a_zip_with_broken_bytes_inside_is_a_sentence(bundle: Path, place: Path) -> None:
    data = bundle.read_bytes()
    at = data.index(b"pages/000001.ndjson") + 5_000
    place.write_bytes(changed_at(data, at, data[at] ^ 0xFF))
    assert any("pages/000001.ndjson cannot be unpacked: " in fault for fault in faults(check_bundle(place)))


@FEW
@given(st.integers(0, 10**9), st.integers(1, 255))
def test_any_byte_of_the_zip_file_leads_to_an_answer(bundle: Path, place: Path, at: int, by: int) -> None:
    """Whole or not whole, but never a traceback: dates and the like in the zip's own tables mean nothing."""
    data = bundle.read_bytes()
    at %= len(data)
    place.write_bytes(changed_at(data, at, data[at] ^ by))
    check_bundle(place)


@FEW
@given(st.binary(max_size=200))
def test_anything_for_a_manifest_leads_to_a_fault(entries: Entries, place: Path, manifest: bytes) -> None:
    assert entries.changed({"manifest.json": manifest}).checked(place).faults


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("events", -1),
        ("events", "many"),
        ("events", "600"),
        ("events", 600.0),
        ("exported", "600"),
        ("form", True),
        ("form", "1"),
        ("checkpoint", "600"),
        ("documents", 1.0),
        ("constructed", 1),
        ("network", None),
        ("project", "a b"),
        ("project", 1),
        ("events", 10**15),
        ("exported", 3),
        ("files", []),
        ("project", "S1"),
    ],
)
def test_a_manifest_that_claims_something_else_is_refused(
    entries: Entries, place: Path, field: str, value: object
) -> None:
    assert entries.claiming(**{field: value}).checked(place).faults


def forged(entries: Entries, lines: list[bytes]) -> Entries:
    """Another page 1, with the hashes in its tile made to fit."""
    tile = b"".join(leaf_hash(line[:-1]) for line in lines)
    return entries.changed({**page(lines), "tiles/0/000001.bin": tile})


def test_times_that_fall_are_named_even_where_every_hash_fits(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    lines[43] = lines[43].replace(b'"time":"2019', b'"time":"2018', 1)
    found = faults(forged(entries, lines).checked(place))
    assert found[0] == "position 300 (pages/000001.ndjson, line 44) names another position or goes back in time."
    assert len(found) == 2


def test_an_event_that_is_too_long_is_named(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    lines[43] = lines[43][:-2] + b" " * 65_536 + b"}\n"
    assert faults(forged(entries, lines).checked(place))[0].startswith(
        "position 300 (pages/000001.ndjson, line 44) names"
    )


def test_a_page_ends_with_the_end_of_a_line(entries: Entries, place: Path) -> None:
    last = entries.files["pages/000002.ndjson"]
    for data in (last[:-1], last + b"x"):
        assert entries.changed({"pages/000002.ndjson": data}).checked(place).faults[0].position in (600, 601)


def test_a_checkpoint_is_written_in_one_way(entries: Entries, place: Path) -> None:
    """Another dash, or base64 with other unused bits, would be other bytes that say the same."""
    note = entries.files["checkpoint.txt"]
    last = note[-3]
    assert note.endswith(b"=\n")
    bits = note[:-3] + bytes([last + 1]) + b"=\n"
    assert base64.b64decode(bits.rsplit(b" ", 1)[1]) == base64.b64decode(note.rsplit(b" ", 1)[1])
    for other in (note.replace("\u2014".encode(), b"-"), note[:-1], note.replace(b"\n600\n", b"\n0600\n"), bits):
        assert other != note
        (fault, *_) = faults(entries.changed({"checkpoint.txt": other}, vouched=True).checked(place))
        assert "does not fit the checkpoint" in fault or "no bundle that can be read" in fault


def test_where_nothing_fits_it_stops_and_says_so(entries: Entries, place: Path) -> None:
    """Every line of a page says something wrong of itself."""
    lines = [line.replace(b'"sequence":"0', b'"sequence":"9') for line in lines_of(entries, 1)]
    found = faults(forged(entries, lines).checked(place))
    assert len(found) > FAULTS_MAX
    assert found[0].startswith("position 257 (pages/000001.ndjson, line 1) names another position")
    assert found[-1] == "so much does not fit that nothing more was looked at."


@pytest.mark.parametrize("document", [b"[]", b"{", b'{"form": 1}', b"\xff", b"1", b"[" * 100_000, b'{"a": 1, "a": 2}'])
def test_anything_for_a_document_leads_to_a_fault(entries: Entries, place: Path, document: bytes) -> None:
    name = next(name for name in entries.files if name.startswith("documents/"))
    report = entries.changed({name: document}, vouched=True).checked(place)
    assert report.faults[0].position is not None


def test_a_number_with_a_fraction_is_no_cent(entries: Entries, place: Path) -> None:
    """Rounded by a reader, it would be the same number again."""
    name = next(name for name in entries.files if name.startswith("documents/"))
    text = entries.files[name].replace(b'"opening_cents":0', b'"opening_cents":0.0')
    assert text != entries.files[name]
    assert entries.changed({name: text}, vouched=True).checked(place).faults


def test_what_was_found_before_the_reading_ended_is_said_first(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    lines[43] = lines[43].replace(b'"', b"'", 1)
    found = faults(entries.changed({**page(lines), "tiles/0/000002.bin": None}).checked(place))
    assert found[0].startswith("position 300 (pages/000001.ndjson, line 44) does not have the hash that the tree has")
    assert found[1] == "tiles/0/000002.bin is missing."


def test_a_figure_that_stands_twice_is_refused(entries: Entries, place: Path) -> None:
    """One reader would take the first, another the last."""
    name = next(name for name in entries.files if name.startswith("documents/"))
    text = entries.files[name].replace(b'"opening_cents":', b'"opening_cents":7,"opening_cents":')
    (fault,) = faults(entries.changed({name: text}, vouched=True).checked(place))
    assert fault.endswith("a key stands there twice")


def test_an_event_and_its_document_say_the_same(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    assert b"settlement.statement_issued" in lines[0]
    lines[0] = lines[0].replace(b'"period":"2019-', b'"period":"2018-')
    found = faults(forged(entries, lines).checked(place))
    assert found[0].endswith("is not in order: the document it names says another period.")


def test_it_says_what_a_document_s_digest_does_not_cover(entries: Entries, place: Path) -> None:
    """What is written beside the figures can be changed unseen, so nobody may take it for proven."""
    name = next(name for name in entries.files if name.startswith("documents/"))
    document = {**json.loads(entries.files[name]), "own_cents": 7, "state": "open", "constructed": False}
    report = entries.changed({name: json.dumps(document).encode()}, vouched=True).checked(place)
    assert faults(report) == []
    (line,) = [line for line in report.said if line.endswith(" is not proven.")]
    readme = entries.files["README.txt"].decode().split("How to check a statement by hand")[1]
    for field in ("text", "own_cents", "state", "as_of", "network", "constructed"):
        assert field in line.split("whatever else it says")[1]
        assert f"`{field}`" in readme.split("Whatever else stands there")[1]


def test_a_key_that_is_none_has_its_own_sentence(entries: Entries, place: Path) -> None:
    for key in ("", "x", "a+b+c", VKEY[:-4], VKEY.replace("+", "-")):
        (fault,) = faults(entries.checked(place, key))
        assert fault.startswith(f"{key} is no ")
        assert " key" in fault


def test_nothing_is_left_behind_on_the_disk(entries: Entries, place: Path) -> None:
    before = set(Path(tempfile.gettempdir()).iterdir())
    entries.checked(place, VKEY)
    assert set(Path(tempfile.gettempdir()).iterdir()) <= before | set(place.parents)
