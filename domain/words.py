"""The forms of ids, names, dates and sums that commands and events share."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from domain.kernel import Value
from domain.money import CENTS_LIMIT, Language

_END = r"(?![\s\S])"  # `$` would let a final newline pass
_OPAQUE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_NUMBERED = r"([a-z]{1,2}-)?[0-9a-f]{1,32}(-[0-9a-f]{1,32}){0,8}"
"""A number or a UUID: what belongs to a person's case has no room for a name."""


def _id(kind: str, rest: str = _OPAQUE) -> Meta:
    return Meta(pattern=f"^{kind}:{rest}{_END}", description=f"Id with the prefix `{kind}:`.")


Organisation = Annotated[str, _id("org", "[a-z0-9][a-z0-9-]{0,59}")]
OfferingId = Annotated[str, _id("offering")]
PathwayId = Annotated[str, _id("pathway", _NUMBERED)]
ReferralId = Annotated[str, _id("referral", _NUMBERED)]
MentorId = Annotated[str, _id("mentor", _NUMBERED)]
ClientId = Annotated[str, _id("client", _NUMBERED)]
AgreementId = Annotated[str, _id("agreement")]
EntryId = Annotated[str, _id("entry", _NUMBERED)]
FollowUpId = Annotated[str, _id("follow-up", _NUMBERED)]
EventId = Annotated[str, Meta(pattern=f"^[0-9a-f-]{{36}}{_END}", description="The id of an event, a UUID.")]
ProjectCode = Annotated[str, Meta(pattern=f"^[A-Za-z0-9][A-Za-z0-9-]{{0,30}}{_END}")]
RoleName = Annotated[str, Meta(pattern=f"^role:[a-z0-9][a-z0-9-]{{0,59}}{_END}")]
Period = Annotated[
    str, Meta(pattern=rf"^20[0-9]{{2}}-(0[1-9]|1[0-2]){_END}", description="A calendar month, such as 2019-11.")
]
Code = Annotated[str, Meta(pattern=f"^[a-z][a-z0-9_-]{{0,60}}{_END}")]
Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\u0000-\u001f]+" + _END)]
Prose = Annotated[str, Meta(max_length=5_000, pattern=r"^[^\u0000]*" + _END)]
Quantity = Annotated[
    str,
    Meta(
        pattern=rf"^(0|[1-9][0-9]{{0,8}})(\.[0-9]{{1,6}})?{_END}",
        description='An exact decimal as a string, such as "2.5".',
    ),
]
Price = Annotated[int, Meta(ge=0, lt=CENTS_LIMIT, description="Whole cents of euro, without VAT.")]
Cents = Annotated[int, Meta(gt=-CENTS_LIMIT, lt=CENTS_LIMIT, description="Whole cents of euro, signed.")]
Count = Annotated[int, Meta(ge=0, le=10_000)]
Number = Annotated[int, Meta(ge=1, le=1_000)]
LANGUAGES: tuple[Language, ...] = ("fi", "sv", "en")


class Names(Value, frozen=True, omit_defaults=True):
    """A name as people read it, in one to three languages."""

    fi: Line | None = None
    sv: Line | None = None
    en: Line | None = None

    def __post_init__(self) -> None:
        if not (self.fi or self.sv or self.en):
            raise ValueError("A name needs at least one of fi, sv and en.")

    def best(self, language: Language) -> str:
        """The name in a language, else in the first of fi, sv, en that there is."""
        return getattr(self, language) or self.fi or self.sv or self.en or ""


class Texts(Value, frozen=True, omit_defaults=True):
    """A longer text in up to three languages; it may be missing altogether."""

    fi: Prose | None = None
    sv: Prose | None = None
    en: Prose | None = None


PROVIDER = "role:provider"
"""The role that binds itself: the provider of the step that is delivered."""


class Binding(Value, frozen=True):
    """Which organisation plays a role of the sharing rule."""

    role: RoleName
    organisation: Organisation


class Amount(Value, frozen=True):
    """A quantity of a unit, such as 2.5 credits."""

    unit: Code
    quantity: Quantity


def quantities_of(amounts: tuple[Amount, ...]) -> Mapping[str, str]:
    return {a.unit: a.quantity for a in amounts}
