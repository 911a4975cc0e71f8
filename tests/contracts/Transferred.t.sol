// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {Leaf} from "../../contracts/types/Case.sol";
import {RulesTerms} from "../../contracts/types/Programme.sol";
import {Item} from "../../contracts/types/Redemption.sol";
import {VoucherState} from "../../contracts/types/Supply.sol";
import {TransferWorld} from "./TransferWorld.sol";

/// a voucher that was passed on
/// ├── is redeemed by its new holder, and no longer by a signature of the old one
/// ├── goes with other vouchers of its new holder, and no longer with those of the old one's place
/// ├── is frozen with its new holder, not with the old one
/// ├── is revoked with its new holder, not with the old one
/// ├── counts for its new holder
/// ├── is disputed by its new holder
/// ├── stays with its new holder after a reversal, and can be passed on again
/// └── is swept like any other
contract TransferredTest is TransferWorld {
    uint256 private moved;
    uint256 private second; // another batch on the same roll

    function setUp() public override {
        super.setUp();
        second = _openBatch("second", programme);
        _issue(second, roll);
        moved = _voucher(1);
        _pass(moved, 1, _holder(7));
    }

    /// @dev Counters are kept where a limit asks for them.
    function _rulesTerms() internal view override returns (RulesTerms memory r) {
        r = super._rulesTerms();
        r.dayCount = 10;
    }

    function test_redeem__whenPassedOn__isItsNewHolders() external {
        _assertPassedOver(_signedItem(moved, 1, merchant), IVouchersErrors.Vouchers_SignatureInvalid.selector);
        vm.assertEq(_redeem(merchant, _signedItem(moved, 7, merchant)), 1, "new holder");
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1, "neighbour");
        vm.assertEq(_redeem(merchant, _signedItem(_id(second, roll, 1), 1, merchant)), 1, "the place's other voucher");
    }

    function test_redeem__whenSignedBeforeItWasPassedOn__isRefused() external {
        Item memory early = _signedItem(_voucher(2), 2, merchant);
        _pass(_voucher(2), 2, _holder(7));
        _assertPassedOver(early, IVouchersErrors.Vouchers_SignatureInvalid.selector);
        _pass(_voucher(2), 7, _holder(2));
        vm.assertEq(_redeem(merchant, early), 1, "it came back before the deadline");
    }

    function test_redeem__whenTogetherWithOthers__comparesHolders() external {
        uint256 own = _id(second, roll, 1);
        Item memory item = _signed(_item(_spend(moved, own)), _holderKey(7), merchant);
        _assertSaidNo(item, own, IVouchersErrors.Vouchers_HolderMismatch.selector);
        item = _signed(_item(_spend(_voucher(2), _id(second, roll, 1))), _holderKey(2), merchant);
        _assertSaidNo(item, own, IVouchersErrors.Vouchers_HolderMismatch.selector);
        _pass(own, 1, _holder(7));
        item = _signed(_item(_spend(moved, own)), _holderKey(7), merchant);
        vm.assertEq(_redeem(merchant, item), 2, "both passed on");
        item = _signed(_item(_spend(_voucher(2), _id(second, roll, 2))), _holderKey(2), merchant);
        vm.assertEq(_redeem(merchant, item), 2, "neither passed on");
    }

    function test_redeem__whenOnlyTheLaterOnePassedOn__comparesHolders() external {
        uint256 later = _id(second, roll, 3);
        _pass(later, 3, _holder(7));
        Item memory item = _signed(_item(_spend(_voucher(3), later)), _holderKey(3), merchant);
        _assertSaidNo(item, later, IVouchersErrors.Vouchers_HolderMismatch.selector);
    }

    function test_freeze__ofAHolder__isTheNewHolders() external {
        _freeze(4, _holderId(1), NOW + 1 days);
        vm.assertEq(_redeem(merchant, _signedItem(moved, 7, merchant)), 1, "old holder frozen");
        _freeze(4, _holderId(7), NOW + 1 days);
        _pass(_voucher(2), 2, _holder(7));
        Item memory item = _signedItem(_voucher(2), 7, merchant);
        _assertSaidNo(item, _voucher(2), IVouchersErrors.Vouchers_VoucherFrozen.selector);
    }

    function test_revoke__ofAHolder__isTheNewHolders() external {
        _condemn(4, _holderId(7));
        vm.prank(auditor);
        desk.revoke(_one(moved), "proved");
        _assertState(moved, VoucherState.REVOKED);
    }

    function test_counter__whenRedeemed__isTheNewHolders() external {
        _redeem(merchant, _signedItem(moved, 7, merchant));
        vm.assertEq(vouchers.counterWord(programme, _holder(1)), 0, "old holder's");
        vm.assertEq(vouchers.counterWord(programme, _holder(7)) >> 184, 1, "new holder's");
    }

    function test_dispute__whenRedeemed__isTheNewHolders() external {
        _sellMoved();
        vm.expectRevert();
        vm.prank(_holder(1));
        desk.dispute(_opening(0), REASON, block.timestamp + 1, "");
        vm.prank(_holder(7));
        vm.assertEq(desk.dispute(_opening(0), REASON, block.timestamp + 1, ""), 1);
    }

    function test_reversal__whenRedeemed__leavesItWithItsNewHolder() external {
        _sellMoved();
        vm.assertTrue(_reverse(0), "live");
        vm.assertEq(vouchers.holderOf(moved), _holder(7));
        vm.warp(block.timestamp + 1); // the same item a second later is another one
        _pass(moved, 7, _holder(8));
        vm.assertEq(_redeem(merchant, _signedItem(moved, 8, merchant)), 1);
    }

    function test_sweep__whenPassedOn__countsItAsUnspent() external {
        vm.warp(END);
        _sweep();
        _assertIdentity(line);
        vm.assertEq(_committedCount(line), 5, "the second batch's");
    }

    // --- helpers ---

    /// @dev One call with the voucher that was passed on.
    function _sellMoved() private {
        Item memory item = _signedItem(moved, 7, merchant);
        delete leaves;
        leaves.push(Leaf(_digest(item, merchant), moved, FACE, merchant, address(0), block.timestamp, 1));
        (uint256 before,,) = vouchers.counts();
        first = before + 1;
        vm.assertEq(_redeem(merchant, item), 1, "sold");
    }
}
