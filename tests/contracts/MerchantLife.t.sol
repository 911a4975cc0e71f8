// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMerchantRegistry} from "../../contracts/interfaces/IMerchantRegistry.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {MerchantStatus, MerchantTerms} from "../../contracts/types/Merchant.sol";
import {Item} from "../../contracts/types/Redemption.sol";
import {RedeemWorld} from "./RedeemWorld.sol";
import {Vm} from "./Vm.sol";

/// reject
/// ├── when the merchant has not applied: it should refuse it
/// ├── when the caller entered it: it should refuse it
/// └── when another does: it should be removed for good
/// proposeRemoval
/// ├── when the merchant has applied only, is unknown or removed: it should refuse it
/// └── when it is active or suspended: it should keep who proposed it
/// remove
/// ├── when nobody proposed it: it should refuse it
/// ├── when the caller proposed it: it should refuse it
/// └── when another does: it should be cold, and its keys and terminals speak for nobody
/// proposeChange
/// ├── when the merchant is unknown or removed: it should refuse it
/// ├── when a term is outside its bound, or names another payout account: it should refuse it
/// └── when it is within bounds: it should take the place of an earlier one
/// change
/// ├── when nothing was proposed, or other terms: it should refuse it
/// ├── when the caller proposed it, or the payout account changed meanwhile: it should refuse it
/// └── when another does: it should bind the next redemption
/// the word of a merchant
/// └── when a step or a change is taken: it should keep the fields of a freeze
contract MerchantLifeTest is RedeemWorld {
    // --- reject ---

    function test_reject__whenNotApplied__refusesIt() external {
        _expectStatus(9, MerchantStatus.NONE, MerchantStatus.APPLIED);
        vm.prank(approver);
        merchants.reject(9, "unknown");
        _expectStatus(merchant, MerchantStatus.ACTIVE, MerchantStatus.APPLIED);
        vm.prank(approver);
        merchants.reject(merchant, "too late");
    }

    function test_reject__whenCallerEnteredIt__refusesIt() external {
        _grant(Roles.APPROVER, registrar);
        uint256 other = _apply("museum", _merchantTerms());
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_OwnProposal.selector, other, registrar));
        vm.prank(registrar);
        merchants.reject(other, "mine");
    }

    function test_reject__whenAnotherDoes__isRemovedForGood() external {
        uint256 other = _apply("museum", _merchantTerms());
        vm.recordLogs();
        vm.prank(approver);
        merchants.reject(other, "no licence");
        _assertOnlyLog(topicsOf(IMerchantRegistry.MerchantRejected.selector, other, topic(approver)), abi.encode("no licence"));
        _assertStatus(other, MerchantStatus.REMOVED);
        _expectStatus(other, MerchantStatus.REMOVED, MerchantStatus.APPLIED);
        vm.prank(secondApprover);
        merchants.activate(_one(other));
        _expectStatus(other, MerchantStatus.REMOVED, MerchantStatus.ACTIVE);
        vm.prank(registrar);
        merchants.addKey(other, outsider);
    }

    // --- removal ---

    function test_proposeRemoval__whenNotActiveOrSuspended__refusesIt() external {
        uint256 other = _apply("museum", _merchantTerms());
        _expectStatus(other, MerchantStatus.APPLIED, MerchantStatus.ACTIVE);
        vm.prank(registrar);
        merchants.proposeRemoval(other, "closed");
        _expectStatus(9, MerchantStatus.NONE, MerchantStatus.ACTIVE);
        vm.prank(registrar);
        merchants.proposeRemoval(9, "closed");
        _remove();
        _expectStatus(merchant, MerchantStatus.REMOVED, MerchantStatus.ACTIVE);
        vm.prank(registrar);
        merchants.proposeRemoval(merchant, "again");
    }

    function test_proposeRemoval__whenSuspended__keepsWhoProposedIt() external {
        vm.startPrank(registrar);
        merchants.suspend(merchant, "hygiene");
        vm.recordLogs();
        merchants.proposeRemoval(merchant, "closed");
        vm.stopPrank();
        _assertOnlyLog(
            topicsOf(IMerchantRegistry.MerchantRemovalProposed.selector, merchant, topic(registrar)), abi.encode("closed")
        );
        vm.assertEq(merchants.removalProposer(merchant), registrar);
        _assertStatus(merchant, MerchantStatus.SUSPENDED);
    }

    function test_remove__whenNobodyProposedIt__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_NothingProposed.selector, merchant));
        vm.prank(approver);
        merchants.remove(merchant, "closed");
        _expectStatus(9, MerchantStatus.NONE, MerchantStatus.ACTIVE);
        vm.prank(approver);
        merchants.remove(9, "closed");
    }

    function test_remove__whenCallerProposedIt__refusesIt() external {
        _grant(Roles.APPROVER, registrar);
        vm.startPrank(registrar);
        merchants.proposeRemoval(merchant, "closed");
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_OwnProposal.selector, merchant, registrar));
        merchants.remove(merchant, "closed");
        vm.stopPrank();
    }

    function test_remove__whenAnotherDoes__isColdAndItsAccountsSpeakForNobody() external {
        address till = _account("till");
        vm.startPrank(registrar);
        merchants.addKey(merchant, outsider);
        merchants.addTerminal(merchant, till);
        merchants.proposeRemoval(merchant, "closed");
        vm.stopPrank();
        vm.recordLogs();
        vm.prank(approver);
        merchants.remove(merchant, "shop closed");
        _assertOnlyLog(topicsOf(IMerchantRegistry.MerchantRemoved.selector, merchant, topic(approver)), abi.encode("shop closed"));
        _assertStatus(merchant, MerchantStatus.REMOVED);
        vm.assertEq(merchants.removalProposer(merchant), address(0));
        vm.assertEq(merchants.merchantOfKey(outsider), 0);
        vm.assertEq(merchants.merchantOfTerminal(till), 0);
        vm.recordLogs();
        Item memory item = _signedItem(_voucher(0), 0, merchant);
        vm.assertEq(_redeem(merchant, item), 0);
        bytes4 reason = IVouchersErrors.Vouchers_MerchantNotActive.selector;
        _assertRefused(vm.getRecordedLogs()[0], item, _voucher(0), merchant, reason);

        uint256 other = _merchant("museum");
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_AccountTaken.selector, outsider, merchant));
        vm.prank(registrar);
        merchants.addKey(other, outsider);
        vm.startPrank(registrar);
        merchants.removeKey(merchant, outsider);
        merchants.addKey(other, outsider);
        vm.stopPrank();
        vm.assertEq(merchants.merchantOfKey(outsider), other);
    }

    // --- change of terms ---

    function test_proposeChange__whenUnknownOrRemoved__refusesIt() external {
        _expectStatus(9, MerchantStatus.NONE, MerchantStatus.ACTIVE);
        _propose(9, _merchantTerms());
        _remove();
        _expectStatus(merchant, MerchantStatus.REMOVED, MerchantStatus.ACTIVE);
        _propose(merchant, _merchantTerms());
    }

    function test_proposeChange__whenTermIsOutsideItsBound__refusesIt() external {
        MerchantTerms memory t = _merchantTerms();
        t.categories = 0;
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_TermsInvalid.selector, "", "categories"));
        _propose(merchant, t);
        t = _merchantTerms();
        t.payout = outsider;
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_PayoutInvalid.selector, merchant, outsider));
        _propose(merchant, t);
    }

    function test_proposeChange__whenWithinBounds__takesThePlaceOfAnEarlierOne() external {
        MerchantTerms memory t = _otherTerms();
        _propose(merchant, _merchantTerms());
        vm.recordLogs();
        _propose(merchant, t);
        _assertOnlyLog(topicsOf(IMerchantRegistry.MerchantChangeProposed.selector, merchant, topic(registrar)), abi.encode(t));
        (address proposer, bytes32 hash) = merchants.changeProposal(merchant);
        vm.assertEq(proposer, registrar);
        vm.assertEq(hash, keccak256(abi.encode(t)));
        (MerchantTerms memory found,) = merchants.merchant(merchant);
        vm.assertEq(abi.encode(found), abi.encode(_merchantTerms()));
    }

    function test_change__whenNothingOrOtherTermsWereProposed__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_NothingProposed.selector, merchant));
        _change(approver, _otherTerms());
        _propose(merchant, _otherTerms());
        bytes32 given = keccak256(abi.encode(_merchantTerms()));
        bytes32 proposed = keccak256(abi.encode(_otherTerms()));
        vm.expectRevert(
            abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_ChangeDiffers.selector, merchant, given, proposed)
        );
        _change(approver, _merchantTerms());
    }

    function test_change__whenCallerProposedIt__refusesIt() external {
        _grant(Roles.APPROVER, registrar);
        _propose(merchant, _otherTerms());
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_OwnProposal.selector, merchant, registrar));
        _change(registrar, _otherTerms());
    }

    function test_change__whenPayoutChangedMeanwhile__refusesIt() external {
        _propose(merchant, _otherTerms());
        vm.prank(registrar);
        merchants.proposePayout(merchant, outsider);
        vm.warp(block.timestamp + 3 days);
        vm.prank(approver);
        merchants.approvePayout(merchant, outsider);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_PayoutInvalid.selector, merchant, payout));
        _change(approver, _otherTerms());
    }

    function test_change__whenAnotherDoes__bindsTheNextRedemption() external {
        _propose(merchant, _otherTerms());
        vm.recordLogs();
        _change(approver, _otherTerms());
        _assertOnlyLog(topicsOf(IMerchantRegistry.MerchantChanged.selector, merchant, topic(approver)), abi.encode(_otherTerms()));
        (MerchantTerms memory found, MerchantStatus status) = merchants.merchant(merchant);
        vm.assertEq(abi.encode(found), abi.encode(_otherTerms()));
        vm.assertEq(uint256(status), uint256(MerchantStatus.ACTIVE));
        vm.recordLogs();
        Item memory item = _signedItem(_voucher(0), 0, merchant);
        vm.assertEq(_redeem(merchant, item), 0);
        bytes4 reason = IVouchersErrors.Vouchers_RegionOutside.selector;
        _assertRefused(vm.getRecordedLogs()[0], item, _voucher(0), merchant, reason);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_NothingProposed.selector, merchant));
        _change(approver, _otherTerms());
    }

    // --- the word ---

    /// @dev docs/storage.md: flags 8 at bit 120 and frozenUntil 40 at bit 128 are written by others.
    function test_word__whenStepsAreTaken__keepsTheFreeze() external {
        uint256 freeze = 1 << 120 | uint256(type(uint40).max) << 128;
        uint256 before = vouchers.merchantWord(merchant);
        vm.prank(address(merchants));
        vouchers.setMerchant(merchant, before | freeze);
        vm.prank(registrar);
        merchants.suspend(merchant, "hygiene");
        vm.assertEq(vouchers.merchantWord(merchant), before + 1 | freeze);
        vm.prank(approver);
        merchants.reinstate(merchant, "fine");
        _propose(merchant, _otherTerms());
        _change(approver, _otherTerms());
        _remove();
        uint256 word = 4 | uint256(CHANNELS) << 8 | uint256(CATERING) << 16 | uint256(OTHER_CITY) << 80;
        vm.assertEq(vouchers.merchantWord(merchant), word | freeze);
    }

    // --- helpers ---

    function _otherTerms() private view returns (MerchantTerms memory t) {
        t = _merchantTerms();
        t.region = OTHER_CITY;
    }

    function _propose(uint256 id, MerchantTerms memory terms) private {
        vm.prank(registrar);
        merchants.proposeChange(id, terms);
    }

    function _change(address actor, MerchantTerms memory terms) private {
        vm.prank(actor);
        merchants.change(merchant, terms);
    }

    function _remove() private {
        vm.prank(registrar);
        merchants.proposeRemoval(merchant, "closed");
        vm.prank(approver);
        merchants.remove(merchant, "closed");
    }

    function _grant(uint64 role, address account) private {
        vm.prank(admin);
        manager.grantRole(role, account, 0);
    }

    function _expectStatus(uint256 id, MerchantStatus status, MerchantStatus needed) private {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_StatusWrong.selector, id, status, needed));
    }

    function _assertStatus(uint256 id, MerchantStatus expected) private view {
        (, MerchantStatus status) = merchants.merchant(id);
        vm.assertEq(uint256(status), uint256(expected));
        vm.assertEq(uint8(vouchers.merchantWord(id)), uint256(expected));
    }

    function _assertOnlyLog(bytes32[] memory topics, bytes memory data) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        assertLog(logs[0], address(merchants), topics, data);
    }
}
