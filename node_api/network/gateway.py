"""Lets others read from a node over JSON-RPC: whoever bears a token, methods of a list, and nothing else.

Besu asks callers for a token and knows what each may call (`rpc_jwt`); geth answers whoever reaches it, so this stands before it.
What is forwarded is written anew from what was understood: the node never reads what this did not.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

import httpx
import orjson
import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from node_api.chain.rpc_values import Json

READS = frozenset(
    {
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_feeHistory",
        "eth_gasPrice",
        "eth_getBalance",
        "eth_getBlockByHash",
        "eth_getBlockByNumber",
        "eth_getBlockReceipts",
        "eth_getBlockTransactionCountByHash",
        "eth_getBlockTransactionCountByNumber",
        "eth_getCode",
        "eth_getLogs",
        "eth_getProof",
        "eth_getStorageAt",
        "eth_getTransactionByBlockHashAndIndex",
        "eth_getTransactionByBlockNumberAndIndex",
        "eth_getTransactionByHash",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
        "eth_syncing",
        "net_listening",
        "net_peerCount",
        "net_version",
        "web3_clientVersion",
        "web3_sha3",
    }
)
"""What an observer serves: reads that leave nothing behind. No filters, which a node keeps; no sending; nothing of `debug_`."""

MAX_BODY = 1 << 20
MAX_BATCH = 100
MAX_ANSWER = 64 << 20
_PATIENCE_SECONDS = 60.0
_IN_HAND = 32
"""Connections to the node. Idle ones stay: httpx may close a surplus one that a request just took (httpcore #1110)."""
_SCHEME = "Bearer "
_JSON = "application/json"
_PARSE, _INVALID, _NOT_SERVED, _UPSTREAM = -32700, -32600, -32601, -32603

log = structlog.get_logger("network.gateway")


class _Refused(Exception):
    """The request goes no further."""

    def __init__(self, status: HTTPStatus, code: int, message: str, asked: Json = None) -> None:
        super().__init__(message)
        self.status, self.code, self.asked = status, code, asked

    def answer(self) -> Response:
        """As JSON-RPC says no."""
        headers = {"WWW-Authenticate": "Bearer"} if self.status is HTTPStatus.UNAUTHORIZED else None
        error = {"jsonrpc": "2.0", "id": self.asked, "error": {"code": self.code, "message": str(self)}}
        return Response(orjson.dumps(error), int(self.status), headers, _JSON)


class Gateway:
    """Asks a node what others may ask it."""

    def __init__(self, url: str, tokens: Mapping[str, bytes], methods: frozenset[str] = READS) -> None:
        """Connects to nothing yet.

        Args:
            url: of the node, on this machine or behind a tunnel.
            tokens: SHA-256 of each token that is taken, by the name of who bears it.
            methods: what is served.
        """
        self._tokens, self._methods = dict(tokens), methods
        limits = httpx.Limits(max_connections=_IN_HAND, max_keepalive_connections=_IN_HAND)
        self._node = httpx.AsyncClient(base_url=url, timeout=_PATIENCE_SECONDS, limits=limits, trust_env=False)

    def app(self) -> Starlette:
        """The application: `POST /` and nothing else."""

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            yield
            await self._node.aclose()

        return Starlette(routes=[Route("/", self._asked, methods=["POST"])], lifespan=lifespan)

    async def _asked(self, request: Request) -> Response:
        bearer = "nobody"
        try:
            bearer = self._bearer(request)
            asked = self._understood(await _body(request))
            return Response(await self._forwarded(asked), HTTPStatus.OK, media_type=_JSON)
        except _Refused as refusal:
            log.warning("refused", bearer=bearer, why=str(refusal))
            return refusal.answer()

    def _bearer(self, request: Request) -> str:
        """Who asks. Every token is compared to its end, whichever it is."""
        given = request.headers.get("authorization", "")
        digest = hashlib.sha256(given.removeprefix(_SCHEME).encode()).digest()
        found = [name for name, token in self._tokens.items() if hmac.compare_digest(digest, token)]
        if not given.startswith(_SCHEME) or not found:
            raise _Refused(
                HTTPStatus.UNAUTHORIZED, _INVALID, "no token that is taken here: ask the node's organisation"
            )
        return found[0]

    def _understood(self, body: bytes) -> bytes:
        """The request as it is forwarded: these four members of each question, whatever else it had."""
        try:
            return orjson.dumps(self._questions(orjson.loads(body)))
        except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:  # it reads deeper than it writes
            raise _Refused(HTTPStatus.BAD_REQUEST, _PARSE, "not JSON, or nested too deep") from error

    def _questions(self, asked: Json) -> Json:
        if not isinstance(asked, list):
            return self._question(asked)
        if not 1 <= len(asked) <= MAX_BATCH:
            raise _Refused(
                HTTPStatus.BAD_REQUEST, _INVALID, f"a batch has 1 to {MAX_BATCH} questions, not {len(asked)}"
            )
        return [self._question(one) for one in asked]

    def _question(self, asked: Json) -> Json:
        if not isinstance(asked, dict) or not isinstance(asked.get("id"), (int, str)):
            raise _Refused(HTTPStatus.BAD_REQUEST, _INVALID, "a question is an object with an id")
        method, params, number = asked.get("method"), asked.get("params", []), asked["id"]
        if not isinstance(method, str) or not isinstance(params, list):
            raise _Refused(HTTPStatus.BAD_REQUEST, _INVALID, "a question has a method, and params in an array", number)
        if method not in self._methods:
            raise _Refused(HTTPStatus.FORBIDDEN, _NOT_SERVED, f"{method[:80]} is not served here", number)
        return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}

    async def _forwarded(self, asked: bytes) -> bytes:
        content, headers = bytearray(), {"Content-Type": _JSON}
        try:
            async with self._node.stream("POST", "", content=asked, headers=headers) as answer:
                async for part in answer.aiter_bytes():
                    content += part
                    if len(content) > MAX_ANSWER:
                        raise _Refused(
                            HTTPStatus.BAD_GATEWAY, _UPSTREAM, f"the answer is larger than {MAX_ANSWER:,} bytes"
                        )
        except httpx.HTTPError as error:
            raise _Refused(HTTPStatus.BAD_GATEWAY, _UPSTREAM, "the node does not answer") from error
        return bytes(content)


async def _body(request: Request) -> bytes:
    content = bytearray()
    try:
        async for part in request.stream():
            content += part
            if len(content) > MAX_BODY:
                too_large = f"a request has at most {MAX_BODY:,} bytes"
                raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _INVALID, too_large)
    except ClientDisconnect as error:
        raise _Refused(HTTPStatus.BAD_REQUEST, _INVALID, "the request broke off") from error
    return bytes(content)
