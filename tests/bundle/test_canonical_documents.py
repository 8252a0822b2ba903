"""In form 2 a document is the bytes that its digest is of, so that nothing can be said in it that is not proven."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.canonical import canonical
from tests.bundle.bundles import TEXTS, VKEY, Entries, changed_at, faults, forged, lines_of
from tests.bundle.test_forged_documents import a_document, an_issue


def test_a_document_is_named_by_its_own_sum(entries: Entries, place: Path) -> None:
    """What `sha256sum` says of the file is the name of the file, and the digest of an event that was signed."""
    names = [name for name in entries.files if name.startswith("documents/")]
    assert names
    for name in names:
        body = entries.files[name]
        assert name == f"documents/{hashlib.sha256(body).hexdigest()}.json"
        assert (json.loads(body)["form"], canonical(json.loads(body))) == (2, body)
    check = entries.checked(place, VKEY)
    assert (faults(check), TEXTS in check.unproven) == ([], False)


@settings(max_examples=40)
@given(st.data())
def test_not_one_byte_of_it_can_be_another(entries: Entries, place: Path, data: st.DataObject) -> None:
    """Though the manifest was made to agree."""
    name = a_document(entries, with_lines=True)
    body = entries.files[name]
    at = data.draw(st.integers(0, len(body) - 1))
    to = data.draw(st.integers(0, 255).filter(lambda byte: byte != body[at]))
    (fault,) = faults(entries.changed({name: changed_at(body, at, to)}, vouched=True).checked(place, VKEY))
    assert f" is not in order: {name} " in fault


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'"period":"2019-', b'"period":"2018-', "it says that period is '2019-"),
        (b'"closing_cents":', b'"closing_cents":1', "it says that closing_cents is "),
        (b'"lines":', b'"lines":1', "it says that lines is "),
    ],
)
def test_an_event_says_what_its_document_says(entries: Entries, place: Path, old: bytes, new: bytes, why: str) -> None:
    lines = lines_of(entries, 1)
    n = an_issue(lines)
    lines[n] = lines[n].replace(old, new)
    found = faults(forged(entries, lines).checked(place))
    assert f".json does not fit: {why}" in found[0]
