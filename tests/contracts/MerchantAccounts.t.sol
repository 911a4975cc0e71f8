// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMerchantRegistry} from "../../contracts/interfaces/IMerchantRegistry.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {MerchantStatus} from "../../contracts/types/Merchant.sol";
import {OpenWorld} from "./OpenWorld.sol";
import {Vm} from "./Vm.sol";

/// replaceKey, replaceTerminal
/// ├── when the old one is not the merchant's, or the new one is taken: it should change nothing
/// ├── when the old and the new are one: it should put it back as it was
/// └── when the new one is free: it should be in the old one's place, a terminal's limit and today's sum with it
/// limitTerminal
/// ├── when the terminal is not the merchant's, or the merchant was removed: it should refuse it
/// └── when it is: it should write the limit and keep what was spent
/// proposePayout
/// ├── when the merchant is unknown, the account zero or the one it has: it should refuse it
/// ├── when another account is on its way: it should name it
/// └── when it is another: it should be ripe after the delay, and nothing changed yet
/// approvePayout
/// ├── when nothing was proposed, or another account: it should refuse it
/// ├── when the caller proposed it, or one second early: it should refuse it
/// └── when it is ripe: it should be where the merchant is paid, also one that was removed
/// withdrawPayout
/// ├── when nothing was proposed: it should refuse it
/// └── when something was: it should be as if it never had been
contract MerchantAccountsTest is OpenWorld {
    address private till;
    address private spare;

    function setUp() public override {
        super.setUp();
        till = _account("till");
        spare = _account("spare");
        vm.startPrank(registrar);
        merchants.addKey(merchant, till);
        merchants.addTerminal(merchant, till);
        vm.stopPrank();
    }

    // --- replacing ---

    function test_replaceKey__whenOldIsNotTheMerchants__changesNothing() external {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_AccountUnknown.selector, spare, merchant));
        vm.prank(registrar);
        merchants.replaceKey(merchant, spare, outsider);
        vm.assertEq(merchants.merchantOfKey(till), merchant);
    }

    function test_replaceKey__whenNewIsTaken__changesNothing() external {
        uint256 other = _merchant("museum");
        vm.startPrank(registrar);
        merchants.addKey(other, spare);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_AccountTaken.selector, spare, other));
        merchants.replaceKey(merchant, till, spare);
        vm.stopPrank();
        vm.assertEq(merchants.merchantOfKey(till), merchant);
    }

    function test_replaceKey__whenFree__isInTheOldOnesPlace() external {
        vm.recordLogs();
        vm.prank(registrar);
        merchants.replaceKey(merchant, till, spare);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        _assertLog(logs[0], IMerchantRegistry.MerchantKeyRemoved.selector, till, "");
        _assertLog(logs[1], IMerchantRegistry.MerchantKeyAdded.selector, spare, "");
        vm.assertEq(merchants.merchantOfKey(till), 0);
        vm.assertEq(merchants.merchantOfKey(spare), merchant);
    }

    function test_replaceTerminal__whenOldIsNotTheMerchants__changesNothing() external {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_AccountUnknown.selector, spare, merchant));
        vm.prank(registrar);
        merchants.replaceTerminal(merchant, spare, outsider);
    }

    function test_replaceTerminal__whenItHasALimit__takesLimitAndSumAlong() external {
        uint256 word = merchant | 1 << 32 | uint256(500) << 40 | uint256(20_000) << 104 | uint256(120) << 128;
        vm.prank(address(merchants));
        vouchers.setTerminal(till, word);
        vm.recordLogs();
        vm.prank(registrar);
        merchants.replaceTerminal(merchant, till, spare);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        _assertLog(logs[0], IMerchantRegistry.TerminalRemoved.selector, till, "");
        _assertLog(logs[1], IMerchantRegistry.TerminalAdded.selector, spare, "");
        _assertLimited(logs[2], spare, 500);
        vm.assertEq(vouchers.terminalWord(till), 0);
        vm.assertEq(vouchers.terminalWord(spare), word);
        vm.assertEq(merchants.merchantOfTerminal(spare), merchant);
    }

    function test_replaceTerminal__whenItHasNone__logsNoLimit() external {
        vm.recordLogs();
        vm.prank(registrar);
        merchants.replaceTerminal(merchant, till, spare);
        vm.assertEq(vm.getRecordedLogs().length, 2);
        vm.assertEq(vouchers.terminalWord(spare), merchant | 1 << 32);
    }

    function test_replaceTerminal__whenOldAndNewAreOne__isAsItWas() external {
        uint256 before = vouchers.terminalWord(till);
        vm.prank(registrar);
        merchants.replaceTerminal(merchant, till, till);
        vm.assertEq(vouchers.terminalWord(till), before);
        vm.assertEq(merchants.merchantOfTerminal(till), merchant);
    }

    // --- limits ---

    function test_limitTerminal__whenNotTheMerchants__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_AccountUnknown.selector, spare, merchant));
        vm.prank(registrar);
        merchants.limitTerminal(merchant, spare, 1);
    }

    function test_limitTerminal__whenRemoved__refusesIt() external {
        _remove();
        vm.expectRevert(
            abi.encodeWithSelector(
                IMerchantRegistry.MerchantRegistry_StatusWrong.selector, merchant, MerchantStatus.REMOVED, MerchantStatus.ACTIVE
            )
        );
        vm.prank(registrar);
        merchants.limitTerminal(merchant, till, 1);
    }

    function test_limitTerminal__whenTheMerchants__keepsWhatWasSpent() external {
        uint256 spent = uint256(20_000) << 104 | uint256(120) << 128;
        vm.prank(address(merchants));
        vouchers.setTerminal(till, merchant | 1 << 32 | spent);
        vm.recordLogs();
        vm.startPrank(registrar);
        merchants.limitTerminal(merchant, till, type(uint64).max);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        _assertLimited(logs[0], till, type(uint64).max);
        vm.assertEq(vouchers.terminalWord(till), merchant | 1 << 32 | uint256(type(uint64).max) << 40 | spent);
        merchants.limitTerminal(merchant, till, 7);
        vm.assertEq(vouchers.terminalWord(till), merchant | 1 << 32 | 7 << 40 | spent);
        merchants.limitTerminal(merchant, till, 0);
        vm.assertEq(vouchers.terminalWord(till), merchant | 1 << 32 | spent);
        vm.stopPrank();
    }

    // --- payout ---

    function test_proposePayout__whenUnknownZeroOrTheSame__refusesIt() external {
        vm.startPrank(registrar);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_MerchantUnknown.selector, 9));
        merchants.proposePayout(9, spare);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_PayoutInvalid.selector, merchant, address(0)));
        merchants.proposePayout(merchant, address(0));
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_PayoutInvalid.selector, merchant, payout));
        merchants.proposePayout(merchant, payout);
        vm.stopPrank();
    }

    function test_proposePayout__whenAnotherIsOnItsWay__namesIt() external {
        vm.startPrank(registrar);
        merchants.proposePayout(merchant, spare);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_PayoutOpen.selector, merchant, spare));
        merchants.proposePayout(merchant, outsider);
        vm.stopPrank();
    }

    function test_proposePayout__whenAnother__isRipeAfterTheDelay() external {
        vm.recordLogs();
        vm.prank(registrar);
        merchants.proposePayout(merchant, spare);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        _assertLog(logs[0], IMerchantRegistry.PayoutProposed.selector, spare, abi.encode(NOW + 3 days));
        vm.assertEq(merchants.PAYOUT_DELAY(), 3 days);
        vm.assertEq(abi.encode(merchants.payoutProposal(merchant)), abi.encode(spare, registrar, NOW + 3 days));
        vm.assertEq(merchants.payoutOf(merchant), payout);
    }

    function test_approvePayout__whenNothingOrAnotherWasProposed__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_NothingProposed.selector, merchant));
        _approve(approver, spare);
        vm.prank(registrar);
        merchants.proposePayout(merchant, spare);
        vm.warp(NOW + 3 days);
        vm.expectRevert(
            abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_PayoutDiffers.selector, merchant, outsider, spare)
        );
        _approve(approver, outsider);
    }

    function test_approvePayout__whenCallerProposedIt__refusesIt() external {
        vm.prank(admin);
        manager.grantRole(Roles.APPROVER, registrar, 0);
        vm.prank(registrar);
        merchants.proposePayout(merchant, spare);
        vm.warp(NOW + 3 days);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_OwnProposal.selector, merchant, registrar));
        _approve(registrar, spare);
    }

    function test_approvePayout__whenOneSecondEarly__refusesIt() external {
        vm.prank(registrar);
        merchants.proposePayout(merchant, spare);
        uint256 ripeAt = NOW + 3 days;
        vm.warp(ripeAt - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_TooEarly.selector, merchant, ripeAt - 1, ripeAt)
        );
        _approve(approver, spare);
        vm.warp(ripeAt);
        vm.recordLogs();
        _approve(approver, spare);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(IMerchantRegistry.PayoutChanged.selector, merchant, topic(spare), topic(approver));
        assertLog(logs[0], address(merchants), topics, "");
        vm.assertEq(merchants.payoutOf(merchant), spare);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_NothingProposed.selector, merchant));
        _approve(approver, spare);
    }

    function test_approvePayout__whenTheMerchantWasRemoved__isStillPossible() external {
        _remove();
        vm.prank(registrar);
        merchants.proposePayout(merchant, spare);
        vm.warp(NOW + 3 days);
        _approve(approver, spare);
        vm.assertEq(merchants.payoutOf(merchant), spare);
    }

    function test_withdrawPayout__whenNothingWasProposed__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_NothingProposed.selector, merchant));
        vm.prank(registrar);
        merchants.withdrawPayout(merchant, "none");
    }

    function test_withdrawPayout__whenProposed__isAsIfItNeverHadBeen() external {
        vm.startPrank(registrar);
        merchants.proposePayout(merchant, spare);
        vm.recordLogs();
        merchants.withdrawPayout(merchant, "a forged letter");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        _assertLog(logs[0], IMerchantRegistry.PayoutWithdrawn.selector, spare, abi.encode("a forged letter"));
        merchants.proposePayout(merchant, outsider);
        vm.stopPrank();
        vm.assertEq(merchants.payoutProposal(merchant).account, outsider);
    }

    // --- helpers ---

    function _approve(address actor, address account) private {
        vm.prank(actor);
        merchants.approvePayout(merchant, account);
    }

    function _remove() private {
        vm.prank(registrar);
        merchants.proposeRemoval(merchant, "closed");
        vm.prank(approver);
        merchants.remove(merchant, "closed");
    }

    /// @dev An event of the merchant, an account and the registrar.
    function _assertLog(Vm.Log memory log, bytes32 signature, address account, bytes memory data) private view {
        assertLog(log, address(merchants), topicsOf(signature, merchant, topic(account), topic(registrar)), data);
    }

    function _assertLimited(Vm.Log memory log, address terminal, uint256 limit) private view {
        _assertLog(log, IMerchantRegistry.TerminalLimited.selector, terminal, abi.encode(limit));
    }
}
