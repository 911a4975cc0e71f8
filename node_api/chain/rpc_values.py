"""Reads the values of JSON-RPC answers: the one place where loosely typed JSON becomes typed Python."""

from __future__ import annotations

from node_api.chain.rpc_errors import RpcProtocolError

_UNEXPECTED = "expected {wanted}, got {value!r:.80}"

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def text(value: Json) -> str:
    """The value as a string. Raises RpcProtocolError for anything else."""
    if isinstance(value, str):
        return value
    raise RpcProtocolError(_UNEXPECTED.format(wanted="a string", value=value))


def quantity(value: Json) -> int:
    """A 0x-hex quantity (or a plain JSON integer) as an int, 0 at least. Raises RpcProtocolError for anything else."""
    try:
        found = value if isinstance(value, int) else int(text(value), 16)
    except ValueError as error:
        raise RpcProtocolError(_UNEXPECTED.format(wanted="a quantity", value=value)) from error
    if isinstance(value, bool) or found < 0:
        raise RpcProtocolError(_UNEXPECTED.format(wanted="a quantity", value=value))
    return found


def data(value: Json) -> bytes:
    """0x-hex data as bytes. Raises RpcProtocolError for anything else."""
    digits = text(value)
    try:
        return bytes.fromhex(digits.removeprefix("0x"))
    except ValueError as error:
        raise RpcProtocolError(_UNEXPECTED.format(wanted="0x-hex data", value=value)) from error


def record(value: Json) -> dict[str, Json]:
    """The value as an object. Raises RpcProtocolError for anything else, null included."""
    if isinstance(value, dict):
        return value
    raise RpcProtocolError(_UNEXPECTED.format(wanted="an object", value=value))


def rows(value: Json) -> list[Json]:
    """The value as an array. Raises RpcProtocolError for anything else."""
    if isinstance(value, list):
        return value
    raise RpcProtocolError(_UNEXPECTED.format(wanted="an array", value=value))
