"""What readers ask the feed with, however they take it: from where on, and what of it they want."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from application.feed import Wish, wish_of

POSITION_MAX: Final = 2**62


class FeedQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    after: Annotated[
        int, Meta(ge=0, lt=POSITION_MAX, description="The position behind which to begin; 0: from the first one.")
    ] = 0
    types: (
        Annotated[
            str,
            Meta(description="Only these, with commas between; `tasma.revenue.*`: all that begin so. Left out: all."),
        ]
        | None
    ) = None
    about: (
        Annotated[
            str, Meta(description="Only what concerns any of these ids, with commas between. Left out: everything.")
        ]
        | None
    ) = None

    @property
    def wish(self) -> Wish:
        """Raises Malformed."""
        return wish_of(self.types, self.about)
