"""Adds new event versions to the golden file: `python -m tests.architecture.golden`. What stands there is never changed.

An entry holds what can never change once an event was written: its JSON schema, its tags, its audience, whether it is
frequent, and a sample as it was encoded.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import structlog

from application.registry import DECIDERS, EVENT_TYPES
from domain.kernel import FACTS, Event, name_of, subject_of, tags_of
from tests.domain.disputing import DISPUTE, ENTRY, accepted, corrected, disputed, issued, scheduler
from tests.domain.story import agreed, amended, do, drafted, in_force, planned, with_partners
from tests.domain.test_payments_taken_back import returned
from tests.examples.memory_stage import played
from tests.given_when_then import Given, asked, given

GOLDEN = Path(__file__).with_name("events.json")
LATER = asked("2019-05-02T09:00:00+03:00")
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
    found: dict[str, dict[str, Any]] = {}
    for event in [*history, *(event for story in _stories() for event in story.history)]:
        found.setdefault(name_of(type(event)), sampled(event))
    return found


def _stories() -> Iterator[Given]:
    """What does not happen in the example's year."""
    yield drafted()
    yield amended(in_force(), asked("2019-04-10T09:00:00+03:00"))
    description = {"kind": "course", "name": {"fi": "Uusi"}}
    story = do(planned(), "update-offering", {"offering": "offering:varasto", "description": description})
    yield do(story, "archive-offering", {"offering": "offering:varasto", "reason": "discontinued"})
    yield do(agreed(), "record-receipt", dict(DECIDERS["record-receipt"].example) | {"pathway": "pathway:p-1"}, LATER)
    yield do(with_partners(), "set-accounts", DECIDERS["set-accounts"].example)
    yield do(with_partners(), "rename-organisation", DECIDERS["rename-organisation"].example)
    listed = do(with_partners(), "list-bank-line", DECIDERS["list-bank-line"].example, LATER)
    yield do(listed, "clear-bank-line", DECIDERS["clear-bank-line"].example, LATER)
    yield returned()
    yield do(disputed(), "escalate-dispute", {"dispute": DISPUTE}, scheduler("2019-04-23T09:00:00+03:00"))
    of_entry = {"dispute": DISPUTE, "entry": ENTRY}
    yield do(accepted(), "miss-correction", of_entry, scheduler("2019-04-23T09:00:00+03:00"))
    yield do(corrected(), "close-dispute", of_entry, scheduler("2019-04-23T09:00:00+03:00"))
    silent = {"partner": "org:ekami", "period": "2019-03"}
    listed = do(
        with_partners(), "open-follow-up", DECIDERS["open-follow-up"].example, scheduler("2019-04-23T09:00:00+03:00")
    )
    closing = {"follow_up": DECIDERS["open-follow-up"].example["follow_up"], "outcome": "Sent on to another provider."}
    yield do(listed, "close-follow-up", closing, LATER)
    yield do(given(issued("org:ekami")), "pass-deadline", silent, scheduler("2019-04-23T09:00:00+03:00"))


def main() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    new = sorted(set(EVENT_TYPES) - set(golden))
    found = samples() if new else {}
    golden |= {name: {**declared(name), "sample": found[name]} for name in new}
    GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
