"""A machine's clock is wrong by an hour and is set back in the middle of the work; positions and times go on rising."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from adapters.clock import system_clock
from adapters.settings import Settings
from adapters.wiring import serving_network
from application.ports import ClockAhead
from tests.faults.cases import CLIENT
from tests.faults.ground import Ground
from tests.faults.load import Load, by_desk, desk_at, serve_clients

HOUR = timedelta(hours=1)
CLIENTS = 4
NOW, AN_HOUR_ON = "clock_timestamp()", "(clock_timestamp() + interval '1 hour')"
REGISTERING = {"organisation": "org:early", "name": {"fi": "Aikainen"}, "kind": "other"}


def test_an_hour_is_set_back_and_who_is_ahead_from_then_on_is_refused(ground: Ground) -> None:
    """The network's own processes never were ahead: what they ask at a past hour is recorded as the log's clock says."""

    async def promise() -> None:
        ahead = HOUR
        notes, schema = ground.notes, ground.settings.network
        await asyncio.to_thread(_replace_clock, ground.settings, NOW, AN_HOUR_ON)
        async with (
            serving_network(ground.settings) as network,
            desk_at(network.dsn, schema, lambda: system_clock() + ahead) as desk,
            asyncio.TaskGroup() as tasks,
        ):
            load = Load(ground.folder, lambda: True)
            for n in range(CLIENTS):
                tasks.create_task(serve_clients(str(n), by_desk(desk), notes, (ground.folder / "done").exists))
            await load.goes_on(60)
            ahead = timedelta()
            await asyncio.to_thread(_replace_clock, ground.settings, AN_HOUR_ON, NOW)
            last = await network.log.head()
            await load.goes_on(60)
            now = await network.log.head()
            assert last.time is not None
            assert now.time is not None
            assert now.time - last.time < timedelta(seconds=1), (
                "the log's time stands still until the clock has caught up"
            )
            assert now.time > last.time > system_clock() + HOUR / 2
            async with desk_at(network.dsn, schema, lambda: system_clock() + HOUR) as wrong:
                with pytest.raises(
                    ClockAhead, match=r"is more than two seconds ahead of the log's clock .*; set the clock\.$"
                ):
                    await wrong.carry_out("register-organisation", REGISTERING, CLIENT)
            head = await ground.over(network, load)
            load.done()
        notes.close()
        await ground.check(grown_beyond=head)

    asyncio.run(promise())


def _replace_clock(settings: Settings, old: str, new: str) -> None:
    """Let the functions of the log read another clock, as nothing less than the machine's own clock would."""
    functions = "select pg_get_functiondef(oid) from pg_proc where pronamespace = %s::regnamespace and prokind = 'f'"
    with psycopg.connect(settings.admin_database_url or "") as connection:
        definitions = [text for (text,) in connection.execute(functions, (settings.network,)) if old in text]
        assert definitions
        for text in definitions:
            connection.execute(sql.SQL("{}").format(sql.SQL(text.replace(old, new))))
