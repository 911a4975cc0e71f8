// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskReassignments} from "../../contracts/interfaces/ICaseDeskReassignments.sol";
import {ICaseDeskTransfers} from "../../contracts/interfaces/ICaseDeskTransfers.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {Item} from "../../contracts/types/Redemption.sol";
import {BatchTerms} from "../../contracts/types/Supply.sol";
import {TransferWorld} from "./TransferWorld.sol";
import {Vm} from "./Vm.sol";

/// proposeReassignment
/// ├── when there is no such place: it should refuse it
/// ├── when the roll was claimed: it should refuse it
/// ├── when a voucher of the place was redeemed, spent in part, booked or passed on, whatever became of it: it should name it
/// ├── when the place is on its way already: it should say to whom
/// ├── when the roll or its holder is frozen: it should refuse it
/// ├── when the receiver is zero, the holder, or a merchant's: it should refuse it
/// └── when it may: it should be ripe after the delay, and nothing changed yet
/// approveReassignment
/// ├── when nothing was proposed, or somebody else: it should refuse it
/// ├── when the caller proposed it, or one second early: it should refuse it
/// ├── when the place was taken up or frozen meanwhile, or the receiver became a merchant's: it should refuse it
/// └── when it is ripe: the place's vouchers, later ones too, should be the new holder's, and it can be given once more
/// withdrawReassignment
/// ├── when nothing was proposed: it should refuse it
/// └── when something was: it should be as if it never had been
contract ReassignmentsTest is TransferWorld {
    uint256 private constant RIPE = NOW + 7 days;

    // --- proposing ---

    function test_propose__whenThereIsNoSuchPlace__refusesIt() external {
        vm.assertEq(vouchers.holderAt(roll, 5), address(0));
        _refusePropose(roll, 5, _holder(7), _placeError(ICaseDeskReassignments.CaseDesk_PlaceUnknown.selector, roll, 5));
        _refusePropose(9, 0, _holder(7), _placeError(ICaseDeskReassignments.CaseDesk_PlaceUnknown.selector, 9, 0));
        uint256 wide = 1 << 24 | roll; // no second name for the roll
        _refusePropose(wide, 0, _holder(7), _placeError(ICaseDeskReassignments.CaseDesk_PlaceUnknown.selector, wide, 0));
        _refusePropose(
            0, roll << 11, _holder(7), _placeError(ICaseDeskReassignments.CaseDesk_PlaceUnknown.selector, 0, roll << 11)
        );
        _propose(roll, 4, _holder(7));
    }

    function test_propose__whenClaimed__refusesIt() external {
        vm.prank(treasurer);
        uint256 claimed = vouchers.writeRoll(programme, "claimed", 1, _holders(0, 2));
        bytes memory error = _placeError(ICaseDeskReassignments.CaseDesk_PlaceClaimed.selector, claimed, 1);
        _refusePropose(claimed, 1, _holder(7), error);
        vm.prank(treasurer);
        uint256 custodial = vouchers.writeRoll(programme, "custodial", 2, _holders(0, 2));
        _propose(custodial, 1, _holder(7)); // granted, in the node's custody, never issued to
    }

    function test_propose__whenTakenUp__namesTheVoucher() external {
        _sell(1, 1, till);
        _refusePropose(roll, 1, _holder(7), _takenUp(1, _voucher(1)));
        _reverse(0);
        _refusePropose(roll, 1, _holder(7), _takenUp(1, _voucher(1)));
        _pass(_voucher(2), 2, _holder(7));
        _refusePropose(roll, 2, _holder(8), _takenUp(2, _voucher(2)));
        _pass(_voucher(2), 7, _holder(2));
        _refusePropose(roll, 2, _holder(8), _takenUp(2, _voucher(2)));
        vm.assertEq(vouchers.takenUp(roll, 3), 0);
        _propose(roll, 3, _holder(7));
    }

    function test_propose__whenSpentInPart__namesTheVoucher() external {
        BatchTerms memory t = _batchTerms(programme);
        t.kind = 2;
        uint256 stored = _openBatch("stored", t);
        _issue(stored, roll);
        Item memory item = _item(_spend(_id(stored, roll, 1)));
        item.spends[0].amount = 1;
        vm.assertEq(_redeem(merchant, _signed(item, _holderKey(1), merchant)), 1, "in part");
        _refusePropose(roll, 1, _holder(7), _takenUp(1, _id(stored, roll, 1)));
    }

    function test_propose__whenBooked__namesTheVoucher() external {
        bytes32 booking = _booked(1);
        _refusePropose(roll, 1, _holder(7), _takenUp(1, _voucher(1)));
        _release(shop, booking, 1);
        _refusePropose(roll, 1, _holder(7), _takenUp(1, _voucher(1)));
    }

    function test_propose__whenAnotherBatchWasUsed__namesItsVoucher() external {
        uint256 spare = _openBatch("never issued", programme);
        uint256 second = _openBatch("second", programme);
        _issue(second, _writeRoll(programme, "first of its window", _holders(0, 1)));
        for (uint256 i; i < 48; ++i) {
            _writeRoll(programme, string.concat("roll ", vm.toString(i)), _holders(0, 1));
        }
        uint256 far = _writeRoll(programme, "outside the window", _holders(0, 5));
        _issue(batch, far);
        _issue(second, far);
        _openBatch("last", programme);
        vm.assertEq(vouchers.takenUp(far, 1), 0);
        uint256 voucher = _id(second, far, 1);
        vm.assertEq(_redeem(merchant, _signedItem(voucher, 1, merchant)), 1);
        bytes memory error = abi.encodeWithSelector(ICaseDeskReassignments.CaseDesk_PlaceTakenUp.selector, far, 1, voucher);
        _refusePropose(far, 1, _holder(7), error);
        vm.assertEq(vouchers.takenUp(far, 2), 0, "another place");
        vm.assertEq(vouchers.takenUp(roll, 1), 0, "another roll");
        vm.assertGt(second, spare, "one in between was never issued");
    }

    function test_propose__whenOnItsWayAlready__saysToWhom() external {
        _propose(roll, 1, _holder(7));
        bytes memory error =
            abi.encodeWithSelector(ICaseDeskReassignments.CaseDesk_ReassignmentOpen.selector, roll, 1, _holder(7));
        _refusePropose(roll, 1, _holder(8), error);
        _propose(roll, 2, _holder(7));
    }

    function test_propose__whenFrozen__refusesIt() external {
        uint256 until = NOW + 1 days;
        uint256 world = vm.snapshotState();
        _freeze(2, roll, until);
        _refusePropose(roll, 1, _holder(7), _frozen(2, roll, until));
        vm.revertToState(world);
        _freeze(4, _holderId(1), until);
        vm.warp(until - 1);
        _refusePropose(roll, 1, _holder(7), _frozen(4, _holderId(1), until));
        vm.warp(until);
        _propose(roll, 1, _holder(7));
    }

    function test_propose__whenNobodyCanReceiveIt__refusesIt() external {
        _refusePropose(roll, 1, address(0), abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_ReceiverMissing.selector));
        bytes memory error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_ReceiverIsHolder.selector, _holder(1));
        _refusePropose(roll, 1, _holder(1), error);
        error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_ReceiverIsMerchant.selector, shop, merchant);
        _refusePropose(roll, 1, shop, error);
    }

    function test_propose__whenItMay__isRipeAfterTheDelay() external {
        vm.recordLogs();
        _propose(roll, 1, _holder(7));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "logs");
        bytes32[] memory topics = topicsOf(ICaseDeskReassignments.ReassignmentProposed.selector, roll, 1, topic(_holder(7)));
        assertLog(logs[0], address(desk), topics, abi.encode(registrar, RIPE, "moved away"));
        vm.assertEq(desk.REASSIGNMENT_DELAY(), 7 days);
        _assertProposed(1, _holder(7), registrar, RIPE);
        vm.assertEq(vouchers.holderOf(_voucher(1)), _holder(1));
    }

    // --- approving ---

    function test_approve__whenNothingOrAnotherWasProposed__refusesIt() external {
        bytes memory error = _placeError(ICaseDeskReassignments.CaseDesk_NothingProposed.selector, roll, 1);
        _refuseApprove(approver, 1, _holder(7), error);
        _propose(roll, 1, _holder(7));
        vm.warp(RIPE);
        error =
            abi.encodeWithSelector(ICaseDeskReassignments.CaseDesk_ReassignmentDiffers.selector, roll, 1, _holder(8), _holder(7));
        _refuseApprove(approver, 1, _holder(8), error);
    }

    function test_approve__whenCallerProposedIt__refusesIt() external {
        vm.prank(admin);
        manager.grantRole(Roles.APPROVER, registrar, 0);
        _propose(roll, 1, _holder(7));
        vm.warp(RIPE);
        bytes memory error = abi.encodeWithSelector(ICaseDeskReassignments.CaseDesk_OwnProposal.selector, roll, 1, registrar);
        _refuseApprove(registrar, 1, _holder(7), error);
    }

    function test_approve__whenOneSecondEarly__refusesIt() external {
        _propose(roll, 1, _holder(7));
        vm.warp(RIPE - 1);
        bytes memory error = abi.encodeWithSelector(ICaseDeskReassignments.CaseDesk_TooEarly.selector, roll, 1, RIPE - 1, RIPE);
        _refuseApprove(approver, 1, _holder(7), error);
        vm.warp(RIPE);
        _approve(approver, 1, _holder(7));
    }

    function test_approve__whenThingsChangedMeanwhile__refusesIt() external {
        _propose(roll, 1, _holder(7));
        vm.warp(RIPE);
        uint256 world = vm.snapshotState();
        _sell(1, 1, till);
        _refuseApprove(approver, 1, _holder(7), _takenUp(1, _voucher(1)));
        vm.revertToState(world);
        _freeze(4, _holderId(1), RIPE + 1);
        _refuseApprove(approver, 1, _holder(7), _frozen(4, _holderId(1), RIPE + 1));
        vm.revertToState(world);
        vm.prank(registrar);
        merchants.addTerminal(merchant, _holder(7));
        bytes memory error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_ReceiverIsMerchant.selector, _holder(7), merchant);
        _refuseApprove(approver, 1, _holder(7), error);
    }

    function test_approve__whenRipe__givesThePlace() external {
        _propose(roll, 1, _holder(7));
        vm.warp(RIPE);
        vm.recordLogs();
        _approve(approver, 1, _holder(7));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "logs");
        bytes32[] memory topics = topicsOf(ICaseDeskReassignments.PlaceReassigned.selector, roll, 1, topic(_holder(7)));
        assertLog(logs[0], address(desk), topics, abi.encode(registrar, approver));
        vm.assertEq(vouchers.holderOf(_voucher(1)), _holder(7), "holder");
        vm.assertEq(vouchers.holderAt(roll, 1), _holder(7), "place");
        vm.assertEq(vouchers.holderAt(roll, 2), _holder(2), "another place");
        _assertProposed(1, address(0), address(0), 0);
        bytes memory error = _placeError(ICaseDeskReassignments.CaseDesk_NothingProposed.selector, roll, 1);
        _refuseApprove(approver, 1, _holder(7), error);
    }

    function test_place__whenGiven__isSpentByItsNewHolderAlone() external {
        _give(1, _holder(7));
        uint256 second = _openBatch("second", programme);
        _issue(second, roll);
        uint256 later = _id(second, roll, 1);
        _assertPassedOver(_signedItem(_voucher(1), 1, merchant), IVouchersErrors.Vouchers_SignatureInvalid.selector);
        _assertPassedOver(_signedItem(later, 1, merchant), IVouchersErrors.Vouchers_SignatureInvalid.selector);
        Item memory item = _signed(_item(_spend(_voucher(1), later)), _holderKey(7), merchant);
        vm.assertEq(_redeem(merchant, item), 2, "both");
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(2), 2, merchant)), 1, "neighbour");
        _refusePropose(roll, 1, _holder(8), _takenUp(1, later));
    }

    function test_place__whenGivenTwice__isTheLastOnes() external {
        _give(1, _holder(7));
        _give(1, _holder(8));
        vm.assertEq(vouchers.holderOf(_voucher(1)), _holder(8));
        _give(1, _holder(1));
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(1), 1, merchant)), 1, "the first one again");
    }

    function test_place__whenAVoucherOfItIsPassedOn__keepsTheOthers() external {
        _give(1, _holder(7));
        uint256 second = _openBatch("second", programme);
        _issue(second, roll);
        _pass(_voucher(1), 7, _holder(8));
        vm.assertEq(vouchers.holderOf(_voucher(1)), _holder(8));
        vm.assertEq(vouchers.holderOf(_id(second, roll, 1)), _holder(7));
        Item memory item = _signed(_item(_spend(_voucher(1), _id(second, roll, 1))), _holderKey(8), merchant);
        _assertSaidNo(item, _id(second, roll, 1), IVouchersErrors.Vouchers_HolderMismatch.selector);
    }

    // --- withdrawing ---

    function test_withdraw__whenNothingWasProposed__refusesIt() external {
        vm.expectRevert(_placeError(ICaseDeskReassignments.CaseDesk_NothingProposed.selector, roll, 1));
        vm.prank(registrar);
        desk.withdrawReassignment(roll, 1, "none");
    }

    function test_withdraw__whenProposed__isAsIfItNeverHadBeen() external {
        _propose(roll, 1, _holder(7));
        vm.recordLogs();
        vm.prank(registrar);
        desk.withdrawReassignment(roll, 1, "came back");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "logs");
        bytes32[] memory topics = topicsOf(ICaseDeskReassignments.ReassignmentWithdrawn.selector, roll, 1, topic(registrar));
        assertLog(logs[0], address(desk), topics, abi.encode("came back"));
        _assertProposed(1, address(0), address(0), 0);
        _propose(roll, 1, _holder(8));
    }

    // --- helpers ---

    function _propose(uint256 where, uint256 place, address to) private {
        vm.prank(registrar);
        desk.proposeReassignment(where, place, to, "moved away");
    }

    function _refusePropose(uint256 where, uint256 place, address to, bytes memory error) private {
        vm.expectRevert(error);
        _propose(where, place, to);
    }

    function _approve(address by, uint256 place, address to) private {
        vm.prank(by);
        desk.approveReassignment(roll, place, to);
    }

    function _refuseApprove(address by, uint256 place, address to, bytes memory error) private {
        vm.expectRevert(error);
        _approve(by, place, to);
    }

    /// @dev Proposed now and approved when it is ripe.
    function _give(uint256 place, address to) private {
        _propose(roll, place, to);
        vm.warp(block.timestamp + 7 days);
        _approve(approver, place, to);
    }

    function _assertProposed(uint256 place, address to, address by, uint256 ripeAt) private view {
        (address account, address proposer, uint256 ripe) = desk.reassignment(roll, place);
        vm.assertEq(account, to, "to");
        vm.assertEq(proposer, by, "proposer");
        vm.assertEq(ripe, ripeAt, "ripe at");
    }

    function _placeError(bytes4 error, uint256 where, uint256 place) private pure returns (bytes memory) {
        return abi.encodeWithSelector(error, where, place);
    }

    function _takenUp(uint256 place, uint256 voucher) private view returns (bytes memory) {
        return abi.encodeWithSelector(ICaseDeskReassignments.CaseDesk_PlaceTakenUp.selector, roll, place, voucher);
    }

    function _frozen(uint256 subject, uint256 id, uint256 until) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_SubjectFrozen.selector, subject, id, until);
    }
}
