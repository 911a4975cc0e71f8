// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeRegistry} from "../../contracts/interfaces/IProgrammeRegistry.sol";
import {IProgrammeRules} from "../../contracts/interfaces/IProgrammeRules.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {ProgrammeState, ProgrammeTerms, PublicationTerms} from "../../contracts/types/Programme.sol";
import {Base} from "./Base.t.sol";
import {Vm} from "./Vm.sol";

/// approvals
/// └── when 17 are asked for: it should refuse the draft
/// setPublication
/// ├── when the programme is no draft: it should refuse it
/// ├── when the notice is longer than 366 days, or a text has a long address or no hash: it should name the field
/// └── when all is within its bounds: it should keep and log it, in place of what was set before
/// reject
/// ├── when the programme is not proposed: it should refuse it
/// ├── when there is no reason: it should refuse it
/// └── when it is: it should end the programme for good, with the approvals it had
/// publish
/// └── when it is approved: it should announce dates, quota, the earliest activation and the texts
/// activate
/// ├── when the notice is not over: it should name its end
/// └── when it is, and the programme's time has come: it should open it
contract ProgrammeLifeTest is Base {
    function test_draft__whenSeventeenApprovalsAreAskedFor__refusesIt() external {
        ProgrammeTerms memory t = _programmeTerms();
        t.approvalsNeeded = 17;
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_TermsInvalid.selector, "spring", "approvalsNeeded")
        );
        _draft("spring", t, 1);
        t.approvalsNeeded = 16;
        _draft("spring", t, 1);
    }

    // --- setPublication ---

    function test_setPublication__whenNoDraft__refusesIt() external {
        uint256 programme = _proposed(1);
        _expectState(programme, ProgrammeState.PROPOSED, ProgrammeState.DRAFT);
        _set(programme, _publication());
        _expectState(9, ProgrammeState.NONE, ProgrammeState.DRAFT);
        _set(9, _publication());
    }

    function test_setPublication__whenNoticeIsTooLong__namesTheField() external {
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        PublicationTerms memory terms = _publication();
        terms.noticeSeconds = 366 days + 1;
        _refuse(programme, "noticeSeconds", terms);
        terms.noticeSeconds = 366 days;
        _set(programme, terms);
    }

    function test_setPublication__whenAddressIsTooLongOrHasNoHash__namesTheText() external {
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        PublicationTerms memory terms = _publication();
        terms.howToUseUri = string(new bytes(257));
        _refuse(programme, "howToUse", terms);
        terms.howToUseUri = string(new bytes(256));
        terms.conditionsHash = 0;
        _refuse(programme, "conditions", terms);
        terms.conditionsUri = "";
        _set(programme, terms);
    }

    function test_setPublication__whenWithinBounds__keepsTheLast() external {
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        PublicationTerms memory none;
        _set(programme, _publication());
        _set(programme, none);
        vm.recordLogs();
        _set(programme, _publication());
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(IProgrammeRegistry.PublicationSet.selector, programme, topic(treasurer));
        assertLog(logs[0], address(programmes), topics, abi.encode(_publication()));
        _assertPublication(programme, 0);
    }

    // --- reject ---

    function test_reject__whenNotProposed__refusesIt() external {
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        _expectState(programme, ProgrammeState.DRAFT, ProgrammeState.PROPOSED);
        _reject(programme, "no");
        _publish(programme);
        _expectState(programme, ProgrammeState.PUBLISHED, ProgrammeState.PROPOSED);
        _reject(programme, "no");
    }

    function test_reject__whenThereIsNoReason__refusesIt() external {
        uint256 programme = _proposed(2);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_ReasonMissing.selector));
        _reject(programme, "");
    }

    function test_reject__whenProposed__endsItForGood() external {
        uint256 programme = _proposed(2);
        vm.prank(secondApprover);
        programmes.approve(programme);
        vm.recordLogs();
        _reject(programme, "no funds");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(IProgrammeRegistry.ProgrammeRejected.selector, programme, topic(approver));
        assertLog(logs[0], address(programmes), topics, abi.encode("no funds"));

        _expectState(programme, ProgrammeState.REJECTED, ProgrammeState.PROPOSED);
        vm.prank(approver);
        programmes.approve(programme);
        _expectState(programme, ProgrammeState.REJECTED, ProgrammeState.DRAFT);
        vm.prank(treasurer);
        programmes.propose(programme);
        _expectState(programme, ProgrammeState.REJECTED, ProgrammeState.APPROVED);
        vm.prank(treasurer);
        programmes.publish(programme);
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_NotOpen.selector, programme, ProgrammeState.REJECTED)
        );
        vm.prank(rescuer);
        programmes.pause(programme, block.timestamp + 1, "why");
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_ProgrammeNotOpen.selector, programme, 0));
        _openBatch("batch", programme);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_ReferenceTaken.selector, "spring", programme));
        _draft("spring", _programmeTerms(), 1);
    }

    // --- publish, activate ---

    function test_publish__whenApproved__announcesIt() external {
        uint256 programme = _draft("spring", _programmeTerms(), 2);
        _set(programme, _publication());
        vm.recordLogs();
        _publish(programme);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes32[] memory topics = topicsOf(IProgrammeRegistry.ProgrammeAnnounced.selector, programme);
        bytes memory data = abi.encode(START, END, 2 * BUDGET, block.timestamp + 14 days, _publication());
        assertLog(logs[logs.length - 1], address(programmes), topics, data);
        _assertPublication(programme, block.timestamp + 14 days);
    }

    function test_publish__whenTheNoticeEndsBeforeItsTime__announcesItsTime() external {
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        PublicationTerms memory terms = _publication();
        terms.noticeSeconds = 10 days;
        _set(programme, terms);
        _publish(programme);
        (, uint256 earliest) = programmes.publication(programme);
        vm.assertEq(earliest, START);
        vm.warp(START);
        _activate(programme);
    }

    function test_activate__whenOneSecondOfTheNoticeIsLeft__namesItsEnd() external {
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        _set(programme, _publication());
        _publish(programme);
        uint256 end = block.timestamp + 14 days; // START + 4 days
        vm.warp(end - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_NoticeRunning.selector, programme, end - 1, end)
        );
        _activate(programme);
        vm.warp(end);
        _activate(programme);
        vm.assertEq(uint8(vouchers.programmeWord(programme)), uint256(ProgrammeState.ACTIVE));
    }

    // --- helpers ---

    function _publication() private pure returns (PublicationTerms memory) {
        return PublicationTerms(14 days, keccak256("how"), "https://example.org/how", keccak256("if"), "https://example.org/if");
    }

    function _proposed(uint8 approvals) private returns (uint256 programme) {
        ProgrammeTerms memory t = _programmeTerms();
        t.approvalsNeeded = approvals;
        programme = _draft("spring", t, 1);
        vm.prank(treasurer);
        programmes.propose(programme);
    }

    function _set(uint256 programme, PublicationTerms memory terms) private {
        vm.prank(treasurer);
        programmes.setPublication(programme, terms);
    }

    function _reject(uint256 programme, string memory reason) private {
        vm.prank(approver);
        programmes.reject(programme, reason);
    }

    function _refuse(uint256 programme, string memory field, PublicationTerms memory terms) private {
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_PublicationInvalid.selector, programme, field)
        );
        _set(programme, terms);
    }

    function _expectState(uint256 programme, ProgrammeState state, ProgrammeState needed) private {
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_StateWrong.selector, programme, state, needed)
        );
    }

    function _assertPublication(uint256 programme, uint256 earliest) private view {
        (PublicationTerms memory found, uint256 foundEarliest) = programmes.publication(programme);
        vm.assertEq(abi.encode(found), abi.encode(_publication()));
        vm.assertEq(foundEarliest, earliest);
    }
}
