"""What somebody may want delivered, and which events that is."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from application.door import Malformed
from application.feed import NAMES_MAX, Wish, wish_of


class Subscribe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where events are delivered to, and which."""

    url: str
    """Where to: `https` and an address that everybody reaches, without a name or password in it. A network of one's own can be
    served with TASMA_WEBHOOK_PRIVATE=allow: then also `http`, and addresses that only the server reaches."""
    types: Annotated[tuple[str, ...], Meta(max_length=NAMES_MAX)] = ()
    """Only these types; `tasma.revenue.*`: all that begin so. Left out: all."""
    about: Annotated[tuple[str, ...], Meta(max_length=NAMES_MAX)] = ()
    """Only what concerns any of these ids. Left out: all that the token may see."""
    after: Annotated[int, Meta(ge=0, lt=2**62)] | None = None
    """The position behind which to begin, 0: from the first. Left out: from now on, other than a batch or the stream, which begin
    at 0."""


def wish_in(types: Sequence[str], about: Sequence[str]) -> Wish:
    """The wish of a subscription. Raises Malformed."""
    for where, names in (("$.types", types), ("$.about", about)):
        if any("," in name for name in names):
            raise Malformed(where, "A name has no comma; give each for itself")
    try:
        return wish_of(",".join(types) if types else None, ",".join(about) if about else None)
    except Malformed as error:
        raise Malformed(error.where.replace("?", "$."), error.why) from error
