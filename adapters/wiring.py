"""The one place where everything is put together: from settings to a network that works."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog
from msgspec import Struct

from adapters.clock import system_clock
from adapters.custody import Custody
from adapters.cuts import cuts_of
from adapters.due_work import due_work
from adapters.entropy import SystemEntropy
from adapters.figures import Batches, Figures, Work
from adapters.held_keys import checkpoint_file_of, folder_of, master_keys_for, signers_for
from adapters.kouta.import_records import Imported, import_records, partners_in, standing_in
from adapters.postgres.database import Database, connect
from adapters.postgres.documents import PostgresDocuments
from adapters.postgres.embedded import embedded
from adapters.postgres.figures import figures
from adapters.postgres.following import heed_cancellation
from adapters.postgres.leader import Leader
from adapters.postgres.lease import LOST, Leases, Taken, lease_at_once
from adapters.postgres.log import PostgresLog
from adapters.postgres.marks import PostgresMarks
from adapters.postgres.migrate import check, drop_network, migrate
from adapters.postgres.projection_status import Status, policy_status, projection_status
from adapters.postgres.rebuild import Rebuilt, rebuild
from adapters.postgres.sealer import Sealer
from adapters.postgres.subscriptions import SubscriptionTable
from adapters.postgres.tokens import tokens_in
from adapters.postgres.tree import PostgresTree
from adapters.postgres.vault import Vault
from adapters.postgres.views import Views
from adapters.postgres.workers import check_workers
from adapters.projecting.pages import PageSlices
from adapters.settings import Settings
from adapters.signing import verifier_of
from adapters.watched_log import WatchedLog
from adapters.webhooks.post import WebhookPost
from application.access import Tokens
from application.delivery import Deliverer
from application.desk import Asker, Clock, Desk
from application.door import command_id
from application.envelope import Entropy
from application.feed import Feed
from application.policies import POLICIES
from application.policy_worker import PolicyWorker, work_all, work_forever
from application.ports import Documents, Marks, OutOfStep, Tree, Unavailable
from application.scheduler import Due, expire_due
from application.subscribing import Subscriptions
from application.subscription_ports import Means
from domain.changing import replace
from domain.kernel import Asked, Unknown
from projections.registry import all_projections

logger = structlog.get_logger()

READ_MODELS = "projections"
"""The lease of who follows the log with the read models."""
APP_ROLE = "tasma_app"
IMPORTER = Asker(actor="system:kouta-import", role="coordinator")
SERVER_SECONDS = 2.0
"""How often it is asked whether the embedded server lives."""
SCHEDULE_SECONDS = 30.0
BACKOFF_SECONDS, BACKOFF_SECONDS_MAX = 0.5, 10.0
"""How long work rests that ended; what ran for longer than the longest rest begins with the shortest again."""


class Network(Struct, frozen=True, kw_only=True):
    """A network that is open: its log, its desk, its read models."""

    settings: Settings
    dsn: str
    admin_dsn: str | None
    """Of the tables' owner; None where this process was not given it."""
    database: Database
    log: WatchedLog
    stored: PostgresLog
    """The log below the watched one, with its counts."""
    custody: Custody
    tree: Tree
    feed: Feed
    subscriptions: Subscriptions
    deliverer: Deliverer
    sealer: Sealer
    vault: Vault
    marks: Marks
    documents: Documents
    desk: Desk
    views: Views
    tokens: Tokens
    leader: Leader
    clock: Clock
    policies: Sequence[PolicyWorker]

    async def work_off(self) -> None:
        """Do what the policies want done by now."""
        await work_all(self.policies)

    async def catch_up(self) -> None:
        """Do what the policies want, and bring every read model to the head."""
        await self.work_off()
        await self.leader.catch_up_once()

    async def due(self, today: date) -> Sequence[Due]:
        """What nobody did until its last day, as far as the read models have come."""
        return await due_work(self.views, today)

    async def status(self) -> Sequence[Status]:
        """How far each read model has followed."""
        return await projection_status(
            all_projections(),
            connect=self.database.connection,
            network=self.settings.network,
            log=self.log,
            now=await self.now(),
        )

    async def policy_status(self) -> Sequence[Status]:
        """How far each policy has worked, and where it cannot go on."""
        return await policy_status(self.policies, log=self.log, now=await self.now())

    @property
    def read_only(self) -> str | None:
        """Why nothing is appended, in a sentence; None: everything is."""
        return self.custody.fault

    @property
    def unkept(self) -> str | None:
        """Why the newest checkpoint is not kept outside the database; None: it is, or there is none."""
        return self.custody.unkept

    async def figures(self) -> Figures:
        """What the database says of the log, its pages and checkpoints."""
        return await figures(self.database, self.settings.network, await self.now())

    def work(self) -> Work:
        """What this process has done since it began."""
        gatherings = (self.stored.appends, self.stored.looks, self.stored.recalls)
        return Work(
            decisions=self.log.decisions,
            events=self.log.events,
            conflicts=self.stored.appends.raced,
            refused=sum(g.refused for g in gatherings) + self.desk.executor.refused,
            resting=int(self.sealer.fault is not None),
            batches={g.name: Batches(waiting=g.waiting, items=g.items, sizes=[*g.sizes, 0]) for g in gatherings},
        )

    async def now(self) -> datetime:
        """The clock's time; in a constructed network the head's."""
        head = await self.log.head()
        return head.time if head.constructed and head.time else self.clock()

    async def rebuild(self, name: str | None = None) -> Sequence[Rebuilt]:
        """Build one read model anew, or all. Raises Unknown."""
        wanted = [p for p in all_projections() if name in (None, p.name)]
        if not wanted:
            raise Unknown(f"projection {name}")
        results = []
        for projection in wanted:
            source = PageSlices(self.log, projection.facts, projection.readings)
            async with self.database.connection() as connection:
                results.append(
                    await rebuild(projection, connection=connection, network=self.settings.network, source=source)
                )
        return results

    async def import_kouta(
        self, sources: Sequence[tuple[str, bytes]], bound: Mapping[str, str], at: datetime | None = None
    ) -> Sequence[Imported]:
        """Import records of the national catalogue; `bound` adds OIDs that belong to a partner."""
        asked = await self.desk.asked(IMPORTER, at=at)

        def asked_under(key: UUID) -> Asked:
            return replace(asked, command_id=command_id(IMPORTER.actor, None, key))

        return await import_records(
            sources,
            partners={**await partners_in(self.log), **bound},
            standing=lambda offering: standing_in(self.log, offering),
            execute=self.desk.executor.execute,
            asked=asked_under,
        )


