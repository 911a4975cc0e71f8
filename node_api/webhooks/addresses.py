"""Which addresses are of the public internet.

The lists of `ipaddress` differ by release, and leave out what is out of use (site-local, IPv4-compatible). So nothing of
version 6 is public that is not global unicast, and an address of version 4 inside one of version 6 must be public itself.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; 64:ff9b:1::/48 is of private networks


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet.

    Raises:
        ValueError: it is none.
    """
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return _is_public_4(found)
    other = _other_writing(found)
    if other is not None:
        return _is_public_4(other)
    return found in _UNICAST and found.is_global and all(map(_is_public_4, _tunnelled(found)))


def _is_public_4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast


def _other_writing(address: IPv6Address) -> IPv4Address | None:
    """The address of version 4 that is reached under this one: mapped, or by NAT64."""
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else address.ipv4_mapped


def _tunnelled(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The ends of the tunnel that it is behind: 6to4, or Teredo."""
    return address.teredo or (() if address.sixtofour is None else (address.sixtofour,))
