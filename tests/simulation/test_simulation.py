"""Whatever befalls the processes of a network, its promises hold; and the same seed tells the same history again."""

import subprocess
import sys
from collections import Counter
from hashlib import sha256

import pytest

from application.registry import EVENT_TYPES
from domain.kernel import UPCASTS
from tests.simulation.run import Played, play

SEEDS = (*range(1, 71), 94)
"""Enough that everything happens in one of them; in the last a caller loses patience."""
FAULTS = (
    "request lost",
    "answer lost of write",
    "answer lost of read",
    "slow",
    "overtaken",
    "news lost",
    "refused by the database",
    "outage",
    "crash",
    "restart",
    "death after append",
    "death after advance",
    "death after keep",
    "freeze",
    "clock set",
    "database clock set",
    "leap",
    "patience lost",
    "told Raced",
    "told OutOfStep",
    "told ClockAhead",
    "told ClockBehind",
    "append repeated",
    "policy repeated",
    "work interrupted",
    "asked twice at once",
    "asked again",
    "asked with another body",
)


@pytest.fixture(scope="module")
def played() -> list[Played]:
    return [play(seed) for seed in SEEDS]


def test_the_promises_hold_whatever_happens_and_everything_does(played: list[Played]) -> None:
    """In these histories every type of event that is written was recorded, and every kind of fault occurred."""
    counts = sum((p.counts for p in played), Counter[str]())
    assert not [name for name, event in EVENT_TYPES.items() if event not in UPCASTS and not counts[name]]
    assert not [fault for fault in FAULTS if not counts[fault]]


def test_the_same_seed_gives_the_same_bytes_twice() -> None:
    assert play(7) == play(7)


def test_another_process_with_other_hashes_gives_the_same_bytes() -> None:
    """Nothing hangs on the order of a set, on an address in memory or on the machine's clock."""
    program = "from tests.simulation.test_simulation import digest; print(digest(7))"
    other = subprocess.run(  # noqa: S603 - this interpreter, a program of our own
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "12345", "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == digest(7)


def digest(seed: int) -> str:
    return sha256(b"\n".join(play(seed).bodies)).hexdigest()
