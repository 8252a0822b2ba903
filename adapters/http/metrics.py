"""`/metrics`: figures for a monitor, in the text format of Prometheus, for those who oversee the whole network.

Labels are routes, read models, policies, states, and the ids of subscriptions, which are random: never an organisation or a person.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate

from litestar import Response
from msgspec import Struct
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from adapters.figures import BATCH_SIZES, Figures
from adapters.http.asking import asker_of
from adapters.http.network import Asked, Status, network_of
from adapters.http.problems import NoSuchPath
from adapters.http.readers import OVERSEERS
from adapters.http.traffic import SECONDS, Counts, Traffic
from adapters.webhooks.standing import Standing, standings

PATH = "/metrics"
SAYS = "Figures of the network at work, in the text format of Prometheus: the sum over all processes of the server."
MEDIA_TYPE = "text/plain"
STATES = ("live", "behind", "parked", "stale", "halted")
SUBSCRIPTION_STATES = ("active", "failing", "paused", "parked")


class Seen(Struct, frozen=True, kw_only=True):
    """All that one answer says."""

    figures: Figures
    projections: Sequence[Status]
    policies: Sequence[Status]
    subscriptions: Sequence[Standing] = ()
    read_only: bool
    kept_outside: bool
    counts: Counts


async def respond(request: Asked) -> Response[bytes]:
    """Answer a monitor that comes with a token of the coordinator or an auditor of the whole network."""
    network = network_of(request)
    if not OVERSEERS.admit(await asker_of(request, network)):
        raise NoSuchPath(request.url.path)
    traffic: Traffic = request.app.state["traffic"]
    seen = Seen(
        figures=await network.figures(),
        projections=await network.status(),
        policies=await network.policy_status(),
        subscriptions=await standings(await network.subscriptions.store.all(), network.log, network.clock()),
        read_only=network.read_only is not None,
        kept_outside=network.unkept is None,
        counts=traffic.total(network.work()),
    )
    return Response(
        content=text_of(seen), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"}
    )


def text_of(seen: Seen) -> bytes:
    """The figures as text. Each is gathered once, so what the database says is not counted once per process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gathered(seen))
    return generate_latest(registry)


class _Gathered(Collector):
    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        yield from _of_the_log(self._seen)
        yield from _of_followers("projection", "read model", self._seen.projections)
        yield from _of_followers("policy", "policy", self._seen.policies)
        yield from _of_subscriptions(self._seen.subscriptions)
        yield from _of_the_work(self._seen.counts)
        yield from _of_requests(self._seen.counts)


def _of_the_log(seen: Seen) -> Iterator[Metric]:
    figures = seen.figures
    yield _gauge("log_head", "Position of the newest event: the number of events in the log.", figures.head)
    yield _gauge(
        "log_read_only", "1 while nothing is appended, since the database is behind what was signed.", seen.read_only
    )
    yield _gauge("sealed_pages", "Sealed pages of 256 events.", figures.pages)
    yield _gauge(
        "seal_lag_events", "Events behind the last sealed page; up to 255 wait for their page.", figures.unsealed_events
    )
    yield _gauge(
        "seal_lag_seconds", "How long the first full page has been waiting to be sealed.", figures.unsealed_seconds
    )
    yield _gauge(
        "sealing",
        "0 while sealing and signing rest through a fault, which the server's log names.",
        not seen.counts.work.resting,
    )
    yield _gauge("checkpoint_size", "Events that the newest signed checkpoint covers.", figures.checkpoint_size)
    yield _gauge(
        "checkpoint_signed",
        "1 if any checkpoint was ever signed; without a key none is.",
        figures.checkpoint_at is not None,
    )
    yield _moment(
        "checkpoint", "When the newest checkpoint was signed; its age is time() minus this.", figures.checkpoint_at
    )
    yield _gauge("checkpoint_lag_events", "Events that no signed checkpoint covers yet.", figures.unsigned_events)
    yield _gauge(
        "checkpoint_lag_seconds", "Age of the oldest event that no signed checkpoint covers.", figures.unsigned_seconds
    )
    yield _gauge(
        "checkpoint_kept_outside", "1 while the newest checkpoint is kept outside the database too.", seen.kept_outside
    )
    yield _gauge(
        "verified_size", "Events that the last successful `tasma audit verify` recomputed.", figures.verified_size
    )
    yield _moment("verified", "When `tasma audit verify` last succeeded.", figures.verified_at)
    yield _gauge("catalogue_version", "Version of the event catalogue of the process that answers.", figures.catalogue)
    yield _gauge(
        "catalogue_recorded_version",
        "Newest version of the event catalogue recorded; a process with an older one reads only.",
        figures.recorded_catalogue,
    )


