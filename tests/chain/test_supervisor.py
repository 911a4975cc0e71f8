"""The supervisor with a real anvil: what is killed comes back as it was.

start
├── first → a chain at its genesis time, with London rules, free gas and no funded accounts
├── running → the same chain, no second one
├── just after anvil died → waited for
├── by many at once → one chain
├── another chain id than the folder's → refused
├── a foreign chain on the recorded address → refused
├── a status file left by a dead supervisor → not believed; damaged → as if there were none
├── the file that says which chain it is damaged → refused by its name, nothing begun anew
├── the folder was removed while it ran → a new chain, and the old one ends
└── no binary → said so
pool
├── a transaction that anvil has forgotten in it → comes into a block
├── one whose predecessor is still to come → waits for it
└── mining by hand → nothing is touched
stop, start → the same blocks, transactions, receipts and logs; the clock goes on
kill
├── anvil → back on the same address with every block, hash and time
├── anvil, while transactions go out → nothing that was journaled is lost, the sender goes on
├── anvil, while everything is sent again without a pause → the same blocks
├── the supervisor → anvil ends with it; the next start brings everything back
├── the supervisor, amid snapshots and transactions → every transaction once
├── anvil, and again on its way back → back all the same
├── anvil, again and again → given up, and said so
├── the supervisor, and the next one while it starts → the one after is at the same address
├── anvil, while a supervisor starts it → up all the same
├── the supervisor, looked after → brought back, not for ever; not one that runs, was stopped, gave up or is somebody else's
└── after the chain left its path → back on the new path
a log that the disk has no room for → lines are lost; snapshots are taken, and a dead anvil is brought back
snapshot
├── on request, by schedule, and at the end
├── while somebody keeps mining by hand → put off; the chain goes on, and it comes once they stop
├── that the disk has no room for → put off, nothing of it left; the chain goes on, and it comes once there is room
├── torn → the older one and the journal give the same chain
├── all torn, or gone → refused, nothing begun anew
├── a torn last journal line → the lines before it count
└── a damaged journal → the lines before count, those behind are told as lost and kept aside; from the first block on → refused
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import resource
import shutil
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from node_api.chain.anvil import AnvilMissing, find_anvil
from node_api.chain.block_journal import segment_bases, segment_path, wait_until_journaled
from node_api.chain.clock import ChainClock
from node_api.chain.handle import (
    ChainHandle,
    ChainKeeper,
    ChainNotReady,
    attach_chain,
    ensure_chain,
    living_status,
    snapshot_chain,
    stop_chain,
)
from node_api.chain.options import EmbeddedOptions
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError, ForeignChain, RpcError, RpcUnavailable
from node_api.chain.rpc_values import quantity
from node_api.chain.sender import SignedTransaction, nonce_of, receipt_of, submit, wait_for
from node_api.chain.snapshot import read_snapshot, snapshot_files
from node_api.chain.status import ChainStatus, Phase, read_status, supervisor_pid, write_status
from tests.chain.conftest import CREATE_NOTHING, GENESIS_AT, Chain, wait_until


def answers(chain: Chain) -> bool:
    try:
        return quantity(chain.rpc.call("eth_blockNumber")) >= 0
    except RpcUnavailable:
        return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def followed(chain: Chain) -> None:
    """Waits until the supervisor has written down every block."""
    assert wait_until_journaled(chain.folder, quantity(chain.rpc.call("eth_blockNumber")), seconds=20)


def ask_snapshot(supervisor: int) -> None:
    """Has a supervisor take a snapshot at its next look, however busy its chain is; does not wait for it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(supervisor, signal.SIGUSR1)


def kill_anvil(chain: Chain) -> None:
    restarts = chain_status(chain).restarts
    os.kill(chain.anvil_pid(), signal.SIGKILL)
    wait_until(
        lambda: (s := living_status(chain.folder)) is not None and s.restarts > restarts and s.phase is Phase.READY
    )


