"""A sound Kouta record to break one thing of, and a network in memory to import it into."""

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from adapters.entropy import SystemEntropy
from adapters.kouta.import_records import Imported, import_records, partners_in, standing_in
from adapters.kouta.read_record import KoutaRecord, KoutaRefused, read_record
from adapters.memory.log import MemoryLog
from application.door import command_id, command_of
from application.execute import execute
from domain.kernel import Asked, derived

OID = "1.2.246.562.17.00000000000999000901"
EKAMI, XAMK = "1.2.246.562.99.000000000901", "1.2.246.562.99.000000000902"
START = datetime(2019, 1, 2, 8, tzinfo=UTC)

SOUND: Mapping[str, Any] = {
    "oid": OID,
    "tila": "julkaistu",
    "nimi": {"fi": "Trukkikurssi"},
    "tarjoajat": [{"oid": EKAMI}],
    "metadata": {"kuvaus": {"fi": "<p>Ajetaan trukkia.</p>"}, "opetus": {"maksut": [], "opetuskieli": []}},
}


def sound(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The sound record with some of its fields replaced."""
    return {**deepcopy(dict(SOUND)), **changes}


def with_metadata(**metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return sound(metadata={**SOUND["metadata"], **metadata})


def taught(**teaching: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return with_metadata(opetus=teaching)


def read(record: Any) -> KoutaRecord:  # noqa: ANN401 - any JSON
    """A record that must be accepted."""
    result = read_record(record)
    assert isinstance(result, KoutaRecord), result
    return result


def refusal(record: Any) -> str:  # noqa: ANN401 - any JSON
    """The sentence of a record that must be refused."""
    result = read_record(record)
    assert isinstance(result, KoutaRefused), result
    return result.reason


class Network:
    """Two partners, Ekami and Xamk, and a clock that goes on by a minute with everything that is asked."""

    def __init__(self) -> None:
        self.now = START
        self.log = MemoryLog("/networks/test", SystemEntropy(), lambda: self.now)

    async def founded(self) -> "Network":
        for name, oid in (("ekami", EKAMI), ("xamk", XAMK)):
            organisation = {"organisation": f"org:{name}", "name": {"fi": name}, "kind": "other", "oid": oid}
            await self.do("register-organisation", organisation)
            await self.do(
                "admit-partner",
                {"organisation": f"org:{name}", "membership": "committed", "admitted_on": "2019-01-02"},
            )
        return self

    def asked(self, key: UUID) -> Asked:
        self.now += timedelta(minutes=1)
        return Asked(
            at=self.now, actor="system:test", role="coordinator", command_id=command_id("system:test", None, key)
        )

    async def do(self, name: str, body: Mapping[str, Any]) -> None:
        await execute(command_of(name, body, self.asked(derived(UUID(int=0), self.now))), self.log)

    async def take(self, *records: Mapping[str, Any], bound: Mapping[str, str] | None = None) -> list[Imported]:
        """Import records as the files they would be."""
        return await import_records(
            [(f"{n}.json", json.dumps(record).encode()) for n, record in enumerate(records)],
            partners={**await partners_in(self.log), **(bound or {})},
            standing=lambda offering: standing_in(self.log, offering),
            execute=lambda command: execute(command, self.log),
            asked=self.asked,
        )

    async def size(self) -> int:
        return (await self.log.head()).position
