"""Reading the arguments of a decoded event by name."""

from __future__ import annotations

from collections.abc import Callable

from node_api.domain.events import Event

Args = dict[str, object]
EventReader = Callable[[Args], tuple[Event, ...]]


def number_of(args: Args, name: str) -> int:
    """A whole number."""
    value = args[name]
    assert isinstance(value, int)
    return value


def text_of(args: Args, name: str) -> str:
    """A string of the chain, which may be any bytes: what is not UTF-8, and NUL, which no database takes, is escaped."""
    value = args[name]
    assert isinstance(value, bytes)
    return value.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def bytes_of(args: Args, name: str) -> bytes:
    """Bytes as they are; an address of eth_abi, 0x-hex, as its 20 bytes."""
    value = args[name]
    if isinstance(value, str):
        return bytes.fromhex(value[2:])
    assert isinstance(value, bytes)
    return value


def struct_of(args: Args, name: str, fields: str) -> Args:
    """The members of a struct, by the names given for them in their order."""
    values = args[name]
    assert isinstance(values, tuple)
    return dict(zip(fields.split(), values, strict=True))
