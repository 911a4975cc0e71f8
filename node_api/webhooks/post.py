"""Posts messages to addresses that others gave: none of a private network, and none that a name turned into meanwhile.

A name is resolved once for each message, every address it has is looked at, and the connection goes to the very address that was
looked at: a name server that answers otherwise the second time is not asked a second time. Redirections are not followed. Each
message has a connection of its own, and all of it, from the first look at the name to the head of the answer, one deadline.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping

import httpx

from node_api.domain.errors import AddressRefused
from node_api.services.ports.telling import NotReached, Reply
from node_api.webhooks.addresses import is_public
from node_api.webhooks.sending import Sending, within

_CONNECT_SECONDS, _ANSWER_SECONDS = 5.0, 10.0
_HTTPS_PORT, _HTTP_PORT, _LAST_PORT = 443, 80, 65_535
_LONGEST_PAUSE = 3_600
_OURS = {"User-Agent": "VoucherTrail", "Connection": "close"}

Resolve = Callable[[str, int], list[str]]


def resolved(host: str, port: int) -> list[str]:
    """Every address of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class HttpPost:
    """Implements the port `Post`."""

    def __init__(self, *, allow_private: bool = False, resolve: Resolve = resolved) -> None:
        """Connects nowhere yet.

        Args:
            allow_private: also plain HTTP, and addresses of this machine and of private networks.
            resolve: finds the addresses of a name.
        """
        self._allow_private, self._resolve = allow_private, resolve
        self._sending: Sending | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Ends what messages are sent by; none may be under way."""
        if self._sending is not None:
            self._sending.close()

    def require_fit(self, url: str) -> None:
        """See the port."""
        try:
            parsed = httpx.URL(url)
            host = parsed.host  # decodes what is written in Punycode
        except (httpx.InvalidURL, UnicodeError) as error:
            raise AddressRefused(f"an address that cannot be read: {error}") from error
        if parsed.scheme != "https" and not (self._allow_private and parsed.scheme == "http"):
            raise AddressRefused(f"scheme {parsed.scheme!r}")
        if not host or parsed.userinfo or parsed.fragment:
            raise AddressRefused("an address without a host, or with a user or fragment")
        if parsed.port is not None and not 0 < parsed.port <= _LAST_PORT:
            raise AddressRefused(f"port {parsed.port}")
        try:
            self._require_public(host.strip("[]"))
        except ValueError:
            return  # a name: looked at when it is asked, since it may be another then

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """See the port."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        try:
            self.require_fit(url)
            asked = httpx.URL(url)
            request = httpx.Request(
                "POST",
                asked.copy_with(host=within(deadline, lambda: self._address(asked))),
                content=body,
                headers={**headers, **_OURS, "Host": asked.netloc.decode("ascii")},
                extensions={"sni_hostname": asked.raw_host.decode("ascii"), "timeout": {"connect": _CONNECT_SECONDS}},
            )
            answer = self._begun().head(request, deadline)
        except TimeoutError as error:
            raise NotReached(f"no answer within {_ANSWER_SECONDS:g} seconds") from error
        except (httpx.HTTPError, OSError, AddressRefused, UnicodeError) as error:
            raise NotReached(f"{type(error).__name__}: {error}") from error
        return Reply(answer.status_code, _pause(answer.headers.get("retry-after", "")))

    def _begun(self) -> Sending:
        with self._lock:
            self._sending = self._sending or Sending()
            return self._sending

    def _address(self, asked: httpx.URL) -> str:
        port = asked.port or (_HTTPS_PORT if asked.scheme == "https" else _HTTP_PORT)
        addresses = self._resolve(asked.host, port)
        if not addresses:
            raise NotReached(f"{asked.host} has no address")
        for address in addresses:
            self._require_public(address)
        return addresses[0]

    def _require_public(self, address: str) -> None:
        """Raises ValueError for what is no address, AddressRefused for one that must not be asked."""
        if not is_public(address) and not self._allow_private:
            raise AddressRefused(f"address {address}")


def _pause(told: str) -> int | None:
    """Its first nine digits do: thousands of them are more than `int` reads."""
    return min(int(told[:9]), _LONGEST_PAUSE) if told.isascii() and told.isdigit() else None
