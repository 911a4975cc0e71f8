// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskClaims} from "../../contracts/interfaces/ICaseDeskClaims.sol";
import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersStanding} from "../../contracts/interfaces/IVouchersStanding.sol";
import {Round, RoundTerms} from "../../contracts/types/Claim.sol";
import {BatchTerms} from "../../contracts/types/Supply.sol";
import {ClaimWorld} from "./ClaimWorld.sol";
import {Vm} from "./Vm.sol";

/// openRound
/// ├── when places, times or batches are outside their bounds: it should name the field
/// ├── when the root was not approved for the programme: it should refuse it
/// ├── when a batch is unknown, another programme's, or over before the round: it should refuse it
/// ├── when the programme is over before the round: it should refuse it, however long its batches are good
/// ├── when a quota, a budget or the money does not cover the places: it should refuse it
/// ├── when the programme is not open: it should refuse it
/// └── when all is covered: it should keep quota and money of every place, and log it
/// what is kept
/// ├── when the treasurer issues or moves more than the rest: it should refuse it
/// ├── when places are claimed: it should be issued out of what is kept, to the last place
/// └── when a paused programme's round goes on: it should issue all the same
/// closeRound
/// ├── when unknown, running or closed before: it should refuse it
/// └── when over: anybody should free the rest, and log it
/// returnRest
/// ├── when a round of a closed programme is not closed: it should refuse it
/// └── when all are: it should return everything
contract ClaimRoundsTest is ClaimWorld {
    bytes32 private constant ROOT = keccak256("root");

    // --- opening ---

    function test_openRound__whenATermIsOutside__namesTheField() external {
        RoundTerms memory t = _roundTerms();
        t.places = 0;
        _refuseTerms(t, "places");
        t = _roundTerms();
        t.opensAt = t.closesAt;
        _refuseTerms(t, "opensAt");
        t = _roundTerms();
        (t.opensAt, t.closesAt) = (uint40(NOW - 1), uint40(NOW));
        _refuseTerms(t, "closesAt");
        t = _roundTerms();
        t.batches = new uint256[](0);
        _refuseTerms(t, "batches");
        t.batches = _two(pack[1], pack[0]);
        _refuseTerms(t, "batches");
        t.batches = _two(pack[0], pack[0]);
        _refuseTerms(t, "batches");
        t.batches = new uint256[](21);
        for (uint256 i; i < 21; ++i) {
            t.batches[i] = i + 1;
        }
        vm.assertEq(desk.MOST_PACK(), 20);
        _refuseTerms(t, "batches");
    }

    function test_openRound__whenRootIsNotApproved__refusesIt() external {
        RoundTerms memory t = _roundTerms();
        t.root = ROOT;
        bytes memory error = abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_RootNotApproved.selector, programme, ROOT);
        _refuse(t, error);
        vm.prank(registrar);
        desk.proposeRoot(programme, ROOT, "residents");
        _refuse(t, error);
        vm.prank(approver);
        desk.approveRoot(programme, ROOT);
        vm.assertEq(_openRound(t), round + 1);
        vm.assertEq(desk.roundAt(programme, round + 1).root, ROOT);
    }

    function test_openRound__whenABatchDoesNotFit__refusesIt() external {
        uint256 other = _openProgramme("autumn", 1);
        uint256 foreign = _openBatch("foreign", other);
        RoundTerms memory t = _roundTerms();
        t.batches = _one(foreign + 1);
        _refuse(t, abi.encodeWithSelector(IVouchersErrors.Vouchers_BatchUnknown.selector, foreign + 1));
        t.batches = _one(foreign);
        _refuse(t, abi.encodeWithSelector(IVouchersErrors.Vouchers_PackMixed.selector, foreign, other, programme));
        t = _roundTerms();
        BatchTerms memory terms = _batchTerms(programme);
        terms.validUntil = END - 1;
        uint256 short = _openBatch("short", terms);
        (t.closesAt, t.batches) = (END, _two(pack[0], short));
        _refuse(t, abi.encodeWithSelector(IVouchersErrors.Vouchers_BatchOver.selector, short, END - 1));
        t.closesAt = END - 1;
        _openRound(t);
    }

    function test_openRound__whenItOutlivesTheProgramme__refusesIt() external {
        vm.prank(rescuer);
        programmes.pause(programme, NOW + 1 days, "flood"); // the batches are good for a day longer, the programme is not
        RoundTerms memory t = _roundTerms();
        t.closesAt = END + 1;
        _refuse(t, abi.encodeWithSelector(IVouchersStanding.Vouchers_BeyondProgramme.selector, pack[0], END + 1, END));
        t.closesAt = END;
        _openRound(t);
    }

    function test_openRound__whenQuotaDoesNotCover__refusesIt() external {
        RoundTerms memory t = _roundTerms();
        t.batches = _one(pack[0]);
        t.places = 5_000 - 3 + 1; // three are kept already
        _refuse(t, abi.encodeWithSelector(IVouchersErrors.Vouchers_QuotaExceeded.selector, pack[0], 4_998, 4_997));
        t.places = 4_997;
        _openRound(t);
    }

    function test_openRound__whenMoneyDoesNotCover__refusesIt() external {
        RoundTerms memory t = _roundTerms();
        (uint256 second, uint256 bare) = (programme << 16 | 2, _publishedBare());
        BatchTerms memory terms = _batchTerms(programme);
        (terms.line, terms.face) = (2, uint48(BUDGET - 3 * SECOND_FACE + 1));
        (t.places, t.batches) = (1, _one(_openBatch("dear", terms)));
        uint256 left = BUDGET - 3 * SECOND_FACE;
        _refuse(t, abi.encodeWithSelector(ITreasury.Treasury_OverBudgetLine.selector, second, left + 1, left));
        t.batches = _one(_openBatch("unbacked", bare));
        vm.prank(treasurer);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_Unbacked.selector, bare << 16 | 1, FACE, 0));
        desk.openRound(bare, t);
    }

    function test_openRound__whenProgrammeIsNotOpen__refusesIt() external {
        vm.warp(CLOSES);
        desk.closeRound(programme, round);
        uint256 draft = _draft("draft", _programmeTerms(), 1);
        RoundTerms memory t = _roundTerms();
        t.closesAt = CLOSES + 1;
        vm.prank(treasurer);
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_ProgrammeNotOpen.selector, draft, 0));
        desk.openRound(draft, t);
    }

    function test_openRound__whenCovered__keepsQuotaAndMoneyAndLogs() external {
        RoundTerms memory t = _roundTerms();
        vm.recordLogs();
        vm.assertEq(_openRound(t), 2);
        bytes32[] memory topics = topicsOf(ICaseDeskClaims.RoundOpened.selector, programme, 2, topic(treasurer));
        assertLog(vm.getRecordedLogs()[0], address(desk), topics, abi.encode(t));
        vm.assertEq(desk.lastRound(programme), 2);
        Round memory r = desk.roundAt(programme, 2);
        vm.assertEq(abi.encode(r), abi.encode(Round(3, 0, t.opensAt, t.closesAt, false, 0, pack)));
        _assertReserved(6);
        vm.assertEq(treasury.account(line).available, BUDGET - 5 * FACE, "still available");
        _assertIdentity(line);
    }

    // --- what is kept ---

    function test_kept__whenTreasurerIssuesMoreThanTheRest__refusesIt() external {
        BatchTerms memory terms = _batchTerms(programme);
        terms.face = uint48(BUDGET - 5 * FACE - 3 * FACE + 1);
        uint256 dear = _openBatch("dear", terms);
        terms.face -= 1;
        uint256 rest = _openBatch("rest", terms);
        uint256 one = _writeRoll(programme, "one", _holders(9, 1));
        vm.prank(treasurer);
        uint256 left = BUDGET - 8 * FACE;
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_OverBudgetLine.selector, line, left + 1, left));
        vouchers.issue(_one(dear), _one(one));
        _issue(rest, one);
        _claim(_claimants(0, 3));
        vm.assertEq(treasury.account(line).available, 0);
        _assertIdentity(line);
    }

    function test_kept__whenTreasurerIssuesIntoTheQuotaKept__refusesIt() external {
        BatchTerms memory terms = _batchTerms(programme);
        terms.quota = 4;
        RoundTerms memory t = _roundTerms();
        uint256 small = _openBatch("small", terms);
        t.batches = _one(small);
        _openRound(t);
        uint256 two = _writeRoll(programme, "two", _holders(9, 2));
        vm.prank(treasurer);
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_QuotaExceeded.selector, small, 2, 1));
        vouchers.issue(_one(small), _one(two));
        _issue(small, _writeRoll(programme, "one", _holders(9, 1)));
    }

    function test_kept__whenBudgetMoves__staysWithItsMoney() external {
        vm.startPrank(treasurer);
        uint256 left = BUDGET - 8 * FACE;
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_OverBudgetLine.selector, line, left + 1, left));
        treasury.proposeMove(line, programme << 16 | 2, uint64(left + 1), "demand");
        uint256 move = treasury.proposeMove(line, programme << 16 | 2, uint64(left), "demand");
        vm.stopPrank();
        vm.prank(approver);
        treasury.approveMove(move);
        vm.assertEq(treasury.account(line).available, 3 * FACE);
        _assertReserved(3);
        _claim(_claimants(0, 3));
        _assertIdentity(line);
    }

    function test_kept__whenClaimed__isIssuedToTheLastPlace() external {
        _claim(_claimants(0, 1));
        _assertReserved(2);
        vm.assertEq(_committed(line), 6 * FACE);
        vm.assertEq(_committed(programme << 16 | 2), SECOND_FACE);
        _claim(_claimants(1, 2));
        _assertReserved(0);
        _assertIdentity(line);
        _assertIdentity(programme << 16 | 2);
    }

    function test_kept__whenProgrammeIsPaused__isIssuedAllTheSame() external {
        vm.prank(rescuer);
        programmes.pause(programme, NOW + 8 days, "flood");
        vm.warp(CLOSES - 1);
        vm.assertGt(_claim(_claimants(0, 1)), 0, "no place");
    }

    // --- closing ---

    function test_closeRound__whenUnknownRunningOrClosed__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_RoundUnknown.selector, programme, 2));
        desk.closeRound(programme, 2);
        vm.warp(CLOSES - 1);
        vm.expectRevert(
            abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_RoundRunning.selector, programme, round, CLOSES - 1, CLOSES)
        );
        desk.closeRound(programme, round);
        vm.warp(CLOSES);
        desk.closeRound(programme, round);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_RoundClosedBefore.selector, programme, round));
        desk.closeRound(programme, round);
    }

    function test_closeRound__whenOver__freesTheRestAndLogs() external {
        _claim(_claimants(0, 1));
        vm.warp(CLOSES);
        vm.recordLogs();
        vm.prank(outsider);
        desk.closeRound(programme, round);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(ICaseDeskClaims.RoundClosed.selector, programme, round, topic(outsider));
        assertLog(logs[0], address(desk), topics, abi.encode(1));
        vm.assertTrue(desk.roundAt(programme, round).closed, "not closed");
        _assertReserved(0);
        vm.assertEq(treasury.account(line).available, BUDGET - 6 * FACE);
    }

    function test_returnRest__whenARoundIsNotClosed__waitsForIt() external {
        vm.warp(END);
        vm.startPrank(treasurer);
        desk.sweep(batch, roll);
        programmes.close(programme, "over");
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_StillReserved.selector, line, 3 * FACE));
        treasury.returnRest(line);
        desk.closeRound(programme, round);
        vm.assertEq(treasury.returnRest(line), BUDGET);
        vm.stopPrank();
    }

    // --- helpers ---

    /// @dev A published programme without money.
    function _publishedBare() private returns (uint256 bare) {
        bare = _draft("bare", _programmeTerms(), 1);
        _publish(bare);
    }

    function _refuseTerms(RoundTerms memory t, string memory field) private {
        _refuse(t, abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_RoundInvalid.selector, programme, field));
    }

    function _refuse(RoundTerms memory t, bytes memory error) private {
        vm.prank(treasurer);
        vm.expectRevert(error);
        desk.openRound(programme, t);
    }

    /// @dev `places` are kept of both batches, and their money on both lines.
    function _assertReserved(uint256 places) private view {
        for (uint256 i; i < 2; ++i) {
            (,, uint256 supply) = vouchers.batchWords(pack[i]);
            vm.assertEq(uint40(supply >> 200), places, "quota kept");
            uint256 money = treasury.account(programme << 16 | (i + 1)).reserved;
            vm.assertEq(money, places * (i == 0 ? FACE : SECOND_FACE), "money kept");
        }
    }
}
