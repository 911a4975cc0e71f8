"""Keeps the embedded chain alive and its past safe: starts anvil, journals its blocks, snapshots it, restarts it.

Runs as a process of its own (`python -m node_api.chain.supervisor OPTIONS`, or in the foreground by `vouchertrail
chain start --foreground`), so that the chain outlives the node. SIGTERM and SIGINT stop it in good order, SIGUSR1
asks for a snapshot now. It must run in the main thread: there it gets signals, and there it is anvil's parent.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace

import structlog

from node_api.chain.anvil import AnvilFailed, kill, kill_orphan
from node_api.chain.apart import RESTARTS_ALLOWED, Deaths
from node_api.chain.block_journal import BlockJournal, segment_bases
from node_api.chain.follower import Follower, PathLeft, head_of
from node_api.chain.identity import ChainIdentity, recognise, recorded_identity
from node_api.chain.options import EmbeddedOptions
from node_api.chain.pool_watch import PoolWatch
from node_api.chain.restore import Restored, restore
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError, ForeignChain, RpcError, RpcProtocolError, RpcUnavailable
from node_api.chain.snapshot_writer import ChainNotStill, SnapshotNotKept, SnapshotSchedule, take_snapshot
from node_api.chain.status import (
    ALREADY_RUNNING,
    AlreadyRunning,
    ChainStatus,
    Phase,
    hold_folder,
    read_status,
    write_status,
)
from node_api.chain.wanted_time import give_wanted_time
from node_api.domain.printable import counted
from node_api.logs import configure_supervisors_log

log = structlog.get_logger("chain.supervisor")

_SILENT = (RpcUnavailable, RpcError, RpcProtocolError)
"""What an anvil raises that does not answer, or not as it should: mostly since it is dying."""


class Supervisor:
    """One life of the supervisor: `run` returns when it was told to stop."""

    def __init__(self, options: EmbeddedOptions, *, foreground: bool = False) -> None:
        """Starts nothing yet; `foreground`: somebody else sees to it that it is started again."""
        self._options = options
        self._status = ChainStatus(Phase.STARTING, os.getpid(), chain_id=options.chain_id, foreground=foreground)
        self._stop = self._snapshot_wanted = False
        self._schedule = SnapshotSchedule(options.snapshot_seconds)
        self._deaths = Deaths()

    def run(self) -> None:
        """Supervises until told to stop.

        Raises:
            AlreadyRunning: the folder has a living supervisor.
            ChainError: the chain cannot be started or restored; the status file says so too.
            OSError: the disk takes nothing.
        """
        with hold_folder(self._options.folder) as still_held:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._on_stop)
            signal.signal(signal.SIGUSR1, self._on_snapshot)
            before = read_status(self._options.folder)
            if before is not None:  # who is killed before it is up leaves address and orphan to the next
                self._status = replace(self._status, url=before.url, anvil_pid=before.anvil_pid)
            self._say(self._status)
            try:
                self._kill_orphan()
                if self._bring_up():
                    self._watch(still_held)
            except (ChainError, OSError) as error:
                with suppress(OSError):  # it may be the disk that failed
                    self._say(replace(self._status, phase=Phase.FAILED, message=str(error)))
                raise

    def _kill_orphan(self) -> None:
        orphan = self._status.anvil_pid
        if orphan and kill_orphan(orphan, self._options.folder):
            log.warning("orphan_killed", pid=orphan)

    def _bring_up(self) -> bool:
        """Brings the chain up, again where anvil dies on its way; says whether it is up: it is not where it was told to stop.

        Raises: what the last attempt did, of more in a row than those allowed; what no further attempt would change, at once.
        """
        failed = 0
        while not self._stop:
            try:
                self._start_chain()
            except (AnvilFailed, *_SILENT) as error:
                failed += 1
                if failed > RESTARTS_ALLOWED:
                    raise
                log.warning("anvil_not_up", fault=type(error).__name__, message=str(error))
            else:
                return True
        self._say(replace(self._status, phase=Phase.STOPPED, anvil_pid=0))
        return False

    def _start_chain(self) -> None:
        """Starts anvil as the chain of this folder and says that it is ready; only then it makes blocks."""
        options = self._options
        known = recorded_identity(options.identity_file)
        if known is not None and known.chain_id != options.chain_id:
            raise ForeignChain(
                f"the data folder holds a chain with id {known.chain_id}, the settings ask for {options.chain_id}"
            )
        genesis_at = known.genesis_at if known else options.genesis_at or int(time.time())
        process, rpc, restored = restore(
            options,
            genesis_at,
            _port_of(self._status),
            lambda started: self._say(replace(self._status, anvil_pid=started.pid)),
        )
        with ExitStack() as undo:
            undo.callback(kill, process)
            undo.callback(rpc.close)
            self._say(replace(self._status, url=rpc.url))
            identity = recognise(options.identity_file, ChainIdentity.ask(rpc), rpc.url)
            log.info("restored", **{name: getattr(restored, name) for name in type(restored).__slots__})
            follower = Follower(rpc, head_of(rpc))
            give_wanted_time(rpc, options.folder)
            base = max(segment_bases(options.folder), default=restored.base)
            journal = BlockJournal(options.folder, max(base, restored.head), keep=restored.head)
            undo.callback(journal.close)
            rpc.call("evm_setAutomine", [True])  # from here on every block is followed
            undo.pop_all()
        self._process, self._rpc, self._follower, self._journal = process, rpc, follower, journal
        self._pool = PoolWatch(rpc)
        self._say(
            replace(
                self._status,
                phase=Phase.READY,
                genesis_hash=identity.genesis_hash,
                snapshot=restored.head,
                lost=restored.lost,
                message=_remark(restored),
            )
        )

    def _watch(self, still_held: Callable[[], bool]) -> None:
        while not self._stop:
            if not still_held():
                kill(self._process)  # somebody removed the data folder: there is nothing left to keep
                return
            if self._process.poll() is not None and not self._restart():
                return
            try:
                self._step()
            except _SILENT as error:
                log.warning("chain_not_answering", fault=type(error).__name__, message=str(error))
            time.sleep(self._options.poll_seconds)
        self._end()

    def _step(self) -> None:
        """One look at the chain: journal what is new, take a snapshot where one is due."""
        try:
            if self._follower.write_down(self._journal):
                self._schedule.moved(self._journal.size())
        except PathLeft:
            log.warning("chain_left_its_path", seen=self._follower.seen.number)
            self._follower = Follower(self._rpc, head_of(self._rpc))
            self._snapshot_wanted = True
        if stirred := self._pool.look(self._follower.seen):
            log.warning("pool_stirred", transactions=stirred, block=self._follower.seen.number)
        if self._schedule.due(wanted=self._snapshot_wanted):
            self._snapshot()

    def _snapshot(self) -> None:
        """Takes one, or puts it off where somebody else keeps the chain moving, or the disk has no room for it.

        One that failed stays wanted: where the chain left its path, the journal lacks the blocks that took the place of others.
        """
        self._snapshot_wanted, began = False, time.monotonic()  # whoever asks from now on means another one
        try:
            header, oldest, seconds = take_snapshot(self._rpc, self._follower, self._journal, self._options)
        except (ChainNotStill, SnapshotNotKept) as error:
            self._snapshot_wanted = True
            self._schedule.put_off(time.monotonic() - began)
            log.warning("snapshot_put_off", block=self._follower.seen.number, message=str(error))
            return
        except ChainError:
            self._snapshot_wanted = True
            raise
        self._journal = self._journal.follow_snapshot(header.number, oldest)
        self._schedule.taken(seconds, header.size)
        log.info("snapshot", block=header.number, bytes=header.size, seconds=round(seconds, 3))
        count = self._status.snapshots + 1
        self._say(replace(self._status, snapshot=header.number, snapshots=count))

    def _restart(self) -> bool:
        """Brings a dead anvil back on the same address; as `_bring_up`. Raises AnvilFailed where it keeps dying."""
        log.error("anvil_died", code=self._process.returncode)
        if self._deaths.too_many():
            raise AnvilFailed(f"anvil died {RESTARTS_ALLOWED + 1} times in a minute; see anvil.log")
        self._journal.close()
        self._rpc.close()
        self._say(replace(self._status, phase=Phase.RESTARTING, anvil_pid=0, restarts=self._status.restarts + 1))
        return self._bring_up()

    def _end(self) -> None:
        """Stops in good order: a last snapshot where blocks came since the one before, then no more anvil."""
        self._say(replace(self._status, phase=Phase.STOPPING))
        try:
            self._step()
            if self._schedule.behind or self._snapshot_wanted:
                self._snapshot()
        except ChainError as error:
            log.warning("last_snapshot_failed", message=str(error))
        self._journal.close()
        kill(self._process)
        self._say(replace(self._status, phase=Phase.STOPPED, anvil_pid=0))
        log.info("stopped", block=self._follower.seen.number)

    def _say(self, status: ChainStatus) -> None:
        self._status = status
        write_status(self._options.folder, status)

    def _on_stop(self, *_: object) -> None:
        self._stop = True

    def _on_snapshot(self, *_: object) -> None:
        self._snapshot_wanted = True

    _process: subprocess.Popen[bytes]
    _rpc: RpcClient
    _follower: Follower
    _journal: BlockJournal
    _pool: PoolWatch


def _port_of(status: ChainStatus) -> int | None:
    return int(status.url.rsplit(":", 1)[1]) if status.url else None


def _remark(restored: Restored) -> str:
    remarks = []
    if restored.torn:
        remarks.append(f"passed over a torn snapshot ({', '.join(restored.torn)})")
    if restored.damaged:
        remarks.append(f"the journal was damaged ({', '.join(restored.damaged)}, a copy is kept as .torn)")
    if restored.lost:
        remarks.append(f"{counted(restored.lost, 'block')} did not come back and must be sent again by their senders")
    return "; ".join(remarks)


def main(arguments: list[str]) -> int:
    """Runs the supervisor for the options given as JSON; 0 after an orderly end, 3 where one runs already."""
    configure_supervisors_log()
    try:
        Supervisor(EmbeddedOptions.from_json(arguments[0])).run()
    except AlreadyRunning:
        return ALREADY_RUNNING
    except (ChainError, OSError) as error:
        log.error("failed", message=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
