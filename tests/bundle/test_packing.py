"""A bundle's zip is packed in the one way in which the export does it, however large it is: no reader finds more in it."""

import copy
import hashlib
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from adapters.bundle import verify
from adapters.bundle.verify import Check
from tests.bundle.bundles import PAGE, UNSIGNED, VKEY, Entries, entry, faults, manifest_of

TABLE = "the zip's table is not written in the one way in which a bundle's is."
BEFORE = f"what stands before {PAGE} in the zip is not what its table says."
UNPACKED = f"{PAGE} cannot be unpacked: other or more is in it than the zip's table says."


def put(
    archive: zipfile.ZipFile,
    data: bytes,
    *,
    more: bytes = b"",
    slack: bytes = b"",
    stored: bool = False,
    local: dict[str, Any] | None = None,
    table: dict[str, Any] | None = None,
) -> None:
    """Add page 1 as the export does, but for what is asked: more in the stream or after it, other words before it or in the table."""
    packer, info = zlib.compressobj(6, zlib.DEFLATED, -15), entry(PAGE)
    raw = (data + more if stored else packer.compress(data + more) + packer.flush()) + slack
    info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    info.CRC, info.file_size, info.compress_size = zlib.crc32(data), len(data), len(raw)
    assert archive.fp is not None
    info.header_offset, before = archive.fp.tell(), copy.copy(info)
    for name, value in (local or {}).items():
        setattr(before, name, value)
    for name, value in (table or {}).items():
        setattr(info, name, value)
    archive.fp.write(before.FileHeader(zip64=False) + raw)
    archive.start_dir = archive.fp.tell()
    archive.filelist.append(info)


ANOTHER_NAME = b"documents/evil.json"
UNICODE_NAME = struct.pack("<2HBL", 0x7075, 5 + len(ANOTHER_NAME), 1, zlib.crc32(PAGE.encode())) + ANOTHER_NAME


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ({"slack": b"HIDDEN"}, UNPACKED),
        ({"slack": b'{"forged":1}\n', "stored": True}, UNPACKED),
        ({"more": b'{"forged":1}\n'}, UNPACKED),
        ({"more": b"x"}, UNPACKED),
        ({"more": b"x", "stored": True}, UNPACKED),
        ({"table": {"CRC": 1}, "local": {"CRC": 1}}, UNPACKED),
        ({"local": {"compress_type": 0}}, BEFORE),
        ({"local": {"CRC": 1}}, BEFORE),
        ({"local": {"compress_size": 7}}, BEFORE),
        ({"local": {"file_size": 7}}, BEFORE),
        ({"local": {"flag_bits": 1}}, BEFORE),
        ({"local": {"filename": PAGE.replace("1", "9")}}, BEFORE),
        ({"local": {"date_time": (2019, 1, 1, 0, 0, 0)}}, BEFORE),
        ({"table": {"extra": b"\xff\xff\x08\x00HIDDENHI"}}, TABLE),
        ({"table": {"extra": UNICODE_NAME}}, TABLE),
        ({"table": {"comment": b"HIDDEN" * 5_000}}, TABLE),
        ({"table": {"external_attr": 0o120777 << 16}}, TABLE),
        ({"table": {"date_time": (2019, 1, 1, 0, 0, 0)}}, TABLE),
    ],
)
def test_no_other_reader_is_shown_anything_else(entries: Entries, place: Path, how: dict[str, Any], fault: str) -> None:
    """Bytes after the packed ones, a longer file, another name or a link: each of them some reader would follow."""
    data = entries.files[PAGE]
    for stored in (False, True):
        whole = entries.written(place, lambda of: put(of, data, stored=stored), instead=PAGE)  # noqa: B023 - called at once
        assert faults(Check(whole, [VKEY])) == []
    assert faults(Check(entries.written(place, lambda of: put(of, data, **how), instead=PAGE), [VKEY]))[0] == fault


def test_a_zip_s_comment_is_refused(entries: Entries, place: Path) -> None:
    """Also one that looks like the end of a zip."""
    for comment in (b"abc", b"PK\5\6" + bytes(18)):
        assert Check(entries.written(place, lambda of: setattr(of, "comment", comment)), [VKEY]).faults  # noqa: B023 - called at once


def test_wider_fields_are_there_only_if_they_are_needed(
    entries: Entries, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two ends a zip can have two tables, and which of them is read depends on the reader."""
    without, data = entries.changed({PAGE: None}), entries.files[PAGE]
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    whole = entries.written(place).read_bytes()
    assert whole.count(b"PK\6\6") == 1
    assert faults(Check(place, [VKEY])) == [TABLE]
    second = whole[whole.index(b"PK\1\2") : whole.index(b"PK\6\6")]
    two = without.written(place, lambda of: put(of, data, slack=second)).read_bytes()
    end = struct.pack("<2LH", len(second), two.index(second), 0)
    place.write_bytes(two[:-10] + end)
    assert faults(Check(place, [VKEY])) == [TABLE]


def test_a_zip_of_more_files_than_its_narrow_fields_can_count_is_whole(place: Path) -> None:
    """As a log of some eight million events has."""
    names = [f"schemas/tasma.t{n:05}.json" for n in range(2**16)]
    claims = {**json.loads(UNSIGNED), "events": 0, "exported": 0}
    for count in (2**16 - 2, 2**16 - 1):  # and the manifest
        sums = dict.fromkeys(names[:count], hashlib.sha256(b"").hexdigest())
        files = {**dict.fromkeys(sums, b""), "manifest.json": manifest_of({**claims, "files": sums})}
        check = Entries(files).checked(place)
        assert faults(check) == []
        assert (b"PK\6\6" in place.read_bytes()) == (count + 1 >= 2**16)


def test_a_zip_that_is_longer_than_its_narrow_fields_can_say_is_whole(
    bundle: Path, entries: Entries, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two gigabytes it would take too long: here both sides find the fields too narrow for less, and then only one of them."""
    far = 300_000
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", far - 1)
    monkeypatch.setattr(verify, "FAR", far)
    entries.written(place)
    with zipfile.ZipFile(place) as archive:
        assert 10 < sum(info.header_offset >= far for info in archive.filelist) < len(archive.filelist) - 1
    assert faults(Check(place, [VKEY])) == []
    monkeypatch.undo()
    assert faults(Check(place, [VKEY])) == [TABLE]
    assert faults(Check(bundle, [VKEY])) == []
