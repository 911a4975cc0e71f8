// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Spend} from "./Redemption.sol";

/// @dev What a holder signed to reserve vouchers for a service at one merchant. Its fields stand as those of {Item} do, so that the same
/// code judges both: `lapseAt`, exclusive, where an item has its bill; `service`, a salted hash, where it has its receipt.
struct Reservation {
    Spend[] spends;
    uint256 lapseAt;
    bytes32 service;
    uint256 channel;
    uint256 deadline;
    bytes signature;
}

/// @dev The reservations at one merchant.
struct BookingGroup {
    uint256 merchant;
    Reservation[] reservations;
}

/// @dev What was served of one voucher's booking, in the token's smallest unit; of a percentage the most it may take, as in {Spend}.
struct Part {
    uint256 voucher;
    uint256 amount;
}

/// @dev What a merchant's key or terminal says was served of a booking, by its digest. `bill` and `receipt` as in {Item}; `deadline` is
/// exclusive; `signature` is empty where the key or terminal sends the call itself.
struct Capture {
    bytes32 booking;
    Part[] parts;
    uint256 bill;
    bytes32 receipt;
    uint256 deadline;
    bytes signature;
}
