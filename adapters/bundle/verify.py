"""Checks a Täsmä bundle, or the proof of one event. Needs Python 3.9 or newer and nothing else; opens no connection.

    python verify.py bundle.zip [--key VKEY]...
    python verify.py --proof proof.json [--key VKEY]...

A bundle holds a network's log: every event as it was stored, one a line, 256 a page; the hash of each event (tiles/0); a
checkpoint that the network has signed: how many events there were, and the root of the hash tree over them (RFC 6962);
and every document whose digest an event names. All of it is computed anew here, from the bytes, and compared.

VKEY is a public key that you have noted before, the network's or a witness's: it must have signed. Without one, only the
bundle's own keys can be used, and whoever could write the bundle could have written those too.

Exit code 0: whole; 1: not whole, or what you asked for cannot be told here; 2: wrong usage.
"""
# Handed out as it is, to be read before it is run: hence one file.
# ruff: noqa: T201 - printing is what it is for

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PAGE, HASH = 256, 32  # events in a page, bytes in a hash
EVENT_BYTES, FILE_BYTES, FAULTS_MAX = 65_535, 2**26, 20  # nothing larger is unpacked or read
ED25519, COSIGNATURE = 1, 4  # kinds of keys, as the C2SP specifications of signed notes and cosignatures number them
ENTRY = re.compile(  # all that a bundle has; no two of these names differ by case alone
    r"README\.txt|verify\.py|manifest\.json|checkpoint\.txt|keys\.txt|pages/[0-9]{6,9}\.ndjson|tiles/0/[0-9]{6,9}\.bin"
    r"|schemas/tasma\.[a-z0-9_.]{1,99}\.json|documents/[0-9a-f]{64}\.json"
)
PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,30}")
FOUNDED = "tasma.network.founded.v1"
HEAD = re.compile(rb'\{"sequence":"([0-9]{20})","time":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z)",')
UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError)
UNFORMED = (ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError, RuntimeError)


def shown(text: str) -> str:
    """Text without anything that could draw on a terminal: what came from the bundle may hold whatever its writer likes."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


class Fault(Exception):
    """What does not fit, as a sentence; with the position of the log where that is."""

    def __init__(self, what: str, position: int | None = None) -> None:
        super().__init__(what)
        self.position = position

    def __str__(self) -> str:
        return shown(str(self.args[0]))


class Report:
    """What was found. Size and root are the checkpoint's; where there is none, of all events."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.faults: list[Fault] = []
        self.size, self.root = 0, ""

    @property
    def said(self) -> list[str]:
        return [shown(line) for line in self.lines]


# --- The hash tree (RFC 6962, section 2.1) ---


def leaf_hash(body: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + body).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaves, or over perfect subtrees of one size of which the last may be smaller."""
    while len(hashes) > 1:
        pairs = [hashlib.sha256(b"\x01" + b"".join(hashes[i : i + 2])).digest() for i in range(0, len(hashes) - 1, 2)]
        hashes = [*pairs, *hashes[len(pairs) * 2 :]]
    return hashes[0] if hashes else hashlib.sha256(b"").digest()


def climb(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root that the proof of one leaf leads to; uses up the proof from its end, where the root is."""
    if size == 1:
        return leaf
    left = 1 << (size - 1).bit_length() - 1  # the largest power of two below the size
    sibling = proof.pop()
    if index < left:
        return root_of([climb(leaf, index, left, proof), sibling])
    return root_of([sibling, climb(leaf, index - left, size - left, proof)])


# --- Keys, signatures and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature) ---


def unbase64(text: str) -> bytes:
    found = base64.b64decode(text.encode("ascii"), validate=True)
    if base64.b64encode(found).decode() != text:
        raise ValueError(f"{text[:50]!r} is not how base64 is written")
    return found


class Key:
    """A public key, written `name+id+base64`: the id is a hash of the rest."""

    def __init__(self, vkey: str, whose: str) -> None:
        try:
            name, hexed, text = vkey.split("+", 2)
            found = unbase64(text)
            self.kind, self.public, self.whose = found[0], found[1:], whose
            self.id = name + "+" + hashlib.sha256(name.encode() + b"\n" + found).hexdigest()[:8]
        except UNFORMED as error:
            raise Fault(f"{vkey[:200]} is no public key: it is not written name+id+base64.") from error
        if self.id != f"{name}+{hexed}" or len(self.public) != HASH or self.kind not in (ED25519, COSIGNATURE):
            raise Fault(f"{vkey[:200]} is no Ed25519 key, or was changed: its id does not fit.")

    def fits(self, signature: bytes, text: bytes) -> bool | None:
        if self.kind == COSIGNATURE:
            text = b"cosignature/v1\ntime %d\n%s" % (int.from_bytes(signature[:8], "big"), text)
            signature = signature[8:]
        return len(signature) == 2 * HASH and fits(self.public, signature, text)


