"""The anvil process: where its binary is, how it is started, and that it never outlives its supervisor."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node_api.chain.apart import last_words, start_apart
from node_api.chain.options import EmbeddedOptions
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError, RpcUnavailable

LOOPBACK = "127.0.0.1"
_NPM_BINARY = Path("node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil")
_START_SECONDS = 20.0
_PORTS, _DRAWN = range(24_000, 32_000), 50
"""Below those that systems give to outgoing connections: no such connection takes an address while its anvil is started anew."""


class AnvilMissing(ChainError):
    """No anvil binary was found."""


class AnvilFailed(ChainError):
    """anvil ended, or did not answer, while it was being started."""


def find_anvil(named: Path | None) -> Path:
    """The binary to run: the named one, else the one npm installed beside the project, else the one on PATH.

    Raises:
        AnvilMissing: there is none; the message says how to get it.
    """
    if named is not None:
        if os.access(named, os.X_OK):
            return named
        raise AnvilMissing(f"{named} is not an executable file (VOUCHERTRAIL_ANVIL)")
    for root in (Path.cwd(), Path(__file__).resolve().parents[2]):
        if os.access(root / _NPM_BINARY, os.X_OK):
            return root / _NPM_BINARY
    on_path = shutil.which("anvil")
    if on_path is not None:
        return Path(on_path)
    raise AnvilMissing(
        "anvil is not installed: run `npm ci --ignore-scripts` in the project, put anvil on PATH, "
        "name it with VOUCHERTRAIL_ANVIL, or give another chain with VOUCHERTRAIL_CHAIN_URL"
    )


def free_port(wanted: int | None = None) -> int:
    """A loopback port that nobody listens on: the wanted one where it is free, else one the system picks."""
    for port in (wanted, 0):
        if port is None:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AnvilFailed("the system gives no free port on loopback")


def lasting_port(wanted: int | None = None) -> int:
    """As `free_port`, but one that the system gives to nobody else, where one of those drawn is free."""
    drawn = [port for port in (wanted, *random.sample(_PORTS, _DRAWN)) if port is not None]
    return next((port for port in drawn if free_port(port) == port), None) or free_port()


def command_line(binary: Path, options: EmbeddedOptions, port: int, genesis_at: int) -> list[str]:
    """Arguments of anvil: free gas, London rules, no funded accounts, transactions in order of arrival.

    The history of *states* is kept for the last `options.states` blocks and never on disk (it would be written whole
    for every block); blocks, transactions, receipts and logs are kept for ever.
    """
    flags: dict[str, str | int | Path] = {
        "--host": LOOPBACK,
        "--port": port,
        "--chain-id": options.chain_id,
        "--hardfork": "london",
        "--gas-limit": options.gas_limit,
        "--gas-price": 0,
        "--block-base-fee-per-gas": 0,
        "--accounts": 0,
        "--order": "fifo",
        "--timestamp": genesis_at,
        "--prune-history": options.states,
        "--cache-path": options.folder / "cache",
    }
    line = [str(binary)]
    for name, value in flags.items():
        line += [name, str(value)]
    return [*line, "--quiet", "--no-cors", "--no-request-size-limit", "--disable-default-create2-deployer"]


def start_anvil(
    options: EmbeddedOptions,
    genesis_at: int,
    wanted_port: int | None,
    *,
    state: Path | None = None,
    mining: bool = True,
) -> tuple[subprocess.Popen[bytes], RpcClient]:
    """Starts anvil and waits until it answers.

    On Linux the kernel kills it when the thread that called this ends, so call it from the main thread.

    Args:
        options: of the chain.
        genesis_at: block time of block 0, Unix seconds.
        wanted_port: where it is to answer, if that port is free.
        state: file that it has read before it answers; without one it starts with an empty chain.
        mining: whether it makes a block of what it is sent; else that waits in its pool.

    Raises:
        AnvilMissing: no binary.
        AnvilFailed: it ended or stayed silent; the message carries the end of its log.
    """
    binary = find_anvil(options.anvil)
    log = options.folder / "anvil.log"
    port = lasting_port(wanted_port)
    line = command_line(binary, options, port, genesis_at)
    line += [] if mining else ["--no-mining"]
    line += ["--load-state", str(state)] if state else []
    process = start_apart(line, log, ends_by=signal.SIGKILL)
    rpc = RpcClient(f"http://{LOOPBACK}:{port}", timeout=options.rpc_timeout)
    deadline = time.monotonic() + (options.rpc_timeout if state else _START_SECONDS)
    with killed_on_failure(process):
        while process.poll() is None and time.monotonic() < deadline:
            try:
                rpc.call("eth_chainId")
            except RpcUnavailable:
                time.sleep(0.01)
                continue
            return process, rpc
    kill(process)
    raise AnvilFailed(f"anvil did not start (exit code {process.returncode}): {last_words(log, 2_000)}")


@contextmanager
def killed_on_failure(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """An anvil that nobody gets to hear of must not live on."""
    try:
        yield
    except BaseException:
        kill(process)
        raise


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends anvil at once: its state on disk is ours, so there is nothing for it to tidy up."""
    if process.poll() is None:
        process.kill()
    process.wait()


def kill_orphan(pid: int, folder: Path) -> bool:
    """Kills an anvil left behind by a killed supervisor, where the kernel did not do it already.

    Only a process whose command line names this chain's own folder is touched, so a recycled pid is safe.
    """
    command = _command_of(pid)
    if str(folder / "cache") not in command or "anvil" not in command:
        return False
    os.kill(pid, signal.SIGKILL)
    return True


def _command_of(pid: int) -> str:
    """The process's command line; empty where there is no such process."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout
