"""A bundle's documents are those that its events name, and each is written in the one way in which Täsmä writes it.

Most of it is about form 1, in which a document says more than its digest covers.
"""

import asyncio
import codecs
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bundle.export import export
from adapters.bundle.verify import LINE, SAYS
from adapters.memory.tree import MemoryTree
from adapters.signing import signer_of
from projections.statement_form_1 import StatementForm1, StatementLineForm1
from projections.statement_forms import LineForm1, Subtotal
from tests.bundle.bundles import (
    KEY,
    ORIGIN,
    TEXTS,
    VKEY,
    Entries,
    document_of,
    entries_of,
    faults,
    forged,
    in_form_1,
    lines_of,
    source_of,
)
from tests.examples.memory_stage import MemoryStage

MANY = settings(max_examples=40)
Document = dict[str, Any]
ONE_WAY = "it is not written in the one way in which a bundle's is."


@pytest.fixture(scope="module")
def entries(stage: MemoryStage, tmp_path_factory: pytest.TempPathFactory) -> Entries:
    """A bundle of a network whose statements were issued in form 1."""
    path = tmp_path_factory.mktemp("bundle") / "form_1.zip"

    async def exported() -> None:
        older = await in_form_1(stage)
        tree = MemoryTree(older.log, ORIGIN, (signer_of(KEY),))
        await tree.seal()
        await export(source_of(older, tree), path)

    asyncio.run(exported())
    return entries_of(path)


def a_document(entries: Entries, *, with_lines: bool = False) -> str:
    names = (name for name in entries.files if name.startswith("documents/"))
    return next(name for name in names if json.loads(entries.files[name])["lines"] or not with_lines)


def an_issue(lines: list[bytes]) -> int:
    """Which line of a page says that a statement was issued."""
    return next(n for n, line in enumerate(lines) if b"settlement.statement_issued" in line)


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
    check = entries.changed({name: document_of(document)}, vouched=True).checked(place)
    digest = name.removeprefix("documents/").removesuffix(".json")
    assert any(f"documents/{digest}.json does not fit: it has the digest " in fault for fault in faults(check))
    assert check.faults[0].position is not None


@pytest.mark.parametrize("document", [b"[]", b"{", b'{"form": 1}', b"\xff", b"1", b"[" * 100_000, b'{"a": 1, "a": 2}'])
def test_anything_for_a_document_leads_to_a_fault(entries: Entries, place: Path, document: bytes) -> None:
    check = entries.changed({a_document(entries): document}, vouched=True).checked(place)
    assert check.faults[0].position is not None


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        (b'"opening_cents":0.0', ".json does not fit: it has the digest "),
        (b'"opening_cents":false', ".json does not fit: it has the digest "),
        (b'"opening_cents":7,"opening_cents":0', ".json does not fit: a key stands there twice"),
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
    n = an_issue(lines)
    lines[n] = lines[n].replace(b'"period":"2019-', b'"period":"2018-')
    found = faults(forged(entries, lines).checked(place))
    assert ".json does not fit: it says that period is '2019-" in found[0]
    assert "', where '2018-" in found[0]