def fits(public: bytes, signature: bytes, text: bytes) -> bool | None:
    """Whether an Ed25519 signature is right; None where this machine has nothing that can tell."""
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - it need not be there
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - as above
    except ImportError:
        return fits_by_openssl(public, signature, text)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def fits_by_openssl(public: bytes, signature: bytes, text: bytes) -> bool | None:
    program = shutil.which("openssl")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        files = {"-inkey": bytes.fromhex("302a300506032b6570032100") + public, "-sigfile": signature, "-in": text}
        asked = [program, "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER"]  # the key as in RFC 8410
        for option, data in files.items():
            path = Path(folder) / option[1:]
            path.write_bytes(data)
            asked += [option, str(path)]
        ran = subprocess.run(asked, capture_output=True, check=False)  # noqa: S603 - found just above
    if ran.returncode == 0:
        return True
    return False if b"Verification Failure" in ran.stdout + ran.stderr else None  # an older one knows no Ed25519


def check_note(note: str, keys: Sequence[Key], given: Sequence[Key], report: Report) -> tuple[str, int, bytes]:
    """The origin, size and root of a checkpoint, its signatures checked by the keys that came along and those given."""
    text, signatures = note.split("\n\n")
    origin, size, root = (text + "\n").split("\n")[:3]
    known = {key.id: key for key in [*keys, *given]}
    answers: dict[str, bool | None] = {}
    for line in signatures.rstrip("\n").split("\n"):
        dash, name, signed = line.split(" ")
        signature = unbase64(signed)
        key_id = f"{name}+{signature[:4].hex()}"
        whose = f" ({known[key_id].whose})" if key_id in known else ""
        why = "neither the Python package cryptography nor a program openssl that knows Ed25519 is here"
        answer = known[key_id].fits(signature[4:], (text + "\n").encode()) if whose else None
        if answer is False:
            report.faults.append(Fault(f"the signature by {key_id}{whose} does not fit the checkpoint."))
        elif answer is None:
            why = why if whose else "its key is not among those that came along"
            report.lines.append(f"NOT CHECKED: the signature by {key_id}{whose}: {why}.")
        else:
            report.lines.append(f"The checkpoint was signed by {key_id}{whose}.")
        answers[key_id] = answer
        if dash != "\u2014":
            raise ValueError("a signature begins with a dash")
    for key in given:
        if not answers.get(key.id):
            why = "cannot be checked here" if key.id in answers else "is not there"
            report.faults.append(Fault(f"the signature by the key you gave, {key.id}, {why}."))
    if not given:
        report.lines.append(
            "The keys came along with what they are to prove: compare their ids with what you noted before."
        )
        if not any(key.id in answers for key in keys if key.whose == OWN):
            report.faults.append(Fault("no key of the network has signed the checkpoint."))
    if len(unbase64(root)) != HASH or str(abs(int(size))) != size or not note.endswith("\n"):
        raise ValueError(f"{size[:50]} is no size of a checkpoint, or {root[:50]} no root")
    return origin, int(size), unbase64(root)


OWN = "the network's own key"


def keys_in(text: str) -> list[Key]:
    """The keys that came along, a line each: `log VKEY` or `witness VKEY ORGANISATION`."""
    lines = [line.split(" ") for line in text.split("\n") if line and not line.startswith("#")]
    whose = {"log": OWN, "witness": "a witness's key"}
    return [Key(line[1], " of ".join([whose[line[0]], *line[2:]])) for line in lines]


# --- Documents ---


