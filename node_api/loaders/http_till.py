"""A till and a wallet that speak HTTP to a node, as a replay's rows ask."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, cast

import httpx

from node_api.domain.ids import Hash, MerchantId
from node_api.domain.items import Item, TerminalSeal
from node_api.domain.receipts import Receipt
from node_api.services.ports.playing import Outcome, Play, PlayerKeys

WAIT_SECONDS = 30
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.2
_OK = 200
_LATER = 429, 503  # too many for now, not there for now
_FINAL = ("succeeded", "refused", "failed")

Json = dict[str, Any]


class TillFailed(Exception):
    """The node answered with something that is neither a redemption nor a refusal."""


class HttpTill:
    """Implements `Till` through the node's API. Used by one thread."""

    def __init__(
        self, url: str, wallet_token: str, merchant_token: Callable[[MerchantId], str], keys: PlayerKeys, run: str
    ) -> None:
        """Connects when first used.

        Args:
            url: the node's address, without /v1.
            wallet_token: API key of a wallet.
            merchant_token: gives the API key of a merchant.
            keys: signs what devices sign.
            run: names this replay in idempotency keys: the same run never redeems a code twice.
        """
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT)
        self._wallet = {"Authorization": f"Bearer {wallet_token}"}
        self._merchant_token = merchant_token
        self._keys = keys
        self._run = run

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def redeem(self, play: Play, attempt: int = 0) -> Outcome:
        """See the port.

        Raises:
            TillFailed: the node answers with a fault, or not at all for two minutes.
        """
        body = self._code(play) if play.custodial else self._signed(play)
        headers = {
            "Authorization": f"Bearer {self._merchant_token(play.item.merchant)}",
            "Idempotency-Key": f"replay-{self._run}-{play.code}" + (f"-{attempt}" if attempt else ""),
        }
        answer = self._post(f"/v1/redemptions?wait={WAIT_SECONDS}", body, headers)
        operation = self._operation(answer, headers)
        (entry,) = operation["items"]
        if operation["state"] == "failed":
            raise TillFailed(f"code {play.code}: {entry['fault']}")
        refusal = entry["refusal"]
        transaction = Hash(entry["transaction"]) if entry["transaction"] else None
        block = int(entry["block"]["number"]) if transaction else None
        return Outcome(None if refusal is None else str(refusal["reason"]), transaction, block)

    def _code(self, play: Play) -> Json:
        """The code a custodial holder shows, made by the node's wallet, and the receipt."""
        wanted = {
            "programme": play.programme,
            "person": play.signer,
            "vouchers": [str(spend.voucher) for spend in play.item.spends],
            "merchant": play.item.merchant,
            "receipt": _receipt(play.receipt),
            "channel": play.item.channel,
            "deadline": str(play.item.deadline),
        }
        answer = self._post("/v1/wallet/codes?qr=false", wanted, self._wallet)
        if answer.status_code != _OK:
            raise TillFailed(f"code {play.code}: no code from the wallet: {answer.status_code} {answer.text[:500]}")
        return {"code": answer.json()["code"], "receipt": wanted["receipt"], **self._terminal(play, play.item)}

    def _signed(self, play: Play) -> Json:
        """What a device signed, and the receipt."""
        item = self._keys.sign(play)
        body: Json = {"redemption": _redemption(item), "signature": "0x" + item.signature.hex()}
        body |= {"consent": "0x" + item.consent.hex()} if item.consent else {}
        return {**body, "receipt": _receipt(play.receipt), **self._terminal(play, item)}

    def _terminal(self, play: Play, item: Item) -> Json:
        seal = self._keys.seal(play, item)
        return {} if seal is None else {"terminal": _seal(seal)}

    def _operation(self, answer: httpx.Response, headers: dict[str, str]) -> Json:
        """The operation once it is final; a refusal's problem names it."""
        content = cast("Json", answer.json())
        name = content.get("id") or content.get("operation")
        if name is None:
            raise TillFailed(f"{answer.status_code}: {answer.text[:500]}")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while content.get("state") not in _FINAL:
            content = cast("Json", self._send("GET", f"/v1/operations/{name}", None, headers).json())
            if time.monotonic() > deadline:
                raise TillFailed(f"operation {name} does not come to its end")
            if content.get("state") not in _FINAL:
                time.sleep(_PAUSE_SECONDS)
        return content

    def _post(self, path: str, body: Json, headers: dict[str, str]) -> httpx.Response:
        return self._send("POST", path, body, headers)

    def _send(self, method: str, path: str, body: Json | None, headers: dict[str, str]) -> httpx.Response:
        """Sends; again while the node is away or wants it later, which is safe: every write carries its idempotency key."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                answer = self._http.request(method, path, json=body, headers=headers)
                if answer.status_code not in _LATER or time.monotonic() > deadline:
                    return answer
            except httpx.TransportError as error:
                if time.monotonic() > deadline:
                    raise TillFailed(f"the node at {self._http.base_url} does not answer: {error}") from error
            time.sleep(_PAUSE_SECONDS)


def _redemption(item: Item) -> Json:
    return {
        "spends": [
            {"voucher": str(spend.voucher), "amount": str(spend.amount), "sequence": str(spend.sequence)}
            for spend in item.spends
        ],
        "merchant": str(item.merchant),
        "bill": str(item.bill),
        "receipt": item.receipt,
        "channel": str(item.channel),
        "deadline": str(item.deadline),
    }


def _receipt(receipt: Receipt) -> Json:
    return {
        "number": receipt.number,
        "time": receipt.time,
        "items": [{"category": item.category, "amount": item.amount} for item in receipt.items],
        "salt": "0x" + receipt.salt.hex(),
    }


def _seal(seal: TerminalSeal) -> Json:
    return {"address": seal.terminal, "signature": "0x" + seal.signature.hex()}
