"""The file with which a debtor pays a settlement, for its bank."""

import asyncio
from typing import Annotated

from msgspec import Meta

from adapters.bank.pain001 import pain001
from adapters.http.readers import Readers
from adapters.http.reading import Asking, Found, Query, Read
from adapters.payment_files import payment_file_of
from application.door import Malformed
from application.visibility import sees_all
from domain.kernel import Unknown
from domain.words import AgreementId, Organisation

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
    return Found(await asyncio.to_thread(pain001, found.file), found.position, media_type="application/xml")


payment_file = Read(
    name="payment-file",
    path="/v1/settlements/{period}/payments.xml",
    says="The payments that a debtor has still to make of an approved settlement, as its bank takes them (ISO 20022 pain.001.001.09). "
    "Made again, it has the same bytes. Each payment carries its id as EndToEndId, so that the bank's account statement can be read back.",
    readers=PAYERS,
    query=OfDebtor,
    gives=str,
    answer=answer,
    media_types=("application/xml",),
    problems=frozenset({"409"}),
)
