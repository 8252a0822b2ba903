"""The file with which a debtor pays a settlement, for its bank."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from adapters.bank.pain001 import pain001
from adapters.http.readers import Readers
from adapters.http.reading import Asking, Found, Query, Read
from adapters.payment_files import FileOf, payment_file_of
from application.door import Malformed
from application.visibility import sees_all
from domain.kernel import Unknown
from domain.words import AgreementId, Organisation

LEFT_OUT, PAID_AGAIN = "Tasma-Left-Out", "Tasma-Paid-Again"
CONTRADICTED, NEWER_DETAILS = "Tasma-Contradicted", "Tasma-Newer-Details"
NAMED_MAX = 32
"""In one header: what stands between may take no more than a few thousand characters."""
PAYERS = Readers(
    "coordinator, auditor of the whole network; partner: its own payments",
    lambda asker: sees_all(asker) or asker.role == "partner",
)


class OfDebtor(Query, frozen=True):
    agreement: (
        Annotated[AgreementId, Meta(description="Under which it was settled, where it was under several.")] | None
    ) = None
    debtor: Annotated[Organisation, Meta(description="Who pays; a partner may leave it out.")] | None = None


async def answer(asking: Asking) -> Found:
    query: OfDebtor = asking.query
    own = None if sees_all(asking.asker) else asking.asker.organisation
    debtor, period = query.debtor or own, asking.path["period"]
    if debtor is None:
        raise Malformed("?debtor", "A payment file is one organisation's; say whose")
    if own not in (None, debtor):
        raise Unknown(f"payment file of {debtor} for {period}")
    found = await payment_file_of(
        asking.network.views,
        asking.network.log,
        period=period,
        debtor=debtor,
        agreement=query.agreement,
        as_of=asking.as_of,
        at_least=query.at_least,
    )
    return Found(
        await asyncio.to_thread(pain001, found.file),
        found.position,
        media_type="application/xml",
        headers=_beside(found),
    )


def _beside(found: FileOf) -> dict[str, str]:
    """What the file cannot say: a bank takes it as it is, so that it is said in headers."""
    left_out = [f"{each.payment};payee={each.payee};why={each.reason}" for each in found.left_out]
    again = [f"{each.payment};payee={each.payee}" for each in found.again]
    contradicted = [f"{each.payment};payee={each.payee}" for each in found.contradicted]
    newer = [f"{each.organisation};since={each.set_on}" for each in found.newer]
    said = ((LEFT_OUT, left_out), (PAID_AGAIN, again), (CONTRADICTED, contradicted), (NEWER_DETAILS, newer))
    return {name: ", ".join([*items[:NAMED_MAX], *_more(items)]) for name, items in said if items}


def _more(items: Sequence[str]) -> tuple[str, ...]:
    return (f"and-more;count={len(items) - NAMED_MAX}",) if len(items) > NAMED_MAX else ()


payment_file = Read(
    name="payment-file",
    path="/v1/settlements/{period}/payments.xml",
    says="The payments that a debtor has still to make of an approved settlement, as its bank takes them (ISO 20022 pain.001.001.09). "
    "Made again, it has the same bytes: it pays to the accounts that were approved. Each payment carries its id as EndToEndId, so that "
    "the bank's account statement can be read back.",
    readers=PAYERS,
    query=OfDebtor,
    gives=str,
    answer=answer,
    media_types=("application/xml",),
    problems=frozenset({"409"}),
    headers={
        LEFT_OUT: "Payments that are to be made and are not in the file, each with its payee and why: `no-account` (none was set "
        "when it was approved), `not-payable` (no bank takes what was approved), `contested` (the payee has not received what the "
        "payer's account shows; it is paid again when the payer has taken that line off its list). Missing where all are in it.",
        PAID_AGAIN: "Payments in the file of which something stood recorded as paid that was taken back since, each with its payee: "
        "look whether your account shows them as paid before you pay them again. Missing where there is none.",
        CONTRADICTED: "Payments in the file of which the payer's account and the payee's show different sums, each with its payee: what is "
        "still to be paid is reckoned by the greater one; look at both before you pay the rest. Missing where there is none.",
        NEWER_DETAILS: "Of the debtor and the payees, whose account, address or name was set anew since the approval, and on which day. "
        "The file does not heed it until somebody else sends approve-settlement again. Missing where there is none.",
    },
)
