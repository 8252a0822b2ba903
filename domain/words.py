"""The forms of ids, names, dates and sums that commands and events share."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from domain.kernel import Value
from domain.money import CENTS_LIMIT, Language

_END = r"(?![\s\S])"  # `$` would let a final newline pass
_OPAQUE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_NUMBERED = r"([a-z]{1,2}-)?[0-9a-f]{1,32}(-[0-9a-f]{1,32}){0,8}"
"""A number or a UUID: what belongs to a person's case has no room for a name."""


FORMS: dict[str, str] = {}
"""By pattern: what a text of that form is, for people who gave another."""


def form(
    pattern: str, says: str, *, what: str | None = None, min_length: int | None = None, max_length: int | None = None
) -> Meta:
    """A text of one form, refused in words: `says` goes on from "is not". `what`: what such a text stands for."""
    FORMS[pattern] = says
    says_it = f"{what}: {says}." if what else f"{says[0].upper()}{says[1:]}."
    return Meta(pattern=pattern, description=says_it, min_length=min_length, max_length=max_length)


NULL = "null"
"""In a field's `Meta(extra={NULL: …})`: what whoever gives null for it is told instead of its type."""


def _id(what: str, kind: str, rest: str = _OPAQUE, example: str = "…") -> Meta:
    return form(f"^{kind}:{rest}{_END}", f"an id such as {kind}:{example}", what=what)


