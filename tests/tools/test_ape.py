"""ape in the same environment: compile, test, run.

ape
├── compile works without a compiler download
├── test passes
└── run deploy deploys everything on the local foundry network
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from node_api.chain.anvil import lasting_port

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="ape needs numpy 1, which has no wheels for Python 3.13"
)


def run_ape(home: Path, *arguments: str) -> str:
    """Output of an ape command with a home folder, and so an ape data folder, of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("APE_", "COVERAGE_", "PYTEST_", "VOUCHERTRAIL_"))
    }
    # its own choice is a port that an outgoing connection may hold: anvil ends at once, and ape waits for it in vain
    here = {"HOME": str(home), "APE_FOUNDRY_HOST": f"http://127.0.0.1:{lasting_port()}"}
    command = [str(Path(sys.prefix) / "bin" / "ape"), *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**kept, **here}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.slow
def test_compile__when_run__then_every_contract_is_there(tmp_path: Path) -> None:
    run_ape(tmp_path, "compile")
    compiled = json.loads((ROOT / ".build" / "__local__.json").read_text())["contractTypes"]
    assert {path.stem for path in ROOT.glob("contracts/*.sol")} <= compiled.keys()


@pytest.mark.slow
def test_test__when_run__then_only_apes_tests_run_and_pass(tmp_path: Path) -> None:
    output = run_ape(tmp_path, "test")
    assert "tests/ape/test_contracts.py" in output
    assert " passed in " in output
    assert "tests/tools" not in output


@pytest.mark.slow
def test_run_deploy__when_on_the_local_network__then_deploys_everything(tmp_path: Path) -> None:
    output = run_ape(tmp_path, "run", "deploy")
    for contract in ("AccessManager", "Vouchers", "ProgrammeRegistry", "MerchantRegistry", "Treasury", "CaseDesk"):
        assert contract in output