def strict_json(data: bytes) -> Any:  # noqa: ANN401 - anything that is JSON
    """JSON that says one thing to every reader: no key stands there twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key stands there twice")
        return dict(pairs)

    return json.loads(data, object_pairs_hook=once)


def formed(found: Any, **kinds: type) -> Any:  # noqa: ANN401 - as it came
    """An object some of whose fields are of just these kinds: 1.0, true and "1" are no numbers."""
    for name, kind in kinds.items():
        if type(found[name]) is not kind:
            raise ValueError(f"{name} is {found[name]!r:.50}, which is no plain {kind.__name__}")
    return found


def statement_digest(document: dict[str, Any]) -> str:
    """The digest of a statement in form 1: of its figures, not of the sentences that explain them."""
    names = ("form", "partner", "period", "position", "opening_cents", "closing_cents", "subtotals")
    content = {name: document[name] for name in names}
    content["lines"] = [{key: value for key, value in line.items() if key != "text"} for line in document["lines"]]
    # With ASCII keys and whole numbers this is RFC 8785.
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


# Which events name a document: under which field, how its digest comes about in each form, what both must say alike.
DOCUMENTS: dict[str, tuple[str, dict[int, Callable[[dict[str, Any]], str]], Sequence[str]]] = {
    "tasma.settlement.statement_issued.v1": (
        "digest",
        {1: statement_digest},
        ("form", "partner", "period", "position", "opening_cents", "closing_cents", "digest"),
    ),
}


UNCOVERED = (
    "Of a document, its digest proves form, partner, period, position, the balances, subtotals and lines without their `text`; "
    "whatever else it says (`text`, own_cents, state, as_of, network, constructed) is not proven."
)


# --- The bundle ---


class Archive:
    """The zip file. What was taken out is no longer `left`."""

    def __init__(self, path: Path) -> None:
        self.zip = zipfile.ZipFile(path)
        self.left: dict[str, zipfile.ZipInfo] = {}
        for info in self.zip.infolist():
            name = info.orig_filename
            if not ENTRY.fullmatch(name) or name in self.left or info.flag_bits & 1 or info.compress_type not in (0, 8):
                raise Fault(
                    f"the zip has {name[:200]!r} twice, encrypted, or though no file of a bundle is called that."
                )
            self.left[name] = info
        if min((info.header_offset for info in self.left.values()), default=0):
            raise Fault("something stands before the zip's first file: it would be another file to another reader.")
        self.sums: dict[str, str] = {}
        kinds = {"form": int, "events": int, "exported": int, "documents": int, "constructed": bool, "files": dict}
        claims = formed(strict_json(self.take("manifest.json")), network=str, source=str, **kinds)
        if claims["checkpoint"] is not None:
            formed(claims, checkpoint=int)
        self.events, self.exported, sums = claims["events"], claims["exported"], claims["files"]
        self.project, self.constructed, self.network = claims["project"], claims["constructed"], claims["network"]
        if claims["source"] != f"/networks/{self.network}":
            raise Fault(f"manifest.json says both network {self.network:.80} and source {claims['source']:.80}.")
        if self.project is not None and not PROJECT.fullmatch(self.project):
            raise Fault(f"manifest.json names the project {self.project!r:.80}, which is no project code.")
        if strange := [name for name in sums if not ENTRY.fullmatch(name)]:
            raise Fault(f"manifest.json names {strange[0][:200]!r}; no file of a bundle is called that.")
        self.sums = sums

    def take(self, name: str, limit: int = FILE_BYTES) -> bytes:
        """The bytes of a file, compared with the manifest's sum where it has one."""
        info = self.left.pop(name, None)
        if info is None:
            raise Fault(f"{name} is missing.")
        if info.file_size > limit:
            raise Fault(f"{name} would unpack to {info.file_size:,} bytes; it cannot have more than {limit:,}.")
        try:
            with self.zip.open(info) as file:
                data = file.read(limit + 1)
        except UNREADABLE as error:
            raise Fault(f"{name} cannot be unpacked: {error}.") from error
        if self.sums.pop(name, digest := hashlib.sha256(data).hexdigest()) != digest:
            raise Fault(f"{name} is not the file that manifest.json names.")
        return data


