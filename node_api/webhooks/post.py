"""Posts messages to addresses that others gave: none of a private network, and none that a name turned into meanwhile.

A name is resolved once for each message, every address it has is looked at, and the connection goes to the very address that was
looked at: a name server that answers otherwise the second time is not asked a second time. Redirections are not followed.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Mapping

import httpx

from node_api.domain.errors import AddressRefused
from node_api.services.ports.telling import NotReached, Reply

_CONNECT_SECONDS, _ANSWER_SECONDS = 5.0, 10.0
_HTTPS_PORT, _HTTP_PORT = 443, 80
_LONGEST_PAUSE = 3_600

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
        self._clients: dict[str, httpx.Client] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Gives back connections."""
        for client in self._clients.values():
            client.close()

    def require_fit(self, url: str) -> None:
        """See the port."""
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise AddressRefused(f"an address that cannot be read: {error}") from error
        if parsed.scheme != "https" and not (self._allow_private and parsed.scheme == "http"):
            raise AddressRefused(f"scheme {parsed.scheme!r}")
        if not parsed.host or parsed.userinfo or parsed.fragment:
            raise AddressRefused("an address without a host, or with a user or fragment")
        try:
            self._require_public(parsed.host.strip("[]"))
        except ValueError:
            return  # a name: looked at when it is asked, since it may be another then

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """See the port."""
        try:
            self.require_fit(url)
            asked = httpx.URL(url)
            address = self._address(asked)
            client = self._client(asked.host)
            request = client.build_request(
                "POST",
                asked.copy_with(host=address),
                content=body,
                headers={**headers, "Host": asked.netloc.decode("ascii")},
                extensions={"sni_hostname": asked.raw_host.decode("ascii")},
            )
            answer = client.send(request, stream=True)
        except (httpx.HTTPError, OSError, AddressRefused, UnicodeError) as error:
            raise NotReached(f"{type(error).__name__}: {error}") from error
        answer.close()  # a body without end is nothing to wait for
        return Reply(answer.status_code, _pause(answer.headers.get("retry-after", "")))

    def _client(self, host: str) -> httpx.Client:
        """The host's own: a connection is kept by its address, and the host beside it at that address is another one's."""
        with self._lock:
            if host not in self._clients:
                timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
                self._clients[host] = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False)
            return self._clients[host]

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
        found = ipaddress.ip_address(address.partition("%")[0])
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        found = mapped or found
        if not self._allow_private and (not found.is_global or found.is_multicast):
            raise AddressRefused(f"address {found}")


def _pause(told: str) -> int | None:
    return min(int(told), _LONGEST_PAUSE) if told.isascii() and told.isdigit() else None
