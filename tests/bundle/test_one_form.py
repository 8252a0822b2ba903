"""A bundle's files stand in one order and its keys are listed in one form; what a forger can still write is said to be unproven."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.bundle.export import export
from adapters.bundle.verify import Check, key_of
from adapters.memory.tree import MemoryTree
from adapters.signing import cosigner_of, make_key, signer_of
from application.notes import COSIGNATURE, Signature, read, with_signatures
from application.ports import Witness
from tests.bundle.bundles import (
    ORIGIN,
    OTHER_VKEY,
    STRANGER,
    VKEY,
    WORDS,
    Entries,
    entries_of,
    faults,
    source_of,
)
from tests.bundle.test_export import project_source
from tests.examples.memory_stage import MemoryStage
from tests.log.decisions import NINE

WITNESS = cosigner_of(make_key("ekami.fi/witness", bytes(32), COSIGNATURE), NINE)
WITNESS_ID, NETWORK_ID = key_of(WITNESS.vkey)[0], key_of(VKEY)[0]
LISTED = f"witness {WITNESS.vkey} org:ekami\n".encode()


def cosigned(entries: Entries) -> Entries:
    """With the signature of a witness that somebody made up, in the name of a partner."""
    note = entries.files["checkpoint.txt"].decode()
    line = Signature(WITNESS.name, WITNESS.key_hash, WITNESS.sign(read(note)[0].encode()))
    files = {"checkpoint.txt": with_signatures(note, [line]).encode(), "keys.txt": entries.files["keys.txt"] + LISTED}
    return entries.changed(files, vouched=True)


def test_whose_a_key_is_that_came_along_is_the_bundle_s_word_beside_a_given_one_too(
    entries: Entries, place: Path
) -> None:
    check = cosigned(entries).checked(place, VKEY)
    assert check.said[:2] == [
        f"The checkpoint was signed by {NETWORK_ID} (the key you gave).",
        f"The checkpoint was signed by {WITNESS_ID} (the bundle says: a witness's key of org:ekami).",
    ]
    assert check.doubts[0] == (
        f"NOT PROVEN: whose the key {WITNESS_ID} is, which came along: compare it with what you noted before."
    )
    assert check.verdict == f"WHOLE: 600 events, signed by {NETWORK_ID}."
    by_witness = cosigned(entries).checked(place, WITNESS.vkey)
    assert by_witness.verdict == f"WHOLE: 600 events, signed by {WITNESS_ID}."
    assert by_witness.unproven[0] == STRANGER
    assert cosigned(entries).checked(place, VKEY, WITNESS.vkey).unproven == [WORDS]


def test_a_key_in_the_bundle_never_passes_for_a_given_one(entries: Entries, place: Path) -> None:
    given = {"keys.txt": entries.files["keys.txt"].replace(b"log ", b"given ")}
    for keys in ((), (VKEY,)):
        check = entries.changed(given, vouched=True).checked(place, *keys)
        assert faults(check) == [f"'given {VKEY}' lists no key as a bundle does."]
        assert not any("you gave" in said for said in check.said)


@pytest.mark.parametrize(
    ("name", "content", "doubt"),
    [
        ("README.txt", b"All is proven.\n", WORDS),
        ("schemas/tasma.network.founded.v1.json", b"{}", WORDS),
        (
            "verify.py",
            b'print("WHOLE.")\n',
            "what the bundle's verify.py would say, as it is another than the one that runs now",
        ),
        ("verify.py", b"", "what the bundle's verify.py would say, as it is another than the one that runs now"),
    ],
)
def test_what_no_signature_covers_is_said_to_be_unproven(
    entries: Entries, place: Path, name: str, content: bytes, doubt: str
) -> None:
    check = entries.changed({name: content}, vouched=True).checked(place, VKEY)
    assert faults(check) == []
    assert f"NOT PROVEN: {doubt}." in check.doubts


def test_what_does_not_fit_is_not_followed_by_what_is_not_proven(entries: Entries, place: Path) -> None:
    check = entries.claiming(documents=64).checked(place)
    assert (check.doubts, check.verdict) == ([], "NOT WHOLE.")


ORDER = ["the files do not stand in the zip in the order of a bundle's."]


def test_the_files_stand_in_one_order(entries: Entries, place: Path) -> None:
    """Any file at another place is found: a page, a document, a schema, the manifest."""
    names = [*entries.files]
    assert faults(Entries({name: entries.files[name] for name in reversed(names)}).checked(place, VKEY)) == ORDER
    page = names.index("pages/000001.ndjson")
    for at in (0, 1, 2, 3, 4, 5, page - 1, page, page + 1, len(names) - 2):
        turned = [*names[:at], names[at + 1], names[at], *names[at + 2 :]]
        assert faults(Entries({name: entries.files[name] for name in turned}).checked(place, VKEY)) == ORDER, names[at]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda keys: keys.replace(b"\n", b"\r\n"), "' lists no key as a bundle does."),
        (lambda keys: keys[:-1], "keys.txt does not end with the end of a line."),
        (lambda keys: keys + b"\n", "'' lists no key as a bundle does."),
        (lambda keys: keys * 2, f"the key {NETWORK_ID} is listed twice, or as of another kind than it is."),
        (
            lambda keys: keys + LISTED + LISTED.replace(b"org:ekami", b"org:xamk"),
            f"the key {WITNESS_ID} is listed twice, or as of another kind than it is.",
        ),
        (lambda keys: LISTED + keys, "the keys are not listed in order."),
        (lambda keys: keys.replace(b"\n", b" org:ekami\n"), " org:ekami' lists no key as a bundle does."),
        (lambda keys: keys.replace(b" ", b"  "), "' lists no key as a bundle does."),
        (lambda keys: keys.replace(b"\n", b"\x0c"), "keys.txt does not end with the end of a line."),
    ],
)
def test_keys_are_listed_in_one_form(
    entries: Entries, place: Path, change: Callable[[bytes], bytes], fault: str
) -> None:
    keys = {"keys.txt": change(entries.files["keys.txt"])}
    (found,) = faults(entries.changed(keys, vouched=True).checked(place, VKEY))
    assert found.endswith(fault)


def test_a_network_s_keys_are_listed_in_order_whichever_came_first(stage: MemoryStage, tmp_path: Path) -> None:
    """As where a network changed its key, and has witnesses."""
    listed = []
    for n, seeds in enumerate([(bytes(32), bytes(range(32))), (bytes(range(32)), bytes(32))]):
        tree = MemoryTree(stage.log, ORIGIN, [signer_of(make_key(ORIGIN, seed)) for seed in seeds])
        asyncio.run(tree.seal())
        asyncio.run(tree.add_witness(Witness(WITNESS.vkey, "org:ekami")))
        asyncio.run(export(source_of(stage, tree), tmp_path / f"{n}.zip"))
        assert faults(Check(tmp_path / f"{n}.zip", [VKEY, OTHER_VKEY])) == []
        listed.append(entries_of(tmp_path / f"{n}.zip").files["keys.txt"])
    assert listed[0] == listed[1]
    first, second, last = listed[0].splitlines(keepends=True)
    turned = entries_of(tmp_path / "0.zip").changed({"keys.txt": second + first + last}, vouched=True)
    assert faults(turned.checked(tmp_path / "c.zip", VKEY)) == ["the keys are not listed in order."]


def test_a_project_s_page_without_an_event_is_not_there(tmp_path: Path) -> None:
    """The export leaves it out, and a bundle with it would be a second form of the same."""
    asyncio.run(export(project_source(599), tmp_path / "b.zip", "S20967"))
    files, page = entries_of(tmp_path / "b.zip").files, "pages/000002.ndjson"
    assert page not in files
    manifest = files.pop("manifest.json")
    empty = Entries({**files, page: b"", "manifest.json": manifest})
    assert faults(empty.checked(tmp_path / "c.zip", VKEY)) == [f"{page} is here, and has no event."]
