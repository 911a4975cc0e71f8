"""Keeps the nodes of a network on this machine alive.

Runs as a process of its own, `python -m node_api.network.supervisor FOLDER PROGRAM`, so that the nodes outlive the command that
started them; where it is killed, the kernel ends them with it. SIGTERM and SIGINT stop all in good order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from node_api.chain.apart import Deaths, start_apart
from node_api.chain.status import ALREADY_RUNNING, AlreadyRunning, hold_folder
from node_api.logs import configure_supervisors_log
from node_api.network.faults import NoNetwork
from node_api.network.files import plan_file, read_network
from node_api.network.plan import Engine, Network, Node
from node_api.network.processes import NO_WATCH, Process, local_folder, node_log, paused, tell
from node_api.network.start_files import engine_variable

_END_SECONDS = 60.0
_LOOK_EVERY = 0.1

log = structlog.get_logger("network.supervisor")


class _Kept:
    """A process that is kept running: a node, or the watch for stalls."""

    def __init__(self, name: str, command: list[str], log: Path, paused: Path, environment: dict[str, str]) -> None:
        self.name = name
        self._paused = paused
        self._command = command
        self._log = log
        self._environment = environment
        self._deaths = Deaths()
        self._restarts = 0
        self._given_up = False
        self._stopping = self._stood = self._anew = False
        self._start()

    def look(self) -> bool:
        """Starts it anew where it died, five times a minute at most; says whether anything changed.

        It ends where it is to stand still, and is started again once it is not.
        """
        if self._paused.exists() or self._stopping:
            return self._stand_still()
        if self._given_up or self.process.poll() is None:
            return False
        if self._anew:
            self._anew = False
            self._start_again()
            return True
        log.error("node_died", node=self.name, code=self.process.returncode)
        if self._deaths.too_many():
            log.error("node_given_up", node=self.name)
            self._given_up = True
            return True
        self._restarts += 1
        self._start_again()
        return True

    def start_anew(self) -> None:
        """Ends it, to be started again at one of the next looks; that counts as no death, and forgets those before."""
        self._forget_deaths()
        self._anew = True
        self.process.terminate()

    def _stand_still(self) -> bool:
        if self.process.poll() is None:
            if not self._stopping:  # once: asked too often, geth ends in disorder
                self.process.terminate()
            self._stopping = True
            return False
        stood, self._stood = self._stood, self._paused.exists()
        self._stopping = self._stood
        self._forget_deaths()
        if not self._stood:
            self._start_again()
        return not (stood and self._stood)

    def _forget_deaths(self) -> None:
        """Somebody sees to it: it may die so often again before it is given up."""
        self._deaths, self._given_up = Deaths(), False

    def told(self) -> Process:
        """What is said of it."""
        pid = self.process.pid if self.process.poll() is None else 0
        return Process(self.name, pid, self._restarts, self._given_up)

    def _start_again(self) -> None:
        try:
            self._start()
        except OSError as error:  # its folder is not in order: it counts as dead, the others run on
            log.error("node_not_started", node=self.name, fault=str(error))

    def _start(self) -> None:
        self.process = start_apart(self._command, self._log, environment=self._environment, ends_by=signal.SIGTERM)
        log.info("node_started", node=self.name, pid=self.process.pid)


class _Plan:
    """The plan on disk, which commands write whole and hands may write wrong: the nodes that run go on in either case."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = self._stamp()
        self.network = read_network(folder)

    def changed(self) -> Network | None:
        """The plan where it has changed since it was looked at last; None where it has not, or holds what cannot be used."""
        stamp = self._stamp()
        if stamp == self._seen:
            return None
        self._seen = stamp
        try:
            found = read_network(self._folder)
        except NoNetwork as fault:
            log.error("plan_not_usable", fault=str(fault))  # once: it is looked at again when it changes
            return None
        if (found.genesis_hash, found.parameters) != (self.network.genesis_hash, self.network.parameters):
            there, wanted = plan_file(self._folder), self.network.genesis_hash
            log.error(
                "plan_not_usable", fault=f"{there} is of another network: put back what all signed, block 0 {wanted}"
            )
            return None
        return found

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = plan_file(self._folder).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


