// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Front} from "./Front.sol";
import {VouchersBase} from "./VouchersBase.sol";
import {VouchersCaptures} from "./VouchersCaptures.sol";
import {VouchersReservations} from "./VouchersReservations.sol";

/// @title The bookings of Vouchers.
/// @dev Its code runs by delegatecall from {VouchersBack}, itself run from {Vouchers}, on the slots of that contract.
contract VouchersBooking is VouchersReservations, VouchersCaptures, Front {
    /// @param manager The AccessManager that knows the roles.
    /// @param record The {VouchersRecord} of the same release.
    constructor(address manager, address record) VouchersBase(manager) Front(record) {}
}
