"""Weaves many faults into one copy of the contracts, each behind a switch, so that they are compiled once.

Fault number n is on where the block's coinbase is the address n. No contract of ours asks for the coinbase, and forge sets it by
`--block-coinbase`; with 0 the copy does what the contracts do.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from tools.mutants.faults import Fault, Form
from tools.mutants.syntax import Span

SWITCH = "contracts/libraries/Mutant.sol"
SWITCH_SOURCE = """// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Which fault is on. Pure for the compiler, so that it may stand in pure functions, too.
library Mutant {
    function on(uint256 number) internal pure returns (bool) {
        function (uint256) view returns (bool) asked = _on;
        function (uint256) pure returns (bool) pretended;
        assembly ("memory-safe") {
            pretended := asked
        }
        return pretended(number);
    }

    function _on(uint256 number) private view returns (bool) {
        return uint160(address(block.coinbase)) == number;
    }
}
"""


def weave(source: bytes, path: str, faults: Mapping[int, Fault]) -> str:
    """The source with all these faults of it, each by its number."""
    text = _render(source, (0, len(source)), sorted(faults.items(), key=_outermost_first))
    folder = str(PurePosixPath(path).parent)
    relative = os.path.relpath(SWITCH, folder)
    relative = relative if relative.startswith(".") else f"./{relative}"
    pragma = "pragma solidity 0.8.30;\n"
    return text.replace(pragma, f'{pragma}import {{Mutant}} from "{relative}";\n', 1)


def _outermost_first(numbered: tuple[int, Fault]) -> tuple[int, int, int]:
    number, fault = numbered
    return fault.span[0], -fault.span[1], number


def _render(source: bytes, span: Span, faults: Sequence[tuple[int, Fault]]) -> str:
    """The span with the faults that lie inside of it."""
    parts: list[str] = []
    at, end = span
    inside = [one for one in faults if span[0] <= one[1].span[0] and one[1].span[1] <= span[1]]
    while inside:
        (number, fault), *rest = inside
        parts.append(source[at : fault.span[0]].decode())
        parts.append(_switched(source, number, fault, rest))
        at = fault.span[1]
        inside = [one for one in rest if one[1].span[0] >= at]
    parts.append(source[at:end].decode())
    return "".join(parts)


def _switched(source: bytes, number: int, fault: Fault, others: Sequence[tuple[int, Fault]]) -> str:
    sound = _render(source, fault.span, others)
    faulty = "".join(piece if isinstance(piece, str) else _render(source, piece, others) for piece in fault.pieces)
    switch = f"Mutant.on({number})"
    if fault.form is Form.MODIFIER:
        return f"{faulty} if (!{switch}) _checkCanCall(_msgSender(), _msgData());"
    if fault.form is Form.EXPRESSION:
        return f"({switch} ? {faulty} : {sound})"
    sound, faulty = (part if part.rstrip().endswith(("}", ";")) or not part else f"{part};" for part in (sound, faulty))
    return f"if ({switch}) {{ {faulty} }} else {{ {sound} }}"
