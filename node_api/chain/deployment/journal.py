"""The write-ahead journal of a deployment: each line durable before what it announces is done.

One JSON object a line. The first names the chain. `started` carries the signed bytes before they are sent, so that
whatever is killed, the same bytes are sent again and take effect once. `finished` and `failed` say what became of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from node_api.chain.deployment.errors import DeploymentBusy, JournalDamaged, JournalOfOtherChain
from node_api.chain.durable import PRIVATE_FILE, private_folder, sync_folder
from node_api.chain.sender import SignedTransaction, TxHash

# Files of a deployment are public facts (addresses, hashes, transactions): readable by clients.


@dataclass(frozen=True, slots=True)
class Started:
    """A step is about to be sent.

    Attributes:
        step: its id.
        signed: the transaction, signed.
        address: where a contract will be created; empty for a call.
        code: code hash of the contract this release ships for the step; empty for a call.
        arguments: as resolved, for people and for comparison.
    """

    step: str
    signed: SignedTransaction
    address: str
    code: str
    arguments: dict[str, str]


@dataclass(frozen=True, slots=True)
class Finished:
    """A step is done: its transaction's hash and block; block 0 and no hash where the chain showed it already."""

    step: str
    transaction: str
    block: int


class Journal:
    """The journal of one chain, opened for writing by one process at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self.started: dict[str, Started] = {}
        self.finished: dict[str, Finished] = {}
        self.chain: tuple[int, str] | None = None

    @classmethod
    def read(cls, path: Path) -> Journal:
        """Reads the journal without opening it for writing; an absent one is empty. Raises JournalDamaged."""
        journal = cls(path)
        journal._read()
        return journal

    @contextlib.contextmanager
    def writing(self, chain_id: int, genesis_hash: str) -> Iterator[None]:
        """Opens it for writing, after cutting off a torn last line.

        Raises:
            DeploymentBusy: another process has it open.
            JournalOfOtherChain: it names another chain; nothing was written.
            JournalDamaged: a line before its last one cannot be read; nothing was cut off.
        """
        private_folder(self._path.parent)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DeploymentBusy(f"another process deploys to chain {chain_id}: wait for it to end") from None
            whole = self._read()
            self.require_chain(chain_id, genesis_hash)
            os.ftruncate(self._descriptor, whole)
            os.lseek(self._descriptor, 0, os.SEEK_END)
            sync_folder(self._path.parent)
            if self.chain is None:
                self._append({"event": "chain", "chain_id": chain_id, "genesis_hash": genesis_hash})
                self.chain = (chain_id, genesis_hash)
            yield
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def require_chain(self, chain_id: int, genesis_hash: str) -> None:
        """Checks that the journal is of this chain, or empty. Raises JournalOfOtherChain."""
        if self.chain is not None and self.chain != (chain_id, genesis_hash):
            raise JournalOfOtherChain(
                f"{self._path} is of chain {self.chain[0]} with genesis {self.chain[1]}, "
                f"this is chain {chain_id} with genesis {genesis_hash}. Use another deployments folder."
            )

    def start(self, entry: Started) -> None:
        """Writes that the step is about to be sent."""
        self._append({"event": "started", **asdict(entry)})
        self._take_started(entry)

    def finish(self, entry: Finished) -> None:
        """Writes that the step is done."""
        self._append({"event": "finished", **asdict(entry)})
        self.finished[entry.step] = entry

    def fail(self, step: str, reason: str) -> None:
        """Writes that the step's transaction will never take effect: the next attempt is signed anew."""
        self._append({"event": "failed", "step": step, "reason": reason})
        self.started.pop(step, None)
        self.finished.pop(step, None)

    def address_of(self, step: str) -> str | None:
        """Where the step created, or will create, its contract."""
        entry = self.started.get(step)
        return entry.address if entry is not None and entry.address else None

    def _take_started(self, entry: Started) -> None:
        self.started[entry.step] = entry
        self.finished.pop(entry.step, None)

    def _append(self, fields: dict[str, object]) -> None:
        line = orjson.dumps({"at": int(time.time()), **fields}) + b"\n"
        while line:
            line = line[os.write(self._descriptor, line) :]
        os.fsync(self._descriptor)

    def _read(self) -> int:
        """Takes in every whole line; returns the offset behind the last one."""
        self.started, self.finished, self.chain = {}, {}, None
        whole = 0
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return 0
        lines = content.splitlines(keepends=True)
        for number, line in enumerate(lines, start=1):
            fields = _fields(line)
            if fields is None and number < len(lines):  # each line was durable before the next one was begun
                raise JournalDamaged(str(self._path), number)
            if fields is None:
                break
            self._take(fields)
            whole += len(line)
        return whole

    def _take(self, fields: dict[str, object]) -> None:
        fields.pop("at", None)
        match fields.pop("event"), fields:
            case "chain", {"chain_id": int(chain_id), "genesis_hash": str(genesis)}:
                self.chain = (chain_id, genesis)
            case "started", {"step": str(step), "signed": dict(signed), "arguments": dict(arguments)}:
                transaction = SignedTransaction(
                    str(signed["raw"]), TxHash(str(signed["hash"])), str(signed["sender"]), int(signed["nonce"])
                )
                self._take_started(Started(step, transaction, str(fields["address"]), str(fields["code"]), arguments))
            case "finished", {"step": str(step), "transaction": str(transaction_hash), "block": int(block)}:
                self.finished[step] = Finished(step, transaction_hash, block)
            case "failed", {"step": str(step)}:
                self.started.pop(step, None)
                self.finished.pop(step, None)


def _fields(line: bytes) -> dict[str, object] | None:
    """What a line says; None where it is torn or damaged."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return fields if line.endswith(b"\n") and isinstance(fields, dict) else None