Organisation = Annotated[str, _id("An organisation", "org", "[a-z0-9][a-z0-9-]{0,59}", "xamk")]
OfferingId = Annotated[str, _id("An offering of the catalogue", "offering", example="varastologistiikka")]
PathwayId = Annotated[str, _id("A pathway, what one client is to get", "pathway", _NUMBERED, "p-07")]
ReferralId = Annotated[str, _id("A referral", "referral", _NUMBERED, "r-17")]
MentorId = Annotated[str, _id("A mentor, never by name", "mentor", _NUMBERED, "m-03")]
ClientId = Annotated[str, _id("A client, never by name", "client", _NUMBERED, "c-17")]
AgreementId = Annotated[str, _id("An agreement", "agreement", example="kymenlaakso-2019")]
EntryId = Annotated[str, _id("An entry in the books", "entry", _NUMBERED, "0168f4a2-7c00-8123-9abc-0123456789ab")]
FollowUpId = Annotated[
    str, _id("An item of the coordinator's list", "follow-up", _NUMBERED, "0168f4a2-7c00-8123-9abc-0123456789ab")
]
SessionId = Annotated[str, _id("A session of a mentor with a client", "session", _NUMBERED, "s-112")]
TreatmentId = Annotated[str, _id("A decision on VAT", "treatment", _NUMBERED, "0168f4a2-7c00-8123-9abc-0123456789ab")]
DisputeId = Annotated[str, _id("A disputed line", "dispute", _NUMBERED, "0168f4a2-7c00-8123-9abc-0123456789ab")]
SettlementId = Annotated[
    str, _id("A settlement of a period", "settlement", _NUMBERED, "0168f4a2-7c00-8123-9abc-0123456789ab")
]
PaymentId = Annotated[str, _id("A payment", "payment", _NUMBERED, "0168f4a2-7c00-8123-9abc-0123456789ab")]
DocumentId = Annotated[str, _id("A document", "document", _NUMBERED, "0168f4a2-7c00-8123-9abc-0123456789ab")]
StatementId = Annotated[
    str,
    form(
        rf"^statement:[a-z0-9][a-z0-9-]{{0,59}}\.[0-9]{{4}}-[0-9]{{2}}{_END}", "an id such as statement:ekami.2019-11"
    ),
]
BankLineId = Annotated[
    str, form(rf"^bank-line:[0-9a-f]{{32}}{_END}", "a bank's line such as bank-line:9f86d081884c7d659a2feaa0c55ad015")
]
Digest = Annotated[str, form(rf"^[0-9a-f]{{64}}{_END}", "a SHA-256 as 64 hex digits")]
EventId = Annotated[str, form(f"^[0-9a-f-]{{36}}{_END}", "the id of an event, a UUID")]
ProjectCode = Annotated[str, form(f"^[A-Za-z0-9][A-Za-z0-9-]{{0,30}}{_END}", "a project code such as S20967")]
RoleName = Annotated[str, form(f"^role:[a-z0-9][a-z0-9-]{{0,59}}{_END}", "a role such as role:referrer")]
Period = Annotated[
    str, form(rf"^(19[7-9]|20[0-9]|21[0-9])[0-9]-(0[1-9]|1[0-2]){_END}", "a calendar month such as 2019-11")
]
Code = Annotated[str, form(f"^[a-z][a-z0-9_-]{{0,60}}{_END}", "a code in lower case such as logistics")]
_UNSEEN = r"\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufffe\uffff"
Line = Annotated[
    str, form(rf"^(?=[\s\S]*\S)[^{_UNSEEN}]+{_END}", "one line of visible text", min_length=1, max_length=200)
]
Prose = Annotated[str, form(r"^[^\u0000]*" + _END, "text without NUL characters", max_length=5_000)]
Quantity = Annotated[
    str,
    form(rf"^(0|[1-9][0-9]{{0,8}})(\.[0-9]{{1,6}})?{_END}", 'an exact decimal as a string such as "2.5"'),
]
VatCode = Annotated[
    Literal["S", "AE", "E", "Z", "O", "K", "G"],
    Meta(
        description="UNCL 5305: S standard or reduced rate, AE reverse charge, E exempt, Z zero-rated, O outside VAT, K, G abroad."
    ),
]
VatRate = Annotated[
    str, form(rf"^(0|[1-9][0-9]?)(\.[0-9]{{1,3}})?{_END}", 'a rate in percent as an exact decimal such as "25.5"')
]
Hours = Annotated[
    str, form(rf"^(0|[1-9][0-9]?)(\.(25|5|75))?{_END}", 'hours in quarters as an exact decimal such as "1.5"')
]
PRICE_CENTS_MAX = 10_000_000_000
"""A hundred million euros: almost a million such prices still sum to less than 2^53 cents."""
Price = Annotated[int, Meta(ge=0, le=PRICE_CENTS_MAX, description="Whole cents of euro, without VAT.")]
Total = Annotated[int, Meta(ge=0, lt=CENTS_LIMIT, description="Whole cents of euro of several prices, without VAT.")]
Gross = Annotated[int, Meta(ge=0, le=PRICE_CENTS_MAX, description="Whole cents of euro, tax included.")]
GrossTotal = Annotated[
    int, Meta(ge=0, lt=CENTS_LIMIT, description="Whole cents of euro of several sums, tax included.")
]
Cents = Annotated[int, Meta(gt=-CENTS_LIMIT, lt=CENTS_LIMIT, description="Whole cents of euro, signed.")]
Number = Annotated[int, Meta(ge=1, le=1_000)]
Version = Annotated[Number, Meta(description="The version of the agreement, counted from 1.")]
StepNumber = Annotated[Number, Meta(description="The number of the step in its pathway, from 1.")]
PartNumber = Annotated[Number, Meta(description="The number of the part in its step, from 1.")]
Day = Annotated[
    date, Meta(description="The day on which it happened, in Helsinki; when it was recorded is the envelope's `time`.")
]
Parties = Annotated[tuple[Organisation, ...], Meta(description="The organisations that may see this event.")]
TextDigest = Annotated[
    str,
    Meta(description="SHA-256 of the canonical JSON of title, parties and clauses, as 64 hex digits: the very text."),
]
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
MENTOR = "role:mentor"
"""The role of the organisation whose mentor guides the client of a pathway."""
REFERRER = "role:referrer"
"""The role of the organisation that has sent the client on."""


MENTOR_HOUR = "mentor_hour"
"""The unit that is counted by the network itself: hours of the mentor's sessions go with the next amount of their pathway."""


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