class Pass:
    """One pass over all pages: the bytes of the events, their hashes, the documents that they name."""

    def __init__(self, archive: Archive, size: int, report: Report) -> None:
        self.archive, self.size, self.report = archive, size, report
        self.last, self.time, self.events, self.documents, self.founded = 0, b"", 0, set[str](), False
        self.first: Fault | None = None  # the first event whose page and tile do not agree
        self.by_tiles: list[bytes] = []  # the roots of the pages, as far as the checkpoint reaches
        self.by_pages: list[bytes] = []

    def page(self, n: int) -> None:
        archive, begin, name = self.archive, PAGE * n, f"pages/{n:06}.ndjson"
        end = min(begin + PAGE, archive.events)
        tile = archive.take(f"tiles/0/{n:06}.bin", PAGE * HASH)
        hashes = [tile[at : at + HASH] for at in range(0, len(tile), HASH)]
        absent = archive.project and name not in archive.left
        *lines, rest = [b""] if absent else archive.take(name, PAGE * (EVENT_BYTES + 1)).split(b"\n")
        leaves = [leaf_hash(line) for line in lines]
        for number, line in enumerate(lines, 1):
            head = HEAD.match(line)
            said = int(head.group(1)) if head else 0
            position = said if archive.project else begin + number
            where = f"position {position:,} ({name}, line {number})"
            if not max(begin, self.last) < position <= end:
                self.differs(f"{where} is none that can stand there", position)
            elif [leaves[number - 1]] != hashes[position - begin - 1 : position - begin]:
                other = f"; its bytes say position {said:,}" if said not in (0, position) else ""
                self.differs(f"{where} does not have the hash that the tree has{other}", position)
            elif head is None or said != position or head.group(2) < self.time or len(line) > EVENT_BYTES:
                self.report.faults.append(Fault(f"{where} names another position or goes back in time.", position))
            else:
                self.last, self.time = position, head.group(2)
                try:
                    self.event(json.loads(line))
                except (Fault, *UNFORMED) as error:
                    self.report.faults.append(Fault(f"{where} is not in order: {error}", position))
        self.events += len(lines)
        ends = begin + min(len(hashes), len(lines)) + 1
        if rest or len(hashes) != end - begin or (not archive.project and len(lines) < end - begin):
            self.differs(f"position {ends:,} is missing or not whole: {name} or its tile ends too early or late", ends)
        if covered := max(0, min(PAGE, self.size - begin)):
            self.by_tiles.append(root_of(hashes[:covered]))
            self.by_pages.append(
                self.by_tiles[-1] if leaves == hashes or archive.project else root_of(leaves[:covered])
            )
        if len(self.report.faults) > FAULTS_MAX:
            raise Fault("so much does not fit that nothing more was looked at.")

    def differs(self, what: str, position: int) -> None:
        self.first = self.first or Fault(what, position)

    def event(self, event: dict[str, Any]) -> None:
        data, kind = event["data"], event["type"]
        if self.archive.project is not None and data.get("project") != self.archive.project:
            raise Fault("it is not of the project.")
        if kind == FOUNDED:
            self.founded = True
            if data["constructed"] is not self.archive.constructed:
                raise Fault("manifest.json says something else of the network: constructed or not.")
        if kind not in DOCUMENTS or data[DOCUMENTS[kind][0]] in self.documents:
            return
        field, forms, alike = DOCUMENTS[kind]
        self.documents.add(data[field])
        document = strict_json(self.archive.take(name := f"documents/{data[field]}.json"))
        if data["form"] not in forms:
            self.report.lines.append(f"NOT CHECKED: {name} has a form that this program does not know.")
        elif (found := forms[data["form"]](document)) != data[field]:
            raise Fault(f"the document it names has the digest {found}, not {data[field]}.")
        elif unlike := [key for key in alike if document[key] != data[key]]:
            raise Fault(f"the document it names says another {unlike[0]}.")

    def judge(self, root: bytes | None) -> None:
        """Which of the copies was changed: two against one, and the signed checkpoint decides."""
        tiles, pages = root_of(self.by_tiles), root_of(self.by_pages)
        self.report.root = (root or tiles).hex()
        if self.first is None:
            if root not in (None, tiles):
                self.report.faults.append(
                    Fault(f"the events lead to the root {tiles.hex()}, the checkpoint has another.")
                )
            return
        position = self.first.position or 0
        why = "the checkpoint agrees with neither page nor tile"
        if root is None or position > self.size:
            why = "no checkpoint covers it, so nothing tells whether the page or the tile was changed"
        elif root in (tiles, pages):
            why = f"the checkpoint agrees with the {'tiles' if root == tiles else 'pages'}"
        self.report.faults.insert(0, Fault(f"{self.first}: {why}.", position))


def checkpoint_in(archive: Archive, given: Sequence[Key], report: Report) -> bytes | None:
    """The root that was signed, None where nothing was; sets the report's size."""
    report.size = archive.events
    if "checkpoint.txt" in archive.left or "checkpoint.txt" in archive.sums:
        note, keys = (archive.take(name).decode() for name in ("checkpoint.txt", "keys.txt"))
        origin, report.size, root = check_note(note, keys_in(keys), given, report)
        if origin != (own := f"tasma/networks/{archive.network}") or report.size > archive.events:
            what = f"the checkpoint is of {report.size:,} events of {origin}"
            raise Fault(f"{what}, the bundle has {archive.events:,} of {own}.")
        return root
    if given:
        raise Fault("there is no checkpoint, so nothing was signed by the key that you gave.")
    what = "the bundle agrees with itself, and cannot show that it is the network's log and all of it"
    report.lines.append(f"NOT SIGNED: there is no checkpoint; {what}. Compare the root with one that you noted before.")
    return None


