"""What the feed promises and how it is read, in words: they stand in the AsyncAPI document and on the page about the feed."""

from importlib.resources import files
from typing import Final

_SAYS, *_SECTIONS = files("adapters.http").joinpath("assets/feed.md").read_text(encoding="utf-8").split("\n## ")


def _flowing(text: str) -> str:
    """Without the line breaks of the file."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


_TEXTS: Final = {title: _flowing(text) for title, _, text in (section.partition("\n") for section in _SECTIONS)}

SAYS: Final = _flowing(_SAYS)
WEBHOOKS: Final = _TEXTS.pop("Webhooks")
NATS: Final = _TEXTS.pop("NATS JetStream")
PROMISES: Final = tuple(_TEXTS.items())
"""Title and text; code stands between backticks."""
