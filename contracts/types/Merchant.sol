// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev Where a merchant stands. REMOVED is cold: what was rejected or removed never comes back.
enum MerchantStatus {
    NONE,
    APPLIED,
    ACTIVE,
    SUSPENDED,
    REMOVED
}

/// @dev What a merchant is vetted for, where it is, how it sells, and where it is paid.
struct MerchantTerms {
    uint64 categories;
    uint40 region;
    uint8 channels;
    address payout;
}

/// @dev A payout account on its way: approved by another person, from `ripeAt` on. No account means none is.
struct PayoutProposal {
    address account;
    address proposer;
    uint40 ripeAt;
}
