// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BatchWord} from "../words/BatchWord.sol";

/// @title What of a voucher is taken on a bill, by its kind.
library Kinds {
    uint256 private constant WHOLE = 10_000; // basis points

    /// @dev `amount` is what was signed, within what the voucher has: taken as it is, of a percentage at most.
    function taken(uint256 terms, uint256 amount, uint256 bill) internal pure returns (uint256) {
        if (BatchWord.kind(terms) != BatchWord.PERCENTAGE || bill >> 240 != 0) return amount; // of such a bill any percentage is more
        uint256 off = bill * BatchWord.percentage(terms) / WHOLE;
        return off < amount ? off : amount;
    }
}
