"""The node's figures as Prometheus reads them: `docs/operations.md` says what each means and when it is an alarm."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from node_api.domain.findings import FindingKind
from node_api.domain.operations import OperationState
from node_api.domain.vitals import Vitals

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_UNKNOWN = "unknown"
_CONTRACT = "Vouchers_"


class Metrics:
    """The figures of one application. Thread-safe."""

    def __init__(self, read: Callable[[], Vitals], selectors: Mapping[str, str]) -> None:
        """Reads nothing yet.

        Args:
            read: gathers the node's figures; called once for each scrape.
            selectors: 0x-hex selector of every custom error of the contracts, by name.
        """
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(_NodeFigures(read, {selector: name for name, selector in selectors.items()}))
        self.seconds = Histogram(
            "vouchertrail_http_request_seconds",
            "Seconds until a request's answer began",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._children: dict[tuple[str, str, int], Histogram] = {}
        self.in_hand = Gauge("vouchertrail_http_requests_in_hand", "Requests being answered", registry=self.registry)

    def began(self) -> None:
        """See `Counts`."""
        self.in_hand.inc()

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """See `Counts`."""
        self.in_hand.dec()
        self.took(method, route, status, seconds)

    def handed_on(self) -> None:
        """See `Counts`."""
        self.in_hand.dec()

    def took(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts an answer. Finding a histogram's child takes longer than counting: each is found once."""
        labels = method, route, status
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self.seconds.labels(*labels)
        child.observe(seconds)

    def told(self, in_hand: int, answered: Iterable[tuple[str, str, int, float]]) -> None:
        """Counts what another process of the node has in hand, more or fewer than before, and answered."""
        self.in_hand.inc(in_hand)
        for one in answered:
            self.took(*one)

    def page(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)


class _NodeFigures(Collector):
    def __init__(self, read: Callable[[], Vitals], names: Mapping[str, str]) -> None:
        self._read, self._names = read, names

    def describe(self) -> Iterator[Metric]:
        """Nothing: describing must not ask the chain."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every figure of one reading."""
        vitals = self._read()
        yield from _work(vitals)
        yield from _chain(vitals)
        yield from _nodes(vitals)
        yield self._refusals(vitals)
        yield from _subscribers(vitals)
        noticed = GaugeMetricFamily("vouchertrail_findings", "What the observer noticed", labels=("kind",))
        for kind, count in _of_each(FindingKind, vitals.findings):
            noticed.add_metric((kind,), count)
        yield noticed
        yield _gauge("vouchertrail_watched_block", "Newest block that the observer looked at", vitals.watched)

    def _refusals(self, vitals: Vitals) -> Metric:
        family = CounterMetricFamily(
            "vouchertrail_refusals", "Redemptions refused, by whom and why", labels=("by", "reason")
        )
        for reason, count in sorted(vitals.store.refused_here.items()):
            family.add_metric(("node", reason), count)
        for selector, count in sorted(vitals.store.refused_on_chain.items()):
            family.add_metric(("contract", self._names.get(selector, _UNKNOWN).removeprefix(_CONTRACT)), count)
        return family


def _work(vitals: Vitals) -> Iterator[Metric]:
    """Queues, calls and operations."""
    length = GaugeMetricFamily("vouchertrail_queue_length", "What waits to be sent", labels=("queue",))
    oldest = GaugeMetricFamily(
        "vouchertrail_queue_oldest_timestamp_seconds", "When the oldest that waits was received", labels=("queue",)
    )
    for name, queue in vitals.store.queues.items():
        length.add_metric((name,), queue.length)
        if queue.oldest_at is not None:
            oldest.add_metric((name,), queue.oldest_at / 1_000)
    operations = GaugeMetricFamily("vouchertrail_operations", "Operations by state", labels=("state",))
    for state, count in _of_each(OperationState, vitals.store.operations):
        operations.add_metric((state,), count)
    yield from (length, oldest, operations)
    yield _gauge("vouchertrail_calls_in_flight", "Signed calls without an outcome", vitals.store.in_flight)
    oldest_call = None if vitals.store.oldest_call_at is None else vitals.store.oldest_call_at / 1_000
    yield _gauge("vouchertrail_call_oldest_timestamp_seconds", "When the oldest of them was signed", oldest_call)
    yield _gauge("vouchertrail_outbox_waits", "1 where something keeps the outbox from sending", vitals.outbox_waits)


def _chain(vitals: Vitals) -> Iterator[Metric]:
    """The chain, the index behind it, and the relayer's nonces."""
    yield _gauge("vouchertrail_chain_up", "1 where the chain answers", vitals.chain is not None)
    yield _gauge("vouchertrail_chain_head_block", "Newest block", None if vitals.chain is None else vitals.chain.head)
    yield _gauge("vouchertrail_index_block", "Newest block indexed", vitals.indexed)
    yield _gauge("vouchertrail_index_lag_blocks", "Blocks the index lacks", vitals.lag_blocks)
    yield _gauge("vouchertrail_index_lag_seconds", "Block time that the index lacks", vitals.lag_seconds)
    yield _gauge("vouchertrail_nonce_gap", "Nonces the chain lacks before it takes the next call", vitals.nonce_gap)
    rewinds = CounterMetricFamily("vouchertrail_reorganisations", "Times the index took blocks back")
    rewinds.add_metric((), vitals.rewinds)
    yield rewinds


def _nodes(vitals: Vitals) -> Iterator[Metric]:
    """What is final, and the nodes that tell it."""
    yield _gauge("vouchertrail_final_block", "Newest block indexed that is final", vitals.final)
    yield _gauge("vouchertrail_final_timestamp_seconds", "Time of that block", vitals.final_at)
    up = GaugeMetricFamily("vouchertrail_chain_node_up", "1 where the node answers", labels=("node",))
    lag = GaugeMetricFamily("vouchertrail_chain_node_lag_blocks", "Blocks behind the highest node", labels=("node",))
    for one in vitals.nodes.standings:
        up.add_metric((one.address,), one.height is not None)
        if one.height is not None:
            lag.add_metric((one.address,), one.lag)
    yield from (up, lag)
    yield _gauge("vouchertrail_chain_nodes_differ", "1 where nodes tell different final blocks", vitals.nodes.differ)


def _subscribers(vitals: Vitals) -> Iterator[Metric]:
    """Those to events, and what keeps them from being told."""
    labels = ("subscriber",)
    failing = GaugeMetricFamily("vouchertrail_subscriber_failures", "Tries in a row that were not taken", labels=labels)
    for name, count in vitals.store.failing.items():
        failing.add_metric((name,), count)
    gone = GaugeMetricFamily(
        "vouchertrail_subscriber_gone", "1 where it answered 410: it is told no more", labels=labels
    )
    for name, is_gone in vitals.store.gone.items():
        gone.add_metric((name,), is_gone)
    yield from (failing, gone)
    about = "Subscribers this process can sign nothing for"
    yield _gauge("vouchertrail_subscribers_unsigned", about, vitals.unsigned)


def _of_each(kinds: type[StrEnum], counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Counts by kind, 0 where there is none: of a series that begins with its first count nobody can tell that it rose."""
    return sorted((dict.fromkeys(kinds, 0) | dict(counts)).items())


def _gauge(name: str, about: str, value: float | None) -> Metric:
    """One figure; without a sample where it is not known."""
    family = GaugeMetricFamily(name, about)
    if value is not None:
        family.add_metric((), float(value))
    return family