class _Teller:
    """Says how the processes are, again where the disk did not take it: nothing ends for that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._owing = False

    def tell(self, nodes: list[_Kept], watches: list[_Kept], *, changed: bool) -> None:
        """Says it where something changed, or was not taken before."""
        if not changed and not self._owing:
            return
        try:
            tell(self._folder, [one.told() for one in nodes], [one.told() for one in watches])
        except OSError as error:
            if not self._owing:
                log.error("status_not_written", fault=str(error))
            self._owing = True
        else:
            self._owing = False


def supervise(folder: Path, program: Path, *, watch: bool = True) -> None:
    """Runs every node of the network until told to stop. Call it from the main thread.

    Args:
        folder: of the network.
        program: of its engine.
        watch: whether Clique is watched for stalls on branches of equal difficulty, and these are ended.

    Raises:
        AlreadyRunning: a supervisor of this network lives.
        NoNetwork: the folder holds none.
        OSError: a node's start file is not there, or the disk takes nothing.
    """
    plan, teller = _Plan(folder), _Teller(folder)
    network = plan.network
    stopping: list[int] = []
    with hold_folder(local_folder(folder)) as still_held:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, _: stopping.append(received))
        environment = {**os.environ, engine_variable(network.parameters.engine): str(program)}
        nodes: list[_Kept] = []
        watches: list[_Kept] = []
        try:
            nodes.extend(_node(folder, node, environment) for node in network.nodes)
            if watch and network.parameters.engine is Engine.GETH_CLIQUE:
                watches.append(_stall_watch(folder))
            tell(folder, [one.told() for one in nodes], [one.told() for one in watches])
            while not stopping and still_held():
                changed = [one.look() for one in (*nodes, *watches)]
                if (planned := plan.changed()) is not None:
                    nodes.extend(_added(folder, planned, {one.name for one in nodes}, environment))
                    for one in watches:  # it is started again, and knows them, too
                        one.start_anew()
                    changed.append(True)
                teller.tell(nodes, watches, changed=any(changed))
                time.sleep(_LOOK_EVERY)
        finally:
            _end([one.process for one in (*watches, *nodes)])
    log.info("stopped", network=network.parameters.name)


def _node(folder: Path, node: Node, environment: dict[str, str]) -> _Kept:
    name = node.seat.name
    script = folder / node.seat.organisation.name / node.seat.role / "start.sh"
    return _Kept(name, [str(script)], node_log(folder, name), paused(folder, name), environment)


def _added(folder: Path, network: Network, known: set[str], environment: dict[str, str]) -> Iterator[_Kept]:
    """Nodes of members that were let in meanwhile; one that cannot be started is told, and tried again when the plan changes."""
    for node in network.nodes:
        if node.seat.name not in known:
            try:
                yield _node(folder, node, environment)
            except OSError as error:
                log.error("node_not_started", node=node.seat.name, fault=str(error))


def _stall_watch(folder: Path) -> _Kept:
    command = [sys.executable, "-m", "node_api.network.stall_watch", str(folder)]
    name = "stall-watch"
    return _Kept(name, command, node_log(folder, name), paused(folder, name), dict(os.environ))


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Asks all of them to end, so that they write down what they hold; kills who does not."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + _END_SECONDS
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.error("node_killed", pid=process.pid)
            process.kill()
            process.wait()


def main(arguments: list[str]) -> int:
    """Entry point of the process: the network's folder, the program of its engine, and `--no-watch` or nothing."""
    configure_supervisors_log()
    try:
        supervise(Path(arguments[0]), Path(arguments[1]), watch=NO_WATCH not in arguments[2:])
    except AlreadyRunning:
        return ALREADY_RUNNING
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
