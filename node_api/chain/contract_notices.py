"""Whether the contracts on record are what they are taken for, as notices: their code, whose code they run, whom they believe.

Whoever wrote the record may have lied. What a constructor other than the release's put into storage is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from node_api.chain.contracts import contract
from node_api.chain.deployment.addresses import DeployedContract, Deployment
from node_api.chain.eip712 import NAME, VERSION, domain_separator
from node_api.chain.hashing import keccak
from node_api.chain.rpc import Request
from node_api.chain.rpc_values import Json, data
from node_api.chain.words import address_slots
from node_api.domain.abi import word
from node_api.domain.council import Notice
from node_api.domain.findings import FindingKind
from node_api.domain.ids import Address

_BACKS = {
    "Vouchers": "VouchersBack",
    "VouchersBack": "VouchersBooking",
    "VouchersBooking": "VouchersRecord",
    "ProgrammeRegistry": "ProgrammeBack",
    "ProgrammeBack": "ProgrammePolicies",
    "CaseDesk": "CaseDeskBack",
    "CaseDeskBack": "CaseDeskClaims",
}
"""Whose code a contract runs on its own slots, for what it does not have itself."""
_BELIEVED = {
    "_authority": "AccessManager",
    "_vouchers": "Vouchers",
    "_registry": "ProgrammeRegistry",
    "_merchantRegistry": "MerchantRegistry",
    "_merchants": "MerchantRegistry",
    "_treasury": "Treasury",
    "_desk": "CaseDesk",
}
"""Variables that hold the address of another contract, and of which."""
_FREE = frozenset({"SettlementToken"})
"""What is built into its code is a deployment's to choose: issuer and decimals."""
_ADDRESS_BYTES, _WORD_BYTES = 20, 32

Ask = Callable[[list[Request]], list[Json]]


def contract_notices(deployment: Deployment, ask: Ask) -> list[Notice]:
    """Where record, chain and release do not agree.

    Args:
        deployment: the record.
        ask: answers requests at the newest block, in their order, none of them with null.

    Raises:
        AbiFault: the record names a contract that this release does not ship.
    """
    entries = list(deployment.contracts.values())
    codes = [data(code) for code in ask([("eth_getCode", (entry.address, "latest")) for entry in entries])]
    found = [one for entry, code in zip(entries, codes, strict=True) for one in _of_code(deployment, entry, code)]
    ours = [entry for entry, code in zip(entries, codes, strict=True) if _hash(entry, code) == _shipped(entry)]
    return [*found, *_of_links(deployment, ours, ask)]


def _of_code(deployment: Deployment, entry: DeployedContract, code: bytes) -> Iterator[Notice]:
    """Code that is another, and what is built into it that the release's constructor would not build in."""
    found = _hash(entry, code)
    for where, one in {"on chain": found, "this release ships": _shipped(entry)}.items():
        if one != entry.code_hash:
            yield _differs(entry, f"on record {entry.code_hash}, {where} {one}")
    if found == _shipped(entry) and entry.contract not in _FREE:
        immutables = contract(entry.contract).immutables
        values = {code[start : start + length] for start, length in immutables}
        for value in sorted(values - _built_in(deployment, entry)):
            yield _differs(entry, f"built into it is {_told(value)}, which the record does not lead to")


def _of_links(deployment: Deployment, entries: list[DeployedContract], ask: Ask) -> Iterator[Notice]:
    """Contracts that take roles, or what they believe of vouchers and money, from others than those on record."""
    links = [
        (entry, label, slot)
        for entry in entries
        if entry.contract not in _BACKS.values()  # its slots are those of who runs its code
        for label, slot in address_slots(entry.contract).items()
    ]
    words = ask([("eth_getStorageAt", (entry.address, hex(slot), "latest")) for entry, _, slot in links])
    for (entry, label, _), answer in zip(links, words, strict=True):
        other, found = _BELIEVED[label], data(answer)
        if found != _address(deployment, other):
            yield _differs(entry, f"its {other} is {_told(found)}, not the one on record")


def _built_in(deployment: Deployment, entry: DeployedContract) -> set[bytes]:
    """What the release's constructor writes into the code: where it is, whose code it runs, and the domain of signatures."""
    texts = [text.encode() for text in (NAME, VERSION)]
    return {
        word(int(entry.address, 16)),
        _address(deployment, _BACKS.get(entry.contract, entry.contract)),
        word(deployment.chain_id),
        domain_separator(deployment.chain_id, Address(entry.address)),
        *map(keccak, texts),
        *(text.ljust(_WORD_BYTES - 1, b"\0") + bytes([len(text)]) for text in texts),  # OpenZeppelin's ShortStrings
    }


def _address(deployment: Deployment, name: str) -> bytes:
    """A contract's address as a word; zero where it is not on record."""
    entry = deployment.contracts.get(name)
    return word(0 if entry is None else int(entry.address, 16))


def _told(value: bytes) -> str:
    """A word in hex; short where it is an address."""
    return "0x" + value.hex().removeprefix("00" * (_WORD_BYTES - _ADDRESS_BYTES))


def _hash(entry: DeployedContract, code: bytes) -> str:
    return "0x" + keccak(contract(entry.contract).without_immutables(code)).hex() if code else "none"


def _shipped(entry: DeployedContract) -> str:
    return contract(entry.contract).code_hash()


def _differs(entry: DeployedContract, detail: str) -> Notice:
    return FindingKind.CODE_DIFFERS, entry.address.lower(), f"{entry.contract}: {detail}"
