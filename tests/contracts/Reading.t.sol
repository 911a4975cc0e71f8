// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {VoucherState} from "../../contracts/types/Supply.sol";
import {RedeemWorld} from "./RedeemWorld.sol";

/// reading
/// ├── holderOf, ownerOf
/// │   ├── when the voucher was never issued: it should refuse it
/// │   └── when it was: it should be the roll's holder at its place, whatever became of it
/// ├── tokenURI
/// │   ├── when the voucher was never issued: it should refuse it
/// │   └── when it was: it should name chain, contract and voucher
/// ├── stateOf
/// │   └── it should be NONE, LIVE, REDEEMED or EXPIRED, by time alone
/// ├── validUntil: it should be the batch's end, or the roll's claim days if they end first
/// └── domainSeparator: it should be that of docs/storage.md, section 5
contract ReadingTest is RedeemWorld {
    function test_holderOf__whenNeverIssued__refusesIt() external {
        uint256 other = _openBatch("other", programme);
        uint256[6] memory unknown =
            [uint256(0), _id(batch, roll, 5), _id(batch, 9, 0), _id(9, roll, 0), _id(other, roll, 0), _voucher(0) | 1 << 59];
        for (uint256 i; i < unknown.length; ++i) {
            bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_VoucherUnknown.selector, unknown[i]);
            vm.expectRevert(error);
            vouchers.holderOf(unknown[i]);
            vm.expectRevert(error);
            vouchers.ownerOf(unknown[i]);
            vm.expectRevert(error);
            vouchers.tokenURI(unknown[i]);
            _assertState(unknown[i], VoucherState.NONE);
        }
    }

    function test_holderOf__whenIssued__isTheRollsHolder() external {
        for (uint256 place; place < 5; ++place) {
            vm.assertEq(vouchers.holderOf(_voucher(place)), _holder(place));
            vm.assertEq(vouchers.ownerOf(_voucher(place)), _holder(place));
        }
        _redeem(merchant, _signedItem(_voucher(1), 1, merchant));
        vm.warp(END);
        vm.assertEq(vouchers.holderOf(_voucher(1)), _holder(1));
        vm.assertEq(vouchers.holderOf(_voucher(2)), _holder(2));
    }

    function test_tokenURI__whenIssued__namesChainContractAndVoucher() external {
        vm.chainId(20_260_101);
        string memory expected =
            string.concat("urn:vouchertrail:20260101:", _lower(vm.toString(address(vouchers))), ":", vm.toString(_voucher(4)));
        vm.assertEq(vouchers.tokenURI(_voucher(4)), expected);
    }

    function test_stateOf__changesByTimeAlone() external {
        _redeem(merchant, _signedItem(_voucher(1), 1, merchant));
        vm.warp(END - 1);
        _assertState(_voucher(0), VoucherState.LIVE);
        _assertState(_voucher(1), VoucherState.REDEEMED);
        vm.warp(END);
        _assertState(_voucher(0), VoucherState.EXPIRED);
        _assertState(_voucher(1), VoucherState.REDEEMED);
    }

    function test_validUntil__isTheBatchsEnd() external view {
        vm.assertEq(vouchers.validUntil(batch, roll), END);
    }

    function test_domainSeparator__isTheOneOfThePage() external view {
        vm.assertEq(vouchers.domainSeparator(), _domain(block.chainid, address(vouchers)));
    }

    function test_marksOf__whenNeverIssued__areNone() external {
        uint256 other = _writeRoll(programme, "other", _holders(0, 1));
        (bool issued, bool swept) = vouchers.marksOf(batch, other);
        vm.assertFalse(issued || swept, "marks");
        (issued, swept) = vouchers.marksOf(9, roll);
        vm.assertFalse(issued || swept, "marks");
        (issued, swept) = vouchers.marksOf(batch, roll);
        vm.assertTrue(issued && !swept, "marks");
    }

    /// @dev The contract writes addresses in lower case.
    function _lower(string memory text) private pure returns (string memory) {
        bytes memory signs = bytes(text);
        for (uint256 i; i < signs.length; ++i) {
            if (signs[i] >= "A" && signs[i] <= "F") signs[i] = bytes1(uint8(signs[i]) + 32);
        }
        return string(signs);
    }
}
