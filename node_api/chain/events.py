"""Raw logs of the contracts to domain events, by a table from topic 0 to a decoder.

The hot events are cut out of the data at fixed places; the others go through eth_abi with the types of the shipped ABI.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import resources
from typing import cast

import orjson
from eth_abi.abi import decode
from eth_utils.crypto import keccak

from node_api.chain import event_readers as read
from node_api.chain.event_args import Args
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import Json, record, rows, text
from node_api.domain.events import Event, RedemptionRefused, VoucherRedeemed, VouchersIssued

INDEXED_CONTRACTS = ("AccessManager", "ProgrammeRegistry", "MerchantRegistry", "Treasury", "Vouchers", "CaseDesk")

# Logged, and of no use to the index: links are checked by the deployment, roles' plumbing does not move money or vouchers.
# ProgrammeWidened repeats what WideningProposed and RulesActivated say.
PASSED_OVER = frozenset(
    {
        "AttestorSynced",
        "ProgrammeWidened",
        "ContractsLinked",
        "AuthorityUpdated",
        "EIP712DomainChanged",
        "OperationCanceled",
        "OperationExecuted",
        "OperationScheduled",
        "RoleAdminChanged",
        "RoleGrantDelayChanged",
        "RoleGuardianChanged",
        "RoleLabel",
        "TargetAdminDelayUpdated",
        "TargetClosed",
        "TargetFunctionRoleUpdated",
    }
)

Decoder = Callable[[list[str], bytes], tuple[Event, ...]]


class EventUnknown(ChainError):
    """A contract of ours logged something this release does not know: the node is older than the contracts."""


@cache
def decoders() -> Mapping[str, Mapping[str, Decoder]]:
    """For each indexed contract: topic 0 as 0x-hex to its decoder."""
    return {name: dict(_decoder(entry) for entry in _event_abis(name)) for name in INDEXED_CONTRACTS}


def _event_abis(contract: str) -> list[dict[str, Json]]:
    artifact = resources.files("node_api.chain").joinpath(f"artifacts/{contract}.json").read_bytes()
    abi = rows(record(orjson.loads(artifact))["abi"])
    return [entry for entry in map(record, abi) if entry["type"] == "event"]


def _decoder(entry: dict[str, Json]) -> tuple[str, Decoder]:
    name = text(entry["name"])
    inputs = [record(one) for one in rows(entry["inputs"])]
    topic = "0x" + keccak(text=f"{name}({','.join(map(_type, inputs))})").hex()
    if name in PASSED_OVER:
        return topic, lambda _topics, _data: ()
    if name in HOT:
        return topic, HOT[name]
    indexed = [(text(one["name"]), _type(one)) for one in inputs if one["indexed"]]
    plain = [(text(one["name"]), _type(one)) for one in inputs if not one["indexed"]]
    # A string is read as bytes: both are encoded alike, and a string on chain need not be UTF-8.
    types = [kind.replace("string", "bytes") for _, kind in plain]
    reader, names = read.READERS[name], [key for key, _ in plain]

    def decoded(topics: list[str], data: bytes) -> tuple[Event, ...]:
        args: Args = dict(zip(names, cast("tuple[object, ...]", decode(types, data)), strict=True))
        for (key, kind), topic in zip(indexed, topics[1:], strict=True):
            args[key] = _topic_value(kind, topic)
        return reader(args)

    return topic, decoded


def _type(entry: dict[str, Json]) -> str:
    """The canonical type of an ABI input: a struct is the tuple of its members."""
    kind = text(entry["type"])
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_type(record(one)) for one in rows(entry["components"]))
    return f"({inner}){kind.removeprefix('tuple')}"


def _topic_value(kind: str, topic: str) -> object:
    if kind == "address":
        return bytes.fromhex(topic[26:])
    if kind == "bytes32":
        return bytes.fromhex(topic[2:])
    return int(topic, 16)


# --- the hot events: every parameter stands at a fixed place ---


def _word(data: bytes, index: int) -> int:
    return int.from_bytes(data[32 * index : 32 * index + 32], "big")


_REDEEMED = struct.Struct(">32s32s24sQ24sQ24sQ")
"""Receipt and digest, then amount, rules version and number: words of 256 bits that never fill more than 64."""
_EMPTY = bytes(24)
_redeemed = partial(tuple.__new__, VoucherRedeemed)  # in half the time of its own way


def _voucher_redeemed(topics: list[str], data: bytes) -> tuple[Event, ...]:
    """Nearly every log is one of these: its words are cut out in one go."""
    try:
        receipt, digest, above, amount, over, rules_version, beyond, number = _REDEEMED.unpack(data)
    except struct.error as fault:
        raise EventUnknown(f"VoucherRedeemed with {len(data)} bytes of data, not {_REDEEMED.size}") from fault
    if not above == over == beyond == _EMPTY:
        raise EventUnknown("VoucherRedeemed with a number above 64 bits")
    voucher, merchant = int(topics[1], 16), int(topics[2], 16)
    return (_redeemed((number, voucher, merchant, receipt, digest, amount, rules_version)),)


def _redemption_refused(topics: list[str], data: bytes) -> tuple[Event, ...]:
    return (RedemptionRefused(int(topics[1], 16), int(topics[2], 16), data[:32], None, None, data[32:36]),)


def _item_refused(topics: list[str], data: bytes) -> tuple[Event, ...]:
    return (RedemptionRefused(None, int(topics[1], 16), None, _word(data, 0), _word(data, 1), data[64:68]),)


def _vouchers_issued(topics: list[str], data: bytes) -> tuple[Event, ...]:
    return (VouchersIssued(int(topics[1], 16), int(topics[2], 16), _word(data, 0), _word(data, 1)),)


HOT: Mapping[str, Decoder] = {
    "VoucherRedeemed": _voucher_redeemed,
    "RedemptionRefused": _redemption_refused,
    "RedemptionItemRefused": _item_refused,
    "VouchersIssued": _vouchers_issued,
}
