// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VoucherState} from "../../contracts/types/Supply.sol";
import {Base} from "./Base.t.sol";

/// release
/// └── when a programme was opened, a batch issued, a voucher spent
///     └── it should stand in every contract
contract ReleaseTest is Base {
    function test_release__whenVoucherSpent__standsInEveryContract() external {
        uint256 programme = _openProgramme("spring", 1);
        uint256 merchant = _merchant("noodles");
        uint256 batch = _openBatch("b", programme);
        uint256 roll = _writeRoll(programme, "r", _holders(0, 3));
        _issue(batch, roll);
        vm.warp(START);
        _activate(programme);
        uint256 voucher = _id(batch, roll, 1);
        vm.assertEq(_redeem(merchant, _signedItem(voucher, 1, merchant)), 1);
        vm.assertEq(uint256(vouchers.stateOf(voucher)), uint256(VoucherState.REDEEMED));
        _assertIdentity(programme << 16 | 1);
    }
}
