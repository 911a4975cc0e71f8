"""The end-to-end tests on a network of geth, and the demonstration of one, where geth is built (`make geth`).

the list → every end-to-end test is on it, to run or left out for a reason, and on it once
a few of those that run → pass; `make test-network` runs all
network-demo → every code ends as it should, both indexes are equal, nothing is left running
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.on_network import LEFT_OUT, ONE_LEFT_OUT, RUN, VARIABLE

ROOT = Path(__file__).parents[2]
FEW = (
    "tests/api/test_signers_down.py::test_redemptions__one_signer_of_five_hangs__go_on",
    "tests/api/test_redeeming.py::test_redeem__a_custodial_code__spends_the_voucher",
    "tests/api/test_redeeming.py::test_operation__same_key_and_body__is_the_same",
    "tests/api/test_redeeming.py::test_batch__good_and_bad_items__each_has_its_own_outcome",
)
CAMPAIGN = "7"  # seven redemptions of eight batches


def ran(*command: str, folder: Path, geth: Path) -> str:
    """What a command printed; it has temporary folders below `folder`."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "VOUCHERTRAIL_"))}
    environment = known | {"TMPDIR": str(folder), "GETH": str(geth)}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-5_000:]
    return done.stdout


def test_list__of_end_to_end_tests__holds_every_one_once() -> None:
    there = {
        str(path.relative_to(ROOT)) for name in ("api", "e2e") for path in (ROOT / "tests" / name).glob("test_*.py")
    }
    assert {*RUN, *LEFT_OUT} == there
    assert not RUN.keys() & LEFT_OUT.keys()
    assert all({**RUN, **LEFT_OUT, **ONE_LEFT_OUT}.values())
    for name in ONE_LEFT_OUT:
        file, _, test = name.partition("::")
        assert file in RUN
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_end_to_end_tests__on_a_network__pass(tmp_path: Path, geth: Path) -> None:
    assert VARIABLE not in os.environ
    told = ran("pytest", "--on-network", "-q", "-p", "no:cacheprovider", *FEW, folder=tmp_path, geth=geth)
    assert f"{len(FEW)} passed" in told
    assert all(f"{name}: {why}" in told for name, why in LEFT_OUT.items())
    assert list(tmp_path.glob("vouchertrail-*")) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_network_demo__of_a_campaign__ends_as_expected_and_leaves_nothing(tmp_path: Path, geth: Path) -> None:
    told = ran("node_api", "network-demo", "--campaign", CAMPAIGN, "--json", folder=tmp_path, geth=geth)
    found = json.loads(told.strip().splitlines()[-1])
    figures = found["figures"]
    assert found["as_expected"] is True
    assert figures["redemptions"] > 0
    assert (figures["unexpected"], figures["differences"]) == (0, 0)
    assert figures["operators_digest"] == figures["regulators_digest"]
    assert list(tmp_path.glob("vouchertrail-*")) == []