@asynccontextmanager
async def open_network(
    settings: Settings, *, clock: Clock = system_clock, entropy: Entropy | None = None, anew: bool = False
) -> AsyncIterator[Network]:
    """A network, with its schema up to date. `anew`: dropped and made again, if it is empty or constructed.

    Raises Unavailable, EmbeddedUnavailable, NotMigrated, NotConstructed.
    """
    async with AsyncExitStack() as stack:
        dsn, admin_dsn = await _server(settings, stack)
        if anew:
            await _drop_constructed(dsn, admin_dsn, settings)
        if admin_dsn:
            await migrate(admin_dsn, settings.network, APP_ROLE)
        database = await stack.enter_async_context(connect(dsn))
        if not admin_dsn:
            await check(database, settings.network)
        drawn = entropy or SystemEntropy()
        stored = await stack.enter_async_context(PostgresLog(database, settings.network, settings.source, drawn))
        tree = PostgresTree(database, settings.network)
        signed = bool(await tree.verifiers())
        signers = await asyncio.to_thread(signers_for, settings, signed=signed)
        locking = await Vault(database, settings.network, None, secrets.token_bytes).master_ids()
        masters = await asyncio.to_thread(master_keys_for, settings, locking)
        custody = Custody(
            checkpoint_file_of(settings),
            stored,
            tree,
            origin=settings.origin,
            own=[verifier_of(signer.vkey) for signer in signers],
            trust=verifier_of,
        )
        await custody.begin()
        log = WatchedLog(stored, custody)
        marks, documents = PostgresMarks(database, settings.network), PostgresDocuments(database, settings.network)
        desk = Desk(log, marks, clock, drawn)
        views = Views(connect=database.connection, network=settings.network, log=log)
        cuts = cuts_of(views, documents, log)
        feed = await stack.enter_async_context(Feed(log))
        vault = Vault(database, settings.network, masters, secrets.token_bytes)
        tokens = tokens_in(database, settings.network, clock)
        post = await stack.enter_async_context(WebhookPost(private=settings.webhook_private, draw=secrets.token_bytes))
        means = Means(
            store=SubscriptionTable(database, settings.network),
            log=log,
            tokens=tokens,
            secrets=vault,
            post=post,
            clock=clock,
            draw=secrets.token_bytes,
        )
        yield Network(
            settings=settings,
            dsn=dsn,
            admin_dsn=admin_dsn,
            database=database,
            log=log,
            stored=stored,
            custody=custody,
            tree=tree,
            feed=feed,
            subscriptions=Subscriptions(means),
            deliverer=Deliverer(means, feed),
            sealer=Sealer(
                database,
                settings.network,
                log,
                origin=settings.origin,
                signers=signers,
                keep=custody.keep,
                outside=custody.outside,
            ),
            vault=vault,
            marks=marks,
            documents=documents,
            desk=desk,
            views=views,
            tokens=tokens,
            leader=Leader(dsn=dsn, network=settings.network, log=log, projections=all_projections()),
            clock=clock,
            policies=[PolicyWorker(policy, desk, log, marks, cuts) for policy in POLICIES],
        )


