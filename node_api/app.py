"""A node put together: chain, database, keys and services behind one API."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

import structlog
from fastapi import FastAPI
from sqlalchemy import Engine

from node_api.api.application import create_api
from node_api.api.events import Streams
from node_api.api.metrics import Metrics
from node_api.api.node import Node, SigningDomain, Writing
from node_api.api.waiting import Waiting
from node_api.bookings import booking_lane, booking_work, reserving
from node_api.cases import case_work, fresh_reads, passing
from node_api.chain.contracts import custom_errors
from node_api.chain.deployed import Deployed, Question
from node_api.chain.eip712 import NAME, TYPES, VERSION
from node_api.chain.handle import ChainHandle, ChainKeeper
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.limit_words import LimitWords
from node_api.chain.redeem import Relayer
from node_api.chain.rpc_errors import ChainError
from node_api.chain.signing import ChainSignatures
from node_api.chain.vitals import ChainFigures
from node_api.chain.wallet import CustodialWallet
from node_api.claims import claim_lane, claiming
from node_api.config import Settings
from node_api.counting import counting
from node_api.domain.errors import ChainUnavailable
from node_api.domain.ids import Address
from node_api.following import Following
from node_api.intakes import Ears, Intakes
from node_api.oversight import oversight
from node_api.record import Follower, Record, open_record
from node_api.services.api_keys import ApiKeyring
from node_api.services.audits import Audits
from node_api.services.block_room import BlockRoom
from node_api.services.codes import CodeMaker
from node_api.services.judging import Judge
from node_api.services.operations import Redemptions
from node_api.services.outbox import Outbox
from node_api.services.pace import ChainPace
from node_api.services.queue_room import QueueRoom
from node_api.services.rates import Rates
from node_api.services.redemption_lane import RedemptionLane
from node_api.services.relayer_staff import relayer_of
from node_api.services.vitals import NodeVitals
from node_api.storage.api_keys import ApiKeys
from node_api.storage.engine import open_database
from node_api.storage.operations import Operations
from node_api.storage.outbox import Outbox as OutboxTables
from node_api.storage.vitals import StoreFigures
from node_api.storage.watch import WatchTables
from node_api.telling import Outside, outside

log = structlog.get_logger()


class NotStarted(Exception):
    """The node refuses to start; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What has to be started and stopped."""

    record: Record
    outbox: Outbox
    follower: Follower
    relayer: Address
    outside: Outside
    metrics: Metrics
    followings: Sequence[Following]


class RunningNode:
    """A node: as a context manager it carries redemptions and follows the chain; `api` answers all the while."""

    def __init__(self, api: FastAPI, keyring: ApiKeyring, parts: _Parts, resources: ExitStack) -> None:
        self.api = api
        self.keyring = keyring
        self._parts = parts
        self._resources = resources

    def ears(self) -> Ears:
        """Whom processes that take in have told what they say."""
        return Ears(self._parts.outbox.wake, self._parts.follower.catch_up, self._parts.metrics)

    def tell(self, intakes: Intakes) -> None:
        """Has processes that take in told what became of operations, where the index stands, and what was left as it was."""
        outbox, record = self._parts.outbox, self._parts.record
        outbox.on_settled(intakes.settled)
        outbox.on_looked(lambda depths: intakes.tell("depths", depths))
        record.kept.on_leaving(lambda before, last: intakes.tell("left", (before, last)))
        self._parts.follower.on_moved(lambda at: intakes.tell("moved", (at.number, at.hash)))

    def __enter__(self) -> Self:
        """Brings the index up to the chain, then starts outbox and follower.

        Raises:
            ChainError: the chain does not answer.
            NotStarted: the node's OPERATOR is no relayer of the contract.
        """
        with ExitStack() as undo:
            undo.callback(self._resources.close)
            self._parts.follower.catch_up()
            if not self._is_relayer():
                account = self._parts.relayer
                remedy = f"`vouchertrail relayers grant {account}` in the folder that holds ADMIN's key makes it one"
                raise NotStarted(f"the key of OPERATOR ({account}) is no relayer: {remedy}")
            self._parts.record.watch_nodes()
            self._parts.outbox.start()
            for following in self._parts.followings:
                following.start()
            self._parts.outside.telling.start()
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finishes the call in hand and stops; what is queued is sent after the next start."""
        for following in self._parts.followings:
            following.let_go()
        self._parts.outside.telling.stop()
        self._parts.outbox.stop()
        for following in self._parts.followings:
            following.stop()
        self._resources.close()

    def _is_relayer(self) -> bool:
        record = self._parts.record
        vouchers = Deployed(record.rpc, {"Vouchers": Address(record.deployment.address("Vouchers"))})
        return bool(vouchers.ask(Question("Vouchers", "isRelayer", (self._parts.relayer,)))[0])


