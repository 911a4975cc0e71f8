"""The other peer: web3.py in a loop, one redemption after the other: sign, send, wait for the receipt."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import orjson
from web3 import HTTPProvider, Web3
from web3.logs import DISCARD

from bench.peers.contract import GAS, Contract, one_item, opened

_LOOK_SECONDS = 0.002


def redeem_all(chain: str, contract: Contract, bodies: list[dict[str, Any]]) -> float:
    """Redeems every one; the seconds it took.

    Raises:
        ValueError: the contract refused one.
    """
    web3 = Web3(HTTPProvider(chain))
    vouchers = web3.eth.contract(address=contract.address, abi=contract.abi)
    nonce, began = web3.eth.get_transaction_count(contract.account.address), time.perf_counter()
    for at, body in enumerate(bodies, start=nonce):
        transaction: Any = {
            "to": contract.address,
            "data": vouchers.encode_abi("redeem", [one_item(body["redemption"], body["signature"])]),
            "nonce": at,
            "gas": GAS,
            "gasPrice": 0,
            "value": 0,
            "chainId": contract.chain_id,
        }
        sent = web3.eth.send_raw_transaction(contract.account.sign_transaction(transaction).raw_transaction)
        receipt = web3.eth.wait_for_transaction_receipt(sent, poll_latency=_LOOK_SECONDS)
        if not vouchers.events.VoucherRedeemed().process_receipt(receipt, errors=DISCARD):
            raise ValueError(f"{body} was refused")
    return time.perf_counter() - began


@click.command()
@click.option("--chain", required=True)
@click.option("--vouchers", required=True)
@click.option("--chain-id", required=True, type=int)
@click.option("--keys", required=True, type=click.Path(path_type=Path))
def main(chain: str, vouchers: str, chain_id: int, keys: Path) -> None:
    """Takes redemptions, a JSON list on each line of its input, and answers each line with the seconds they took."""
    contract = opened(vouchers, chain_id, keys)
    click.echo("ready")
    for line in click.get_text_stream("stdin"):
        click.echo(redeem_all(chain, contract, orjson.loads(line)))


if __name__ == "__main__":
    main()
