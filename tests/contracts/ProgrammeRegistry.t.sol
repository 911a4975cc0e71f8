// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeRegistry} from "../../contracts/interfaces/IProgrammeRegistry.sol";
import {IProgrammeRules} from "../../contracts/interfaces/IProgrammeRules.sol";
import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {LineTerms, ProgrammeState, ProgrammeTerms, RulesTerms} from "../../contracts/types/Programme.sol";
import {Base} from "./Base.t.sol";
import {Vm} from "./Vm.sol";

/// draft
/// ├── when the reference is empty, 65 bytes long or taken: it should refuse it
/// ├── when the token is not allowed: it should refuse it
/// ├── when a term of the programme is outside its bound: it should name the field
/// ├── when a rule of a later release is asked for: it should name the rule
/// ├── when there are 0 or 257 lines, or a line is outside its bound: it should name it
/// └── when all is within its bounds: it should keep and log it
/// propose
/// ├── when the programme is no draft: it should refuse it
/// └── when it is: it should log the proposer
/// approve
/// ├── when the programme is not proposed: it should refuse it
/// ├── when the caller drafted or proposed it: it should refuse it
/// ├── when the caller approved before: it should refuse it
/// └── when another approves: it should count, and approve with the last one needed
/// publish
/// ├── when the programme is not approved: it should refuse it
/// └── when it is: it should write words and budgets
/// activate
/// ├── when the programme is not published, or its time has not come: it should refuse it
/// └── when its first second has come: it should open it
/// close
/// ├── when the programme is not active, or its time is not over: it should refuse it
/// ├── when money is committed or payable: it should refuse it
/// └── when nothing is open: it should close it
contract ProgrammeRegistryTest is Base {
    string private constant LONGEST = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    // --- draft ---

    function test_draft__whenReferenceIsEmpty__refusesIt() external {
        _refuse(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_ReferenceInvalid.selector, ""), "", _programmeTerms());
    }

    function test_draft__whenReferenceHas65Bytes__refusesIt() external {
        string memory ref = string.concat(LONGEST, "0");
        _refuse(
            abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_ReferenceInvalid.selector, ref), ref, _programmeTerms()
        );
    }

    function test_draft__whenReferenceHas64Bytes__keepsIt() external {
        uint256 programme = _draft(LONGEST, _programmeTerms(), 1);
        vm.assertEq(programmes.programmeOf(LONGEST), programme);
    }

    function test_draft__whenReferenceIsTaken__namesItsProgramme() external {
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        _refuse(
            abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_ReferenceTaken.selector, "spring", programme),
            "spring",
            _programmeTerms()
        );
    }

    function test_draft__whenTokenIsNotAllowed__refusesIt() external {
        ProgrammeTerms memory t = _programmeTerms();
        t.token = outsider;
        _refuse(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_TokenNotAllowed.selector, outsider), "spring", t);
    }

    function test_draft__whenItEndsAsItStarts__refusesIt() external {
        ProgrammeTerms memory t = _programmeTerms();
        t.endsAt = t.startsAt;
        _refuseTerm("endsAt", t);
        t.endsAt = t.startsAt + 1;
        _draft("spring", t, 1);
    }

    function test_draft__whenCategoriesAreNone__refusesIt() external {
        ProgrammeTerms memory t = _programmeTerms();
        t.categories = 0;
        _refuseTerm("categories", t);
    }

    function test_draft__whenChannelsAreNone__refusesIt() external {
        ProgrammeTerms memory t = _programmeTerms();
        t.channels = 0;
        _refuseTerm("channels", t);
    }

    function test_draft__whenNoApprovalIsNeeded__refusesIt() external {
        ProgrammeTerms memory t = _programmeTerms();
        t.approvalsNeeded = 0;
        _refuseTerm("approvalsNeeded", t);
    }

    function test_draft__whenZoneIsBeyondFourteenHours__refusesIt() external {
        ProgrammeTerms memory t = _programmeTerms();
        t.utcOffset = 841;
        _refuseTerm("utcOffset", t);
        t.utcOffset = -841;
        _refuseTerm("utcOffset", t);
        t.utcOffset = 840;
        _draft("east", t, 1);
        t.utcOffset = -840;
        _draft("west", t, 1);
    }

    function test_draft__whenRegionIsMalformed__refusesIt() external {
        ProgrammeTerms memory t = _programmeTerms();
        t.region = 0x6a00000002; // "6a": not a digit
        _refuseTerm("region", t);
    }

    function test_draft__whenRegionIsEverywhere__keepsIt() external {
        ProgrammeTerms memory t = _programmeTerms();
        t.region = 0;
        _draft("spring", t, 1);
    }

    function test_draft__whenDeadlinesAreUnbounded__refusesIt() external {
        RulesTerms memory r = _rulesTerms();
        r.maxDeadline = 0;
        _refuseRules(abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_RulesInvalid.selector, "maxDeadline"), r);
    }

    function test_draft__whenOpenCodesAreHalfAllowed__refusesIt() external {
        RulesTerms memory r = _rulesTerms();
        r.openSeconds = 1;
        _refuseRules(abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_RulesInvalid.selector, "openMaxBill"), r);
    }

    function test_draft__whenRuleIsOfLaterRelease__namesIt() external {
        RulesTerms memory r = _rulesTerms();
        for (uint256 bit; bit < 8; ++bit) {
            r = _rulesTerms();
            r.flags = uint8(1 << bit);
            if (bit != 2 && bit != 3) _refuseLaterRule("flags", r);
        }
    }

    function test_draft__whenLinesAreNoneOrTooMany__refusesIt() external {
        bytes memory error = abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_TermsInvalid.selector, "spring", "lines");
        _refuse(error, _lineTerms(0));
        _refuse(error, _lineTerms(257));
        _draft("spring", _programmeTerms(), 256);
    }

    function test_draft__whenLineHasNoFunder__namesIt() external {
        LineTerms[] memory lines = _lineTerms(2);
        lines[1].funder = address(0);
        _refuse(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_LineInvalid.selector, 2, "funder"), lines);
    }

    function test_draft__whenLineAmountIsOutsideItsBound__namesIt() external {
        LineTerms[] memory lines = _lineTerms(1);
        bytes memory error = abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_LineInvalid.selector, 1, "amount");
        lines[0].amount = 0;
        _refuse(error, lines);
        lines[0].amount = 2 ** 56;
        _refuse(error, lines);
        lines[0].amount = 2 ** 56 - 1;
        vm.prank(treasurer);
        programmes.draft("spring", _programmeTerms(), _rulesTerms(), lines);
    }

    function test_draft__whenLineRegionIsMalformed__namesIt() external {
        LineTerms[] memory lines = _lineTerms(1);
        lines[0].fundingRegion = 0x6100000001; // one digit announced, two given
        _refuse(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_LineInvalid.selector, 1, "fundingRegion"), lines);
    }

    function test_draft__whenWithinBounds__keepsAndLogsIt() external {
        ProgrammeTerms memory terms = _programmeTerms();
        RulesTerms memory rules = _rulesTerms();
        LineTerms[] memory lines = _lineTerms(2);
        lines[1].purpose = "tourism";
        vm.recordLogs();
        vm.prank(treasurer);
        uint256 programme = programmes.draft("spring", terms, rules, lines);

        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        bytes32[] memory topics = topicsOf(IProgrammeRegistry.ProgrammeDrafted.selector, programme, topic(treasurer));
        assertLog(logs[0], address(programmes), topics, abi.encode("spring", terms, rules));
        for (uint256 i; i < 2; ++i) {
            topics = topicsOf(IProgrammeRegistry.BudgetLineAdded.selector, programme, programme << 16 | (i + 1), topic(funder));
            assertLog(logs[i + 1], address(programmes), topics, abi.encode(lines[i]));
        }

        vm.assertEq(programme, 1);
        vm.assertEq(programmes.lastProgramme(), 1);
        vm.assertEq(programmes.programmeOf("spring"), 1);
        vm.assertEq(programmes.programmeOf("autumn"), 0);
        _assertProgramme(programme, terms, ProgrammeState.DRAFT, 2);
        vm.assertEq(abi.encode(programmes.rules(programme, 1)), abi.encode(rules));
        vm.assertEq(abi.encode(programmes.line(programme << 16 | 2)), abi.encode(lines[1]));
        _assertActors(programme, treasurer, address(0), 0);
    }

    // --- propose ---

    function test_propose__whenNoDraft__refusesIt() external {
        _refuseState(ProgrammeState.NONE, ProgrammeState.DRAFT, 7);
        vm.prank(treasurer);
        programmes.propose(7);

        uint256 programme = _draft("spring", _programmeTerms(), 1);
        vm.prank(treasurer);
        programmes.propose(programme);
        _refuseState(ProgrammeState.PROPOSED, ProgrammeState.DRAFT, programme);
        vm.prank(treasurer);
        programmes.propose(programme);
    }

    function test_propose__whenDraft__logsTheProposer() external {
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        vm.recordLogs();
        vm.prank(secondTreasurer);
        programmes.propose(programme);
        _assertOnlyLog(topicsOf(IProgrammeRegistry.ProgrammeProposed.selector, programme, topic(secondTreasurer)), "");
        _assertActors(programme, treasurer, secondTreasurer, 0);
        _assertProgramme(programme, _programmeTerms(), ProgrammeState.PROPOSED, 1);
    }

    // --- approve ---

    function test_approve__whenNotProposed__refusesIt() external {
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        _refuseState(ProgrammeState.DRAFT, ProgrammeState.PROPOSED, programme);
        vm.prank(approver);
        programmes.approve(programme);
    }

    function test_approve__whenByDrafterOrProposer__refusesIt() external {
        vm.startPrank(admin);
        manager.grantRole(Roles.APPROVER, treasurer, 0);
        manager.grantRole(Roles.APPROVER, secondTreasurer, 0);
        vm.stopPrank();
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        vm.prank(secondTreasurer);
        programmes.propose(programme);

        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_OwnProposal.selector, programme, treasurer));
        vm.prank(treasurer);
        programmes.approve(programme);
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_OwnProposal.selector, programme, secondTreasurer)
        );
        vm.prank(secondTreasurer);
        programmes.approve(programme);
    }

    function test_approve__whenTwoAreNeeded__countsAndRefusesTheSamePersonTwice() external {
        ProgrammeTerms memory terms = _programmeTerms();
        terms.approvalsNeeded = 2;
        uint256 programme = _draft("spring", terms, 1);
        vm.prank(treasurer);
        programmes.propose(programme);

        vm.recordLogs();
        vm.prank(approver);
        programmes.approve(programme);
        _assertOnlyLog(topicsOf(IProgrammeRegistry.ProgrammeApproved.selector, programme, topic(approver)), abi.encode(1));
        _assertProgramme(programme, terms, ProgrammeState.PROPOSED, 1);

        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_ApprovedBefore.selector, programme, approver));
        vm.prank(approver);
        programmes.approve(programme);

        vm.recordLogs();
        vm.prank(secondApprover);
        programmes.approve(programme);
        _assertOnlyLog(topicsOf(IProgrammeRegistry.ProgrammeApproved.selector, programme, topic(secondApprover)), abi.encode(2));
        _assertProgramme(programme, terms, ProgrammeState.APPROVED, 1);
        _assertActors(programme, treasurer, treasurer, 2);

        _refuseState(ProgrammeState.APPROVED, ProgrammeState.PROPOSED, programme);
        vm.prank(approver);
        programmes.approve(programme);
    }

    // --- publish ---

    function test_publish__whenNotApproved__refusesIt() external {
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        vm.startPrank(treasurer);
        programmes.propose(programme);
        _refuseState(ProgrammeState.PROPOSED, ProgrammeState.APPROVED, programme);
        programmes.publish(programme);
        vm.stopPrank();
    }

    function test_publish__whenApproved__writesWordsAndBudgets() external {
        ProgrammeTerms memory terms = _programmeTerms();
        terms.utcOffset = -210;
        uint256 programme = _draft("spring", terms, 2);
        vm.prank(treasurer);
        programmes.propose(programme);
        vm.prank(approver);
        programmes.approve(programme);
        vm.recordLogs();
        vm.prank(treasurer);
        programmes.publish(programme);

        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 4); // the last, what it announces: ProgrammeLife.t.sol
        for (uint256 i; i < 2; ++i) {
            bytes32[] memory topics = topicsOf(ITreasury.BudgetSet.selector, programme << 16 | (i + 1));
            assertLog(logs[i], address(treasury), topics, abi.encode(BUDGET));
            vm.assertEq(treasury.account(programme << 16 | (i + 1)).budget, BUDGET);
        }
        assertLog(
            logs[2],
            address(programmes),
            topicsOf(IProgrammeRegistry.ProgrammePublished.selector, programme, topic(treasurer)),
            abi.encode(keccak256(abi.encode(terms, _rulesTerms())))
        );
        // docs/storage.md: state 8, flags 8, version 16, utcOffset 16 (int16)
        vm.assertEq(vouchers.programmeWord(programme), 4 | 1 << 16 | uint256(uint16(int16(-210))) << 32);
        (uint256 words, uint256 limits) = vouchers.rulesWords(programme, 1);
        vm.assertEq(words, uint256(MAX_DEADLINE) << 128 | uint256(REVERSAL_WINDOW) << 160 | uint256(DISPUTE_WINDOW) << 192);
        vm.assertEq(limits, 0);
        _assertProgramme(programme, terms, ProgrammeState.PUBLISHED, 2);
    }

    // --- activate ---

    function test_activate__whenNotPublished__refusesIt() external {
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        _refuseState(ProgrammeState.DRAFT, ProgrammeState.PUBLISHED, programme);
        vm.prank(treasurer);
        programmes.activate(programme);
    }

    function test_activate__whenOneSecondEarly__refusesIt() external {
        uint256 programme = _openProgramme("spring", 1);
        vm.warp(START - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_TooEarly.selector, programme, START - 1, START)
        );
        vm.prank(treasurer);
        programmes.activate(programme);
    }

    function test_activate__whenItsFirstSecondHasCome__opensIt() external {
        uint256 programme = _openProgramme("spring", 1);
        vm.warp(START);
        vm.recordLogs();
        _activate(programme);
        _assertOnlyLog(topicsOf(IProgrammeRegistry.ProgrammeActivated.selector, programme, topic(treasurer)), "");
        vm.assertEq(uint8(vouchers.programmeWord(programme)), uint256(ProgrammeState.ACTIVE));
        _assertProgramme(programme, _programmeTerms(), ProgrammeState.ACTIVE, 1);
    }

    // --- close ---

    function test_close__whenNotActive__refusesIt() external {
        uint256 programme = _openProgramme("spring", 1);
        vm.warp(END);
        _refuseState(ProgrammeState.PUBLISHED, ProgrammeState.ACTIVE, programme);
        vm.prank(treasurer);
        programmes.close(programme, "over");
    }

    function test_close__whenOneSecondEarly__refusesIt() external {
        uint256 programme = _openProgramme("spring", 1);
        vm.warp(START);
        _activate(programme);
        vm.warp(END - 1);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_TooEarly.selector, programme, END - 1, END));
        vm.prank(treasurer);
        programmes.close(programme, "over");
    }

    function test_close__whenMoneyIsCommittedOrPayable__namesTheLine() external {
        (uint256 programme, uint256 batch, uint256 roll) = _issued();
        uint256 merchant = _merchant("noodles");
        _redeem(merchant, _signedItem(_id(batch, roll, 0), 0, merchant));
        vm.warp(END);
        _refuseOpenMoney(programme, 2 * uint256(FACE), FACE);
        vm.prank(treasurer);
        desk.sweep(batch, roll);
        _refuseOpenMoney(programme, 0, FACE);
    }

    function test_close__whenMoneyIsOnlyCommitted__namesTheLine() external {
        (uint256 programme,,) = _issued();
        vm.warp(END);
        _refuseOpenMoney(programme, 3 * uint256(FACE), 0);
    }

    function test_close__whenNothingIsOpen__closesIt() external {
        (uint256 programme, uint256 batch, uint256 roll) = _issued();
        vm.warp(END);
        vm.startPrank(treasurer);
        desk.sweep(batch, roll);
        vm.recordLogs();
        programmes.close(programme, "over");
        vm.stopPrank();
        _assertOnlyLog(topicsOf(IProgrammeRegistry.ProgrammeClosed.selector, programme, topic(treasurer)), abi.encode("over"));
        vm.assertEq(uint8(vouchers.programmeWord(programme)), uint256(ProgrammeState.CLOSED));

        _refuseState(ProgrammeState.CLOSED, ProgrammeState.ACTIVE, programme);
        vm.prank(treasurer);
        programmes.close(programme, "twice");
    }

    // --- helpers ---

    /// @dev An active programme with a batch of three vouchers.
    function _issued() private returns (uint256 programme, uint256 batch, uint256 roll) {
        programme = _openProgramme("spring", 1);
        batch = _openBatch("batch", programme);
        roll = _writeRoll(programme, "roll", _holders(0, 3));
        _issue(batch, roll);
        vm.warp(START);
        _activate(programme);
    }

    function _refuse(bytes memory error, string memory ref, ProgrammeTerms memory terms) private {
        vm.expectRevert(error);
        vm.prank(treasurer);
        programmes.draft(ref, terms, _rulesTerms(), _lineTerms(1));
    }

    function _refuse(bytes memory error, LineTerms[] memory lines) private {
        vm.expectRevert(error);
        vm.prank(treasurer);
        programmes.draft("spring", _programmeTerms(), _rulesTerms(), lines);
    }

    function _refuseTerm(string memory field, ProgrammeTerms memory terms) private {
        _refuse(
            abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_TermsInvalid.selector, "spring", field), "spring", terms
        );
    }

    function _refuseRules(bytes memory error, RulesTerms memory rules) private {
        vm.expectRevert(error);
        vm.prank(treasurer);
        programmes.draft("spring", _programmeTerms(), rules, _lineTerms(1));
    }

    function _refuseLaterRule(string memory field, RulesTerms memory rules) private {
        _refuseRules(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_RuleNotInRelease.selector, field), rules);
    }

    /// @dev Expects the next call to find the programme in the wrong state.
    function _refuseState(ProgrammeState state, ProgrammeState needed, uint256 programme) private {
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_StateWrong.selector, programme, state, needed)
        );
    }

    function _refuseOpenMoney(uint256 programme, uint256 committed, uint256 payable_) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IProgrammeRegistry.ProgrammeRegistry_MoneyOpen.selector, programme << 16 | 1, committed, payable_
            )
        );
        vm.prank(treasurer);
        programmes.close(programme, "over");
    }

    function _assertOnlyLog(bytes32[] memory topics, bytes memory data) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        assertLog(logs[0], address(programmes), topics, data);
    }

    function _assertProgramme(uint256 programme, ProgrammeTerms memory terms, ProgrammeState state, uint256 lines) private view {
        (ProgrammeTerms memory found, ProgrammeState foundState, uint256 foundLines) = programmes.programme(programme);
        vm.assertEq(abi.encode(found), abi.encode(terms));
        vm.assertEq(uint256(foundState), uint256(state));
        vm.assertEq(foundLines, lines);
    }

    function _assertActors(uint256 programme, address drafter, address proposer, uint256 approvals) private view {
        (address foundDrafter, address foundProposer, uint256 foundApprovals) = programmes.actorsOf(programme);
        vm.assertEq(foundDrafter, drafter);
        vm.assertEq(foundProposer, proposer);
        vm.assertEq(foundApprovals, approvals);
    }
}
