// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev How much of a programme's vouchers one holder may pass on, by face value: in one transfer, and in one local month. 0: nothing.
struct TransferCaps {
    uint64 perTransfer;
    uint64 perMonth;
}

/// @dev What a holder has passed on in `month` (`year * 12 + month - 1`), by face value.
struct Passed {
    uint16 month;
    uint64 amount;
}

/// @dev A place on its way to another holder: approved by another person, from `ripeAt` on. No `to` means none is.
struct Reassignment {
    address to;
    address proposer;
    uint40 ripeAt;
}
