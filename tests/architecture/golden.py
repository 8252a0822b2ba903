"""Adds new event versions to the golden file: `python -m tests.architecture.golden`. What stands there is never changed.

An entry holds what can never change once an event was written: its JSON schema, its tags, its audience, whether it is
frequent, and a sample as it was encoded.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import structlog

from application.registry import EVENT_TYPES
from domain.kernel import FACTS, Event, name_of, subject_of, tags_of
from tests.domain.story import do, drafted, planned
from tests.examples.memory_stage import played

GOLDEN = Path(__file__).with_name("events.json")
_encode = msgspec.json.Encoder(order="deterministic").encode


def declared(name: str) -> dict[str, Any]:
    """What is declared about an event version, as JSON."""
    event = EVENT_TYPES[name]
    fact = FACTS[event]
    declaration = {
        "schema": msgspec.json.schema(event),
        "about": list(fact.about),
        "seen_by": fact.seen_by,
        "frequent": fact.frequent,
    }
    decoded: dict[str, Any] = json.loads(json.dumps(declaration), object_hook=_without_words)
    return decoded


def _without_words(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema's descriptions may be written better; what it allows may not change."""
    return {key: value for key, value in schema.items() if key != "description" or not isinstance(value, str)}


def sampled(event: Event) -> dict[str, Any]:
    """An event with what is derived from it: its bytes, its subject, its tags."""
    return {"data": _encode(event).decode(), "subject": subject_of(event), "tags": list(tags_of(event))}


def samples() -> dict[str, dict[str, Any]]:
    """One event of every version: of the example's year, or of a story for what does not happen in it."""
    stage, _ = asyncio.run(played(2019))
    history = [r.data for r in asyncio.run(stage.log.read(0, limit=100_000))]
    description = {"kind": "course", "name": {"fi": "Uusi"}}
    story = do(planned(), "update-offering", {"offering": "offering:varasto", "description": description})
    story = do(story, "archive-offering", {"offering": "offering:varasto", "reason": "discontinued"})
    found: dict[str, dict[str, Any]] = {}
    for event in [*history, *story.history, *drafted().history]:
        found.setdefault(name_of(type(event)), sampled(event))
    return found


def main() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    new = sorted(set(EVENT_TYPES) - set(golden))
    found = samples() if new else {}
    golden |= {name: {**declared(name), "sample": found[name]} for name in new}
    GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
