"""Checks a Täsmä bundle, or the proof of one event. Needs Python 3.9 or newer and nothing else; opens no connection.

    python verify.py bundle.zip [--key VKEY]...
    python verify.py --proof proof.json [--key VKEY]...

All of it is computed anew, from the bytes, and compared. A bundle is whole if
1. the zip has a bundle's files and nothing else, each once, in the order of a bundle's, none that unpacks to over 16 MiB; how
   tightly they are packed is not looked at;
2. manifest.json says what is found here, the SHA-256 of every file but itself, pages and tiles, and nothing else;
3. pages/ have the events, one a line, 256 a page, none missing, each with its position and no earlier time than the last;
4. tiles/0 have the hashes of the same events; where page and tile differ, the checkpoint tells which of them was changed;
5. the tree over the hashes (RFC 6962) has the root that checkpoint.txt says, and as many events or more are here;
6. that was signed by the network (Ed25519), and no signature whose key is here is wrong;
7. each document is the one that an event names by its digest, and says the same; of form 1 in all but `text` and `own_cents`.
A proof is right if its event and hashes lead to the root of its checkpoint, 6 is true of that, and it says nothing else.

VKEY is a public key that you have noted before, the network's or a witness's: it must have signed. Without one, only the
bundle's own keys can be used, and whoever could write the bundle could have written those too.

The last line says WHOLE, how many events were checked and which key that you gave has signed them, or NOT WHOLE; the lines
before it say what is NOT PROVEN. Exit code 0: whole, and signed by every VKEY that you gave; 1: not whole, or not signed by
them; 2: wrong usage.
"""
# Handed out as it is, to be read before it is run: hence one file.
# ruff: noqa: BLE001, T201 - whatever a forged file makes Python say, the answer is no; and printing is what it is for

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from struct import pack
from typing import Any

FORM, PAGE, HASH = 1, 256, 32  # of the bundle; events in a page; bytes in a hash
FORMS = (1, 2)  # of documents
EVENT_BYTES, MOST, FAULTS_MAX = 65_535, 2**24, 20  # no file, nor the zip's table, has more bytes than a page may have
FAR, MANY = 2**31, 2**16  # a file that begins there, and so many files, need wider fields in a zip (zip64)
WITNESS = b"\4"  # the kind of a witness's key, where a log's is 1
FOUNDED = "tasma.network.founded.v1"
# Each of them names a document by `digest`.
ISSUED = ("tasma.settlement.statement_issued.v1", "tasma.settlement.statement_issued.v2")
ONE_WAY = "it is not written in the one way in which a bundle's is."
PLACE = {"README.txt": 0, "verify.py": 1, "checkpoint.txt": 2, "keys.txt": 3, "schemas": 4, "manifest.json": 6}
HEAD = re.compile(rb'\{"sequence":"([0-9]{20})","time":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z)",')
FILE = re.compile(  # all that a bundle has; no two of these names differ by case alone
    r"README\.txt|verify\.py|manifest\.json|checkpoint\.txt|keys\.txt|pages/[0-9]{6,9}\.ndjson|tiles/0/[0-9]{6,9}\.bin"
    r"|schemas/tasma\.[a-z0-9_.]{1,99}\.json|documents/[0-9a-f]{64}\.json"
)
UNFOUNDED = "constructed or not, as the network's founding is not here"
CAME = re.compile(r"log (\S+)|witness (\S+) (\S+)")  # a line of keys.txt
KEY = re.compile(r"(([^+\s]+)\+([0-9a-f]{8}))\+(\S{44})")
NOTE = re.compile("((.+)\n(0|[1-9][0-9]{0,17})\n(.{44})\n(?:.+\n)*)\n((?:\u2014 [^ \n]+ [^ \n]+\n){1,100})")


class Fault(ValueError):
    """What does not fit, as a sentence; with the position of the log where that is."""

    def __init__(self, what: str, position: int | None = None) -> None:
        super().__init__(shown(what))
        self.position = position


def need(fits: object, otherwise: str) -> None:
    if not fits:
        raise Fault(otherwise)


