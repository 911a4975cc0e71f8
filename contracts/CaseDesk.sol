// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CaseDeskBase} from "./CaseDeskBase.sol";
import {CaseDeskDisputes} from "./CaseDeskDisputes.sol";
import {Front} from "./Front.sol";
import {ICaseDeskSweep} from "./interfaces/ICaseDeskSweep.sol";
import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";
import {ITreasury} from "./interfaces/ITreasury.sol";
import {IVouchers} from "./interfaces/IVouchers.sol";

/// @title CaseDesk
/// @dev At its address is {ICaseDesk}: the sweep, reversals and disputes by its own code, the rest by that of {CaseDeskBack}.
contract CaseDesk is ICaseDeskSweep, CaseDeskDisputes, Front {
    /// @param manager The AccessManager that knows the roles.
    /// @param back The {CaseDeskBack} of the same release.
    constructor(address manager, address back) CaseDeskBase(manager) Front(back) {}

    /// @inheritdoc ICaseDeskSweep
    function sweep(uint256 batch, uint256 roll) external restricted returns (uint256 amount) {
        // Check: the pair's validity is over.
        uint256 until = _vouchers.validUntil(batch, roll);
        if (block.timestamp < until) revert CaseDesk_NotOver(batch, roll, block.timestamp, until);

        // Interaction: Vouchers counts and marks, the Treasury takes the money back.
        uint256 line;
        uint256 count;
        (line, count, amount) = _vouchers.bookSwept(batch, roll);
        _treasury.releaseExpired(line, amount);

        // Log:
        emit VouchersSwept(batch, roll, line, count, amount, msg.sender);
    }

    /// @inheritdoc ICaseDeskSweep
    function link(address vouchers, address treasury, address merchantRegistry) external restricted {
        if (address(_vouchers) != address(0)) revert CaseDesk_AlreadyLinked();
        (_vouchers, _treasury) = (IVouchers(vouchers), ITreasury(treasury));
        _merchants = IMerchantRegistry(merchantRegistry);
        emit ContractsLinked(vouchers, treasury, merchantRegistry);
    }
}
