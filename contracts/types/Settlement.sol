// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev One merchant's day under one budget line, to be paid out.
struct MerchantDay {
    uint40 line;
    uint32 merchant;
    uint24 day;
}
