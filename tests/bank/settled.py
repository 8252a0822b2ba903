"""Three partners whose January is closed, approved and settled: xamk is to pay ekami 700.00 and cursor 200.00."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from adapters.projecting.asking import Views
from adapters.settlement_accounts import accounts_in_time
from application.desk import Asker, Desk
from application.ports import Log
from domain.kernel import derived
from domain.settlement.events import PaymentOrdered, PeriodSettled, StatementIssued

AGREEMENT = "agreement:a-1"
XAMK, EKAMI, CURSOR = "org:xamk", "org:ekami", "org:cursor"
IBANS = {XAMK: "FI2112345600000785", EKAMI: "FI1410093000123458", CURSOR: "FI5542345670000081"}
BICS = {XAMK: "NDEAFIHH", EKAMI: "OKOYFIHH", CURSOR: "DABAFIHH"}
BUSINESS_IDS = {XAMK: "2472908-2", EKAMI: "1958694-5", CURSOR: "2472908-2"}
SETTLER, APPROVER = (Asker(actor=f"person:{name}", role="coordinator") for name in ("c", "d"))
RULE = {
    "rounding": "largest-remainder",
    "steps": [
        {"take": {"percent": "10"}, "to": XAMK, "for": "coordination"},
        {"take": {"percent": "20"}, "to": CURSOR, "for": "guidance"},
        {"take": "remaining", "to": "role:provider", "for": "delivery"},
    ],
}
PART = {"pathway": "pathway:p-1", "step": 1}


class Stage(Protocol):
    """Any network with a simulated clock."""

    @property
    def log(self) -> Log: ...

    @property
    def desk(self) -> Desk: ...

    @property
    def views(self) -> Views: ...

    async def work_off(self) -> None: ...


async def do(stage: Stage, name: str, body: Mapping[str, Any], at: str, asker: Asker = SETTLER) -> None:
    key = derived(UUID(int=0), name, body)
    await stage.desk.carry_out(name, body, asker, key=key, at=datetime.fromisoformat(at))


async def approve_january(stage: Stage, without_account: str | None = None) -> None:
    """Up to where a settlement can begin: on 20 February all three statements of January are approved."""
    day = "2019-01-02T09:00:00+02:00"
    name = {"fi": "Testiverkosto"}
    await do(
        stage, "found-network", {"network": "t", "name": name, "first_period": "2019-01", "constructed": True}, day
    )
    for partner, iban in IBANS.items():
        registered = {"organisation": partner, "name": {"fi": f"{partner[4:].title()} Oy"}, "kind": "other"}
        await do(stage, "register-organisation", {**registered, "business_id": BUSINESS_IDS[partner]}, day)
        admitted = {"organisation": partner, "membership": "open", "admitted_on": "2019-01-02"}
        await do(stage, "admit-partner", admitted, day)
        if partner != without_account:
            await do(stage, "set-billing-details", details(partner, iban), day)
    agreement = {"agreement": AGREEMENT, "title": {"fi": "Sopimus"}, "parties": list(IBANS)}
    await do(stage, "draft-agreement", {**agreement, "data_sharing": True, "sharing_rule": RULE}, day)
    version = {"agreement": AGREEMENT, "version": 1}
    await do(stage, "freeze-agreement", version, day)
    for partner in IBANS:
        approval = {"organisation": partner, "body": "Hallitus", "section": "1", "approved_on": "2019-01-02"}
        await do(stage, "approve-agreement", {**version, **approval}, day)
    for partner in IBANS:
        await do(stage, "sign-agreement", {**version, "organisation": partner, "signed_on": "2019-01-02"}, day)
    await _teach(stage)
    await stage.work_off()
    await do(stage, "close-period", {"period": "2019-01"}, "2019-02-05T09:00:00+02:00")
    await stage.work_off()
    events = await stage.log.read(0, limit=10_000)
    for issued in [event.data for event in events if isinstance(event.data, StatementIssued)]:
        read = {"partner": issued.partner, "period": issued.period, "digest": issued.digest}
        await do(stage, "check-statement", read, "2019-02-20T09:00:00+02:00")
        await do(stage, "approve-statement", read, "2019-02-20T09:00:00+02:00", APPROVER)


def details(partner: str, iban: str) -> dict[str, Any]:
    address = {"street": "Katu 1", "postal_code": "48100", "town": "Kotka"}
    return {"organisation": partner, "address": address, "iban": iban, "bic": BICS[partner]}


async def _teach(stage: Stage) -> None:
    at = "2019-01-10T09:00:00+02:00"
    description = {"kind": "course", "name": {"fi": "Kurssi"}}
    await do(stage, "publish-offering", {"offering": "offering:o", "provider": EKAMI, "description": description}, at)
    drafted = {"pathway": PART["pathway"], "client": "client:c-1", "organisation": XAMK}
    await do(stage, "draft-pathway", drafted, at)
    parts = [{"part": 1, "cents": 100_000}]
    await do(stage, "propose-step", {**PART, "offering": "offering:o", "parts": parts}, at)
    await do(stage, "confirm-step", {**PART, "agreement": AGREEMENT}, at)
    agreed = {"pathway": PART["pathway"], "agreement": AGREEMENT, "collected_by": XAMK, "project": None}
    await do(stage, "agree-pathway", agreed, at)
    await do(stage, "deliver-step", {**PART, "part": 1, "delivered_on": "2019-01-15"}, "2019-01-15T15:00:00+02:00")


async def settle(stage: Stage) -> str:
    """The settlement, planned on 21 February and not approved yet."""
    await do(stage, "settle-period", {"period": "2019-01", "agreement": AGREEMENT}, "2019-02-21T09:00:00+02:00")
    await stage.work_off()
    settled: PeriodSettled = (await _all(stage, PeriodSettled))[-1]
    return settled.settlement


async def approve(stage: Stage, settlement: str, at: str = "2019-02-21T10:00:00+02:00", by: Asker = APPROVER) -> None:
    """As somebody who has read where its payments go."""
    key = derived(UUID(int=0), settlement, at)
    orders = await _all(stage, PaymentOrdered)
    parties = [party for each in orders if each.settlement == settlement for party in (each.payer, each.payee)]
    accounts = (await accounts_in_time(stage.log)).at((await stage.log.head()).position).digest(parties)
    body = {"settlement": settlement, "accounts": accounts}
    await stage.desk.carry_out("approve-settlement", body, by, key=key, at=datetime.fromisoformat(at))


async def ordered(stage: Stage) -> dict[str, PaymentOrdered]:
    """The payments by payee."""
    return {each.payee: each for each in await _all(stage, PaymentOrdered)}


async def _all(stage: Stage, kind: type[Any]) -> list[Any]:
    return [event.data for event in await stage.log.read(0, limit=10_000) if isinstance(event.data, kind)]
