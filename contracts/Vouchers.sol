// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Front} from "./Front.sol";
import {VouchersBase} from "./VouchersBase.sol";
import {VouchersRedemption} from "./VouchersRedemption.sol";

/// @title Vouchers
/// @dev Implements {IVouchers}: redeeming by its own code, bookings by that of {VouchersBooking}, everything else that writes by
/// that of {VouchersBack}, reading by that of {VouchersRecord}, one behind the other.
contract Vouchers is VouchersRedemption, Front {
    /// @param manager The AccessManager that knows the roles.
    /// @param back The {VouchersBack} of the same release.
    constructor(address manager, address back) VouchersBase(manager) Front(back) {}
}