def check_archive(archive: Archive, given: Sequence[Key], report: Report) -> None:
    root = checkpoint_in(archive, given, report)
    found = Pass(archive, report.size, report)
    try:
        for n in range(-(-archive.events // PAGE)):
            found.page(n)
    except Fault:
        report.faults[:0] = [found.first] if found.first else []
        raise
    found.judge(root)
    if found.events != archive.exported:
        report.faults.append(Fault(f"manifest.json promises {archive.exported:,} events; here are {found.events:,}."))
    for name in sorted({*archive.left, *archive.sums}):
        unnamed = name in archive.left and name.startswith("documents/") and found.first is None
        if name in archive.sums and not unnamed:
            archive.take(name)
        else:
            report.faults.append(Fault(f"{name} is here, and nothing names it."))
    said = report.lines
    said.append(f"{found.events:,} events were gone through, and {len(found.documents):,} documents that they name.")
    if found.documents:
        said.append(UNCOVERED)
    if not found.founded:
        said.append("NOT CHECKED: constructed or not is what manifest.json says; the network's founding is not here.")
    said.append(f"The tree over {report.size:,} events has the root {report.root}.")
    if archive.events > report.size:
        since = f"positions {report.size + 1:,} to {archive.events:,}"
        said.append(f"NOT SIGNED: {since} came after the checkpoint, which does not cover them.")
    if archive.project is not None:
        what = "each has the hash of its position; that none was left out, this bundle cannot show"
        said.append(f"These are events of the project {archive.project} alone: {what}.")
    if archive.constructed:
        said.append("CONSTRUCTED EXAMPLE: clients, offerings and sums are invented, the clock is simulated.")


def check_bundle(path: Path, given: Sequence[str] = ()) -> Report:
    report = Report()
    try:
        keys = [Key(vkey, "the key you gave") for vkey in given]
        archive = Archive(path)
        with archive.zip:
            check_archive(archive, keys, report)
    except Fault as fault:
        report.faults.append(fault)
    except (*UNREADABLE, *UNFORMED) as error:
        report.faults.append(Fault(f"this is no bundle that can be read: {error}."))
    return report


def check_proof(path: Path, given: Sequence[str] = ()) -> Report:
    """Whether an event stands at its position in the tree of a checkpoint."""
    report = Report()
    try:
        keys = [Key(vkey, "the key you gave") for vkey in given]
        with path.open("rb") as file:
            proof = formed(strict_json(file.read(FILE_BYTES)), position=int, size=int, constructed=bool)
        came = keys_in("\n".join(proof["keys"]))
        origin, report.size, root = check_note(proof["checkpoint"], came, keys, report)
        position, body, hashes = proof["position"], proof["event"].encode(), [unbase64(h) for h in proof["hashes"]]
        head, report.root = HEAD.match(body), root.hex()
        if head is None or int(head.group(1)) != position or not 0 < position <= report.size:
            report.faults.append(Fault(f"the event does not say that its position is {position:,}.", position))
        elif climb(leaf_hash(body), position - 1, report.size, hashes) != root or hashes:
            report.faults.append(Fault("the proof does not lead from the event to the checkpoint's root.", position))
        computed = {"size": report.size, "root": report.root, "leaf_hash": leaf_hash(body).hex(), "network": origin}
        said = {**proof, "network": f"tasma/networks/{proof['network']}"}
        if (event := json.loads(body))["type"] == FOUNDED:
            computed["constructed"] = event["data"]["constructed"]
        for name in (name for name, value in computed.items() if said[name] != value):
            report.faults.append(Fault(f"the proof's {name} is not that of its event and checkpoint.", position))
        report.lines.append(f"The proof is of position {position:,} among {report.size:,} of {origin}.")
    except Fault as fault:
        report.faults.append(fault)
    except (OSError, *UNFORMED) as error:
        report.faults.append(Fault(f"this is no proof that can be read: {error}."))
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("bundle", nargs="?", type=Path)
    what.add_argument("--proof", type=Path, metavar="FILE")
    parser.add_argument("--key", action="append", default=[], metavar="VKEY")
    asked = parser.parse_args()
    try:
        for vkey in asked.key:
            Key(vkey, "")
    except Fault as fault:
        parser.error(f"--key: {fault}")
    report = check_proof(asked.proof, asked.key) if asked.proof else check_bundle(asked.bundle, asked.key)
    faults = [f"FAULT: {fault}" for fault in report.faults]
    text = "\n".join([*report.said, *faults, "NOT WHOLE." if faults else "WHOLE."])
    encoding = sys.stdout.encoding or "ascii"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
