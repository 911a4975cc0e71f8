// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Proxy} from "@openzeppelin/contracts/proxy/Proxy.sol";

import {VouchersBase} from "./VouchersBase.sol";
import {VouchersRedemption} from "./VouchersRedemption.sol";

/// @title Vouchers
/// @dev Implements {IVouchers}: redeeming by its own code, everything else by that of {VouchersBack}, fixed for ever when deployed.
contract Vouchers is VouchersRedemption, Proxy {
    address private immutable BACK;

    /// @param manager The AccessManager that knows the roles.
    /// @param back The {VouchersBack} of the same release.
    constructor(address manager, address back) VouchersBase(manager) {
        BACK = back;
    }

    function _implementation() internal view override returns (address) {
        return BACK;
    }
}