def test_a_form_that_is_not_known_is_not_proven(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    n = an_issue(lines)
    lines[n] = lines[n].replace(b'"form":1', b'"form":3')
    check = forged(entries, lines).checked(place)
    assert "1 of the documents, which have a form that is not known here" in check.unproven


def test_it_says_what_of_a_document_nothing_covers(entries: Entries, place: Path) -> None:
    """What explains the figures can be changed unseen, so nobody may take it for proven."""
    name = a_document(entries, with_lines=True)
    document = json.loads(entries.files[name])
    document["own_cents"] += 7
    document["lines"][0]["text"]["fi"] = "Maksettu"
    check = entries.changed({name: document_of(document)}, vouched=True).checked(place)
    assert faults(check) == []
    assert TEXTS in check.unproven
    readme = entries.files["README.txt"].decode().split("How to check a statement by hand")[1]
    for field in ("text", "own_cents", "state", "as_of", "network", "constructed"):
        assert f"`{field}`" in readme.split("Whatever else stands there")[1]


def said(change: Callable[[Document], object]) -> Callable[[bytes], bytes]:
    """The same document, written as it must be, with something said otherwise."""

    def changed(body: bytes) -> bytes:
        document = json.loads(body)
        change(document)
        return document_of(document)

    return changed


def of_a_line(change: Callable[[Document], object]) -> Callable[[bytes], bytes]:
    return said(lambda document: change(document["lines"][0]))


def turned(part: Document) -> None:
    """The same keys, the first of them last."""
    first = next(iter(part))
    part[first] = part.pop(first)


FORGERIES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "in UTF-16": (lambda body: body.decode().encode("utf-16"), "cannot be read ('utf-8' codec can't decode byte 0xff"),
    "in UTF-16 without its mark": (lambda body: body.decode().encode("utf-16-le"), "cannot be read ("),
    "in UTF-32": (lambda body: body.decode().encode("utf-32-be"), "cannot be read ("),
    "with a byte order mark": (lambda body: codecs.BOM_UTF8 + body, "cannot be read (Unexpected UTF-8 BOM"),
    "a key twice": (lambda body: b'{"own_cents":1,' + body[1:], "does not fit: a key stands there twice"),
    "a text twice": (
        lambda body: body.replace(b'"fi":', b'"fi":"",\n"fi":', 1),
        "does not fit: a key stands there twice",
    ),
    "with more": (said(lambda document: document.update(remark="paid in full")), f"does not fit: {ONE_WAY}"),
    "with more on a line": (of_a_line(lambda line: line.update(paid_cents=1)), "does not fit: it has the digest "),
    "with more in a text": (of_a_line(lambda line: line["text"].update(de="Bezahlt")), f"does not fit: {ONE_WAY}"),
    "without a text": (of_a_line(lambda line: line.pop("text")), "cannot be read ('text')."),
    "without a language": (of_a_line(lambda line: line["text"].pop("sv")), f"does not fit: {ONE_WAY}"),
    "without own cents": (said(lambda document: document.pop("own_cents")), "cannot be read ('own_cents')."),
    "a text in a text": (of_a_line(lambda line: line["text"].update(fi={"fi": "x"})), f"does not fit: {ONE_WAY}"),
    "a text that is none": (of_a_line(lambda line: line["text"].update(fi=1)), f"does not fit: {ONE_WAY}"),
    "own cents of a cent": (
        said(lambda document: document.update(own_cents=0.5)),
        "does not fit: it says that own_cents is 0.5, where 0 was found.",
    ),
    "own cents that are true": (
        said(lambda document: document.update(own_cents=True)),
        "does not fit: it says that own_cents is True, where 1 was found.",
    ),
    "own cents in words": (
        said(lambda document: document.update(own_cents="many")),
        "cannot be read (invalid literal ",
    ),
    "open": (
        said(lambda document: document.update(state="open")),
        "does not fit: it says that state is 'open', where 'closed' was found.",
    ),
    "of another network": (
        said(lambda document: document.update(network="evil")),
        "does not fit: it says that network is 'evil', where ",
    ),
    "not constructed": (
        said(lambda document: document.update(constructed=not document["constructed"])),
        "does not fit: it says that constructed is ",
    ),
    "of another moment": (
        said(lambda document: document.update(as_of=1)),
        "does not fit: it says that as_of is 1, where ",
    ),
    "without a moment": (
        said(lambda document: document.update(as_of=None)),
        "does not fit: it says that as_of is None, where ",
    ),
    "of another digest": (
        said(lambda document: document.update(digest="0" * 64)),
        f"does not fit: it says that digest is '{'0' * 64}', where ",
    ),
    "in another order": (said(turned), f"does not fit: {ONE_WAY}"),
    "a line in another order": (of_a_line(turned), f"does not fit: {ONE_WAY}"),
    "a text in another order": (of_a_line(lambda line: turned(line["text"])), f"does not fit: {ONE_WAY}"),
    "a subtotal in another order": (
        said(lambda document: turned(document["subtotals"][0])),
        f"does not fit: {ONE_WAY}",
    ),
    "with spaces": (lambda body: json.dumps(json.loads(body), ensure_ascii=False).encode(), f"does not fit: {ONE_WAY}"),
    "with the end of a line": (lambda body: body + b"\n", f"does not fit: {ONE_WAY}"),
    "with letters escaped": (lambda body: body.replace(b"org:", rb"\u006frg:", 1), f"does not fit: {ONE_WAY}"),
    "with half a character": (
        lambda body: body.replace(b'"fi":"', rb'"fi":"\ud800', 1),
        "cannot be read ('utf-8' codec can't encode character '\\ud800'",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_document_that_says_or_is_written_otherwise_is_named(entries: Entries, place: Path, forgery: str) -> None:
    """Though the manifest was made to agree, and no digest covers what was changed."""
    change, why = FORGERIES[forgery]
    name = a_document(entries, with_lines=True)
    other = change(entries.files[name])
    assert other != entries.files[name]
    (fault,) = faults(entries.changed({name: other}, vouched=True).checked(place, VKEY))
    assert f" is not in order: {name} {why}" in fault.replace("\\\\", "\\")


def test_a_form_that_is_not_known_is_written_in_one_way_as_well(entries: Entries, place: Path) -> None:
    lines = lines_of(entries, 1)
    n = an_issue(lines)
    name = f"documents/{json.loads(lines[n])['data']['digest']}.json"
    lines[n] = lines[n].replace(b'"form":1', b'"form":3')
    spaced = json.dumps(json.loads(entries.files[name])).encode()
    found = faults(forged(entries, lines).changed({name: spaced}, vouched=True).checked(place))
    assert f"{name} does not fit: {ONE_WAY}" in found[0]


def test_what_a_statement_says_is_what_the_bundle_s_program_knows() -> None:
    """A key more in the read model is another form there, or the program would refuse every statement."""
    assert SAYS.split() == [field.name for field in msgspec.structs.fields(StatementForm1)]
    assert LINE.split() == [field.name for field in msgspec.structs.fields(StatementLineForm1)]
    assert {*LINE.split()} - {"text"} == {field.name for field in msgspec.structs.fields(LineForm1)}
    assert [field.name for field in msgspec.structs.fields(Subtotal)] == ["counterparty", "cents"]
