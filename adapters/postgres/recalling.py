"""What commands led to, found again for all who ask at the same time with one statement."""

from collections.abc import Sequence
from uuid import UUID

from adapters.postgres.appending import outcome_of
from adapters.postgres.arrays import uuids
from adapters.postgres.database import statement
from adapters.postgres.dedicated import LIMITS, Dedicated
from application.ports import Outcome

# Where there are synchronous standbys, what is found here may not have reached them (see the end of the function `append`):
# to say that it is recorded is to acknowledge it, so the commit of a message is waited for first.
_RECALL = """
select
    c.id, c.digest,
    array(
        select e.data from {schema}.event e where e.position > c.last - c.n and e.position <= c.last order by e.position
    ),
    case when current_setting('synchronous_standby_names') <> '' then pg_logical_emit_message(true, 'tasma repeated', '') end
from unnest(%s) as asked(id) join {schema}.command c on c.id = asked.id
"""


class Recalling:
    """Carries out batches of command ids on a connection of its own."""

    def __init__(self, info: str, schema: str) -> None:
        self._line = Dedicated(info, {**LIMITS, "client_min_messages": "warning", "enable_seqscan": "off"})
        self._query = statement(_RECALL, schema)

    async def close(self) -> None:
        await self._line.close()

    async def carry(self, batch: Sequence[UUID]) -> Sequence[tuple[bytes, Outcome] | None]:
        """Of each command its digest and outcome, None for one that is not recorded."""
        rows = await self._line.rows(self._query, (uuids(set(batch)),))
        found = {command: (digest, outcome_of(stored)) for command, digest, stored, _ in rows}
        return [found.get(command) for command in batch]
