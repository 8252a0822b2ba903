"""The proof of one event, as an outsider checks it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bundle.proof import NotCovered, NotSigned, prove
from adapters.bundle.verify import UNFOUNDED, Check, key_of
from adapters.memory.tree import MemoryTree
from adapters.signing import signer_of
from domain.kernel import Unknown
from tests.bundle.bundles import EVENTS, KEY, ORIGIN, OTHER_VKEY, STRANGER, VKEY, faults, source_of
from tests.bundle.test_export import Shorter
from tests.examples.memory_stage import MemoryStage


def proof_of(stage: MemoryStage, tree: MemoryTree, position: int) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(asyncio.run(prove(source_of(stage, tree), position)))
    return made


def checked(place: Path, proof: object, *keys: str) -> list[str]:
    place.write_text(json.dumps(proof), encoding="utf-8")
    return faults(Check(place, keys, proof=True))


@settings(max_examples=30)
@given(st.one_of(st.sampled_from([1, 2, 256, 257, 512, 513, EVENTS]), st.integers(1, EVENTS)))
def test_every_event_is_proven(stage: MemoryStage, sealed: MemoryTree, place: Path, position: int) -> None:
    proof = proof_of(stage, sealed, position)
    assert (proof["position"], proof["size"], proof["constructed"]) == (position, EVENTS, True)
    assert proof["event"].encode() == asyncio.run(stage.log.body(position))
    assert checked(place, proof, VKEY) == []
    assert checked(place, proof) == []
    check = Check(place, proof=True)
    assert check.unproven[0] == STRANGER
    assert check.said[0].endswith("(the proof says: the network's own key).")


@settings(max_examples=30)
@given(st.data())
def test_nothing_else_is_proven_by_it(stage: MemoryStage, sealed: MemoryTree, place: Path, data: st.DataObject) -> None:
    proof = proof_of(stage, sealed, data.draw(st.integers(1, EVENTS)))
    other = proof_of(stage, sealed, data.draw(st.integers(1, EVENTS).filter(lambda p: p != proof["position"])))
    field = data.draw(st.sampled_from(["event", "position", "hashes"]))
    assert checked(place, {**proof, field: other[field]}, VKEY)
    assert checked(place, {**proof, "hashes": proof["hashes"][1:]}, VKEY)
    assert checked(place, {**proof, "hashes": [*proof["hashes"], proof["hashes"][0]]}, VKEY)
    assert checked(place, {**proof, "hashes": [proof["hashes"][0], *proof["hashes"]]}, VKEY)
    text = proof["event"]
    at = data.draw(st.integers(0, len(text) - 1))
    assert checked(place, {**proof, "event": f"{text[:at]}{'x' if text[at] != 'x' else 'y'}{text[at + 1 :]}"}, VKEY)


def test_a_key_that_did_not_sign_proves_nothing(stage: MemoryStage, sealed: MemoryTree, place: Path) -> None:
    (fault,) = checked(place, proof_of(stage, sealed, 5), OTHER_VKEY)
    assert fault.endswith("is not there.")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 601),
        ("size", 600.0),
        ("root", "0" * 64),
        ("leaf_hash", "0" * 64),
        ("network", "other"),
        ("network", None),
        ("constructed", False),
        ("constructed", 1),
        ("position", 1.0),
        ("position", True),
    ],
)
def test_what_a_proof_repeats_agrees_with_what_is_computed(
    stage: MemoryStage, sealed: MemoryTree, place: Path, field: str, value: object
) -> None:
    """A reader may look at nothing but these fields."""
    (fault,) = checked(place, {**proof_of(stage, sealed, 1), field: value}, VKEY)
    assert fault.startswith(f"the proof says that {field} is {value!r}, where ")
    assert fault.endswith(" was found.")


@pytest.mark.parametrize(
    "more",
    [{"remark": "event 51 was never written"}, {"": None}, {"files": {}}],
)
def test_a_proof_says_nothing_else(
    stage: MemoryStage, sealed: MemoryTree, place: Path, more: dict[str, object]
) -> None:
    assert checked(place, {**proof_of(stage, sealed, 50), **more}, VKEY) == ["the proof says more than a proof does."]


def test_a_proof_s_lists_are_lists(stage: MemoryStage, sealed: MemoryTree, place: Path) -> None:
    """The keys of an object would be read as a list, and say something else beside; no text is an empty list."""
    proof = proof_of(stage, sealed, 50)
    for field in ("hashes", "keys"):
        (fault,) = checked(place, {**proof, field: dict.fromkeys(proof[field], "remark")}, VKEY)
        assert fault.startswith(f"the proof says that {field} is {{")
    (fault,) = checked(place, {**proof, "keys": ""}, VKEY)
    assert fault == "the proof says that keys is '', where [] was found."


def test_a_proof_says_whose_log_it_is_of(stage: MemoryStage, sealed: MemoryTree, place: Path) -> None:
    assert checked(place, proof_of(stage, sealed, 5), VKEY) == []
    check = Check(place, [VKEY], proof=True)
    assert f"The proof is of position 5 among 600 of {ORIGIN}." in check.said
    signed = f"WHOLE: 1 event, signed by {key_of(VKEY)[0]}."
    assert (check.verdict, check.unproven) == (signed, [UNFOUNDED])
    assert checked(place, proof_of(stage, sealed, 1), VKEY) == []
    founded = Check(place, [VKEY], proof=True)
    assert (founded.verdict, founded.unproven) == (signed, [])


@pytest.mark.parametrize("proof", [None, [], {}, {"checkpoint": 1}, "x"])
def test_anything_else_is_no_proof(place: Path, proof: object) -> None:
    (fault,) = checked(place, proof)
    assert fault.startswith("this is no proof that can be read: ")


def test_what_cannot_be_proven_is_said(stage: MemoryStage) -> None:
    with pytest.raises(Unknown, match="There is no event at position 601 here"):
        asyncio.run(prove(source_of(stage), 601))
    with pytest.raises(NotSigned, match="This network has signed no checkpoint"):
        asyncio.run(prove(source_of(stage, MemoryTree(stage.log, "x", ())), 1))
    earlier = MemoryTree(Shorter(stage.log, 500), ORIGIN, (signer_of(KEY),))
    asyncio.run(earlier.seal())
    with pytest.raises(NotCovered, match="The newest checkpoint covers 500 events; position 501 came later"):
        asyncio.run(prove(source_of(stage, earlier), 501))