def kill_anvils(chain: Chain, killed: set[int], more: int) -> None:
    """Kills so many anvils more, each as soon as the supervisor tells of it; they join those killed before."""

    def all_dead() -> bool:
        status = living_status(chain.folder)
        if status is not None and status.anvil_pid not in {0, *killed}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(status.anvil_pid, signal.SIGKILL)
            killed.add(status.anvil_pid)
        return len(killed) > more

    wait_until(all_dead, 60)


def kill_supervisor(chain: Chain) -> None:
    pid = supervisor_pid(chain.folder)
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: supervisor_pid(chain.folder) is None)


def last_words(chain: Chain) -> ChainStatus:
    status = read_status(chain.folder)
    assert status is not None
    return status


def chain_status(chain: Chain) -> ChainStatus:
    status = living_status(chain.folder)
    assert status is not None
    return status


# --- start ---


def test_start__when_first__then_as_configured(chain: Chain) -> None:
    block = chain.head()
    assert (block["number"], int(str(block["timestamp"]), 16)) == ("0x0", GENESIS_AT)
    assert int(str(block["gasLimit"]), 16) == chain.options.gas_limit
    assert (block["baseFeePerGas"], "withdrawals" in block) == ("0x0", False)
    assert chain.rpc.call("eth_accounts") == []
    assert chain.rpc.url.startswith("http://127.0.0.1:")
    assert (chain.folder.stat().st_mode & 0o777, chain.handle.embedded) == (0o700, True)


def test_start__when_running__then_the_same_chain(chain: Chain) -> None:
    assert ensure_chain(chain.options) == chain.handle


def test_start__when_anvil_has_just_died__then_waited_for(chain: Chain) -> None:
    chain.send(2)
    followed(chain)
    os.kill(chain.anvil_pid(), signal.SIGKILL)
    wait_until(lambda: not answers(chain))
    assert ensure_chain(chain.options) == chain.handle
    assert answers(chain)


