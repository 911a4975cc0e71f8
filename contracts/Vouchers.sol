// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VouchersBase} from "./VouchersBase.sol";
import {VouchersRedemption} from "./VouchersRedemption.sol";

/// @title Vouchers
/// @dev Implements {IVouchers}: redeeming by its own code, everything else by that of {VouchersBack}, fixed for ever when deployed.
contract Vouchers is VouchersRedemption {
    address private immutable BACK;

    /// @param manager The AccessManager that knows the roles.
    /// @param back The {VouchersBack} of the same release.
    constructor(address manager, address back) VouchersBase(manager) {
        BACK = back;
    }

    /// @dev OpenZeppelin's Proxy does the same, but writes over Solidity's memory, which costs every redemption 300 gas of optimisation.
    fallback() external {
        address back = BACK;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let success := delegatecall(gas(), back, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if iszero(success) { revert(free, returndatasize()) }
            return(free, returndatasize())
        }
    }
}
