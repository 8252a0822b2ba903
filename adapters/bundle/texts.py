"""What is written beside the events for whoever opens a bundle: what it is, what its events mean, whose keys have signed."""

from pathlib import Path
from typing import Any, Final

import msgspec

from application.notices import CONSTRUCTED
from application.ports import Tree

BESIDE: Final = Path(__file__).parent

_encode = msgspec.json.Encoder(order="deterministic").encode


def indented(content: object) -> bytes:
    """As JSON for readers."""
    return msgspec.json.format(_encode(content), indent=1)


def schema(event: type[Any]) -> bytes:
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return indented({**dialect, **msgspec.json.schema(event)})


async def key_lines(tree: Tree) -> list[str]:
    """The public keys of the network and its witnesses, in the one order in which `verify.Check.note` takes them."""
    own = [f"log {vkey}" for vkey in await tree.verifiers()]
    return sorted([*own, *(f"witness {each.vkey} {each.organisation}" for each in await tree.witnesses())])


def readme(network: str, events: int, size: int, project: str | None, *, constructed: bool) -> bytes:
    title = f"The log of {network} for auditors" + (f": the project {project}" if project else "")
    signed = f"what the network signed: how many events there are ({size:,} of {events:,}), and their root"
    whole = "Every event from the first to the last is here."
    part = (
        f"Only the events that name the project {project} are here, with the hashes of all, so that each can be checked at its "
        "position. That none of the project's was left out, this bundle cannot show."
    )
    return (
        (BESIDE / "readme.txt")
        .read_text(encoding="utf-8")
        .format(
            title=f"{title}\n{'=' * len(title)}" + (f"\n\n{CONSTRUCTED}" if constructed else ""),
            network=network,
            events=events,
            contents=part if project else whole,
            checkpoint=signed if size else "(missing: this network signs nothing, so nothing proves that all is here)",
        )
        .encode()
    )
