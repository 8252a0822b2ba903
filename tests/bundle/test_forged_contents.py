"""A forger who makes everything else agree is still found: the checkpoint, the keys, events."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.bundle.verify import Fault, key_of
from adapters.signing import cosigner_of, make_key
from application.notes import COSIGNATURE, Signature, read, with_signatures
from tests.bundle.bundles import EVENTS, STRANGER, VKEY, Entries, changed_at, faults, forged, lines_of
from tests.log.decisions import NINE

OTHER_KIND = "the key {} is listed twice, or as of another kind than it is."

# --- The checkpoint and the keys ---


def test_events_left_out_at_the_end_are_missed_by_the_checkpoint(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 2)[:-1]
    tile = entries.files["tiles/0/000002.bin"][: 32 * len(lines)]
    cut = entries.changed({"pages/000002.ndjson": b"".join(lines), "tiles/0/000002.bin": tile})
    (fault,) = faults(cut.claiming(events=EVENTS - 1, exported=EVENTS - 1).checked(place))
    assert fault.startswith("the checkpoint is of 600 events of tasma/networks/kymenlaakso, the bundle has 599")


def test_a_checkpoint_that_was_taken_out_proves_nothing(entries: Entries, place: Path) -> None:
    without = entries.changed({"checkpoint.txt": None, "keys.txt": None}, vouched=True).claiming(checkpoint=None)
    check = without.checked(place)
    assert faults(check) == []
    assert check.verdict == "WHOLE: 600 events, signed by nobody whose key you gave."
    assert check.unproven[0] == ("whose log it is, as nothing is signed: compare the root with one you noted before")
    assert faults(without.checked(place, VKEY)) == [
        "there is no checkpoint, so nothing was signed by the key that you gave."
    ]


def test_keys_that_came_along_prove_nothing_of_whose_they_are(entries: Entries, place: Path) -> None:
    check = entries.checked(place)
    assert check.verdict == "WHOLE: 600 events, signed by nobody whose key you gave."
    assert check.doubts[0] == f"NOT PROVEN: {STRANGER}."


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\u2014".encode(), b"-"),
        lambda note: note[:-1],
        lambda note: note + b"\n",
        lambda note: note.replace(b"\n600\n", b"\n0600\n"),
        lambda note: note.replace(b"\n600\n", b"\n+600\n"),
        lambda note: note.replace(b"\n\n", b"\n\n\n"),
        lambda note: note.replace(b"\n\n", b"\nmore\n\n"),
        lambda note: note[:-3] + bytes([note[-3] + 1]) + b"=\n",
        lambda note: note + note.split(b"\n\n")[1] * 100,
        lambda note: note.split(b"\n\n")[0] + b"\n\n",
    ],
)
def test_a_checkpoint_is_written_in_one_way(entries: Entries, place: Path, change: Callable[[bytes], bytes]) -> None:
    """Another dash, or base64 with other unused bits, would be other bytes that say the same."""
    note = entries.files["checkpoint.txt"]
    other = change(note)
    assert other != note
    (fault, *_) = faults(entries.changed({"checkpoint.txt": other}, vouched=True).checked(place))
    assert any(why in fault for why in ("does not fit the checkpoint", "not written as one", "how base64 is written"))


def test_the_unused_bits_above_change_nothing_but_the_bytes(entries: Entries) -> None:
    note = entries.files["checkpoint.txt"]
    assert note.endswith(b"=\n")
    bits = note[:-3] + bytes([note[-3] + 1]) + b"=\n"
    assert base64.b64decode(bits.rsplit(b" ", 1)[1]) == base64.b64decode(note.rsplit(b" ", 1)[1])


def test_a_changed_key_is_refused(entries: Entries, place: Path) -> None:
    keys = entries.files["keys.txt"]
    at = keys.index(b"+A") + 10
    check = entries.changed({"keys.txt": changed_at(keys, at, keys[at] ^ 1)}, vouched=True).checked(place)
    assert any("was changed: its hash does not fit" in fault for fault in faults(check))
    none = entries.changed({"keys.txt": b""}, vouched=True).checked(place)
    assert faults(none) == ["no key of the network has signed the checkpoint."]
    assert none.unproven[0].startswith("the signature by tasma/networks/kymenlaakso+")
    as_witness = entries.changed({"keys.txt": keys.replace(b"log ", b"witness ")}, vouched=True).checked(place)
    assert faults(as_witness) == [f"'witness {VKEY}' lists no key as a bundle does."]
    of = entries.changed({"keys.txt": keys.replace(b"log ", b"witness ").replace(b"\n", b" org:ekami\n")}, vouched=True)
    assert faults(of.checked(place)) == [OTHER_KIND.format(key_of(VKEY)[0])]


def test_a_witness_alone_does_not_sign_for_the_network(entries: Entries, place: Path) -> None:
    """Whatever keys.txt calls its key, and though the reader gave that."""
    witness = cosigner_of(make_key("ekami.fi/witness", bytes(32), COSIGNATURE), NINE)
    note = entries.files["checkpoint.txt"].decode()
    line = Signature(witness.name, witness.key_hash, witness.sign(read(note)[0].encode()))
    own = entries.files["keys.txt"]
    as_witness = {"keys.txt": own + f"witness {witness.vkey} org:ekami\n".encode()}
    as_network = {"keys.txt": f"log {witness.vkey}\n".encode() + own}
    alone = with_signatures(note.rsplit("\u2014", 1)[0], [line]).encode()
    both = with_signatures(note, [line]).encode()
    no_key, kind = "no key of the network has signed the checkpoint.", OTHER_KIND.format(key_of(witness.vkey)[0])
    for keys_given in ((), (witness.vkey,)):
        for keys, text, expected in (
            (as_witness, alone, [no_key]),
            (as_witness, both, []),
            (as_network, alone, [kind]),
            (as_network, both, [kind]),
        ):
            forged_one = entries.changed({**keys, "checkpoint.txt": text}, vouched=True)
            assert faults(forged_one.checked(place, *keys_given)) == expected
    unlisted = entries.changed({"keys.txt": b""}, vouched=True)
    assert faults(unlisted.checked(place, VKEY)) == []


@pytest.mark.parametrize("key", ["", "x", "a+b+c", VKEY[:-4], VKEY.replace("+", "-"), VKEY.replace("kymen", "kymin")])
def test_a_key_that_is_none_has_its_own_sentence(key: str) -> None:
    with pytest.raises(Fault) as refused:
        key_of(key)
    assert str(refused.value) == f"{key} is no public key of this kind, or was changed: its hash does not fit."


# --- Events whose hashes fit ---


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b'"time":"2019', b'"time":"2018', "it goes back in time."),
        (b'"sequence":"0', b'"sequence":"1', "it names another position, stands there twice or is too long."),
        (b'"data":{', b'"data":{' + b" " * 65_536, "it names another position, stands there twice or is too long."),
        (b'{"sequence"', b'{ "sequence"', "it names another position, stands there twice or is too long."),
        (b'"data":{', b'"data":[', "Expecting ',' delimiter: "),
        (b'"type"', b'"typo"', "'type'"),
    ],
)
def test_an_event_that_is_not_in_order_is_named_even_where_every_hash_fits(
    entries: Entries, place: Path, old: bytes, new: bytes, fault: str
) -> None:
    lines = lines_of(entries, 1)
    assert lines[43].count(old) == 1
    lines[43] = lines[43].replace(old, new)
    check = forged(entries, lines).checked(place)
    assert any(f"position 300 (pages/000001.ndjson) is not in order: {fault}" in found for found in faults(check))
    assert any("lead to the root" in found for found in faults(check))