def shown(text: str) -> str:
    """Text that can be written anywhere and draws nothing on a terminal, whatever the bundle's writer put into it."""
    return "".join(char if " " <= char <= "~" else ascii(char)[1:-1] for char in text)


def same(what: str, said: dict[str, Any], found: dict[str, Any]) -> None:
    """Compares what is said with what was found; 1.0, true and "1" are not 1."""
    for name, value in found.items():
        fits = type(said[name]) is type(value) and said[name] == value
        need(fits, f"{what} says that {name} is {said[name]!r:.99}, where {value!r:.99} was found.")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no key stands twice, so that it says one thing to every reader."""
    need(len(dict(pairs)) == len(pairs), "a key stands there twice")
    return dict(pairs)


# --- The hash tree (RFC 6962, section 2.1) ---


def leaf_hash(body: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + body).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaves, or over perfect subtrees of one size of which the last may be smaller."""
    while len(hashes) > 1:
        pairs = [hashlib.sha256(b"\x01" + b"".join(hashes[i : i + 2])).digest() for i in range(0, len(hashes) - 1, 2)]
        hashes = [*pairs, *hashes[len(pairs) * 2 :]]
    return hashes[0] if hashes else hashlib.sha256(b"").digest()


def climb(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that the proof of one leaf leads to, in a tree of that size."""
    need(bool(proof) == (size > 1), "the proof has too many hashes, or too few.")
    if size == 1:
        return leaf
    left = 1 << (size - 1).bit_length() - 1  # the largest power of two below the size
    if index < left:
        return root_of([climb(leaf, index, left, proof[:-1]), proof[-1]])
    return root_of([proof[-1], climb(leaf, index - left, size - left, proof[:-1])])


# --- Ed25519 (RFC 8032, section 5.1), in its plainest form: fast enough for a few signatures, and no secrets here ---

Point = tuple[int, int]  # on the curve -x² + y² = 1 + Dx²y², modulo P
P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)  # ROOT² = -1


def plus(a: Point, b: Point) -> Point:
    cross = D * a[0] * a[1] * b[0] * b[1]
    over = pow(1 - cross * cross, -1, P)  # never over 0 on this curve
    return (a[0] * b[1] + a[1] * b[0]) * (1 - cross) * over % P, (a[1] * b[1] + a[0] * b[0]) * (1 + cross) * over % P


def times(number: int, point: Point) -> Point:
    total = (0, 1)
    for bit in f"{number:b}":
        total = plus(total, total)
        total = plus(total, point) if bit == "1" else total
    return total


def point_of(data: bytes) -> Point:
    """A point as it is written: y, and in the highest bit whether x is odd."""
    odd, y = divmod(int.from_bytes(data, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT % P
    need(len(data) == HASH and y < P and x * x % P == square and x >= odd, "these bytes are no point of the curve")
    return (x if x % 2 == odd else P - x), y


BASE = point_of((4 * pow(5, -1, P) % P).to_bytes(HASH, "little"))


def is_signed(text: bytes, key: bytes, signature: bytes) -> bool:
    """Whether the signature is right, and the key not so weak (of small order) that one signature fits many texts."""
    if key[:1] == WITNESS:
        seconds, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        text = b"cosignature/v1\ntime %d\n%s" % (seconds, text)
    first, scalar = signature[:HASH], int.from_bytes(signature[HASH:], "little")
    number = int.from_bytes(hashlib.sha512(first + key[1:] + text).digest(), "little") % ORDER
    try:
        public, point = point_of(key[1:]), point_of(first)
    except Fault:
        return False
    sound = len(signature) == 2 * HASH and scalar < ORDER and times(8, public) != (0, 1)
    return sound and times(scalar, BASE) == plus(point, times(number, public))


# --- Keys and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature) ---


def unbase64(text: str) -> bytes:
    found = base64.b64decode(text.encode("ascii"), validate=True)
    need(base64.b64encode(found).decode() == text, f"{text[:50]!r} is not how base64 is written")
    return found


def key_of(vkey: str) -> tuple[str, bytes]:
    """The id of a public key `name+hash+base64`, which is all but the base64; its kind, and then its bytes."""
    parts = KEY.fullmatch(vkey)
    key = unbase64(parts[4]) if parts else b""
    digest = hashlib.sha256(f"{parts[2]}\n".encode() + key).hexdigest() if parts else ""
    if not parts or digest[:8] != parts[3] or key[:1] not in b"\1\4":
        raise Fault(f"{vkey[:200]} is no public key of this kind, or was changed: its hash does not fit.")
    return parts[1], key


# --- Documents ---

ALIKE = ("form", "partner", "period", "position", "opening_cents", "closing_cents")  # in a statement and its event
# The keys of a statement and of its lines, in their order.
SAYS = "form network constructed partner period position as_of state opening_cents closing_cents digest lines subtotals own_cents"
LINE = (
    "n occurred_on recorded_at kind counterparty cents role clause quantity unit_cents corrects vat project pathway step part "
    "entry text events"
)
compact = partial(json.dumps, separators=(",", ":"), ensure_ascii=False)


def misfit(body: bytes, event: dict[str, Any], founding: dict[str, Any]) -> str:
    """Why a document is not the one that an event names; nothing if it is."""
    try:
        says = json.loads(body.decode(), object_pairs_hook=once)
        if event["form"] == 1:
            statement(says, event, founding)
        if event["form"] == 2:  # noqa: PLR2004 - the other form there is
            canonical(body, says, event)
        else:
            need(compact(says).encode() == body, ONE_WAY)
    except Fault as fault:
        return f"does not fit: {fault}"
    except Exception as error:
        return f"cannot be read ({error})."
    return ""


def canonical(body: bytes, says: dict[str, Any], event: dict[str, Any]) -> None:
    """Compares a statement in form 2 with its event: it is the very bytes that the digest is of, canonical JSON (RFC 8785)."""
    digest = hashlib.sha256(body).hexdigest()
    need(digest == event["digest"], f"it has the digest {digest}.")
    same("it", {**says, "lines": len(says["lines"])}, {name: event[name] for name in (*ALIKE, "lines")})
    need(compact(says, sort_keys=True).encode() == body, ONE_WAY)


def statement(says: dict[str, Any], event: dict[str, Any], founding: dict[str, Any]) -> None:
    """Compares a statement in form 1 with its event. No digest covers `text` and `own_cents`: only their form is certain."""
    lines, texts, subtotals = says["lines"], [line["text"] for line in says["lines"]], says["subtotals"]
    figures = {**{name: says[name] for name in ALIKE}, "subtotals": subtotals}
    figures["lines"] = [{key: value for key, value in line.items() if key != "text"} for line in lines]
    # With ASCII keys and whole numbers this is RFC 8785.
    digest = hashlib.sha256(compact(figures, sort_keys=True).encode()).hexdigest()
    need(digest == event["digest"], f"it has the digest {digest}.")
    found = {name: event[name] for name in (*ALIKE, "digest", "lines")}
    found.update({name: founding[name] for name in ("network", "constructed") if founding})
    found.update(state="closed", as_of=event["position"], own_cents=int(says["own_cents"]))
    same("it", {**says, "lines": len(lines)}, found)
    keys = ((SAYS, [says]), (LINE, lines), ("en fi sv", texts), ("counterparty cents", subtotals))
    need(all([*each] == names.split() for names, parts in keys for each in parts), ONE_WAY)
    need({type(text) for each in texts for text in each.values()} <= {str}, ONE_WAY)


# --- The check ---


def header(info: zipfile.ZipInfo, version: int = 20, extra: bytes = b"") -> bytes:
    """What a bundle's zip says of a file both before its bytes and in the table; 33 is the first day that a zip can say."""
    sizes = info.CRC, info.compress_size, info.file_size, len(info.orig_filename), len(extra)
    return pack("<5H3L2H", version, 0, info.compress_type, 0, 33, *sizes)


class Table(io.BufferedReader):
    """The zip as a file. Its table is read by zipfile all at once, however long it claims to be."""

    def read(self, size: int | None = -1) -> bytes:
        need((size or 0) <= MOST, f"the zip's table would have {size or 0:,} bytes, of {MOST:,} at most.")
        return super().read(size)


class Check:
    """What was found. Size and root are the checkpoint's; where there is none, of all events."""

    def __init__(self, path: Path, given: Sequence[str] = (), *, proof: bool = False) -> None:
        self.size, self.root, self.given, self.time = 0, "", dict(map(key_of, given)), b""
        self.what, self.covered, self.signers = (
            "proof" if proof else "bundle",
            0,
            list[str](),
        )  # signers: given ones alone
        self.faults, self.said, self.unproven = list[Fault](), list[str](), list[str]()
        self.last, self.exported, self.named = 0, 0, set[str]()
        # Documents of a form that is not known, and of one with words that nothing covers.
        self.unknown, self.worded = 0, 0
        self.by_tiles, self.by_pages = list[bytes](), list[bytes]()  # roots of pages, as far as the checkpoint reaches
        self.first: Fault | None = None  # where page and tile differ
        self.founding: dict[str, Any] = {}  # what the event says that founded the network
        try:
            with Table(io.FileIO(path)) as self.file:
                if proof:
                    self.proof(json.loads(self.file.read(MOST), object_pairs_hook=once))
                    return
                with zipfile.ZipFile(self.file) as archive:
                    self.open(archive)
                self.bundle(self.checkpoint())
        except Fault as fault:
            self.faults.append(fault)
        except Exception as error:
            self.faults.append(Fault(f"this is no {self.what} that can be read: {error}."))

    @property
    def doubts(self) -> list[str]:
        """What is said before the verdict of a bundle that is whole."""
        return [] if self.faults else [f"NOT PROVEN: {each}." for each in self.unproven]

    @property
    def verdict(self) -> str:
        events = f"{self.covered:,} event{'s' * (self.covered != 1)}"
        by = " and ".join(self.signers) or "nobody whose key you gave"
        return "NOT WHOLE." if self.faults else f"WHOLE: {events}, signed by {by}."

    def add(self, what: str, position: int | None = None) -> Fault:
        self.faults.append(Fault(what, position))
        need(len(self.faults) <= FAULTS_MAX, "so much does not fit that nothing more was looked at.")
        return self.faults[-1]

    def note(self, note: str, came: Sequence[str]) -> tuple[str, int, bytes]:
        """The origin, size and root of a checkpoint. The keys came along, as `log VKEY` or `witness VKEY ORGANISATION`."""
        parts, keys, right = NOTE.fullmatch(note), dict[str, tuple[bytes, str]](), list[str]()
        if not parts:
            raise Fault("the checkpoint is not written as one: origin, size, root, an empty line, signatures.")
        for line in came:
            listed = CAME.fullmatch(line)
            if not listed:
                raise Fault(f"{line[:200]!r} lists no key as a bundle does.")
            key_id, key = key_of(listed[1] or listed[2])
            fits = key_id not in keys and (key[:1] == WITNESS) == bool(listed[2])
            need(fits, f"the key {key_id} is listed twice, or as of another kind than it is.")
            whose = f"a witness's key of {listed[3]}" if listed[2] else "the network's own key"
            keys[key_id] = key, f"the {self.what} says: {whose}"
        need([*came] == sorted(came), "the keys are not listed in order.")
        keys.update({key_id: (key, "the key you gave") for key_id, key in self.given.items()})
        for name, written in (line[2:].split(" ") for line in parts[5].splitlines()):
            signature = unbase64(written)
            key_id, signature = f"{name}+{signature[:4].hex()}", signature[4:]
            key, whose = keys.get(key_id, (b"", ""))
            if not key:
                self.unproven.append(shown(f"the signature by {key_id}, as its key is not here"))
            elif is_signed(parts[1].encode(), key, signature):
                self.said.append(shown(f"The checkpoint was signed by {key_id} ({whose})."))
                right.append(key_id)
            else:
                self.add(f"the signature by {key_id} ({whose}) does not fit the checkpoint.")
        for key_id in sorted(self.given.keys() - right):
            self.add(f"the signature by the key you gave, {key_id}, is not there.")
        for key_id in dict.fromkeys(right):
            if key_id in self.given:
                self.signers.append(shown(key_id))
            else:
                why = "which came along: compare it with what you noted before"
                self.unproven.append(shown(f"whose the key {key_id} is, {why}"))
        if all(keys[each][0][:1] == WITNESS for each in right):
            self.add("no key of the network has signed the checkpoint.")
        return parts[2], int(parts[3]), unbase64(parts[4])

    def open(self, archive: zipfile.ZipFile) -> None:
        """What the zip has, by its table, and manifest.json. The files that were not read yet are `left`."""
        self.left, self.sums, begin = dict[str, zipfile.ZipInfo](), dict[str, str](), 0
        table = bytearray()  # with the end, as they have to be: whatever else stood there, another reader might show
        for info in archive.infolist():
            name = info.orig_filename
            need(FILE.fullmatch(name), f"the zip has {name[:200]!r}; no file of a bundle is called that.")
            need(name not in self.left, f"the zip has {name} twice.")
            need(info.file_size <= MOST, f"{name} would unpack to {info.file_size:,} bytes, of {MOST:,} at most.")
            packed = not info.flag_bits and info.compress_type in (0, 8) and info.compress_size <= MOST
            need(packed, f"{name} is packed as no file of a bundle is.")
            need(info.header_offset == begin, f"{name} does not begin where the file before it ends in the zip.")
            at, version, wide = (2**32 - 1, 45, pack("<2HQ", 1, 8, begin)) if begin >= FAR else (begin, 20, b"")
            table += b"PK\1\2" + pack("<2B", version, 3) + header(info, version, wide)
            table += pack("<3H2L", 0, 0, 0, 0o644 << 16, at) + name.encode() + wide
            self.left[name], begin = info, begin + 30 + len(name) + info.compress_size
        need(begin == archive.start_dir, "the zip has more in it than its files.")
        count, size = len(self.left), len(table)
        if count >= MANY or begin >= FAR:
            table += b"PK\6\6" + pack("<Q2H2L4Q", 44, 45, 45, 0, 0, count, count, size, begin)
            table += b"PK\6\7" + pack("<LQL", 0, begin + size, 1)
        count, at = min(count, 2**16 - 1), min(begin, 2**32 - 1)
        table += b"PK\5\6" + pack("<4H2LH", 0, 0, count, count, size, at, 0)
        self.file.seek(begin)
        need(self.file.read() == table, "the zip's table is not written in the one way in which a bundle's is.")
        self.names, self.taken = [*self.left], list[str]()
        self.documents = sum(name.startswith("documents/") for name in self.names)
        data, other = self.take("manifest.json"), "manifest.json is not written in the one way in which a bundle's is."
        need(data.count(b"{", 1) <= 1 and b"[" not in data, other)  # or it could fill the memory
        says = self.says = json.loads(data)
        need(json.dumps(says, indent=1, sort_keys=True, ensure_ascii=False).encode() == data, other)
        self.events, self.project, self.sums = says["events"], says["project"], dict(says["files"])
        part, network = self.project if self.project is None else str(self.project), str(says["network"])
        found = {"form": FORM, "files": {**self.sums}, "project": part, "constructed": bool(says["constructed"])}
        same("manifest.json", says, {**found, "network": network, "source": f"/networks/{network}"})
        need(len(says) == len(found) + 6, "manifest.json says more than a bundle's does.")

    def take(self, name: str) -> bytes:
        """The bytes of a file, compared with the manifest's sum."""
        digest, unpacker = self.sums.pop(name, ""), zlib.decompressobj(-15)
        need(name in self.left, f"{name} is missing.")
        info = self.left.pop(name)
        self.taken.append(name)
        says = b"PK\3\4" + header(info) + name.encode()
        self.file.seek(info.header_offset)
        need(self.file.read(len(says)) == says, f"what stands before {name} in the zip is not what its table says.")
        data = self.file.read(info.compress_size)
        try:
            data = unpacker.decompress(data, info.file_size + 1) if info.compress_type else data
        except zlib.error as error:
            raise Fault(f"{name} cannot be unpacked: {error}.") from error
        ends = unpacker.eof and not unpacker.unused_data if info.compress_type else info.compress_size == info.file_size
        fits = ends and len(data) == info.file_size and zlib.crc32(data) == info.CRC
        need(fits, f"{name} cannot be unpacked: other or more is in it than the zip's table says.")
        summed = not name.startswith(("pages/", "tiles/", "manifest"))
        fits = not summed or digest == hashlib.sha256(data).hexdigest()
        need(fits, f"{name} is not the file that manifest.json names.")
        return data

    def checkpoint(self) -> bytes | None:
        """The root that was signed, None where nothing was."""
        self.size, own = self.events, f"tasma/networks/{self.says['network']}"
        if "checkpoint.txt" not in {*self.left, *self.sums}:
            need(not self.given, "there is no checkpoint, so nothing was signed by the key that you gave.")
            self.unproven.append("whose log it is, as nothing is signed: compare the root with one you noted before")
            return None
        note, came = (self.take(name).decode() for name in ("checkpoint.txt", "keys.txt"))
        *lines, rest = came.split("\n")
        need(not rest, "keys.txt does not end with the end of a line.")
        origin, self.size, root = self.note(note, lines)
        what = f"the checkpoint is of {self.size:,} events of {origin}, the bundle has {self.events:,} of {own}."
        need(origin == own and self.size <= self.events, what)
        return root

    def bundle(self, root: bytes | None) -> None:
        for n in range(-(-self.events // PAGE)):
            self.page(n)
        tiles, pages = root_of(self.by_tiles), root_of(self.by_pages)
        self.root = (root or tiles).hex()
        if self.first:
            agrees = {pages: "the pages", tiles: "the tiles"}.get(root or b"", "neither page nor tile")
            covered = root is not None and (self.first.position or 0) <= self.size
            why = f"the checkpoint agrees with {agrees}" if covered else "no checkpoint covers either"
            self.first.args = (f"{self.first}: {why}.",)
        elif root not in (None, tiles):
            self.add(f"the events lead to the root {tiles.hex()}, the checkpoint has another.")
        for name in sorted({*self.left, *self.sums}):
            alone = name.startswith(("pages/", "tiles/")) or (name.startswith("documents/") and not self.first)
            if name in self.left and alone:
                self.add(f"{name} is here, and nothing names it.")
                continue
            data = self.take(name)
            if name == "verify.py" and data != Path(__file__).read_bytes():
                self.unproven.append(
                    "what the bundle's verify.py would say, as it is another than the one that runs now"
                )
        self.taken.sort(key=lambda name: PLACE.get(name.split("/")[0], 5))  # 5: as the pages named them
        need(self.faults or self.names == self.taken, "the files do not stand in the zip in the order of a bundle's.")
        counts = {"events": max(0, int(self.events)), "exported": self.exported, "documents": self.documents}
        same("manifest.json", self.says, {**counts, "checkpoint": self.size if root else None})
        self.tell()

    def tell(self) -> None:
        self.said.append(f"{self.exported:,} events and {len(self.named):,} documents of theirs were gone through.")
        self.said.append(f"The tree over {self.size:,} events has the root {self.root}.")
        if self.says["constructed"]:
            self.said.append("CONSTRUCTED EXAMPLE: clients, offerings and sums are invented, the clock is simulated.")
        self.unproven.append("what README.txt, keys.txt and schemas/ say, as no signature covers it")
        if self.worded:
            self.unproven.append("text and own_cents in the documents, as nothing covers them")
        if not self.founding:
            self.unproven.append(UNFOUNDED)
        if self.events > self.size:
            self.unproven.append(f"positions {self.size + 1:,} to {self.events:,}, which came after the checkpoint")
        if self.unknown:
            self.unproven.append(f"{self.unknown:,} of the documents, which have a form that is not known here")
        if self.project is not None:
            self.unproven.append(shown(f"that no event of the project {self.project} was left out"))

    def page(self, n: int) -> None:
        """The events of a page by position, compared with the hashes in the tile."""
        begin, name, part = PAGE * n, f"pages/{n:06}.ndjson", self.project is not None
        tile, count = self.take(f"tiles/0/{n:06}.bin"), min(PAGE, self.events - begin)
        here = not part or name in self.left
        *lines, rest = (self.take(name) if here else b"").split(b"\n", PAGE + 1)
        events = [*enumerate(lines, begin + 1)]
        if part:
            events = [(int(head[1]) if (head := HEAD.match(line)) else 0, line) for line in lines]
        leaves = {position: leaf_hash(line) for position, line in events}
        hashes = {begin + 1 + at // HASH: tile[at : at + HASH] for at in range(0, len(tile), HASH)}
        wrong = dict(leaves.items() - hashes.items() if part else leaves.items() ^ hashes.items())
        if rest or len(tile) != HASH * count:
            wrong[begin + min(len(lines), len(hashes)) + 1] = rest
        if wrong and not self.first:
            position = min(wrong)
            where = f"position {position:,} ({name}{'' if part else f', line {position - begin}'})"
            self.first = self.add(f"{where} does not have the hash that the tree has", position)
        if (covered := self.size - begin) > 0:
            self.by_tiles.append(root_of([*hashes.values()][:covered]))
            self.by_pages.append(root_of([*leaves.values()][:covered]) if wrong and not part else self.by_tiles[-1])
        if here and not lines:
            self.add(f"{name} is here, and has no event.")
        self.covered += sum(position <= self.size for position, _ in events)
        for position, line in events:
            try:
                if position not in wrong:
                    self.event(position, line)
            except Exception as error:
                self.add(f"position {position:,} ({name}) is not in order: {error}", position)
        self.exported += len(lines)

    def event(self, position: int, line: bytes) -> None:
        """An event whose hash is right: what it says of its place, what of the network, what of a document."""
        head = HEAD.match(line)
        if not head or int(head[1]) != position or position <= self.last or len(line) > EVENT_BYTES:
            raise Fault("it names another position, stands there twice or is too long.")
        need(head[2] >= self.time, "it goes back in time.")
        self.last, self.time, event = position, head[2], json.loads(line)
        data, kind = event["data"], event["type"]
        need(self.project is None or data.get("project") == self.project, "it is not of the project.")
        if kind == FOUNDED:
            self.founding = data
            same("manifest.json", self.says, {"constructed": data["constructed"]})
        if kind not in ISSUED or data["digest"] in self.named:
            return
        self.named.add(data["digest"])
        self.unknown += data["form"] not in FORMS
        self.worded += data["form"] == 1
        why = misfit(self.take(name := f"documents/{data['digest']}.json"), data, self.founding)
        need(not why, f"{name} {why}")

    def proof(self, proof: dict[str, Any]) -> None:
        """Whether an event stands at its position in the tree of a checkpoint."""
        origin, self.size, root = self.note(proof["checkpoint"], proof["keys"])
        self.covered = 1
        body, hashes, self.root = proof["event"].encode(), [unbase64(each) for each in proof["hashes"]], root.hex()
        head, event = HEAD.match(body), json.loads(body)
        position = int(head[1]) if head else 0
        need(0 < position <= self.size, "the event does not say that its position is one of the checkpoint's.")
        leads = climb(leaf_hash(body), position - 1, self.size, hashes) == root
        need(leads, f"the proof does not lead from the event at position {position:,} to the checkpoint's root.")
        founded, lists = event["type"] == FOUNDED, {name: [*proof[name]] for name in ("hashes", "keys")}
        found = {"position": position, "size": self.size, "root": self.root, "leaf_hash": leaf_hash(body).hex()}
        constructed = event["data"]["constructed"] if founded else bool(proof["constructed"])
        found.update(lists, network=origin.replace("tasma/networks/", "", 1), constructed=constructed)
        same("the proof", proof, found)
        need(len(proof) == len(found) + 2, "the proof says more than a proof does.")  # its event and checkpoint
        self.unproven += [UNFOUNDED] * (not founded)
        self.said.append(shown(f"The proof is of position {position:,} among {self.size:,} of {origin}."))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--proof", action="store_true", help="the file is the proof of one event")
    parser.add_argument("--key", action="append", default=[], metavar="VKEY")
    asked = parser.parse_args()
    try:
        [key_of(vkey) for vkey in asked.key]
    except ValueError as error:
        parser.error(f"--key: {error}")
    check = Check(asked.file, asked.key, proof=asked.proof)
    print("\n".join([*check.said, *(f"FAULT: {fault}" for fault in check.faults), *check.doubts, check.verdict]))
    return 1 if check.faults else 0


if __name__ == "__main__":
    sys.exit(main())
