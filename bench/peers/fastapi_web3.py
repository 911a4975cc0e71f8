"""The peer: FastAPI, AsyncWeb3 and eth-account as a careful engineer puts them together, one transaction a redemption.

It checks the holder's signature, keeps the idempotency key in SQLite before anything is sent, counts its nonces itself, names the
gas instead of asking for it, and answers once the receipt says that the voucher was redeemed. It judges no rule, keeps no index,
and does not know what it had sent once it is killed.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from pathlib import Path
from typing import Annotated, Any

import click
import orjson
import uvicorn
from eth_account import Account
from eth_account.messages import encode_typed_data
from fastapi import FastAPI, Header, HTTPException
from hexbytes import HexBytes
from pydantic import BaseModel
from web3 import AsyncHTTPProvider, AsyncWeb3, HTTPProvider, Web3
from web3.exceptions import TransactionNotFound
from web3.logs import DISCARD

from bench.peers.contract import GAS, Contract, one_item, opened

_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.05
_SCHEMA = "CREATE TABLE IF NOT EXISTS redemptions (key TEXT PRIMARY KEY, transaction_hash BLOB, number INTEGER)"


class Spend(BaseModel):
    voucher: int
    amount: int
    sequence: int


class Redemption(BaseModel):
    spends: list[Spend]
    merchant: int
    bill: int
    receipt: str
    channel: int
    deadline: int


class Body(BaseModel):
    redemption: Redemption
    signature: str
    holder: str


class Peer:
    """Its contract, its store, its nonces. Used by one event loop."""

    def __init__(self, chain: str, contract: Contract, database: Path) -> None:
        """Asks for the first nonce."""
        self._web3 = AsyncWeb3(AsyncHTTPProvider(chain))
        self._vouchers = self._web3.eth.contract(address=contract.address, abi=contract.abi)
        self._contract = contract
        self._nonce = int(Web3(HTTPProvider(chain)).eth.get_transaction_count(contract.account.address))
        self._store = sqlite3.connect(database, isolation_level=None)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", _SCHEMA):
            self._store.execute(statement)

    async def redeem(self, key: str, body: Body) -> int:
        """The running number of the redemption; for a key that was used before nothing is sent."""
        message = body.redemption.model_dump()
        signable = encode_typed_data(self._contract.domain, self._contract.types, message)
        if Account.recover_message(signable, signature=HexBytes(body.signature)).lower() != body.holder.lower():
            raise HTTPException(422, "the holder did not sign this")
        known = self._store.execute("SELECT number FROM redemptions WHERE key = ?", (key,)).fetchone()
        if known is not None:
            return int(known[0] or 0)
        number = await self._send(key, one_item(message, body.signature))
        self._store.execute("UPDATE redemptions SET number = ? WHERE key = ?", (number, key))
        return number

    async def _send(self, key: str, groups: list[Any]) -> int:
        transaction: Any = {
            "to": self._contract.address,
            "data": self._vouchers.encode_abi("redeem", [groups]),
            "nonce": self._nonce,
            "gas": GAS,
            "gasPrice": 0,
            "value": 0,
            "chainId": self._contract.chain_id,
        }
        self._nonce += 1  # nothing awaits between here and the line that took it
        signed = self._contract.account.sign_transaction(transaction)
        self._store.execute("INSERT INTO redemptions VALUES (?, ?, NULL)", (key, bytes(signed.hash)))
        await self._web3.eth.send_raw_transaction(signed.raw_transaction)
        receipt = await self._receipt(signed.hash)
        events = self._vouchers.events.VoucherRedeemed().process_receipt(receipt, errors=DISCARD)
        if not events:
            raise HTTPException(409, "the contract refused it")
        return int(events[0]["args"]["number"])

    async def _receipt(self, transaction: HexBytes) -> Any:
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._web3.eth.get_transaction_receipt(transaction)
            except TransactionNotFound:
                await asyncio.sleep(pause)
                pause = min(1.5 * pause, _LONGEST_PAUSE)


def create_app(peer: Peer) -> FastAPI:
    """The service."""
    app = FastAPI()

    @app.post("/redemptions")
    async def redeem(body: Body, idempotency_key: Annotated[str, Header()]) -> dict[str, int]:
        return {"number": await peer.redeem(idempotency_key, body)}

    return app


@click.command()
@click.option("--chain", required=True)
@click.option("--vouchers", required=True)
@click.option("--chain-id", required=True, type=int)
@click.option("--keys", required=True, type=click.Path(path_type=Path))
@click.option("--database", required=True, type=click.Path(path_type=Path))
def main(chain: str, vouchers: str, chain_id: int, keys: Path, database: Path) -> None:
    """Serves until told to stop; says where on its first line."""
    app = create_app(Peer(chain, opened(vouchers, chain_id, keys), database))
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    click.echo(orjson.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}))
    uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
