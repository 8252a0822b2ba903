"""The stock DCB stack of the `eventsourcing` library on the same server, as its factory sets it up by default."""

from collections.abc import Callable
from typing import Any, Final

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.dcb.application import DCBApplication
from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT
from eventsourcing.postgres import PostgresDatastore
from psycopg import connect, sql
from psycopg.conninfo import conninfo_to_dict

from adapters.bench.rounds import Count, by_threads
from adapters.bench.samples import Referrals

NAME: Final = "eventsourcing"
MAPPER: Final = "eventsourcing.dcb.msgpack:MessagePackMapper"


def environment(admin_dsn: str, schema: str, module: str) -> dict[str, str]:
    """What the library reads its settings from; what is not named here keeps its default."""
    info = {key: str(value) for key, value in conninfo_to_dict(admin_dsn).items()}
    return {
        "PERSISTENCE_MODULE": module,
        "POSTGRES_DBNAME": info["dbname"],
        "POSTGRES_HOST": info["host"],
        "POSTGRES_PORT": info.get("port", "5432"),
        "POSTGRES_USER": info["user"],
        "POSTGRES_PASSWORD": info.get("password", ""),
        "POSTGRES_SCHEMA": schema,
    }


class Application(DCBApplication):
    """The library's application with nothing added."""

    name = "bench"


def open_application(admin_dsn: str, schema: str) -> Application:
    """An application whose tables stand in a schema of their own. Close it."""
    given = environment(admin_dsn, schema, "eventsourcing.dcb.postgres_tt")
    with connect(admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    datastore = PostgresDatastore(
        dbname=given["POSTGRES_DBNAME"],
        host=given["POSTGRES_HOST"],
        port=given["POSTGRES_PORT"],
        user=given["POSTGRES_USER"],
        password=given["POSTGRES_PASSWORD"],
        schema=schema,
    )
    # Its foreign key names the table without the schema, so the tables are made with the schema on the path.
    datastore.pool.kwargs = {**_as_dict(datastore.pool.kwargs), "options": f"-c search_path={schema}"}
    with datastore:
        PostgresDCBRecorderTT(datastore, events_table_name=f"{Application.name}_events").create_table()
    return Application({**given, "MAPPER_TOPIC": MAPPER, "CREATE_TABLE": "no"})


def _as_dict(given: Any) -> dict[str, Any]:  # noqa: ANN401 - the pool takes a function as well; the library gives a dict
    return dict(given)


class StockAppend:
    """Appends one event at a time under a condition, each writer in a thread."""

    name = NAME

    def __init__(self, application: Application, sample: Referrals) -> None:
        self._recorder = application.recorder
        self._sample = sample
        self._heads: dict[int, int] = {}

    async def work(self, writers: int, seconds: float) -> Count:
        return await by_threads([self._writer(n) for n in range(writers)], seconds)

    def _writer(self, n: int) -> Callable[[], None]:
        types = list(self._sample.types)
        condition = DCBQuery(items=[DCBQueryItem(types=types, tags=[self._sample.own_tag(n)])])

        def once() -> None:
            _, tags, data = self._sample.fact(n)
            self._heads[n] = self._recorder.append(
                [DCBEvent(type=types[0], data=data, tags=list(tags))],
                DCBAppendCondition(fail_if_events_match=condition, after=self._heads.get(n)),
            )

        return once
