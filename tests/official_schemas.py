"""Schemas that others publish and what is written is held against, where they are at hand: they are no part of Täsmä."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from lxml import etree  # type: ignore[import-untyped]  # it ships no types

FOLDER = Path(__file__).parents[2] / "shared" / "schemas"
SETTING = "TASMA_OFFICIAL_SCHEMAS"
"""`required`: what cannot be checked fails. Else it is skipped."""


class Official(NamedTuple):
    path: str
    promise: str
    """What nobody checks where it is absent."""


PAIN001 = Official("iso20022/pain.001.001.09.xsd", "a payment file is valid by ISO 20022")
FINVOICE = Official("finvoice/Finvoice3.0.xsd", "an e-invoice is valid by Finvoice 3.0")
CLOUDEVENTS = Official("cloudevents/cloudevents.json", "an event is valid by CloudEvents 1.0")
ASYNCAPI = Official("asyncapi/asyncapi-3.0.0.json", "the description of the feed is valid by AsyncAPI 3.0")


def valid_xml(written: bytes, by: Official) -> None:
    """Whatever it is, the official schema takes it; where that is not at hand the test ends here, so it comes last."""
    _schema(at_hand(by)).assertValid(etree.fromstring(written))


def official_json(of: Official) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(at_hand(of).read_text(encoding="utf-8"))
    return read


def at_hand(official: Official) -> Path:
    """Where it is, or the test is skipped, saying what is not checked; or it fails, where all of them are required."""
    path, asked = FOLDER / official.path, os.environ.get(SETTING, "")
    if asked not in ("", "required"):
        pytest.fail(f"{SETTING} is {asked!r}; say required, or leave it out.")
    if not path.is_file():
        sentence = f"The official schema {official.path} is not at hand, so nobody checks that {official.promise}."
        (pytest.fail if asked else pytest.skip)(sentence)
    return path


@cache
def _schema(path: Path) -> Any:  # noqa: ANN401 - lxml ships no types
    return etree.XMLSchema(etree.parse(str(path)))
