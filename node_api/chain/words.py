"""The packed words of the contracts taken apart (docs/storage.md, sections 1 and 2), and the slots they stand in.

The slots come from the compiler's own layout, which is shipped with each contract.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.resources import files

import orjson

from node_api.chain.hashing import keccak

_WINDOW = 48
_ISSUED_AT, _SWEPT_AT = 160, 208


@functools.cache
def slot_of(contract: str, label: str) -> int:
    """The slot of a state variable of a shipped contract. Raises KeyError where there is none of that name."""
    slots = {variable["label"]: int(variable["slot"]) for variable in _variables(contract)}
    return slots[label]


@functools.cache
def address_slots(contract: str) -> Mapping[str, int]:
    """The slots of a shipped contract's variables that hold an address, by name; nothing else in them outlasts a transaction."""
    of_addresses = [one for one in _variables(contract) if one["type"].startswith(("t_address", "t_contract("))]
    return {variable["label"]: int(variable["slot"]) for variable in of_addresses}


def mapped(key: int, slot: int, offset: int = 0) -> str:
    """Where a mapping keeps the value of a key: keccak256(key ‖ slot), plus the word's place in a struct; 0x-hex."""
    place = int.from_bytes(keccak(key.to_bytes(32) + slot.to_bytes(32)))
    return f"0x{(place + offset) % (1 << 256):064x}"


def field(word: int, at: int, bits: int) -> int:
    """`bits` bits of a word from bit `at` on."""
    return word >> at & (1 << bits) - 1


def batch_line(terms: int) -> int:
    """`programme << 16 | number` of a batch's budget line."""
    return field(terms, 0, 24) << 16 | field(terms, 24, 16)


def batch_face(terms: int) -> int:
    """A batch's face value."""
    return field(terms, 64, 48)


def mark_in_window(reach: int, roll: int) -> tuple[bool, bool] | None:
    """Whether a pair was issued and swept, by the marks in the batch's own word; None where they stand elsewhere."""
    first = field(reach, 136, 24)
    place = roll - first
    if first == 0 or not 0 <= place < _WINDOW:
        return None
    return bool(reach >> _ISSUED_AT + place & 1), bool(reach >> _SWEPT_AT + place & 1)


def marks_key(batch: int, roll: int) -> int:
    """Key of the marks of rolls outside the batch's window: issued in the low half, swept in the high half."""
    return batch << 17 | roll >> 7


def mark_outside(marks: int, roll: int) -> tuple[bool, bool]:
    """The marks of a roll in such a word."""
    bit = roll & 127
    return bool(marks >> bit & 1), bool(marks >> 128 + bit & 1)


def day_key(line: int, merchant: int, day: int) -> int:
    """Key of a merchant's day under a line."""
    return line << 56 | merchant << 24 | day


def _variables(contract: str) -> list[dict[str, str]]:
    artifact = orjson.loads((files("node_api.chain") / "artifacts" / f"{contract}.json").read_bytes())
    variables: list[dict[str, str]] = artifact["storageLayout"]["storage"]
    return variables
