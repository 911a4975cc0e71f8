"""A network whose signers hang: of five, one, and so many that no block comes. Run by `pytest --on-network` alone.

one of five → redemptions go on, each succeeds once
three of five
├── /readyz says since when nothing became final, and the figures which nodes do not answer
├── redemptions are taken in meanwhile
└── once they are back: each succeeds once, and the node is ready again
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node_api.domain.access import ApiRole
from node_api.network.processes import running
from tests.api.conftest import Client, Json, Served
from tests.api.test_redeeming import code_for
from tests.on_network import joined

NETWORK = joined()
PATIENCE_SECONDS = 240.0
pytestmark = pytest.mark.skipif(NETWORK is None, reason="runs on a network of geth alone: make test-network")


def once(true: Callable[[], object]) -> float:
    """Waits until it is so; seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < PATIENCE_SECONDS
        time.sleep(0.1)
    return time.monotonic() - began


@contextmanager
def hanging(*names: str) -> Iterator[None]:
    """Nodes that neither answer nor seal; their supervisor sees nothing wrong with them."""
    assert NETWORK is not None
    processes = running(Path(NETWORK.folder))
    assert processes is not None
    pids = [processes[name].pid for name in names]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def begun(served: Served, till: Client, person: int) -> tuple[int, Json]:
    code = code_for(served.client(ApiRole.WALLET), served, person)
    answer = till.redeem({"code": code["code"], "receipt": code["receipt"]}, f"down-{person}", wait=0)
    assert answer.status_code == 202, answer.text
    return person, answer.json()


def succeeded(served: Served, till: Client, person: int, operation: Json) -> bool:
    """Whether it came to its end, and once; it must not come to another one."""
    found = till.get(f"/v1/operations/{operation['id']}").json()
    assert found["state"] in ("queued", "sent", "succeeded"), found
    if found["state"] != "succeeded":
        return False
    assert [change["state"] for change in found["history"]].count("succeeded") == 1
    voucher = till.get(f"/v1/vouchers/{served.voucher(4, person)}").json()
    assert voucher["redemption"]["transaction"] == found["items"][0]["transaction"]
    return True


def test_redemptions__one_signer_of_five_hangs__go_on(served: Served, people: Iterator[int]) -> None:
    till = served.client(ApiRole.MERCHANT, 1)
    with hanging("auditor-validator"):
        operations = [begun(served, till, person) for person in itertools.islice(people, 5)]
        seconds = once(lambda: all(succeeded(served, till, *one) for one in operations))
    print(f"one signer down: {len(operations)} redemptions final after {seconds:.1f} s")


def test_redemptions__no_block_comes__wait_and_are_carried_out_after(served: Served, people: Iterator[int]) -> None:
    till, anybody = served.client(ApiRole.MERCHANT, 1), served.with_token(None)
    with hanging("treasury-validator", "merchants-validator", "auditor-validator"):
        told = once(lambda: "final" in anybody.get("/readyz").json()["faults"])
        assert anybody.get("/readyz").json()["faults"]["final"].startswith("no final blocks since 20")
        operations = [begun(served, till, person) for person in itertools.islice(people, 5)]
        down = served.client(ApiRole.AUDITOR)
        once(lambda: down.get("/metrics").text.count("vouchertrail_chain_node_up{") == 6)
        once(lambda: sum(line.endswith(" 0.0") for line in ups(down)) == 3)
        assert not any(succeeded(served, till, *one) for one in operations)
    seconds = once(lambda: all(succeeded(served, till, *one) for one in operations))
    ready = once(lambda: anybody.get("/readyz").json()["ready"])
    print(f"three signers down: told after {told:.1f} s; back: {seconds:.1f} s until final, ready {ready:.1f} s later")


def ups(client: Client) -> list[str]:
    return [line for line in client.get("/metrics").text.splitlines() if line.startswith("vouchertrail_chain_node_up{")]
