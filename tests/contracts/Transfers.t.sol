// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskFreezes} from "../../contracts/interfaces/ICaseDeskFreezes.sol";
import {ICaseDeskReversals} from "../../contracts/interfaces/ICaseDeskReversals.sol";
import {ICaseDeskTransfers} from "../../contracts/interfaces/ICaseDeskTransfers.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {RulesTerms, Widening} from "../../contracts/types/Programme.sol";
import {BatchTerms, VoucherState} from "../../contracts/types/Supply.sol";
import {GoodWallet} from "./doubles/Wallets.sol";
import {TransferWorld} from "./TransferWorld.sol";
import {Vm} from "./Vm.sol";

/// transfer
/// ├── when the deadline has come: it should refuse it
/// ├── when neither signed nor sent by the holder: it should refuse it
/// ├── when the same signature comes again: it should refuse it, also after the voucher came back
/// ├── when the receiver is zero, the holder, or a merchant's key or terminal: it should refuse it
/// ├── when the voucher is unknown, redeemed, booked, revoked or expired: it should refuse it
/// ├── when the voucher, its roll, batch or holder is frozen: it should refuse it until the freeze lapses
/// ├── when the programme or the network is paused: it should refuse it until the pause is over
/// ├── when its rules version allows no transfer, or has no caps: it should refuse it
/// ├── when it is worth more than may be passed on at once: it should refuse it
/// ├── when the month's sum would be passed: it should refuse it until the next local month
/// └── when signed by the holder, sent by it, or allowed by one that is a contract: it should write and log
contract TransfersTest is TransferWorld {
    uint256 private constant DEADLINE = NOW + 60;

    function test_transfer__whenDeadlineHasCome__refusesIt() external {
        bytes memory signature = _signature(_holderKey(1), _transferDigest(_voucher(1), _holder(7), NOW));
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskReversals.CaseDesk_DeadlinePassed.selector, NOW, NOW));
        desk.transfer(_voucher(1), _holder(7), NOW, signature);
        signature = _signature(_holderKey(1), _transferDigest(_voucher(1), _holder(7), NOW + 1));
        desk.transfer(_voucher(1), _holder(7), NOW + 1, signature);
    }

    function test_transfer__whenHolderDidNotWantIt__refusesIt() external {
        bytes memory error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_NotTheHolder.selector, _voucher(1), _holder(1));
        _refusePass(_voucher(1), 2, _holder(7), error); // another's signature
        bytes memory signature = _signature(_holderKey(1), _transferDigest(_voucher(1), _holder(7), DEADLINE));
        vm.expectRevert(error);
        desk.transfer(_voucher(1), _holder(8), DEADLINE, signature); // another receiver
        vm.expectRevert(error);
        desk.transfer(_voucher(1), _holder(7), DEADLINE + 1, signature); // another deadline
        error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_NotTheHolder.selector, _voucher(2), _holder(2));
        vm.expectRevert(error);
        desk.transfer(_voucher(2), _holder(7), DEADLINE, signature); // another voucher
        vm.expectRevert(error);
        vm.prank(_holder(1));
        desk.transfer(_voucher(2), _holder(7), DEADLINE, ""); // another caller
    }

    function test_transfer__whenSignatureWasUsed__refusesItAfterTheVoucherCameBack() external {
        bytes32 digest = _transferDigest(_voucher(1), _holder(7), DEADLINE);
        bytes memory signature = _signature(_holderKey(1), digest);
        vm.assertFalse(vouchers.isDead(digest, _voucher(1)), "dead before");
        desk.transfer(_voucher(1), _holder(7), DEADLINE, signature);
        vm.assertTrue(vouchers.isDead(digest, _voucher(1)), "dead");
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_NotTheHolder.selector, _voucher(1), _holder(7)));
        desk.transfer(_voucher(1), _holder(7), DEADLINE, signature);
        _pass(_voucher(1), 7, _holder(1));
        bytes memory error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_TransferUsed.selector, _voucher(1), digest);
        vm.expectRevert(error);
        desk.transfer(_voucher(1), _holder(7), DEADLINE, signature);
        vm.expectRevert(error);
        vm.prank(_holder(1));
        desk.transfer(_voucher(1), _holder(7), DEADLINE, "");
        vm.prank(_holder(1));
        desk.transfer(_voucher(1), _holder(7), DEADLINE + 1, "");
        vm.assertEq(vouchers.holderOf(_voucher(1)), _holder(7));
    }

    function test_transfer__whenNobodyCanReceiveIt__refusesIt() external {
        bytes memory error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_ReceiverMissing.selector);
        _refusePass(_voucher(1), 1, address(0), error);
        error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_ReceiverIsHolder.selector, _holder(1));
        _refusePass(_voucher(1), 1, _holder(1), error);
        error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_ReceiverIsMerchant.selector, otherShop, otherMerchant);
        _refusePass(_voucher(1), 1, otherShop, error);
        error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_ReceiverIsMerchant.selector, till, merchant);
        _refusePass(_voucher(1), 1, till, error);
    }

    function test_transfer__whenVoucherIsNotLive__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_VoucherUnknown.selector, _voucher(5)));
        desk.transfer(_voucher(5), _holder(7), DEADLINE, "");
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        _refusePass(_voucher(0), 0, _holder(7), _notLive(_voucher(0), VoucherState.REDEEMED));
        bytes32 booking = _booked(4);
        _refusePass(_voucher(4), 4, _holder(7), _notLive(_voucher(4), VoucherState.BOOKED));
        _release(_holder(4), booking, 4);
        _pass(_voucher(4), 4, _holder(7));
        _condemn(1, _voucher(1)); // a voucher confirmed is revoked
        _refusePass(_voucher(1), 1, _holder(7), _notLive(_voucher(1), VoucherState.REVOKED));
        vm.warp(END - 1);
        _pass(_voucher(2), 2, _holder(7));
        vm.warp(END);
        _refusePass(_voucher(3), 3, _holder(7), _notLive(_voucher(3), VoucherState.EXPIRED));
    }

    function test_transfer__whenFrozen__refusesItUntilTheFreezeLapses() external {
        uint256 until = NOW + 1 days;
        uint256[2][4] memory subjects = [[uint256(1), _voucher(1)], [2, roll], [3, batch], [4, _holderId(1)]];
        for (uint256 i; i < subjects.length; ++i) {
            uint256 world = vm.snapshotState();
            (uint256 subject, uint256 id) = (subjects[i][0], subjects[i][1]);
            _freeze(subject, id, until);
            vm.warp(until - 1);
            bytes memory error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_SubjectFrozen.selector, subject, id, until);
            _refusePass(_voucher(1), 1, _holder(7), error);
            vm.warp(until);
            _pass(_voucher(1), 1, _holder(7));
            vm.revertToState(world);
        }
    }

    function test_transfer__whenPaused__refusesItUntilThePauseIsOver() external {
        uint256 until = NOW + 1 days;
        uint256 world = vm.snapshotState();
        vm.prank(rescuer);
        programmes.pause(programme, until, "flood");
        _assertPausedUntil(until);
        vm.revertToState(world);
        vm.prank(rescuer);
        programmes.pauseAll(until, "flood");
        _assertPausedUntil(until);
    }

    function test_transfer__whenItsRulesAllowNone__refusesIt() external {
        uint256 strict = _issueUnder(0, FACE);
        _refusePass(
            strict, 1, _holder(7), abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_NotTransferable.selector, strict, 2)
        );
        _pass(_voucher(1), 1, _holder(7)); // the first version's
    }

    function test_transfer__whenItsRulesHaveNoCaps__refusesIt() external {
        uint256 capless = _issueUnder(8, FACE);
        _refusePass(
            capless,
            1,
            _holder(7),
            abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_TransferTooLarge.selector, capless, FACE, 0)
        );
    }

    function test_transfer__whenAboveTheCap__refusesIt() external {
        uint256 large = _issue("large", PER_TRANSFER + 1);
        _refusePass(
            large,
            1,
            _holder(7),
            abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_TransferTooLarge.selector, large, PER_TRANSFER + 1, PER_TRANSFER)
        );
        _pass(_issue("as large as may be", PER_TRANSFER), 1, _holder(7));
    }

    function test_transfer__whenTheMonthIsUsedUp__refusesItUntilTheNext() external {
        _pass(_voucher(1), 1, _holder(7));
        _pass(_issue("small", PER_TRANSFER - 1), 1, _holder(7));
        uint256 more = _issue("more", 2);
        bytes memory error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_TransferMonthPassed.selector, _holder(1), 2, 1);
        _refusePass(more, 1, _holder(7), error);
        _pass(_voucher(2), 2, _holder(7)); // another holder's own month
        vm.warp(START + 31 days - 8 hours - 1); // the last second of January in UTC+8
        _refusePass(more, 1, _holder(7), error);
        (uint256 month, uint256 amount) = desk.passedOn(programme, _holder(1));
        vm.assertEq(month, 2026 * 12, "January");
        vm.assertEq(amount, PER_MONTH - 1, "passed on");
        vm.warp(START + 31 days - 8 hours);
        _pass(more, 1, _holder(7));
        (month, amount) = desk.passedOn(programme, _holder(1));
        vm.assertEq(month, 2026 * 12 + 1, "February");
        vm.assertEq(amount, 2, "begun anew");
    }

    function test_transfer__whenSigned__writesAndLogs() external {
        bytes memory signature = _compactSignature(_holderKey(1), _transferDigest(_voucher(1), _holder(7), DEADLINE));
        vm.recordLogs();
        desk.transfer(_voucher(1), _holder(7), DEADLINE, signature);
        _assertPassed(_holder(1));
        vm.assertEq(vouchers.overlayBits(4, _voucher(0) >> 8), 1 << (_voucher(1) & 0xff));
    }

    function test_transfer__whenSentByTheHolder__writesAndLogs() external {
        vm.recordLogs();
        vm.prank(_holder(1));
        desk.transfer(_voucher(1), _holder(7), DEADLINE, "");
        _assertPassed(_holder(1));
    }

    function test_transfer__whenAllowedByAContract__writesAndLogs() external {
        GoodWallet wallet = new GoodWallet();
        bytes memory holders = _holders(0, 2);
        _put(holders, 1, address(wallet));
        roll = _writeRoll(programme, "contracts", holders);
        _issue(batch, roll);
        bytes memory error =
            abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_NotTheHolder.selector, _voucher(1), address(wallet));
        vm.expectRevert(error);
        desk.transfer(_voucher(1), _holder(7), DEADLINE, hex"01");
        wallet.allow(_transferDigest(_voucher(1), _holder(7), DEADLINE));
        vm.recordLogs();
        desk.transfer(_voucher(1), _holder(7), DEADLINE, hex"01");
        _assertPassed(address(wallet));
    }

    // --- helpers ---

    /// @dev The only log is that the voucher of place 1 went from `from` to holder 7; nobody else's moved.
    function _assertPassed(address from) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "logs");
        bytes32 signature = ICaseDeskTransfers.VoucherTransferred.selector;
        assertLog(logs[0], address(desk), topicsOf(signature, _voucher(1), topic(from), topic(_holder(7))), "");
        vm.assertEq(vouchers.holderOf(_voucher(1)), _holder(7), "holder");
        vm.assertEq(vouchers.ownerOf(_voucher(1)), _holder(7), "owner");
        vm.assertEq(vouchers.holderOf(_voucher(0)), _holder(0), "neighbour");
        vm.assertEq(vouchers.holderAt(roll, 1), from, "place");
        vm.assertEq(uint256(vouchers.stateOf(_voucher(1))), uint256(VoucherState.LIVE), "state");
        (, uint256 amount) = desk.passedOn(programme, from);
        vm.assertEq(amount, FACE, "passed on");
    }

    function _assertPausedUntil(uint256 until) private {
        vm.warp(until - 1);
        bytes memory error = abi.encodeWithSelector(ICaseDeskTransfers.CaseDesk_ProgrammePaused.selector, programme, until);
        _refusePass(_voucher(1), 1, _holder(7), error);
        vm.warp(until);
        _pass(_voucher(1), 1, _holder(7));
    }

    /// @dev The voucher of place 1 of a new batch of this face value.
    function _issue(string memory ref, uint256 face) private returns (uint256) {
        BatchTerms memory t = _batchTerms(programme);
        t.face = uint48(face);
        uint256 opened = _openBatch(ref, t);
        _issue(opened, roll);
        return _id(opened, roll, 1);
    }

    /// @dev The same under a second version of the rules.
    function _issueUnder(uint8 flags, uint256 face) private returns (uint256) {
        RulesTerms memory r = _rulesTerms();
        r.flags = flags;
        vm.prank(treasurer);
        uint256 version = programmes.proposeRules(programme, r, Widening(0, new uint40[](0), 0), "resale");
        vm.warp(NOW + 7 days);
        vm.prank(approver);
        programmes.activateRules(programme, version);
        return _issue("later", face);
    }

    function _notLive(uint256 voucher, VoucherState state) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_NotLive.selector, voucher, state);
    }
}