def test_start__when_by_many_at_once__then_one_chain(chain_options: EmbeddedOptions) -> None:
    found: list[ChainHandle] = []
    starters = [threading.Thread(target=lambda: found.append(ensure_chain(chain_options))) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert supervisors(chain_options.folder) == [supervisor_pid(chain_options.folder)]
    assert stop_chain(chain_options.folder)
    wait_until(lambda: not supervisors(chain_options.folder))


def supervisors(folder: Path) -> list[int]:
    """Pids of all processes that are, or are about to become, the folder's supervisor."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            words = command.read_bytes()
            if b"node_api.chain.supervisor" in words and bytes(folder) in words:
                found.append(int(command.parent.name))
    return found


def test_start__when_the_folder_is_of_another_chain_id__then_refused(chain: Chain) -> None:
    with pytest.raises(ForeignChain, match=r"31373.*5"):
        ensure_chain(replace(chain.options, chain_id=5))
    chain.stop()
    with pytest.raises(ChainNotReady, match=r"31373.*5"):
        ensure_chain(replace(chain.options, chain_id=5))


def test_start__when_another_chain_answers_at_its_address__then_refused(chain: Chain, tmp_path: Path) -> None:
    other = replace(chain.options, folder=tmp_path / "other", genesis_at=GENESIS_AT + 1)
    url = ensure_chain(other).url
    try:
        write_status(chain.folder, replace(chain_status(chain), url=url))
        with pytest.raises(ForeignChain, match="genesis hash"):
            ensure_chain(chain.options)
        with pytest.raises(ForeignChain, match="genesis hash"):
            attach_chain(url, chain.options.chain_id, chain.options.identity_file)
        with pytest.raises(ForeignChain, match="has id 31373, the settings ask for 5"):
            attach_chain(url, 5, tmp_path / "identity.json")
        assert not (tmp_path / "identity.json").exists()
    finally:
        stop_chain(other.folder)


def test_start__when_a_dead_supervisor_left_its_status__then_not_believed(
    chain_options: EmbeddedOptions, make_chain: Callable[..., Chain]
) -> None:
    chain_options.folder.mkdir(mode=0o700)
    write_status(chain_options.folder, ChainStatus(Phase.READY, os.getpid(), os.getpid(), "http://127.0.0.1:9"))
    (chain_options.folder / "supervisor.lock").write_text(str(os.getpid()))
    assert living_status(chain_options.folder) is None
    assert supervisor_pid(chain_options.folder) is None
    assert chain_status(make_chain()).pid != os.getpid()


def test_start__when_the_status_is_damaged__then_as_if_there_were_none(chain: Chain) -> None:
    genesis = chain.handle.genesis_hash
    chain.stop()
    (chain.folder / "supervisor.json").write_bytes(b'{"phase": "rea')

    chain.start()
    assert chain.handle.genesis_hash == genesis


@pytest.mark.parametrize("left", [b"", b'{"client": "anvil"}', b"[]", b"\x00" * 64])
def test_start__when_its_identity_is_damaged__then_refused_by_name(chain: Chain, left: bytes) -> None:
    chain.stop()
    identity = chain.options.identity_file
    whole = identity.read_bytes()
    identity.write_bytes(left)

    with pytest.raises(ChainNotReady, match=f"{re.escape(str(identity))} is damaged"):
        chain.start()

    assert identity.read_bytes() == left
    identity.write_bytes(whole)
    chain.start()


def test_start__when_the_folder_was_removed__then_a_new_chain_and_the_old_one_ends(chain: Chain) -> None:
    status = chain_status(chain)
    shutil.rmtree(chain.folder)
    chain.start()
    assert chain_status(chain).pid != status.pid
    wait_until(lambda: not alive(status.pid) and not alive(status.anvil_pid))


def test_start__when_there_is_no_binary__then_said_so(chain_options: EmbeddedOptions, tmp_path: Path) -> None:
    with pytest.raises(AnvilMissing, match="VOUCHERTRAIL_ANVIL"):
        find_anvil(tmp_path / "nothing")
    with pytest.raises(ChainNotReady, match="is not an executable file"):
        ensure_chain(replace(chain_options, anvil=tmp_path / "nothing"))
    status = read_status(chain_options.folder)
    assert status is not None
    assert status.phase is Phase.FAILED


# --- the pool ---


def test_pool__when_a_transaction_is_forgotten__then_comes_into_a_block(chain: Chain) -> None:
    """anvil takes it in while an earlier nonce is missing, and then is not told that the earlier one has passed."""
    chain.send()
    first = chain.sender.sign(None, CREATE_NOTHING, 100_000)
    second, third = (chain.sender.sign(None, CREATE_NOTHING, 100_000) for _ in range(2))
    for signed in (second, third):
        submit(chain.rpc, signed)
    chain.rpc.call("anvil_setNonce", [chain.sender.address, hex(second.nonce)])
    wait_until(lambda: in_a_block(chain, third))
    assert in_a_block(chain, second)
    assert receipt_of(chain.rpc, first.hash) is None
    assert '"transactions": 2' in (chain.folder / "supervisor.log").read_text()


def test_pool__when_the_nonce_before_is_missing__then_waits_for_it(chain: Chain) -> None:
    first, second = (chain.sender.sign(None, CREATE_NOTHING, 100_000) for _ in range(2))
    submit(chain.rpc, second)
    time.sleep(2.5)  # it is put in anew meanwhile
    assert receipt_of(chain.rpc, second.hash) is None
    submit(chain.rpc, first)
    wait_until(lambda: in_a_block(chain, second))


def test_pool__when_mining_by_hand__then_nothing_is_touched(chain: Chain) -> None:
    chain.rpc.call("evm_setAutomine", [False])
    signed = chain.sender.sign(None, CREATE_NOTHING, 100_000)
    submit(chain.rpc, signed)
    time.sleep(2.5)
    assert receipt_of(chain.rpc, signed.hash) is None
    assert "pool_stirred" not in (chain.folder / "supervisor.log").read_text()
    chain.rpc.call("evm_mine")
    assert in_a_block(chain, signed)


# --- stop, start ---


def test_stop__when_started_again__then_the_same_chain(chain: Chain) -> None:
    clock = ChainClock(chain.rpc)
    clock.set_next_block(GENESIS_AT + 5000)
    receipt = chain.send(5)
    head = chain.head()
    before = chain.rpc.batch([("eth_getBlockByNumber", (hex(number), True)) for number in range(6)])
    receipts = chain.rpc.call("eth_getBlockReceipts", ["latest"])
    assert chain.stop()
    assert not chain.stop()
    chain.start()
    assert chain.head() == head
    assert chain.rpc.batch([("eth_getBlockByNumber", (hex(number), True)) for number in range(6)]) == before
    assert chain.rpc.call("eth_getBlockReceipts", ["latest"]) == receipts
    assert wait_for(chain.rpc, receipt.transaction) == receipt
    # The chain's own clock stood still while it was down.
    later = chain.send().block
    timestamp = int(str(chain.head()["timestamp"]), 16)
    assert later == 6
    assert 0 <= timestamp - int(str(head["timestamp"]), 16) < 60


def test_stop__when_on_real_time__then_goes_on_with_it(make_chain: Callable[..., Chain]) -> None:
    chain = make_chain(genesis_at=None)
    chain.send()
    chain.stop()
    chain.start()
    chain.send()
    assert abs(int(str(chain.head()["timestamp"]), 16) - time.time()) < 5


# --- kill ---


def test_kill__when_anvil_dies__then_back_with_every_block(chain: Chain) -> None:
    chain.send(20)
    followed(chain)
    head = chain.head()
    kill_anvil(chain)
    assert chain.head() == head
    assert (chain_status(chain).restarts, chain_status(chain).lost) == (1, 0)
    assert chain.send().block == 21


def test_kill__when_many_transactions_share_a_block__then_the_same_block(chain: Chain) -> None:
    signed = [chain.sender.sign(None, CREATE_NOTHING, 100_000) for _ in range(30)]
    chain.rpc.call("evm_setAutomine", [False])
    chain.rpc.batch([("eth_sendRawTransaction", (transaction.raw,)) for transaction in signed])
    chain.rpc.call("evm_mine")
    chain.rpc.call("evm_setAutomine", [True])
    chain.send()
    followed(chain)
    head = chain.head()
    assert head["number"] == "0x2"
    kill_anvil(chain)
    assert chain.head() == head


def test_kill__when_transactions_go_out__then_nothing_journaled_is_lost(chain: Chain) -> None:
    chain.send(3)
    snapshot_chain(chain.folder)
    sent = []
    for number in range(60):
        signed = chain.sender.sign(None, CREATE_NOTHING, 100_000)
        sent.append(signed)
        if number == 30:
            os.kill(chain.anvil_pid(), signal.SIGKILL)
        wait_until(lambda raw=signed.raw: resend(chain, raw))  # type: ignore[misc]
    for signed in sent:
        # What the kill took before it was journaled is sent again by its sender, the same bytes, for as long as it waits.
        wait_until(lambda signed=signed: resend(chain, signed.raw) and in_a_block(chain, signed))  # type: ignore[misc]
    assert nonce_of(chain.rpc, chain.sender.address) == 63
    assert chain_status(chain).lost == 0


def test_kill__when_all_is_sent_again_meanwhile__then_the_same_blocks(chain: Chain) -> None:
    """Nothing may get between the blocks while they are brought back."""
    sent = [chain.sender.sign(None, CREATE_NOTHING, 100_000) for _ in range(80)]
    for signed in sent[:60]:
        submit(chain.rpc, signed)
        wait_for(chain.rpc, signed.hash)
    followed(chain)
    blocks = [("eth_getBlockByNumber", (hex(number), False)) for number in range(61)]
    before = chain.rpc.batch(blocks)
    over = threading.Event()

    def resend_all() -> None:
        while not over.is_set():
            for signed in reversed(sent):  # the last ones first: each waits for those before it
                resend(chain, signed.raw)

    hasty = threading.Thread(target=resend_all)
    hasty.start()
    kill_anvil(chain)
    wait_until(lambda: nonce_of(chain.rpc, chain.sender.address) == len(sent))
    over.set()
    hasty.join()
    assert chain.rpc.batch(blocks) == before
    assert chain_status(chain).lost == 0


def in_a_block(chain: Chain, signed: SignedTransaction) -> bool:
    receipt = receipt_of(chain.rpc, signed.hash)
    return receipt is not None and receipt.succeeded


def resend(chain: Chain, raw: str) -> bool:
    try:
        chain.rpc.call("eth_sendRawTransaction", [raw])
    except RpcUnavailable:
        return False
    except RpcError:
        return True
    return True


def test_kill__when_the_supervisor_dies__then_anvil_too_and_all_comes_back(chain: Chain) -> None:
    chain.send(7)
    followed(chain)
    head, anvil = chain.head(), chain.anvil_pid()
    os.kill(chain_status(chain).pid, signal.SIGKILL)
    wait_until(lambda: not alive(anvil))
    assert living_status(chain.folder) is None
    chain.start()
    assert chain.head() == head


def test_keeper__only_where_the_supervisor_was_killed__brings_it_back(chain: Chain, tmp_path: Path) -> None:
    chain.send(3)
    followed(chain)
    head, keeper = chain.head(), ChainKeeper(chain.options)
    assert not keeper.look()  # it runs
    kill_supervisor(chain)
    assert keeper.look()
    assert chain.head() == head
    chain.stop()
    assert not keeper.look()
    for said in ({"phase": Phase.FAILED}, {"phase": Phase.READY, "foreground": True}):
        write_status(chain.folder, replace(last_words(chain), **said))
        assert not keeper.look()
    assert not ChainKeeper(replace(chain.options, folder=tmp_path / "none")).look()


def test_keeper__of_one_that_keeps_dying__leaves_it_after_a_while(chain: Chain) -> None:
    keeper = ChainKeeper(chain.options)
    for _ in range(5):
        kill_supervisor(chain)
        assert keeper.look()
    kill_supervisor(chain)
    with pytest.raises(ChainNotReady, match="keeps dying"):
        keeper.look()


def test_keeper__when_stopped_after_the_kill__leaves_it(chain: Chain) -> None:
    kill_supervisor(chain)
    assert chain.stop() is False
    assert last_words(chain).phase is Phase.STOPPED
    assert not ChainKeeper(chain.options).look()


def test_kill__when_the_next_supervisor_dies_while_starting__then_the_one_after_is_at_the_same_address(
    chain: Chain,
) -> None:
    url = chain_status(chain).url
    chain.send(60)
    followed(chain)
    kill_supervisor(chain)
    with ThreadPoolExecutor(1) as others:
        started = others.submit(ensure_chain, chain.options)
        wait_until(lambda: (status := living_status(chain.folder)) is not None and status.phase is Phase.STARTING)
        kill_supervisor(chain)
        with contextlib.suppress(ChainNotReady):  # unless it was ready just before
            started.result()
    chain.start()
    assert chain_status(chain).url == url


@pytest.mark.parametrize("kills", [1, 3])
def test_kill__when_anvil_dies_while_it_starts__then_up_all_the_same(chain: Chain, kills: int) -> None:
    chain.send(30)
    followed(chain)
    head = chain.head()
    kill_supervisor(chain)
    with ThreadPoolExecutor(1) as starter:
        started = starter.submit(ensure_chain, chain.options)
        kill_anvils(chain, {last_words(chain).anvil_pid}, kills)
        started.result()
    assert chain.head() == head
    assert chain_status(chain).restarts == 0


@pytest.mark.parametrize("wait", [0.01, 0.05, 0.13, 0.31, 0.72])
def test_kill__when_the_supervisor_dies_amid_snapshots__then_nothing_acknowledged_is_lost(
    chain: Chain, wait: float
) -> None:
    pid = chain_status(chain).pid
    killer = threading.Timer(wait, os.kill, (pid, signal.SIGKILL))
    sent = [chain.sender.sign(None, CREATE_NOTHING, 100_000)]  # asks for the nonce while the chain lives
    killer.start()
    while killer.is_alive():
        ask_snapshot(pid)
        with contextlib.suppress(RpcUnavailable):
            submit(chain.rpc, sent[-1])
            wait_for(chain.rpc, sent[-1].hash)
        sent.append(chain.sender.sign(None, CREATE_NOTHING, 100_000))
    wait_until(lambda: supervisor_pid(chain.folder) is None)
    chain.start()
    for signed in sent:
        submit(chain.rpc, signed)
        assert wait_for(chain.rpc, signed.hash).succeeded
    assert nonce_of(chain.rpc, chain.sender.address) == len(sent) > 0
    assert chain_status(chain).lost == 0


@pytest.mark.parametrize("snapshotted", [False, True], ids=["from the journal", "from a snapshot"])
def test_kill__when_anvil_dies_on_its_way_back__then_back_all_the_same(chain: Chain, snapshotted: bool) -> None:
    chain.send(30)
    followed(chain)
    if snapshotted:
        snapshot_chain(chain.folder)
    head, killed = chain.head(), {chain.anvil_pid()}
    os.kill(chain.anvil_pid(), signal.SIGKILL)
    kill_anvils(chain, killed, 3)
    wait_until(lambda: chain_status(chain).phase is Phase.READY and chain_status(chain).anvil_pid not in killed)
    assert chain.head() == head
    assert chain_status(chain).lost == 0
    if not snapshotted:  # else it may be back before it is killed
        assert "anvil_not_up" in (chain.folder / "supervisor.log").read_text()
    assert chain.send().succeeded


def test_kill__when_anvil_keeps_dying__then_given_up(chain: Chain) -> None:
    for _ in range(5):
        kill_anvil(chain)
    os.kill(chain.anvil_pid(), signal.SIGKILL)
    wait_until(lambda: supervisor_pid(chain.folder) is None)
    status = read_status(chain.folder)
    assert status is not None
    assert (status.phase, status.message) == (Phase.FAILED, "anvil died 6 times in a minute; see anvil.log")


def test_kill__when_the_chain_had_left_its_path__then_back_on_the_new_one(chain: Chain) -> None:
    chain.send(3)
    followed(chain)
    mark = chain.rpc.call("evm_snapshot")
    chain.send(5)
    followed(chain)
    assert chain.rpc.call("evm_revert", [mark]) is True
    wait_until(lambda: chain_status(chain).snapshots == 1)
    chain.sender.forget_nonce()
    ChainClock(chain.rpc).set_next_block(GENESIS_AT + 9000)
    chain.send(2)
    followed(chain)
    head = chain.head()
    assert head["number"] == "0x5"
    kill_anvil(chain)
    assert chain.head() == head


# --- snapshots ---


def test_snapshot__when_asked__then_written_with_its_journal(chain: Chain) -> None:
    chain.send(4)
    assert snapshot_chain(chain.folder) == 4
    chain.send(2)
    assert snapshot_chain(chain.folder) == 6
    chain.send(2)
    assert snapshot_chain(chain.folder) == 8
    assert [path.name for path in snapshot_files(chain.folder)] == [
        "snapshot-000000000008.bin",
        "snapshot-000000000006.bin",
    ]
    assert segment_bases(chain.folder) == [6, 8]
    chain.stop()
    with pytest.raises(ChainNotReady, match="does not run"):
        snapshot_chain(chain.folder)


def test_snapshot__when_due__then_written_unasked(make_chain: Callable[..., Chain]) -> None:
    chain = make_chain(snapshot_seconds=0.2)
    chain.send(2)
    wait_until(lambda: chain_status(chain).snapshot == 2)
    count = chain_status(chain).snapshots
    time.sleep(0.6)
    assert chain_status(chain).snapshots == count  # nothing moved, nothing to write


def test_snapshot__when_taken_while_sending__then_the_sender_goes_on(chain: Chain) -> None:
    pid = chain_status(chain).pid

    def sent() -> bool:
        ask_snapshot(pid)
        return chain.send(10).succeeded

    wait_until(lambda: sent() and chain_status(chain).snapshots >= 5)
    followed(chain)
    head = chain.head()
    kill_anvil(chain)
    assert chain.head() == head


def test_snapshot__when_somebody_keeps_mining__then_put_off_and_taken_later(chain: Chain) -> None:
    pid, enough = chain_status(chain).pid, threading.Event()
    log = chain.folder / "supervisor.log"

    def mine() -> None:
        with RpcClient(chain.handle.url) as rpc:
            while not enough.is_set():
                rpc.call("evm_mine")
                time.sleep(0.002)

    def put_off() -> bool:
        ask_snapshot(pid)
        return "snapshot_put_off" in log.read_text()

    with ThreadPoolExecutor(4) as others:
        mining = [others.submit(mine) for _ in range(4)]
        try:
            wait_until(put_off, 60)
        finally:
            enough.set()
    assert [one.result() for one in mining] == [None] * 4

    head = int(str(chain.head()["number"]), 16)
    assert chain_status(chain).pid == pid
    wait_until(lambda: chain_status(chain).snapshot == head, 120)
    assert chain.send().succeeded
    followed(chain)
    last = chain.head()
    kill_anvil(chain)
    assert chain.head() == last


def test_snapshot__when_the_disk_has_no_room__then_put_off_and_taken_later(chain: Chain) -> None:
    chain.send(3)
    before, pid, log = chain_status(chain), chain_status(chain).pid, chain.folder / "supervisor.log"
    for place in range(20):  # so much state that a snapshot of it is larger than the log and the journal
        chain.rpc.call(
            "anvil_setCode", [f"0x{place + 0x1000:040x}", "0x" + random.Random(place).randbytes(20_000).hex()]
        )
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE, (200_000, -1))
    ask_snapshot(pid)
    wait_until(lambda: "snapshot_put_off" in log.read_text())
    assert chain.send(2).succeeded
    followed(chain)
    assert chain_status(chain) == before
    assert list(chain.folder.glob("*.part")) == []

    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    wait_until(lambda: chain_status(chain).snapshot == 5)


def test_log__when_the_disk_has_no_room__then_the_chain_goes_on(chain: Chain) -> None:
    chain.send(3)
    pid, anvil = chain_status(chain).pid, chain_status(chain).anvil_pid
    with (chain.folder / "supervisor.log").open("ab") as log:
        log.truncate(50_000_000)  # longer than anything else that is written
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (50_000_000, -1))

    assert snapshot_chain(chain.folder) == 3
    os.kill(anvil, signal.SIGKILL)
    wait_until(lambda: chain_status(chain).restarts == 1 and chain_status(chain).phase is Phase.READY)
    assert chain.send(1).succeeded
    assert chain_status(chain).pid == pid


def test_snapshot__when_torn__then_the_older_one_and_the_journal(chain: Chain) -> None:
    chain.send(3)
    snapshot_chain(chain.folder)
    chain.send(3)
    chain.stop()
    newest = snapshot_files(chain.folder)[0]
    newest.write_bytes(newest.read_bytes()[:-10])
    chain.start()
    assert chain.head()["number"] == "0x6"
    assert newest.name in chain_status(chain).message
    assert newest.with_name(f"{newest.name}.torn").exists()
    assert read_snapshot(newest)[0].number == 6  # what came back is kept whole again
    chain.send()
    assert snapshot_chain(chain.folder) == 7


@pytest.mark.parametrize("gone", [False, True])
def test_snapshot__when_all_are_torn_or_gone__then_refused(chain: Chain, *, gone: bool) -> None:
    chain.send(3)
    snapshot_chain(chain.folder)
    chain.send(3)
    snapshot_chain(chain.folder)
    chain.stop()
    for path in snapshot_files(chain.folder):
        if gone:
            path.unlink()
        else:
            path.write_bytes(b"{}\n")
    before = {path: path.read_bytes() for path in chain.folder.glob("blocks-*")}
    assert before
    with pytest.raises(ChainNotReady, match="no whole snapshot is left"):
        chain.start()
    assert len(snapshot_files(chain.folder)) == (0 if gone else 2)
    assert {path: path.read_bytes() for path in chain.folder.glob("blocks-*")} == before


def journal_of_killed(chain: Chain, blocks: int) -> Path:
    """The journal of so many blocks, whose supervisor was killed."""
    chain.send(blocks)
    followed(chain)
    os.kill(chain_status(chain).pid, signal.SIGKILL)
    wait_until(lambda: supervisor_pid(chain.folder) is None)
    return segment_path(chain.folder, 0)


def test_journal__when_its_last_line_is_torn__then_the_lines_before_count(chain: Chain) -> None:
    journal = journal_of_killed(chain, 5)
    journal.write_bytes(journal.read_bytes()[:-20])
    chain.start()
    assert chain.head()["number"] == "0x4"
    assert chain.send().block == 5
    followed(chain)
    head = chain.head()
    kill_anvil(chain)
    assert chain.head() == head


@pytest.mark.parametrize("damaged", [1, 2])
def test_journal__when_damaged_in_the_middle__then_what_is_behind_is_told_as_lost_and_kept_aside(
    chain: Chain, damaged: int
) -> None:
    journal = journal_of_killed(chain, 5)
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[damaged] = bytes(len(lines[damaged]) - 1) + b"\n"  # as a disk gives back a block that it has lost
    journal.write_bytes(b"".join(lines))
    chain.start()
    status = chain_status(chain)
    assert (status.lost, chain.head()["number"]) == (5 - damaged, hex(damaged))
    assert f"the journal was damaged ({journal.name}, a copy is kept as .torn)" in status.message
    assert journal.with_name(f"{journal.name}.torn").read_bytes() == b"".join(lines)
    assert chain.send().block == damaged + 1
    followed(chain)
    chain.stop()
    chain.start()
    assert (chain_status(chain).lost, chain.head()["number"]) == (0, hex(damaged + 1))


def test_journal__when_damaged_from_its_first_block_on__then_refused(chain: Chain) -> None:
    journal = journal_of_killed(chain, 3)
    journal.write_bytes(b"\0" + journal.read_bytes()[1:])
    before = journal.read_bytes()
    with pytest.raises(ChainNotReady, match="is damaged from its first block on"):
        chain.start()
    assert journal.read_bytes() == before


def test_journal__when_a_block_does_not_come_back_the_same__then_counted_as_lost(chain: Chain) -> None:
    journal = journal_of_killed(chain, 4)
    lines = journal.read_text().splitlines(keepends=True)
    third = lines[2].replace('"hash":"0x', '"hash":"0xdead', 1)
    journal.write_text("".join([*lines[:2], third, lines[3]]))
    chain.start()
    status = chain_status(chain)
    assert (status.lost, chain.head()["number"]) == (2, "0x3")
    assert "2 blocks did not come back" in status.message
    chain.send()
    followed(chain)
    head = chain.head()
    kill_anvil(chain)
    assert chain.head() == head


def test_clock__when_set_back__then_refused(chain: Chain) -> None:
    clock = ChainClock(chain.rpc)
    clock.jump_to(GENESIS_AT + 100)
    assert clock.last_block_time() == GENESIS_AT + 100
    with pytest.raises(ChainError, match="cannot be at"):
        clock.set_next_block(GENESIS_AT + 99)
    clock.set_next_block(GENESIS_AT + 100)
    chain.send()
    assert clock.last_block_time() == GENESIS_AT + 100
    now = clock.join_real_time()
    assert abs(now - time.time()) < 5
    assert clock.last_block_time() == now
