// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeRegistry} from "../../contracts/interfaces/IProgrammeRegistry.sol";
import {IProgrammeRules} from "../../contracts/interfaces/IProgrammeRules.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {ProgrammeState, RulesRecord, RulesTerms, Widening} from "../../contracts/types/Programme.sol";
import {BatchTerms} from "../../contracts/types/Supply.sol";
import {Base} from "./Base.t.sol";
import {Vm} from "./Vm.sol";

/// proposeRules
/// ├── when the programme is not published or active: it should refuse it
/// ├── when another version waits: it should name it
/// ├── when a term is outside its bound, or there is no reason: it should name the field
/// ├── when a rule of a later release is asked for: it should name the rule
/// ├── when 17 regions would be widened in all, or one is malformed: it should refuse it
/// └── when all is within its bounds: it should keep, announce and not apply it
/// activateRules
/// ├── when the programme was closed meanwhile: it should refuse it
/// ├── when the version does not wait: it should refuse it
/// ├── when its notice is not over: it should refuse it
/// ├── when the caller proposed it: it should refuse it
/// └── when it is ripe: it should write its words, move the programme to it, and widen
/// withdrawRules, rejectRules
/// ├── when the version does not wait: it should refuse it
/// └── when it does: it should log it, and never use its number again
/// the programme's word
/// └── when a version is activated: it should keep what others wrote there
/// the settlement window
/// └── when a version shortens it: it should stay the longest that was ever active
contract ProgrammeRulesTest is Base {
    uint256 private constant NOTICE = 7 days;

    uint256 private programme;

    function setUp() public override {
        super.setUp();
        programme = _openProgramme("spring", 1);
    }

    // --- proposeRules ---

    function test_proposeRules__whenNotPublishedOrActive__refusesIt() external {
        uint256 other = _draft("autumn", _programmeTerms(), 1);
        _refuseNotOpen(other, ProgrammeState.DRAFT);
        vm.prank(treasurer);
        programmes.propose(other);
        _refuseNotOpen(other, ProgrammeState.PROPOSED);
        vm.prank(approver);
        programmes.approve(other);
        _refuseNotOpen(other, ProgrammeState.APPROVED);
        _refuseNotOpen(7, ProgrammeState.NONE);

        _close();
        _refuseNotOpen(programme, ProgrammeState.CLOSED);
    }

    function test_proposeRules__whenActive__keepsIt() external {
        vm.warp(START);
        _activate(programme);
        vm.assertEq(_propose(_rulesTerms(), _nothing()), 2);
    }

    function test_proposeRules__whenAnotherWaits__namesIt() external {
        _propose(_rulesTerms(), _nothing());
        bytes memory error = abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_RulesWaiting.selector, programme, 2);
        _refuse(error, _rulesTerms(), _nothing(), "why");
        vm.warp(block.timestamp + NOTICE + 365 days); // ripe is not active
        _refuse(error, _rulesTerms(), _nothing(), "why");
    }

    function test_proposeRules__whenDeadlinesAreUnbounded__namesTheField() external {
        RulesTerms memory r = _rulesTerms();
        r.maxDeadline = 0;
        _refuseField("maxDeadline", r, _nothing(), "why");
    }

    function test_proposeRules__whenThereIsNoReason__namesTheField() external {
        _refuseField("reason", _rulesTerms(), _nothing(), "");
    }

    function test_proposeRules__whenRuleIsOfLaterRelease__namesIt() external {
        RulesTerms memory r = _rulesTerms();
        r.flags = 16;
        _refuseLater("flags", r);
    }

    function test_proposeRules__whenOpenCodesLastMoreThanFiveMinutes__namesTheField() external {
        RulesTerms memory r = _rulesTerms();
        (r.openSeconds, r.openMaxBill) = (301, 1);
        _refuseField("openSeconds", r, _nothing(), "why");
        r.openSeconds = 300;
        _propose(r, _nothing());
    }

    function test_proposeRules__whenOpenCodesAreHalfAllowed__namesTheField() external {
        RulesTerms memory r = _rulesTerms();
        r.openSeconds = 1;
        _refuseField("openMaxBill", r, _nothing(), "why");
        (r.openSeconds, r.openMaxBill) = (0, 1);
        _refuseField("openMaxBill", r, _nothing(), "why");
        r.openSeconds = 1;
        _propose(r, _nothing());
    }

    function test_proposeRules__whenRegionIsMalformed__refusesIt() external {
        Widening memory w = _nothing();
        w.regions = _regions(2);
        w.regions[1] = 0x6100000001; // one digit announced, two given
        _refuseField("regions", _rulesTerms(), w, "why");
    }

    function test_proposeRules__whenSeventeenRegionsAreWidenedInAll__refusesIt() external {
        Widening memory w = _nothing();
        w.regions = _regions(17);
        _refuseField("regions", _rulesTerms(), w, "why");
        w.regions = _regions(16);
        _ripen(_propose(_rulesTerms(), w));
        vm.assertEq(vouchers.widenedRegions(programme).length, 16);

        w.regions = _regions(1);
        _refuseField("regions", _rulesTerms(), w, "why");
        _propose(_rulesTerms(), _nothing());
    }

    function test_proposeRules__whenWithinBounds__announcesAndDoesNotApplyIt() external {
        (RulesTerms memory r, Widening memory w) = (_everyRule(), _wide());
        vm.recordLogs();
        vm.prank(treasurer);
        uint256 version = programmes.proposeRules(programme, r, w, "more of it");

        uint256 ripeAt = block.timestamp + NOTICE;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        bytes32[] memory topics = topicsOf(IProgrammeRules.RulesProposed.selector, programme, 2, topic(treasurer));
        assertLog(logs[0], address(programmes), topics, abi.encode(r, ripeAt, "more of it"));
        topics = topicsOf(IProgrammeRules.WideningProposed.selector, programme, 2);
        assertLog(logs[1], address(programmes), topics, abi.encode(w.categories, w.regions, w.channels));

        vm.assertEq(version, 2);
        vm.assertEq(programmes.RULES_NOTICE(), NOTICE);
        _assertVersions(1, 2);
        vm.assertEq(abi.encode(programmes.rules(programme, 2)), abi.encode(r));
        RulesRecord memory expected;
        (expected.proposer, expected.proposedAt) = (treasurer, uint40(block.timestamp));
        (expected.ripeAt, expected.widening, expected.reason) = (uint40(ripeAt), w, "more of it");
        vm.assertEq(abi.encode(programmes.rulesRecord(programme, 2)), abi.encode(expected));
        (uint256 terms, uint256 limits) = vouchers.rulesWords(programme, 2);
        vm.assertEq(terms | limits, 0);
        vm.assertEq(vouchers.programmeWord(programme), 4 | 1 << 16 | uint256(480) << 32);
        vm.assertEq(vouchers.widenedRegions(programme).length, 0);
    }

    // --- activateRules ---

    function test_activateRules__whenClosedMeanwhile__refusesIt() external {
        vm.warp(START);
        _propose(_rulesTerms(), _nothing());
        _close();
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_NotOpen.selector, programme, ProgrammeState.CLOSED)
        );
        vm.prank(approver);
        programmes.activateRules(programme, 2);
        vm.prank(treasurer);
        programmes.withdrawRules(programme, 2, "closed"); // what waits can still be cleared away
    }

    function test_activateRules__whenItDoesNotWait__refusesIt() external {
        _refuseNotWaiting(1); // the first, active with its programme
        _refuseNotWaiting(2); // never proposed
        _ripen(_propose(_rulesTerms(), _nothing()));
        _refuseNotWaiting(2); // active
        _propose(_rulesTerms(), _nothing());
        vm.prank(treasurer);
        programmes.withdrawRules(programme, 3, "no");
        vm.warp(block.timestamp + NOTICE);
        _refuseNotWaiting(3); // withdrawn
    }

    function test_activateRules__whenOneSecondEarly__refusesIt() external {
        _propose(_rulesTerms(), _nothing());
        uint256 ripeAt = block.timestamp + NOTICE;
        vm.warp(ripeAt - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_RulesNotRipe.selector, programme, 2, ripeAt - 1, ripeAt)
        );
        vm.prank(approver);
        programmes.activateRules(programme, 2);
        vm.warp(ripeAt);
        vm.prank(approver);
        programmes.activateRules(programme, 2);
    }

    function test_activateRules__whenByItsProposer__refusesIt() external {
        vm.prank(admin);
        manager.grantRole(Roles.APPROVER, treasurer, 0);
        _propose(_rulesTerms(), _nothing());
        vm.warp(block.timestamp + NOTICE);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_OwnProposal.selector, programme, treasurer));
        vm.prank(treasurer);
        programmes.activateRules(programme, 2);
    }

    function test_activateRules__whenRipe__writesItsWordsAndWidens() external {
        (RulesTerms memory r, Widening memory w) = (_everyRule(), _wide());
        _propose(r, w);
        vm.warp(block.timestamp + NOTICE);
        vm.recordLogs();
        vm.prank(approver);
        programmes.activateRules(programme, 2);

        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        bytes32[] memory topics = topicsOf(IProgrammeRules.RulesActivated.selector, programme, 2, topic(approver));
        assertLog(logs[0], address(programmes), topics, "");
        topics = topicsOf(IProgrammeRules.ProgrammeWidened.selector, programme, topic(approver));
        assertLog(logs[1], address(programmes), topics, abi.encode(w.categories, w.regions, w.channels, "why"));

        _assertVersions(2, 2);
        RulesRecord memory record = programmes.rulesRecord(programme, 2);
        vm.assertEq(record.activator, approver);
        vm.assertEq(record.activatedAt, block.timestamp);
        _assertWords();
        // docs/storage.md: state 8, flags 8, version 16, utcOffset 16, … widenedCategories from 120, … permanentChannels from 232
        uint256 word = 4 | (2 | 8) << 8 | 2 << 16 | uint256(480) << 32 | uint256(w.categories) << 120 | uint256(w.channels) << 232;
        vm.assertEq(vouchers.programmeWord(programme), word);
        vm.assertEq(abi.encode(vouchers.widenedRegions(programme)), abi.encode(w.regions));
    }

    function test_activateRules__whenNothingIsWidened__logsNoWidening() external {
        _propose(_rulesTerms(), _nothing());
        vm.warp(block.timestamp + NOTICE);
        vm.recordLogs();
        vm.prank(approver);
        programmes.activateRules(programme, 2);
        vm.assertEq(vm.getRecordedLogs().length, 1);
        vm.assertEq(vouchers.programmeWord(programme), 4 | 2 << 16 | uint256(480) << 32);
    }

    function test_activateRules__whenWidenedTwice__addsUp() external {
        Widening memory w = _wide();
        _ripen(_propose(_rulesTerms(), w));
        Widening memory more = Widening(1 << 20, new uint40[](1), 1 << 3); // region 0: everywhere
        _ripen(_propose(_rulesTerms(), more));
        vm.assertEq(uint64(vouchers.programmeWord(programme) >> 120), w.categories | more.categories);
        vm.assertEq(uint8(vouchers.programmeWord(programme) >> 232), w.channels | more.channels);
        uint256[] memory regions = vouchers.widenedRegions(programme);
        vm.assertEq(regions.length, 3);
        vm.assertEq(regions[0], OTHER_CITY);
        vm.assertEq(regions[2], 0);
    }

    // --- withdrawRules, rejectRules ---

    function test_withdrawRules__whenItDoesNotWait__refusesIt() external {
        bytes memory error = abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_RulesNotWaiting.selector, programme, 1);
        vm.expectRevert(error);
        vm.prank(treasurer);
        programmes.withdrawRules(programme, 1, "no");
        vm.expectRevert(error);
        vm.prank(approver);
        programmes.rejectRules(programme, 1, "no");
    }

    function test_withdrawRules__whenFirstOfUnpublishedProgramme__refusesIt() external {
        uint256 other = _draft("autumn", _programmeTerms(), 1);
        vm.prank(treasurer);
        programmes.propose(other);
        bytes memory error = abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_RulesNotWaiting.selector, other, 1);
        vm.expectRevert(error);
        vm.prank(treasurer);
        programmes.withdrawRules(other, 1, "no");
        vm.expectRevert(error);
        vm.prank(approver);
        programmes.rejectRules(other, 1, "no");
    }

    function test_withdrawRules__whenItWaits__logsItAndNeverUsesItsNumberAgain() external {
        _propose(_rulesTerms(), _nothing());
        vm.recordLogs();
        vm.prank(secondTreasurer);
        programmes.withdrawRules(programme, 2, "a slip");
        _assertWithdrawn(2, secondTreasurer, "a slip");
        vm.assertEq(_propose(_rulesTerms(), _nothing()), 3);
        vm.recordLogs();
        vm.prank(approver);
        programmes.rejectRules(programme, 3, "too narrow");
        _assertWithdrawn(3, approver, "too narrow");
        vm.assertEq(_propose(_rulesTerms(), _nothing()), 4);
        _ripen(4);
        _assertVersions(4, 4);
    }

    // --- what stays ---

    function test_programmeWord__whenVersionIsActivated__keepsWhatOthersWroteThere() external {
        vm.warp(START);
        uint256 others = 1 << 8 | uint256(5) << 48 | uint256(START + 5) << 80 | uint256(2) << 184 | uint256(START + 9) << 192;
        uint256 word = vouchers.programmeWord(programme);
        vm.prank(address(programmes));
        vouchers.setProgramme(programme, word | others);
        _activate(programme);
        vm.assertEq(vouchers.programmeWord(programme), others | 5 | 1 << 16 | uint256(480) << 32);
        _ripen(_propose(_rulesTerms(), _wide()));
        uint256 wide = 2 << 8 | uint256(0x30) << 120 | uint256(4) << 232;
        vm.assertEq(vouchers.programmeWord(programme), others | wide | 5 | 2 << 16 | uint256(480) << 32);
        _close();
        vm.assertEq(vouchers.programmeWord(programme), others | wide | 6 | 2 << 16 | uint256(480) << 32);
    }

    function test_settlementWindow__whenShortened__staysTheLongestEverActive() external {
        vm.assertEq(vouchers.settlementWindow(programme), DISPUTE_WINDOW);
        RulesTerms memory r = _rulesTerms();
        (r.reversalWindow, r.disputeWindow) = (1 days, 1);
        _ripen(_propose(r, _nothing()));
        vm.assertEq(vouchers.settlementWindow(programme), DISPUTE_WINDOW);
        r.reversalWindow = 5 days;
        uint256 version = _propose(r, _nothing());
        vm.assertEq(vouchers.settlementWindow(programme), DISPUTE_WINDOW);
        _ripen(version);
        vm.assertEq(vouchers.settlementWindow(programme), 5 days);
    }

    function test_openBatches__whenVersionIsActivated__opensUnderItAndInsideTheWidening() external {
        uint256 first = _openBatch("before", programme);
        Widening memory w = Widening(1 << 5, new uint40[](1), 1 << 2);
        w.regions[0] = 0x3300000002; // another province
        _ripen(_propose(_rulesTerms(), w));
        _assertBatchVersion(first, 1);
        _assertBatchVersion(_openBatch("after", programme), 2);

        BatchTerms memory t = _batchTerms(programme);
        (t.categories, t.region, t.channels) = (CATERING | 1 << 5, 0x3301000004, CHANNELS | 1 << 2);
        _openBatch("inside", t);
        t.categories |= 1 << 6;
        _refuseBatch("categories", t);
        (t.categories, t.channels) = (CATERING, 1 << 3);
        _refuseBatch("channels", t);
        (t.channels, t.region) = (CHANNELS, 0x3400000002);
        _refuseBatch("region", t);
    }

    // --- helpers ---

    function _propose(RulesTerms memory r, Widening memory w) private returns (uint256) {
        vm.prank(treasurer);
        return programmes.proposeRules(programme, r, w, "why");
    }

    /// @dev Waits the notice of a version and activates it.
    function _ripen(uint256 version) private {
        vm.warp(block.timestamp + NOTICE);
        vm.prank(approver);
        programmes.activateRules(programme, version);
    }

    /// @dev Activates the programme if it is not, and closes it.
    function _close() private {
        vm.warp(END);
        if (uint8(vouchers.programmeWord(programme)) == uint8(ProgrammeState.PUBLISHED)) _activate(programme);
        vm.prank(treasurer);
        programmes.close(programme, "over");
    }

    function _nothing() private pure returns (Widening memory w) {}

    function _wide() private pure returns (Widening memory w) {
        (w.categories, w.channels, w.regions) = (0x30, 4, new uint40[](2));
        (w.regions[0], w.regions[1]) = (OTHER_CITY, 0x3300000002);
    }

    function _regions(uint256 count) private pure returns (uint40[] memory regions) {
        regions = new uint40[](count);
        for (uint256 i; i < count; ++i) {
            regions[i] = PROVINCE;
        }
    }

    /// @dev Every rule set, each to a value of its own.
    function _everyRule() private pure returns (RulesTerms memory r) {
        (r.maxDeadline, r.reversalWindow, r.disputeWindow) = (1, 2, 3);
        (r.stepUpThreshold, r.merchantDailyLimit) = (4, 5);
        (r.redemptionAmount, r.redemptionCount) = (6, 7);
        (r.dayAmount, r.dayCount, r.monthAmount, r.monthCount) = (8, 9, 10, 11);
        r.flags = 4;
    }

    /// @dev docs/storage.md, slot 3 of Vouchers; flags 1 and 2 say that some holder's limit and the merchant's are set.
    function _assertWords() private view {
        (uint256 terms, uint256 limits) = vouchers.rulesWords(programme, 2);
        vm.assertEq(terms, 4 | uint256(5) << 64 | uint256(1) << 128 | uint256(2) << 160 | uint256(3) << 192 | uint256(7) << 224);
        uint256 expected = 8 | uint256(9) << 56 | uint256(10) << 72 | uint256(11) << 128 | uint256(6) << 144 | uint256(7) << 200;
        vm.assertEq(limits, expected);
    }

    function _assertVersions(uint256 active, uint256 newest) private view {
        (uint256 foundActive, uint256 foundNewest) = programmes.rulesVersions(programme);
        vm.assertEq(foundActive, active);
        vm.assertEq(foundNewest, newest);
    }

    function _assertWithdrawn(uint256 version, address by, string memory reason) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(IProgrammeRules.RulesWithdrawn.selector, programme, version, topic(by));
        assertLog(logs[0], address(programmes), topics, abi.encode(reason));
        vm.assertEq(programmes.rulesRecord(programme, version).withdrawnAt, block.timestamp);
    }

    function _assertBatchVersion(uint256 batch, uint256 version) private view {
        (uint256 terms,,) = vouchers.batchWords(batch);
        vm.assertEq(uint16(terms >> 40), version);
    }

    function _refuse(bytes memory error, RulesTerms memory r, Widening memory w, string memory reason) private {
        vm.expectRevert(error);
        vm.prank(treasurer);
        programmes.proposeRules(programme, r, w, reason);
    }

    function _refuseField(string memory field, RulesTerms memory r, Widening memory w, string memory reason) private {
        _refuse(abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_RulesInvalid.selector, field), r, w, reason);
    }

    function _refuseLater(string memory field, RulesTerms memory r) private {
        _refuse(
            abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_RuleNotInRelease.selector, field), r, _nothing(), "why"
        );
    }

    function _refuseBatch(string memory field, BatchTerms memory t) private {
        string[] memory refs = _one("outside");
        BatchTerms[] memory all = new BatchTerms[](1);
        all[0] = t;
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_OutsideProgramme.selector, "outside", field));
        vm.prank(treasurer);
        vouchers.openBatches(refs, all);
    }

    function _refuseNotOpen(uint256 id, ProgrammeState state) private {
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_NotOpen.selector, id, state));
        vm.prank(treasurer);
        programmes.proposeRules(id, _rulesTerms(), _nothing(), "why");
    }

    function _refuseNotWaiting(uint256 version) private {
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_RulesNotWaiting.selector, programme, version));
        vm.prank(approver);
        programmes.activateRules(programme, version);
    }
}
