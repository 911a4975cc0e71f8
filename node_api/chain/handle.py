"""Finds the node's chain, and starts the embedded one where it does not run yet."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from node_api.chain.apart import Deaths, last_words, leave_running
from node_api.chain.durable import private_folder
from node_api.chain.identity import ChainIdentity, recognise
from node_api.chain.nodes import ChainNodes
from node_api.chain.options import EmbeddedOptions, OutsideOptions
from node_api.chain.profile import ANVIL, EMBEDDED, EngineProfile, profile_of
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError, ForeignChain, RpcError, RpcUnavailable
from node_api.chain.rpc_values import rows
from node_api.chain.status import (
    ALREADY_RUNNING,
    AlreadyRunning,
    ChainStatus,
    Phase,
    hold_folder,
    read_status,
    supervisor_pid,
    write_status,
)

READY_SECONDS = 120.0
STOP_SECONDS = 120.0
_LOOK_EVERY = 0.02
_ENDED = (Phase.STOPPING, Phase.STOPPED, Phase.FAILED)


class ChainNotReady(ChainError):
    """The embedded chain failed to start, to stop or to take a snapshot; the message says what it said."""


@dataclass(frozen=True, slots=True)
class ChainHandle:
    """A chain that answered and is the one it should be.

    Attributes:
        url: where it answers.
        chain_id: EIP-155 chain id.
        genesis_hash: hash of block 0, 0x-hex, lower case.
        embedded: whether the node's own supervisor keeps it (then its clock can be moved).
        profile: what its engine asks of whoever uses it.
        readers, senders: where a chain of several nodes is read and written; the best first. None: at `url`.
        journal: where the embedded chain's blocks are written down.
    """

    url: str
    chain_id: int
    genesis_hash: str
    embedded: bool
    profile: EngineProfile = ANVIL
    readers: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    journal: Path | None = None

    @property
    def identity(self) -> tuple[int, str]:
        """Chain id and genesis hash: what tells it from every other chain."""
        return self.chain_id, self.genesis_hash

    def told(self) -> dict[str, object]:
        """Its fields, fit to be shown: of a URL, which may hold a password, host and port alone."""
        readers, senders = map(_address, self.readers), map(_address, self.senders)
        told = asdict(self) | {"address": _address(self.url), "readers": list(readers), "senders": list(senders)}
        del told["url"], told["journal"]
        return told

    def connect(self) -> RpcClient:
        """The way to the chain; closed by whoever asked for it."""
        if self.embedded:
            return RpcClient(self.url, own=self.identity, profile=self.profile, journal=self.journal)
        return ChainNodes(self.readers or (self.url,), self.senders, own=self.identity, profile=self.profile)


def _address(url: str) -> str:
    return RpcClient(url).address


def attach_chain(url: str, chain_id: int, identity_file: Path) -> ChainHandle:
    """Uses a chain of one node that others run. See `attach_nodes`."""
    return attach_nodes(OutsideOptions((url,), chain_id, identity_file))


def attach_nodes(options: OutsideOptions) -> ChainHandle:
    """Uses a chain that others run; records its identity at the first meeting.

    Raises:
        ForeignChain: it has another chain id, is another than the plan's, or is not the chain recorded in the file.
        ChainError: none of its nodes answers.
    """
    url, found = _first_that_answers(options.readers)
    with RpcClient(url) as rpc:
        if found.chain_id != options.chain_id:
            told = f"the chain at {rpc.address} has id {found.chain_id}, the settings ask for {options.chain_id}"
            raise ForeignChain(told)
        if options.genesis_hash not in (None, found.genesis_hash):
            raise ForeignChain.at(rpc.address, "genesis hash", found.genesis_hash, options.genesis_hash)
        recognise(options.identity_file, found, rpc.address)
        profile = _confirmed(profile_of(found.client, options.engine), options.confirmations, rpc)
    profile = replace(profile, hold_seconds=options.hold_seconds, block_gas=options.block_gas or profile.block_gas)
    return ChainHandle(
        url, found.chain_id, found.genesis_hash, False, profile, readers=options.readers, senders=options.senders
    )


def ensure_chain(options: EmbeddedOptions) -> ChainHandle:
    """The embedded chain, started where it does not run, once it is ready.

    Raises:
        ForeignChain: something else answers at its address, or its folder is of another chain id.
        ChainNotReady: it failed to start, or was not ready within two minutes.
    """
    private_folder(options.folder)
    deadline = time.monotonic() + READY_SECONDS
    starter: subprocess.Popen[bytes] | None = None
    while time.monotonic() < deadline:
        status = living_status(options.folder)
        if status is not None and status.phase is Phase.READY:
            with contextlib.suppress(RpcUnavailable):  # it has just died, and its supervisor has yet to notice
                handle = _checked(options, status)
                if starter is not None and starter.pid != status.pid:
                    _call_off(starter)
                return handle
        if supervisor_pid(options.folder) is None:
            ended = None if starter is None else starter.poll()
            if ended not in (None, ALREADY_RUNNING):
                raise ChainNotReady(_last_words(options.folder))
            if starter is None or ended == ALREADY_RUNNING:  # the one that ran then has ended since
                starter = _spawn(options)
        time.sleep(_LOOK_EVERY)
    raise ChainNotReady(f"the embedded chain is not ready after {READY_SECONDS:g} s: {_last_words(options.folder)}")


class ChainKeeper:
    """Brings the embedded chain back where its supervisor was killed, as long as that does not happen again and again."""

    def __init__(self, options: EmbeddedOptions) -> None:
        """Starts nothing."""
        self._options, self._deaths = options, Deaths()

    def look(self) -> bool:
        """Starts the chain anew where nobody else does; says whether it did.

        One that was stopped, gave up, or runs in the foreground of somebody is left as it is.

        Raises:
            ChainNotReady: it was brought back five times within a minute, and is not a sixth time; else as `ensure_chain`.
        """
        folder = self._options.folder
        if supervisor_pid(folder) is not None:
            return False
        said = read_status(folder)  # read now, these words are its last
        if said is None or said.phase in _ENDED or said.foreground:
            return False
        if self._deaths.too_many():
            raise ChainNotReady("the embedded chain's supervisor keeps dying; see supervisor.log, then `chain start`")
        ensure_chain(self._options)
        return True


def stop_chain(folder: Path) -> bool:
    """Stops the embedded chain in good order (it takes a last snapshot); says whether it ran.

    Where somebody starts it anew meanwhile, that one runs on: it is another supervisor's. One that was killed counts as stopped
    from now on.

    Raises:
        ChainNotReady: it still runs after two minutes.
    """
    pid = _signal(folder, signal.SIGTERM)
    if pid is None:
        _call_stopped(folder)
        return False
    deadline = time.monotonic() + STOP_SECONDS
    while supervisor_pid(folder) == pid:
        if time.monotonic() > deadline:
            raise ChainNotReady(f"the supervisor (pid {pid}) did not stop within {STOP_SECONDS:g} s")
        time.sleep(_LOOK_EVERY)
    return True


def _call_stopped(folder: Path) -> None:
    """Where a supervisor was killed, nobody shall bring its chain back."""
    said = read_status(folder)
    if said is not None and said.phase not in _ENDED:
        with contextlib.suppress(AlreadyRunning), hold_folder(folder):
            write_status(folder, replace(said, phase=Phase.STOPPED))


def snapshot_chain(folder: Path) -> int:
    """Has the running embedded chain take a snapshot now; returns its block.

    Raises:
        ChainNotReady: it does not run, or no snapshot came within two minutes.
    """
    before = living_status(folder)
    if before is None or _signal(folder, signal.SIGUSR1) is None:
        raise ChainNotReady("the embedded chain does not run, so there is nothing to snapshot")
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        now = living_status(folder)
        if now is None:
            raise ChainNotReady(_last_words(folder))
        if now.snapshots > before.snapshots:
            return now.snapshot
        time.sleep(_LOOK_EVERY)
    raise ChainNotReady(f"no snapshot within {STOP_SECONDS:g} s; see supervisor.log")


def living_status(folder: Path) -> ChainStatus | None:
    """What the living supervisor says; None where none lives, whatever a dead one left behind."""
    pid = supervisor_pid(folder)
    status = read_status(folder)
    return status if pid is not None and status is not None and status.pid == pid else None


def _first_that_answers(urls: Sequence[str]) -> tuple[str, ChainIdentity]:
    """The first address at which a chain answers, and which one. Raises RpcUnavailable."""
    fault: RpcUnavailable | None = None
    for url in urls:
        try:
            with RpcClient(url) as rpc:
                return url, ChainIdentity.ask(rpc)
        except RpcUnavailable as error:
            fault = error
    assert fault is not None, "a chain has an address"
    raise fault


def _confirmed(profile: EngineProfile, confirmations: int | None, rpc: RpcClient) -> EngineProfile:
    """The profile with its number of confirmations: as set, else as its signers are now."""
    if confirmations is not None:
        return replace(profile, confirmations=confirmations, by_signers=False)
    if not profile.by_signers:
        return profile
    try:
        return profile.among(len(rows(rpc.call("clique_getSigners"))))
    except RpcError as error:
        told = f"{rpc.address} does not say who signs ({error}): set VOUCHERTRAIL_CHAIN_CONFIRMATIONS to half of them and one"
        raise ChainNotReady(told) from error


def _checked(options: EmbeddedOptions, status: ChainStatus) -> ChainHandle:
    with RpcClient(status.url) as rpc:
        found = ChainIdentity.ask(rpc)
    known = recognise(options.identity_file, found, status.url)
    if known.chain_id != options.chain_id:
        raise ForeignChain(f"the running chain has id {known.chain_id}, the settings ask for {options.chain_id}")
    return ChainHandle(status.url, known.chain_id, known.genesis_hash, True, EMBEDDED, journal=options.folder)


def _spawn(options: EmbeddedOptions) -> subprocess.Popen[bytes]:
    """Starts the supervisor as a session of its own, so that it outlives this process and its terminal."""
    command = [sys.executable, "-m", "node_api.chain.supervisor", options.to_json()]
    return leave_running(command, options.folder / "supervisor.log")


def _call_off(starter: subprocess.Popen[bytes]) -> None:
    """Ends a supervisor that came too late, so that it does not begin once the one that runs is stopped."""
    starter.terminate()
    starter.wait()


def _signal(folder: Path, number: signal.Signals) -> int | None:
    """Sends the signal once the supervisor has its handlers set; None where none lives."""
    while (pid := supervisor_pid(folder)) is not None:
        if living_status(folder) is not None:
            os.kill(pid, number)
            return pid
        time.sleep(_LOOK_EVERY)
    return None


def _last_words(folder: Path) -> str:
    status = read_status(folder)
    if status is not None and status.message:
        return status.message
    return last_words(folder / "supervisor.log", 1_000)