@asynccontextmanager
async def serving_network(settings: Settings) -> AsyncIterator[Network]:
    """A network at work: read models follow, policies and deadlines are worked off, until the block ends."""
    async with open_network(settings) as network:
        leases = Leases(network.dsn, settings.network)
        # Several processes might; one is enough. A policy that halts lets its lease go, so that each process tries it in turn.
        by_one: dict[str, Callable[[], Awaitable[None]]] = {
            "sealing": network.sealer.run,
            "deadlines": partial(_deadlines, network),
            "webhooks": network.deliverer.run,
            **{f"policy {w.policy.name}": partial(work_forever, w) for w in network.policies},
        }
        works: dict[str, Callable[[], Awaitable[None]]] = {
            "leases": leases.run,
            "read models": network.leader.run,
            "custody": network.custody.watch,
            "server": partial(_keep_server, settings, network),
            **{n: partial(_while_writable, network, partial(leases.under, n, w)) for n, w in by_one.items()},
        }
        tasks = [asyncio.create_task(supervise(name, work), name=name) for name, work in works.items()]
        try:
            yield network
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def supervise(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Keep a piece of work going until cancelled: whatever it ends with is logged, and it starts again after a rest.

    Nothing is skipped by that. Policies and read models keep their place in the log, so a fault that lasts shows as a lag.
    """
    clock, pause = asyncio.get_running_loop().time, BACKOFF_SECONDS
    while True:
        began = clock()
        try:
            await work()
            logger.error("work.ended", work=name)
        except (Unavailable, OutOfStep, *LOST) as lost:
            logger.warning("work.interrupted", work=name, why=type(lost).__name__)
        except Exception:
            logger.exception("work.failed", work=name)
        heed_cancellation()
        if clock() - began > BACKOFF_SECONDS_MAX:
            pause = BACKOFF_SECONDS
        await asyncio.sleep(pause)
        pause = min(pause * 2, BACKOFF_SECONDS_MAX)


async def _while_writable(network: Network, work: Callable[[], Awaitable[None]]) -> None:
    """Begin what appends or signs when the database holds all that was signed; what it appends is refused otherwise."""
    await network.custody.writable()
    await work()


async def _deadlines(network: Network) -> None:
    """Let pass what nobody answered."""
    while True:
        head = await network.log.head()
        await expire_due(network, network.desk, head.time if head.constructed else None)
        await asyncio.sleep(SCHEDULE_SECONDS)


async def _keep_server(settings: Settings, network: Network) -> None:
    """An embedded server that died is started again by joining it once more; one of somebody else's is left to them."""
    while True:
        await asyncio.sleep(SERVER_SECONDS)
        if settings.database_url:
            continue
        try:
            await network.log.head()
        except Unavailable:
            await asyncio.to_thread(_join_once, folder_of(settings))


def _join_once(data_dir: Path) -> None:
    with embedded(data_dir):
        logger.warning("server.joined_again")


async def check_room(settings: Settings, workers: int) -> None:
    """Whether the database has connections for so many workers. Raises TooManyWorkers, Unavailable, EmbeddedUnavailable."""
    async with AsyncExitStack() as stack:
        dsn, _ = await _server(settings, stack)
        await check_workers(await stack.enter_async_context(connect(dsn, connections=1)), workers)


async def _server(settings: Settings, stack: AsyncExitStack) -> tuple[str, str | None]:
    if settings.database_url:
        return settings.database_url, settings.admin_database_url
    holding = embedded(folder_of(settings))
    server = await asyncio.to_thread(holding.__enter__)
    stack.push_async_callback(asyncio.to_thread, holding.__exit__, None, None, None)
    return server.app_dsn, server.admin_dsn


class NotConstructed(Exception):
    """A network with real history is not dropped."""


async def _drop_constructed(dsn: str, admin_dsn: str | None, settings: Settings) -> None:
    if admin_dsn is None:
        raise NotConstructed("Making the network anew needs TASMA_ADMIN_DATABASE_URL.")
    await migrate(admin_dsn, settings.network, APP_ROLE)
    async with (
        connect(dsn) as database,
        PostgresLog(database, settings.network, settings.source, SystemEntropy()) as log,
    ):
        head = await log.head()
    if head.position and not head.constructed:
        raise NotConstructed(
            f"The network {settings.network} holds {head.position} events of real history and is not dropped; "
            "set TASMA_NETWORK to another name for the demo."
        )
    try:
        async with lease_at_once(dsn, READ_MODELS, settings.network):
            await drop_network(admin_dsn, settings.network)
            await asyncio.to_thread(checkpoint_file_of(settings).forget)
    except Taken:
        raise NotConstructed(
            f"The network {settings.network} is being served or followed just now; stop that first."
        ) from None
