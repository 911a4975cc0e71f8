"""The shipped contracts: their code, and the way in and out of their ABI.

A light stand-in for web3.py's contract objects: no provider, no request, only bytes; it starts in a tenth of the time.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import orjson
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.abi import collapse_if_tuple, event_abi_to_log_topic
from eth_utils.crypto import keccak

from node_api.chain.rpc_errors import ChainError

CONTRACTS = (
    "AccessManager",
    "SettlementToken",
    "Vouchers",
    "ProgrammeRegistry",
    "MerchantRegistry",
    "Treasury",
    "CaseDesk",
)
_SELECTOR = 4


class AbiFault(ChainError):
    """A function, event or argument does not fit the contract's ABI."""


@dataclass(frozen=True, slots=True)
class AbiFunction:
    """One function (or the constructor, or an error): its name, selector and types.

    Attributes:
        name: as in Solidity; empty for the constructor.
        selector: first four bytes of a call; empty for the constructor.
        parameters: names of the parameters, in order.
        inputs: their types, tuples written out.
        outputs: types of what it returns.
    """

    name: str
    selector: bytes
    parameters: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def encode(self, arguments: Sequence[object]) -> bytes:
        """Call data for these arguments; structs are tuples. Raises AbiFault where they do not fit."""
        if len(arguments) != len(self.inputs):
            raise AbiFault(f"{self.name or 'constructor'} takes {len(self.inputs)} arguments, not {len(arguments)}")
        try:
            return self.selector + encode(self.inputs, arguments)
        except (EncodingError, TypeError, ValueError) as error:
            raise AbiFault(f"{self.name or 'constructor'}{self.inputs}: {error}") from error

    def in_order(self, named: Mapping[str, object]) -> tuple[object, ...]:
        """Named arguments in the order of the parameters. Raises AbiFault for a missing or an unknown name."""
        if set(named) != set(self.parameters):
            raise AbiFault(f"{self.name or 'constructor'} takes {self.parameters}, not {tuple(named)}")
        return tuple(named[name] for name in self.parameters)

    def decode_arguments(self, body: bytes) -> tuple[object, ...]:
        """The arguments of an error, without its selector. Raises AbiFault where they are something else."""
        try:
            return decode(self.inputs, body)
        except DecodingError as error:
            raise AbiFault(f"{self.name}: {len(body)} bytes that are not {self.inputs}") from error

    def decode(self, returned: bytes) -> tuple[object, ...]:
        """What a call returned. Raises AbiFault where it is something else, e.g. nothing because no code is there."""
        try:
            return decode(self.outputs, returned)
        except DecodingError as error:
            raise AbiFault(f"{self.name} returned {len(returned)} bytes that are not {self.outputs}") from error


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract as shipped.

    Attributes:
        name: of the contract.
        creation: bytecode that a deployment sends, without constructor arguments.
        runtime: bytecode that lies on the chain, immutables zero.
        immutables: (start, length) of the bytes of `runtime` that the constructor fills in.
        constructor: its parameters.
        functions: by name; no contract of ours has two of one name.
        topics: event name → first topic.
        errors: selector → custom error.
    """

    name: str
    creation: bytes
    runtime: bytes
    immutables: tuple[tuple[int, int], ...]
    constructor: AbiFunction
    functions: Mapping[str, AbiFunction]
    topics: Mapping[str, bytes]
    errors: Mapping[bytes, AbiFunction]

    def function(self, name: str) -> AbiFunction:
        """The function of that name. Raises AbiFault where there is none."""
        try:
            return self.functions[name]
        except KeyError:
            raise AbiFault(f"{self.name} has no function {name}") from None

    def code_hash(self) -> str:
        """keccak256 of the runtime code with its immutables zero, 0x-hex: the same for every instance."""
        return "0x" + keccak(self.without_immutables(self.runtime)).hex()

    def without_immutables(self, code: bytes) -> bytes:
        """Runtime code with the bytes that the constructor filled in set to zero."""
        blank = bytearray(code)
        for start, length in self.immutables:
            if start + length <= len(blank):
                blank[start : start + length] = bytes(length)
        return bytes(blank)


@functools.cache
def contract(name: str) -> Contract:
    """The shipped contract of that name. Raises AbiFault where there is none."""
    try:
        content = (files("node_api.chain") / "artifacts" / f"{name}.json").read_bytes()
    except FileNotFoundError:
        raise AbiFault(f"no contract {name} is shipped with this release") from None
    artifact = orjson.loads(content)
    entries = artifact["abi"]
    constructor: dict[str, object] = next((entry for entry in entries if entry["type"] == "constructor"), {})
    return Contract(
        name=name,
        creation=bytes.fromhex(artifact["bytecode"].removeprefix("0x")),
        runtime=bytes.fromhex(artifact["deployedBytecode"].removeprefix("0x")),
        immutables=tuple((place["start"], place["length"]) for place in artifact["immutableReferences"]),
        constructor=_function(constructor),
        functions={entry["name"]: _function(entry) for entry in entries if entry["type"] == "function"},
        topics={entry["name"]: event_abi_to_log_topic(entry) for entry in entries if entry["type"] == "event"},
        errors={_function(entry).selector: _function(entry) for entry in entries if entry["type"] == "error"},
    )


@functools.cache
def custom_errors() -> Mapping[bytes, AbiFunction]:
    """Every custom error of every shipped contract, by selector."""
    return {selector: error for name in CONTRACTS for selector, error in contract(name).errors.items()}


def explain_revert(data: str) -> str:
    """A revert's data in words: the custom error's name and arguments, a reason string, or the bare selector."""
    raw = bytes.fromhex(data.removeprefix("0x"))
    selector, body = raw[:_SELECTOR], raw[_SELECTOR:]
    if selector == keccak(text="Error(string)")[:_SELECTOR]:
        return str(decode(["string"], body)[0])
    error = custom_errors().get(selector)
    if error is None:
        return f"an unknown error 0x{selector.hex()}" if raw else "no reason given"
    values = decode(error.inputs, body)
    shown = (f"{name}={_shown(value)}" for name, value in zip(error.parameters, values, strict=True))
    return f"{error.name}({', '.join(shown)})"


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def _function(entry: Mapping[str, object]) -> AbiFunction:
    inputs, outputs = entry.get("inputs", []), entry.get("outputs", [])
    assert isinstance(inputs, list)
    assert isinstance(outputs, list)
    name = str(entry.get("name", ""))
    types = tuple(collapse_if_tuple(item) for item in inputs)
    return AbiFunction(
        name=name,
        selector=keccak(text=f"{name}({','.join(types)})")[:_SELECTOR] if name else b"",
        parameters=tuple(str(item["name"]) for item in inputs),
        inputs=types,
        outputs=tuple(collapse_if_tuple(item) for item in outputs),
    )
