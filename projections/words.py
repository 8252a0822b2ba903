"""What is said of fields that many answers have: for whoever reads them, and no check, since the log has seen to that."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from projections.statement_postings import Kind

Constructed = Annotated[
    bool, Meta(description="True: the network is an example, and nothing in it happened to anybody.")
]
NetworkName = Annotated[str, Meta(description="The network's name in paths and sources, such as kymenlaakso.")]
LogPosition = Annotated[
    int, Meta(description="The position of the log that it is told from: what was recorded up to there is in it.")
]
AskedAsOf = Annotated[
    int | None, Meta(description="The position of the log that it was asked as of; null: as it is known now.")
]
HappenedOn = Annotated[date, Meta(description="The day on which it happened, in Helsinki.")]
RecordedAt = Annotated[
    datetime, Meta(description="The `time` of the event that it is from: a late fact was recorded long after its day.")
]

PartnerId = Annotated[str, Meta(description="The partner whose figures these are, such as org:ekami.")]
CounterpartyId = Annotated[str, Meta(description="The partner on the other side, such as org:xamk.")]

WholeCents = Annotated[int, Meta(description="Whole cents of euro.")]
OpeningCents = Annotated[
    int,
    Meta(description="The balance before the month, in whole cents of euro with tax; positive: due to the partner."),
]
ClosingCents = Annotated[
    int, Meta(description="The opening and all lines, in whole cents of euro; positive: due to the partner.")
]

# --- of a line of a statement, and of a document ---------------------------------------------------------------------
LineNumber = Annotated[int, Meta(description="The number of the line on its statement, from 1.")]
KindOfLine = Annotated[
    Kind,
    Meta(
        description="share-earned: a share due to the partner; share-owed: one that it owes of what it collected; cost-share: a part "
        "of costs; correction: what was taken back of an entry; true-up: cents that rounding had moved; set-off: what payments "
        "of others close; payment: what a bank has shown; vat: the tax on lines of one counterparty and rate."
    ),
]
RolePlayed = Annotated[
    str | None,
    Meta(description="The role by which the rule names whose share it is, such as role:provider; null: it names none."),
]
ClausePath = Annotated[
    str | None,
    Meta(
        description="With the entry it tells a line from all others: the path of the clause that divided, such as `steps[0]` or "
        "`costs.split[1]`; of a true-up the partner's id, of VAT its code and rate; null of set-offs and payments."
    ),
]
CountedQuantity = Annotated[
    str | None, Meta(description="How many units the clause pays, an exact decimal; null where it counts none.")
]
CentsOfOne = Annotated[
    int | None, Meta(description="The price of one unit, in whole cents of euro; null where none is counted.")
]
PathwayOfIt = Annotated[
    str | None, Meta(description="The pathway that was delivered on, such as pathway:p-07; null where there is none.")
]
StepOfIt = Annotated[
    int | None, Meta(description="The number of the step in its pathway, from 1; null where there is no pathway.")
]
PartOfIt = Annotated[
    int | None, Meta(description="The number of the part in its step, from 1; null where there is no pathway.")
]
EntryOfIt = Annotated[
    str | None,
    Meta(
        description="The id in the books of the entry, correction or set-off; null of payments and VAT, which have none."
    ),
]
AgreementOfIt = Annotated[
    str | None,
    Meta(description="The agreement that divided it, such as agreement:kymenlaakso-2019; null where none did."),
]
VersionOfIt = Annotated[
    int | None, Meta(description="The version of that agreement, counted from 1; null where none divided it.")
]

# --- of a settlement -------------------------------------------------------------------------------------------------
NumberFromOne = Annotated[
    int, Meta(description="Its number: settlements of a network, payments of a settlement, each from 1.")
]
PayOn = Annotated[date | None, Meta(description="The banking day on which payments are to be carried out.")]
