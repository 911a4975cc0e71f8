// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev One redeemed voucher as its call committed to it, docs/storage.md, section 1. `terminal` is zero where none answered for it.
struct Leaf {
    bytes32 digest;
    uint256 voucher;
    uint256 amount;
    uint256 merchant;
    address terminal;
    uint256 time;
    uint256 rulesVersion;
}

/// @dev Proof that a voucher was redeemed: the call's first number, the leaf, and the hashes of all leaves before and behind it in
/// the same call, so that the leaf's number is proved, too: `firstNumber + before.length`.
struct Opening {
    uint256 firstNumber;
    Leaf leaf;
    bytes32[] before;
    bytes32[] behind;
}

/// @dev Where a dispute stands. Every state but OPEN is cold.
enum DisputeState {
    NONE,
    OPEN,
    STANDS,
    REVERSED
}

/// @dev A dispute over one redemption. `day` is the merchant's local day whose money is locked; `decideBy` is exclusive.
struct Dispute {
    bytes32 digest;
    uint256 voucher;
    uint64 number;
    uint56 amount;
    uint32 merchant;
    uint24 day;
    uint40 decideBy;
    DisputeState state;
    address by;
}