def _of_followers(kind: str, called: str, statuses: Sequence[Status]) -> Iterator[Metric]:
    position = GaugeMetricFamily(f"tasma_{kind}_position", f"Position each {called} has worked up to.", labels=[kind])
    events = GaugeMetricFamily(f"tasma_{kind}_lag_events", f"Events each {called} is behind the log.", labels=[kind])
    seconds = GaugeMetricFamily(
        f"tasma_{kind}_lag_seconds", f"Age of the oldest event each {called} has still to work off.", labels=[kind]
    )
    state = GaugeMetricFamily(
        f"tasma_{kind}_state", f"1 for the state each {called} is in, 0 for the others.", labels=[kind, "state"]
    )
    for status in statuses:
        position.add_metric([status.name], status.position)
        events.add_metric([status.name], status.lag_events)
        seconds.add_metric([status.name], status.lag_seconds)
        for each in dict.fromkeys((*STATES, status.state)):
            state.add_metric([status.name, each], float(status.state == each))
    yield from (position, events, seconds, state)


def _of_subscriptions(found: Sequence[Standing]) -> Iterator[Metric]:
    events = GaugeMetricFamily(
        "tasma_subscription_lag_events", "Events behind what each subscription has delivered.", labels=["subscription"]
    )
    seconds = GaugeMetricFamily(
        "tasma_subscription_lag_seconds",
        "Age of the oldest event that each subscription has still to look at.",
        labels=["subscription"],
    )
    state = GaugeMetricFamily(
        "tasma_subscription_state",
        "1 for the state each subscription is in, 0 for the others.",
        labels=["subscription", "state"],
    )
    for one in found:
        events.add_metric([one.id], one.lag_events)
        seconds.add_metric([one.id], one.lag_seconds)
        for each in SUBSCRIPTION_STATES:
            state.add_metric([one.id, each], float(one.state == each))
    yield from (events, seconds, state)


def _of_the_work(counts: Counts) -> Iterator[Metric]:
    work = counts.work
    yield _counter("appended_decisions", "Decisions appended; a repeated command appends none.", work.decisions)
    yield _counter("appended_events", "Events appended.", work.events)
    yield _counter(
        "conflicts", "Decisions decided again, since another one inside their boundary was faster.", work.conflicts
    )
    yield _counter("overloaded", "Requests refused since too many waited for the log.", work.refused)
    waiting = GaugeMetricFamily("tasma_queue_depth", "Requests waiting for the log now.", labels=["kind"])
    sizes = HistogramMetricFamily("tasma_batch_size", "Requests that went to the log together.", labels=["kind"])
    for kind, batches in sorted(work.batches.items()):
        waiting.add_metric([kind], batches.waiting)
        sizes.add_metric([kind], _buckets(BATCH_SIZES, batches.sizes), batches.items)
    yield from (waiting, sizes)


def _of_requests(counts: Counts) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "tasma_http_requests", "Requests answered, by route and class of status.", labels=["method", "route", "status"]
    )
    durations = HistogramMetricFamily(
        "tasma_http_request_duration_seconds", "Seconds until an answer began, by route.", labels=["method", "route"]
    )
    for _, of in sorted(counts.requests.items()):
        for status, number in sorted(of.statuses.items()):
            requests.add_metric([of.method, of.route, status], number)
        durations.add_metric([of.method, of.route], _buckets(SECONDS, of.durations), of.seconds)
    yield from (requests, durations)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tasma_{name}", says, value=float(value))


def _counter(name: str, says: str, value: int) -> Metric:
    return CounterMetricFamily(f"tasma_{name}", says, value=value)


def _buckets(bounds: Sequence[float], numbers: Sequence[int]) -> list[tuple[str, float]]:
    """Cumulative, as a histogram's buckets are."""
    return [(str(b), n) for b, n in zip((*map(float, bounds), "+Inf"), accumulate(numbers), strict=True)]


def _moment(name: str, says: str, at: datetime | None) -> Metric:
    """A time, in seconds since 1970; nothing where it never was."""
    return GaugeMetricFamily(f"tasma_{name}_timestamp_seconds", says, value=at.timestamp() if at else None)
