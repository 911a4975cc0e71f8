"""The shipped contracts' interfaces: encoding calls, decoding answers, naming errors. No chain is asked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

import orjson
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from node_api.chain.rpc_values import Json, record, rows, text

CONTRACTS = (
    "AccessManager",
    "SettlementToken",
    "Vouchers",
    "ProgrammeRegistry",
    "MerchantRegistry",
    "Treasury",
    "CaseDesk",
)

AbiValue = bool | int | str | bytes | Sequence["AbiValue"]
"""What eth_abi takes and gives: structs are tuples, arrays are lists, addresses 0x-hex."""


@dataclass(frozen=True, slots=True)
class FunctionAbi:
    """One function (or, with empty `outputs`, one custom error). Types in canonical form, structs as tuples."""

    name: str
    selector: bytes
    inputs: tuple[str, ...]
    names: tuple[str, ...]
    outputs: tuple[str, ...]

    def encode(self, arguments: Sequence[AbiValue]) -> bytes:
        """Call data. Raises ValueError (eth_abi's EncodingError) for values that do not fit their types."""
        return self.selector + encode(self.inputs, arguments)

    def decode_outputs(self, data: bytes) -> tuple[AbiValue, ...]:
        """What the function returned."""
        return cast("tuple[AbiValue, ...]", decode(self.outputs, data))

    def decode_inputs(self, data: bytes) -> tuple[AbiValue, ...]:
        """Arguments behind the selector: of a call, or of an error."""
        return cast("tuple[AbiValue, ...]", decode(self.inputs, data))


@dataclass(frozen=True, slots=True)
class ContractAbi:
    """Functions by name (no name is overloaded in our contracts) and errors by selector."""

    name: str
    functions: Mapping[str, FunctionAbi]
    errors: Mapping[bytes, FunctionAbi]


@dataclass(frozen=True, slots=True)
class Revert:
    """A custom error as a contract raised it; `name` is empty where no shipped contract knows its selector."""

    name: str
    arguments: tuple[tuple[str, AbiValue], ...]
    data: bytes

    def __str__(self) -> str:
        if not self.name:
            return f"reverted with {'0x' + self.data.hex() if self.data else 'no reason'}"
        shown = ", ".join(f"{name} = {_shown(value)}" for name, value in self.arguments)
        return f"{self.name}({shown})"


@cache
def contract_abi(contract: str) -> ContractAbi:
    """The interface of a shipped contract, read once. Raises FileNotFoundError for a name that is not shipped."""
    path = files("node_api.chain") / "artifacts" / f"{contract}.json"
    entries = [record(entry) for entry in rows(record(orjson.loads(path.read_bytes()))["abi"])]
    functions = [_function(entry) for entry in entries if entry["type"] == "function"]
    errors = [_function(entry) for entry in entries if entry["type"] == "error"]
    return ContractAbi(
        contract, {entry.name: entry for entry in functions}, {entry.selector: entry for entry in errors}
    )


@cache
def known_errors() -> Mapping[bytes, FunctionAbi]:
    """Every custom error of every shipped contract, by selector."""
    return {selector: error for name in CONTRACTS for selector, error in contract_abi(name).errors.items()}


def read_revert(data: bytes) -> Revert:
    """Names a revert's data. Unknown or undecodable data keeps its bytes and no name."""
    error = known_errors().get(data[:4])
    if error is None:
        return Revert("", (), data)
    try:
        values = error.decode_inputs(data[4:])
    except (ValueError, OverflowError):
        return Revert("", (), data)
    return Revert(error.name, tuple(zip(error.names, values, strict=True)), data)


def selector_of(error: str) -> bytes:
    """The selector of a shipped custom error, by its full name (`Vouchers_Expired`). Raises KeyError where unknown."""
    for selector, entry in known_errors().items():
        if entry.name == error:
            return selector
    raise KeyError(error)


def _function(entry: Mapping[str, Json]) -> FunctionAbi:
    name = text(entry["name"])
    inputs = [record(field) for field in rows(entry["inputs"])]
    outputs = [record(field) for field in rows(entry.get("outputs") or [])]
    types = tuple(_canonical(field) for field in inputs)
    return FunctionAbi(
        name,
        keccak(text=f"{name}({','.join(types)})")[:4],
        types,
        tuple(text(field["name"]) for field in inputs),
        tuple(_canonical(field) for field in outputs),
    )


def _canonical(field: Mapping[str, Json]) -> str:
    kind = text(field["type"])
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_canonical(record(part)) for part in rows(field["components"]))
    return f"({inner}){kind.removeprefix('tuple')}"


def _shown(value: AbiValue) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