def build_node(settings: Settings, handle: ChainHandle, keys: KeyRing) -> RunningNode:
    """Puts a node together; nothing runs until it is entered.

    Args:
        settings: the node's settings.
        handle: its chain, which answers.
        keys: its key files; OPERATOR's must be there, the wallet's master may.

    Raises:
        NotStarted: another process serves this folder.
        NotDeployed, JournalOfOtherChain: the contracts are not on this chain.
        KeyFault: a key file is missing, exposed or cannot be opened.
    """
    with ExitStack() as resources:
        resources.callback(os.close, only_one(settings))
        few = (
            settings.database_connections // 4
        )  # what only writes down takes, the rest is for the index and its readers
        durable = open_database(settings.database_url, connections=few)
        resources.callback(durable.dispose)
        many = settings.database_connections - few
        record = open_record(settings, handle, open_database(settings.database_url, durable=False, connections=many))
        resources.callback(record.close)
        told = outside(settings, record.engine, record.confirmations)
        resources.callback(told.post.close)
        rates = resources.enter_context(counting(settings))
        api, keyring, parts = _assemble(record, durable, keys, settings, told, rates)
        return RunningNode(api, keyring, parts, resources.pop_all())


def _assemble(
    record: Record, durable: Engine, keys: KeyRing, settings: Settings, told: Outside, rates: Rates
) -> tuple[FastAPI, ApiKeyring, _Parts]:
    """Puts the services together; starts nothing."""
    handle = record.handle
    rpc, follower = record.rpc, Follower(record.indexer)
    vouchers = Address(record.deployment.address("Vouchers"))
    operator = keys.account(KeyRole.OPERATOR)
    store, keyring, waiting = Operations(record.engine), ApiKeyring(ApiKeys(durable)), Waiting()
    relayer = Relayer(rpc, operator, handle.chain_id, vouchers, record.in_hand)
    calls = OutboxTables(record.engine, durable)
    signatures, wallet = ChainSignatures(rpc, handle.chain_id, vouchers), _wallet(keys)
    bookings = booking_lane(relayer, signatures, calls)
    lanes = (
        RedemptionLane(store, calls, relayer, handle.profile.calls),
        claim_lane(record, durable, relayer, settings.claim_gather_seconds),
        bookings,
    )
    room = BlockRoom(handle.profile.block_gas, handle.profile.hold_seconds)
    outbox = Outbox(lanes, calls, relayer, follower, handle.profile.in_flight, room)
    outbox.on_settled(waiting.settled)
    follower.on_moved(lambda _: outbox.index_moved())
    pace = record.pace(settings)
    fresh = fresh_reads(record, follower)
    writing = Writing(
        redemptions=Redemptions(
            Judge(
                fresh, signatures, LimitWords(rpc, vouchers), store, clock=time.time if handle.profile.steady else None
            ),
            store,
            outbox,
            pace,
            QueueRoom(store, settings.queue_items),
        ),
        codes=CodeMaker(fresh, signatures, wallet),
        oversight=oversight(record, fresh, keys),
        cases=case_work(record, fresh, keys, durable),
        claims=claiming(record, fresh, signatures, outbox, wallet),
        bookings=booking_work(record, fresh, keys, durable, wallet),
        reserving=reserving(record, fresh, durable, signatures, bookings, outbox),
        passing=passing(record, fresh, keys, wallet, durable),
        subscribing=told.subscribing,
    )
    node = Node(
        fresh=fresh,
        audits=Audits(fresh, record.ledger, record.calls, record.tables),
        writes=writing,
        keyring=keyring,
        waiting=waiting,
        signing=signing_domain(handle.chain_id, vouchers),
        error_selectors=error_selectors(),
        faults=lambda: faults_of(record, follower, pace) or _sending_fault(record, outbox, relayer.sender),
        vitals=vitals(record, pace, relayer.sender, lambda: outbox.fault is not None, told.subscribing.unsigned),
        events=told.events,
        findings=WatchTables(record.engine),
        streams=Streams(),
        rates=rates,
    )
    api = create_api(node, ChainError)
    followings = [Following(follower.catch_up)]
    if handle.embedded:
        followings.append(Following(partial(_keep_chain, ChainKeeper(settings.embedded_chain())), "chain"))
    address = Address(operator.address)
    return api, keyring, _Parts(record, outbox, follower, address, told, api.state.metrics, followings)


