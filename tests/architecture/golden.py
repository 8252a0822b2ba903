"""Writes the golden file of event versions: `python -m tests.architecture.golden`. Old entries must never change."""

import json
from pathlib import Path
from typing import Any

import msgspec

from application.registry import EVENT_TYPES

GOLDEN = Path(__file__).with_name("events.json")


def shapes() -> dict[str, Any]:
    """The JSON schema of every event version, with everything it refers to in place."""
    return {name: msgspec.json.schema(event) for name, event in EVENT_TYPES.items()}


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(shapes(), indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
