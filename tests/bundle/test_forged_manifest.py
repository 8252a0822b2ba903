"""What a forged manifest claims is compared with what is there, and it may claim nothing else."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bundle.verify import leaf_hash
from tests.bundle.bundles import VKEY, Entries, faults, lines_of, manifest_of

FEW = settings(max_examples=15)
NO_DOCUMENT = "documents/" + "0" * 64 + ".json"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("form", 2),
        ("form", True),
        ("form", "1"),
        ("audited_by", "somebody"),
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


def shortened(entries: Entries, events: int) -> Entries:
    """The first event alone, or none, with nothing signed."""
    line = lines_of(entries, 0)[0]
    files = {"tiles/0/000000.bin": leaf_hash(line[:-1]), "pages/000000.ndjson": line} if events else {}
    counts: dict[str, Any] = {"events": events, "exported": events, "documents": 0, "checkpoint": None, "files": {}}
    return Entries({**files, "manifest.json": manifest_of({**entries.claims, **counts})})


@pytest.mark.parametrize(
    ("events", "claims", "fault"),
    [
        (1, {"events": True}, "events is True, where 1 was found."),
        (1, {"exported": True}, "exported is True, where 1 was found."),
        (0, {"events": False}, "events is False, where 0 was found."),
        (0, {"events": -5}, "events is -5, where 0 was found."),
        (0, {"documents": False}, "documents is False, where 0 was found."),
        (1, {"network": 5, "source": "/networks/5"}, "network is 5, where '5' was found."),
        (1, {"network": None, "source": "/networks/None"}, "network is None, where 'None' was found."),
        (0, {"project": 0}, "project is 0, where '0' was found."),
        (0, {"project": False}, "project is False, where 'False' was found."),
        (1, {"files": ""}, "files is '', where {} was found."),
    ],
)
def test_a_short_log_s_manifest_says_the_same_in_the_same_kind(
    entries: Entries, place: Path, events: int, claims: dict[str, object], fault: str
) -> None:
    """Where true would pass for 1, and nothing for less."""
    short = shortened(entries, events)
    assert faults(short.checked(place)) == []
    assert faults(short.claiming(**claims).checked(place)) == [f"manifest.json says that {fault}"]


def test_a_manifest_says_nothing_else(entries: Entries, place: Path) -> None:
    """What it said beside would look as if it had been checked."""
    for claims in ({"audited_by": "somebody"}, {"": None}, {"event": 600}):
        assert faults(entries.claiming(**claims).checked(place, VKEY)) == [
            "manifest.json says more than a bundle's does."
        ]


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
    documents = entries.claims["documents"]
    assert found[2:] == [f"manifest.json says that documents is {documents}, where {documents + 1} was found."]
    vouched = entries.changed({NO_DOCUMENT: b"{}"}, vouched=True).claiming(documents=documents + 1)
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
