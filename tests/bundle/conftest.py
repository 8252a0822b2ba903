"""The beginning of the example's year, exported once: a bundle as an auditor gets it."""

import asyncio
from pathlib import Path

import pytest

from adapters.bundle.export import export
from adapters.memory.tree import MemoryTree
from adapters.signing import signer_of
from tests.bundle.bundles import EVENTS, KEY, ORIGIN, Entries, entries_of, source_of
from tests.examples.memory_stage import MemoryStage, played


@pytest.fixture(scope="session")
def stage() -> MemoryStage:
    """A network with statements of its first months issued."""
    stage = asyncio.run(played(2019))[0]
    stage.log._kept[EVENTS:] = []  # noqa: SLF001 - a shorter log of the same bytes, in less time
    return stage


@pytest.fixture(scope="session")
def sealed(stage: MemoryStage) -> MemoryTree:
    tree = MemoryTree(stage.log, ORIGIN, (signer_of(KEY),))
    asyncio.run(tree.seal())
    return tree


@pytest.fixture(scope="session")
def bundle(stage: MemoryStage, sealed: MemoryTree, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    asyncio.run(export(source_of(stage, sealed), path))
    return path


@pytest.fixture(scope="session")
def entries(bundle: Path) -> Entries:
    return entries_of(bundle)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file name for all the bundles that are made and thrown away."""
    return tmp_path_factory.mktemp("changed") / "changed.zip"
