"""A forger who makes everything else agree is still found: the manifest, the checkpoint, the keys, events, documents."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bundle.verify import Fault, key_of
from tests.bundle.bundles import EVENTS, VKEY, Entries, changed_at, faults, forged, lines_of, manifest_of

FEW, MANY = settings(max_examples=15), settings(max_examples=40)
NO_DOCUMENT = "documents/" + "0" * 64 + ".json"


# --- The manifest ---


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("form", 2),
        ("form", True),
        ("form", "1"),
        ("events", -1),
        ("events", 599),
        ("events", 601),
        ("events", "many"),
        ("events", "600"),
        ("events", 600.0),
        ("events", 10**15),
        ("exported", 3),
        ("exported", "600"),
        ("checkpoint", 599),
        ("checkpoint", "600"),
        ("checkpoint", None),
        ("documents", 64),
        ("documents", 1.0),
        ("constructed", False),
        ("constructed", 1),
        ("network", None),
        ("network", "other"),
        ("source", "/networks/other"),
        ("project", "a b"),
        ("project", 1),
        ("project", "S1"),
        ("files", []),
        ("files", {}),
    ],
)
def test_a_manifest_that_claims_something_else_is_refused(
    entries: Entries, place: Path, field: str, value: object
) -> None:
    assert entries.claiming(**{field: value}).checked(place).faults


@pytest.mark.parametrize("field", ["exported", "documents", "checkpoint"])
def test_a_count_that_is_not_what_was_found_is_said_with_both(entries: Entries, place: Path, field: str) -> None:
    right = entries.claims[field]
    assert faults(entries.claiming(**{field: 7}).checked(place)) == [
        f"manifest.json says that {field} is 7, where {right} was found."
    ]


@pytest.mark.parametrize(
    "field", ["events", "exported", "checkpoint", "form", "project", "files", "network", "constructed"]
)
def test_a_manifest_that_leaves_something_out_is_refused(entries: Entries, place: Path, field: str) -> None:
    claims = {name: value for name, value in entries.claims.items() if name != field}
    assert entries.changed({"manifest.json": manifest_of(claims)}).checked(place).faults


def test_a_manifest_is_written_in_one_way(entries: Entries, place: Path) -> None:
    was = entries.files["manifest.json"]
    assert was == manifest_of(entries.claims)
    for other in (
        was + b"\n",
        was.replace(b'"events": 600', b'"events": 600,\n "events": 600'),
        was.replace(b"\n ", b"\n", 1),
    ):
        assert faults(entries.changed({"manifest.json": other}).checked(place)) == [
            "manifest.json is not written in the one way in which a bundle's is."
        ]


@FEW
@given(st.binary(max_size=200))
def test_anything_for_a_manifest_leads_to_a_fault(entries: Entries, place: Path, manifest: bytes) -> None:
    assert entries.changed({"manifest.json": manifest}).checked(place).faults


def test_another_network_s_bundle_does_not_pass_for_this_one(entries: Entries, place: Path) -> None:
    (fault,) = faults(entries.claiming(network="other", source="/networks/other").checked(place))
    assert fault.endswith("of tasma/networks/kymenlaakso, the bundle has 600 of tasma/networks/other.")


def test_what_nobody_names_is_said(entries: Entries, place: Path) -> None:
    found = faults(entries.changed({"pages/000099.ndjson": b"{}\n", NO_DOCUMENT: b"{}"}).checked(place))
    assert found[:2] == [f"{name} is here, and nothing names it." for name in (NO_DOCUMENT, "pages/000099.ndjson")]
    assert found[2:] == ["manifest.json says that documents is 65, where 66 was found."]
    vouched = entries.changed({NO_DOCUMENT: b"{}"}, vouched=True).claiming(documents=66)
    assert faults(vouched.checked(place)) == [f"{NO_DOCUMENT} is here, and nothing names it."]
    for name in ("README.txt", "verify.py", "checkpoint.txt", "schemas/tasma.settlement.period_closed.v1.json"):
        files = {each: digest for each, digest in entries.claims["files"].items() if each != name}
        assert faults(entries.claiming(files=files).checked(place)) == [
            f"{name} is not the file that manifest.json names."
        ]


def test_a_network_s_being_constructed_is_not_hidden(entries: Entries, place: Path) -> None:
    check = entries.claiming(constructed=False).checked(place)
    assert check.faults[0].position == 1
    assert any("CONSTRUCTED EXAMPLE" in said for said in entries.checked(place).said)


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
    assert check.verdict == (
        "WHOLE, but not proven: whose log it is, as nothing is signed: compare the root with one that you noted before."
    )
    assert faults(without.checked(place, VKEY)) == [
        "there is no checkpoint, so nothing was signed by the key that you gave."
    ]


def test_keys_that_came_along_prove_nothing_of_whose_they_are(entries: Entries, place: Path) -> None:
    assert entries.checked(place).verdict == (
        "WHOLE, but not proven: whose the keys are, as they came along: compare their ids with what you noted before."
    )


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
    assert faults(as_witness) == ["no key of the network has signed the checkpoint."]


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


# --- Documents ---


def a_document(entries: Entries) -> str:
    return next(name for name in entries.files if name.startswith("documents/"))


@MANY
@given(st.data())
def test_any_figure_of_a_document_is_found_without_the_manifest(
    entries: Entries, place: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([name for name in entries.files if name.startswith("documents/")]))
    document = json.loads(entries.files[name])
    field = data.draw(st.sampled_from(["form", "partner", "period", "position", "opening_cents", "closing_cents"]))
    value = document[field]
    document[field] = value + 1 if isinstance(value, int) else f"{value}0"
    check = entries.changed({name: json.dumps(document).encode()}, vouched=True).checked(place)
    digest = name.removeprefix("documents/").removesuffix(".json")
    assert any(digest in fault for fault in faults(check)), faults(check)
    assert check.faults[0].position is not None


@pytest.mark.parametrize("document", [b"[]", b"{", b'{"form": 1}', b"\xff", b"1", b"[" * 100_000, b'{"a": 1, "a": 2}'])
def test_anything_for_a_document_leads_to_a_fault(entries: Entries, place: Path, document: bytes) -> None:
    check = entries.changed({a_document(entries): document}, vouched=True).checked(place)
    assert check.faults[0].position is not None


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        (b'"opening_cents":0.0', "the document it names has the digest "),
        (b'"opening_cents":false', "the document it names has the digest "),
        (b'"opening_cents":7,"opening_cents":0', "a key stands there twice"),
    ],
)
def test_a_figure_is_one_whole_number(entries: Entries, place: Path, new: bytes, fault: str) -> None:
    """One reader would round it, take the first, or the last."""
    name = a_document(entries)
    text = entries.files[name].replace(b'"opening_cents":0', new)
    assert text != entries.files[name]
    assert fault in faults(entries.changed({name: text}, vouched=True).checked(place))[0]


def test_an_event_and_its_document_say_the_same(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    assert b"settlement.statement_issued" in lines[0]
    lines[0] = lines[0].replace(b'"period":"2019-', b'"period":"2018-')
    found = faults(forged(entries, lines).checked(place))
    assert "is not in order: the document it names says that period is '2019-" in found[0]
    assert "', where '2018-" in found[0]


def test_a_form_that_is_not_known_is_not_proven(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    lines[0] = lines[0].replace(b'"form":1', b'"form":2')
    check = forged(entries, lines).checked(place)
    assert "1 of the documents, which have a form that is not known here" in check.unproven


def test_it_says_what_a_document_s_digest_does_not_cover(entries: Entries, place: Path) -> None:
    """What is written beside the figures can be changed unseen, so nobody may take it for proven."""
    name = a_document(entries)
    document = {**json.loads(entries.files[name]), "own_cents": 7, "state": "open", "constructed": False}
    check = entries.changed({name: json.dumps(document).encode()}, vouched=True).checked(place)
    assert faults(check) == []
    (line,) = [line for line in check.said if line.startswith("No digest covers ")]
    readme = entries.files["README.txt"].decode().split("How to check a statement by hand")[1]
    for field in ("text", "own_cents", "state", "as_of", "network", "constructed"):
        assert field in line
        assert f"`{field}`" in readme.split("Whatever else stands there")[1]
