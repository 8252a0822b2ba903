"""Worked cases from other systems' specifications and issues, each with its source, come out to the cent."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.money import allocate, parse_rule

CASES = json.loads(Path(__file__).with_name("cases.json").read_text(encoding="utf-8"))
ORIGINAL = Path(__file__).parents[4] / "shared" / "cases" / "allocation.json"


def check(case: dict[str, Any]) -> None:
    allocation = allocate(parse_rule(case["rule"]), case["amount_cents"], quantities=case.get("quantity"))
    assert [{"to": each.to, "cents": each.cents} for each in allocation.shares] == case["expect"]
    assert allocation.kept_cents == case["expect_kept_cents"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_worked_case(case: dict[str, Any]) -> None:
    """A case carried over into this repository."""
    check(case)


def test_cases_of_the_specification() -> None:
    """The cases as they lie beside the repository, which may be newer than those carried over."""
    if not ORIGINAL.exists():
        pytest.skip(f"{ORIGINAL} is not here; the cases carried over are checked all the same")
    for case in json.loads(ORIGINAL.read_text(encoding="utf-8")):
        check(case)
