// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev One merchant's day under one budget line, to be paid out: exactly `amount`, or not in this run.
struct MerchantDay {
    uint40 line;
    uint32 merchant;
    uint24 day;
    uint64 amount;
}
