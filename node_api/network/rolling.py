"""Nodes of a network on this machine one by one: standing still, coming back, all of them in turn without the chain noticing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from node_api.chain.durable import alone, private_folder, write_whole
from node_api.network.files import read_network
from node_api.network.members import NotAMember
from node_api.network.processes import NotRunning, Process, local_folder, paused, running
from node_api.network.standing import NotUp, Standing, standings

_LOOK_EVERY = 0.2
_MAY_LAG = 2


def stand_still(folder: Path, name: str, seconds: float) -> None:
    """Has one node end and stay so, the others running on.

    Raises:
        NotAMember: there is no such node.
        NotRunning: no supervisor lives, or the node still runs after so many seconds.
    """
    _require_node(folder, name)
    place = paused(folder, name)
    private_folder(place.parent)
    write_whole(place, [b""])
    _wait(lambda: _stands(_processes(folder)[name]), seconds, f"{name} still runs")


def come_back(folder: Path, name: str, seconds: float) -> Standing:
    """Has a node run again, and waits until it is as far as the others, and connected.

    Raises:
        NotAMember: there is no such node.
        NotRunning: no supervisor lives.
        NotUp: it is not so far after so many seconds.
    """
    _require_node(folder, name)
    if _processes(folder)[name].given_up:
        stand_still(folder, name, seconds)
    paused(folder, name).unlink(missing_ok=True)
    deadline = time.monotonic() + seconds
    while True:
        _processes(folder)
        found = {one.name: one for one in standings(folder, read_network(folder))}[name]
        if found.pid and found.peers and found.lag is not None and found.lag <= _MAY_LAG:
            return found
        if time.monotonic() > deadline:
            raise NotUp(f"{name} is not as far as the others after {seconds:g} s: see `vouchertrail network status`")
        time.sleep(_LOOK_EVERY)


def restart(folder: Path, seconds: float) -> Iterator[Standing]:
    """Starts every node anew, one after the other, the next one only once the one before is as far as the others.

    Raises:
        NotRunning, NotUp: as above, or any node is down, or another restart is on its way; the nodes after it were not touched.
    """
    names = [node.seat.name for node in read_network(folder).nodes]
    for name in names:
        _require_node(folder, name)
    with _alone(folder):
        for name in names:
            for other, process in _processes(folder).items():
                if other in names and not process.pid:
                    raise NotUp(f"{other} does not run: start it first, or more than one would be down at once")
            stand_still(folder, name, seconds)
            yield come_back(folder, name, seconds)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two restarts at once would have two nodes down."""
    try:
        with alone(local_folder(folder) / "restart.lock", wait=False):
            yield
    except BlockingIOError as error:
        raise NotRunning("another restart is on its way: wait until it is done") from error


def _stands(process: Process) -> bool:
    """Whether it was told to: one that was given up is kept again once it was."""
    return not process.pid and not process.given_up


def _processes(folder: Path) -> dict[str, Process]:
    found = running(folder)
    if found is None:
        raise NotRunning("the network does not run: start it with `vouchertrail network up`")
    return found


def _require_node(folder: Path, name: str) -> None:
    names = [node.seat.name for node in read_network(folder).nodes]
    if name not in names:
        raise NotAMember(f"there is no node {name}: there are {', '.join(names)}")
    _wait(lambda: name in _processes(folder), 30.0, f"{name} is not known to the supervisor")


def _wait(true: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise NotRunning(f"{otherwise} after {seconds:g} s")
        time.sleep(_LOOK_EVERY)
