"""A stranger's client: the Python of docs/api.md as it stands there, which knows eth-account, HTTP, and nothing of ours."""

import os
import re
import subprocess
import sys
from pathlib import Path

from coincurve import PrivateKey

from tests.api.conftest import Client, Served

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def example() -> str:
    """The script of the page, complete."""
    block = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    given = """
import os
url, merchant_key, holder_key = os.environ["URL"], os.environ["MERCHANT_KEY"], os.environ["HOLDER_KEY"]
voucher_number, merchant, salt = os.environ["VOUCHER"], int(os.environ["MERCHANT"]), bytes(range(16))
"""
    return given + block[1]


def run(script: str, served: Served, client: Client, holder: PrivateKey, voucher: int) -> str:
    settings = {
        "URL": served.url,
        "MERCHANT_KEY": client.token or "",
        "HOLDER_KEY": "0x" + holder.secret.hex(),
        "VOUCHER": str(voucher),
        "MERCHANT": "1",
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        env={**os.environ, **settings},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_stranger__with_the_page_alone__redeems_a_voucher(served: Served, merchant: Client) -> None:
    world = served.world
    voucher = world.voucher(1, 2, 0)
    assert "node_api" not in example()

    assert run(example(), served, merchant, world.holders[0], voucher) == "200 succeeded"

    assert merchant.get(f"/v1/vouchers/{voucher}").json()["state"] == "REDEEMED"