def _keep_chain(keeper: ChainKeeper) -> None:
    if keeper.look():
        log.warning("chain_brought_back")


def vitals(
    record: Record, pace: ChainPace, sender: Address, outbox_waits: Callable[[], bool], unsigned: Callable[[], int]
) -> NodeVitals:
    """What is measured of it."""
    store, chain = StoreFigures(record.engine), ChainFigures(record.rpc)
    findings = WatchTables(record.engine)
    return NodeVitals(store, chain, record.tables, record.indexer, outbox_waits, unsigned, sender, findings, pace)


def signing_domain(chain_id: int, vouchers: Address) -> SigningDomain:
    """The published EIP-712 domain and types."""
    domain: dict[str, str | int] = {
        "name": NAME,
        "version": VERSION,
        "chainId": chain_id,
        "verifyingContract": vouchers,
    }
    return SigningDomain(domain, TYPES)


def error_selectors() -> dict[str, str]:
    """Selector of every custom error of the shipped contracts, by name."""
    return {error.name: "0x" + selector.hex() for selector, error in custom_errors().items()}


def _wallet(keys: KeyRing) -> CustodialWallet | None:
    """The custodial wallet, where this node keeps one."""
    if KeyRole.WALLET_MASTER not in keys.present():
        return None
    return CustodialWallet(keys.unsafe_wallet_master())


def faults_of(record: Record, follower: Follower, pace: ChainPace) -> dict[str, str]:
    """What keeps the node from answering now, or makes its answers doubtful."""
    try:
        follower.catch_up()
    except ChainUnavailable as error:
        return {"chain": str(error)}
    except Exception as error:  # noqa: BLE001  whatever it is, the answer is that the node is not ready
        return {"index": str(error)}
    found = {"final": pace.fault(), "nodes": record.disagreement()}
    return {name: fault for name, fault in found.items() if fault is not None}


def _sending_fault(record: Record, outbox: Outbox, sender: Address) -> dict[str, str]:
    """What keeps the node from sending now, or the contracts from taking what it sends."""
    if outbox.fault is not None:
        return {"outbox": outbox.fault}
    with record.reads.at_head() as reader:
        if relayer_of(reader, sender).listed:
            return {}
    told = f"{sender} is not listed as a relayer: what it sends is refused. ADMIN lists it: vouchertrail relayers grant {sender}"
    return {"relayer": told}


def only_one(settings: Settings) -> int:
    """Keeps a second process from using the same relayer: their nonces would collide."""
    folder = settings.data.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise NotStarted(f"another process serves {folder}") from None
    return descriptor
