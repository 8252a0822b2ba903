"""What a bench says: the same content for people and for programs."""

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct


class Machine(Struct, frozen=True):
    cores: int
    python: str
    postgresql: str


class Report(Struct, frozen=True):
    """Figures of one run on one machine: the ratios mean something, the figures alone do not."""

    bench: str
    machine: Machine
    results: Sequence[Any]
    ratios: Mapping[str, float]
    reading: str
    """How to read it, in a sentence or two."""


def machine(postgresql: str) -> Machine:
    return Machine(cores=os.cpu_count() or 1, python=platform.python_version(), postgresql=postgresql)
