// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {LineTerms} from "../../contracts/types/Programme.sol";
import {BatchTerms} from "../../contracts/types/Supply.sol";
import {MerchantDay} from "../../contracts/types/Settlement.sol";
import {Base} from "./Base.t.sol";
import {Vm} from "./Vm.sol";

/// proposeMove
/// ├── when a line has no budget, both are one, or of two programmes: it should refuse it
/// ├── when the programme is closed, or the funders differ: it should refuse it
/// ├── when the amount is zero, more than nothing was issued against, or too much for the other line: it should refuse it
/// └── when it is within bounds: it should keep and log it, and move nothing
/// approveMove
/// ├── when it is unknown or decided, or the caller proposed it: it should refuse it
/// ├── when so much was issued meanwhile: it should refuse it
/// ├── when the money is there: it should go along whole
/// ├── when only some is there: it should go along, and deposits stay within both budgets
/// └── when all of a line's budget went: the line should have none, and issue nothing
/// withdrawMove
/// ├── when it is unknown or decided: it should refuse it
/// └── when it is open: it should be decided
/// a line funded by a merchant
/// └── it should be paid for by the merchant, spend nobody else's money, and give its rest back to the merchant
contract BudgetsTest is Base {
    uint256 private programme;
    uint256 private first;
    uint256 private second;
    uint256 private foreign; // another funder's
    address private shop;

    function setUp() public override {
        super.setUp();
        shop = _account("shop");
        LineTerms[] memory lines = _lineTerms(3);
        lines[2].funder = shop;
        vm.prank(treasurer);
        programme = programmes.draft("spring", _programmeTerms(), _rulesTerms(), lines);
        _publish(programme);
        (first, second, foreign) = (programme << 16 | 1, programme << 16 | 2, programme << 16 | 3);
    }

    // --- proposeMove ---

    function test_proposeMove__whenLineHasNoBudget__refusesIt() external {
        uint256 unknown = programme << 16 | 4;
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_LineUnknown.selector, unknown), unknown, first, 1);
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_LineUnknown.selector, unknown), first, unknown, 1);
    }

    function test_proposeMove__whenLinesAreOneOrOfTwoProgrammes__refusesIt() external {
        uint256 other = _draft("autumn", _programmeTerms(), 1);
        _publish(other);
        uint256 line = other << 16 | 1;
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_LinesApart.selector, first, first), first, first, 1);
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_LinesApart.selector, first, line), first, line, 1);
    }

    function test_proposeMove__whenProgrammeIsClosed__refusesIt() external {
        _activateAt(END);
        vm.prank(treasurer);
        programmes.close(programme, "over");
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_ProgrammeClosed.selector, programme), first, second, 1);
    }

    function test_proposeMove__whenFundersDiffer__refusesIt() external {
        bytes4 error = ITreasury.Treasury_FundersDiffer.selector;
        _refuse(abi.encodeWithSelector(error, first, funder, shop), first, foreign, 1);
        _refuse(abi.encodeWithSelector(error, foreign, shop, funder), foreign, first, 1);
    }

    function test_proposeMove__whenAmountIsOutsideItsBounds__refusesIt() external {
        bytes4 error = ITreasury.Treasury_OverBudgetLine.selector;
        _refuse(abi.encodeWithSelector(error, first, 0, BUDGET), first, second, 0);
        _refuse(abi.encodeWithSelector(error, first, BUDGET + 1, BUDGET), first, second, BUDGET + 1);
        _deposit(first, BUDGET);
        _issueTo(first, 3);
        uint64 left = BUDGET - 3 * uint64(FACE);
        _refuse(abi.encodeWithSelector(error, first, left + 1, left), first, second, left + 1);
        _propose(first, second, left);
    }

    function test_proposeMove__whenOtherLineWouldGrowTooLarge__refusesIt() external {
        LineTerms[] memory lines = _lineTerms(2);
        (lines[0].amount, lines[1].amount) = (type(uint56).max - 10, 11);
        vm.prank(treasurer);
        uint256 big = programmes.draft("autumn", _programmeTerms(), _rulesTerms(), lines);
        _publish(big);
        (uint256 from, uint256 to) = (big << 16 | 2, big << 16 | 1);
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_BudgetTooLarge.selector, to, 11, 10), from, to, 11);
        uint256 move = _propose(from, to, 10);
        vm.prank(approver);
        treasury.approveMove(move);
        vm.assertEq(treasury.account(to).budget, type(uint56).max);
    }

    function test_proposeMove__whenWithinBounds__movesNothingYet() external {
        vm.recordLogs();
        uint256 move = _propose(first, second, 40);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(ITreasury.BudgetMoveProposed.selector, move, first, second);
        assertLog(logs[0], address(treasury), topics, abi.encode(40, treasurer, "more demand"));
        vm.assertEq(abi.encode(treasury.moveOf(move)), abi.encode(treasurer, first, second, 40));
        vm.assertEq(move, 1);
        vm.assertEq(treasury.account(first).budget, BUDGET);
        vm.assertEq(_propose(second, first, 40), 2);
    }

    // --- approveMove ---

    function test_approveMove__whenUnknownOrDecided__refusesIt() external {
        _refuseApproval(abi.encodeWithSelector(ITreasury.Treasury_MoveNotOpen.selector, 1), approver, 1);
        uint256 move = _propose(first, second, 40);
        vm.prank(approver);
        treasury.approveMove(move);
        _refuseApproval(abi.encodeWithSelector(ITreasury.Treasury_MoveNotOpen.selector, move), approver, move);
    }

    function test_approveMove__whenCallerProposedIt__refusesIt() external {
        vm.prank(admin);
        manager.grantRole(Roles.APPROVER, treasurer, 0);
        uint256 move = _propose(first, second, 40);
        _refuseApproval(abi.encodeWithSelector(ITreasury.Treasury_OwnProposal.selector, move, treasurer), treasurer, move);
    }

    function test_approveMove__whenTooMuchWasIssuedMeanwhile__refusesIt() external {
        _deposit(first, BUDGET);
        uint256 move = _propose(first, second, BUDGET);
        _issueTo(first, 1);
        uint256 left = BUDGET - FACE;
        _refuseApproval(abi.encodeWithSelector(ITreasury.Treasury_OverBudgetLine.selector, first, BUDGET, left), approver, move);
    }

    function test_approveMove__whenProgrammeClosedMeanwhile__refusesIt() external {
        uint256 move = _propose(first, second, 40);
        _activateAt(END);
        vm.prank(treasurer);
        programmes.close(programme, "over");
        _refuseApproval(abi.encodeWithSelector(ITreasury.Treasury_ProgrammeClosed.selector, programme), approver, move);
    }

    function test_approveMove__whenTheMoneyIsThere__goesAlongWhole() external {
        _deposit(first, BUDGET);
        uint256 move = _propose(first, second, 40);
        vm.recordLogs();
        vm.prank(approver);
        treasury.approveMove(move);
        _assertMoved(move, 40, 40);
        _assertAccount(first, BUDGET - 40, BUDGET - 40, BUDGET - 40);
        _assertAccount(second, 40, 40, BUDGET + 40);
        vm.assertEq(treasury.escrowOf(address(token)), BUDGET);
        vm.assertEq(treasury.moveOf(move).proposer, address(0));
    }

    function test_approveMove__whenOnlySomeIsThere__keepsDepositsWithinBothBudgets() external {
        uint64 part = 3 * uint64(FACE) + 10;
        _deposit(first, part);
        _issueTo(first, 3);
        uint64 left = BUDGET - 3 * uint64(FACE);
        uint256 move = _propose(first, second, left);
        vm.recordLogs();
        vm.prank(approver);
        treasury.approveMove(move);
        _assertMoved(move, left, 10);
        _assertAccount(first, part - 10, 0, 3 * uint64(FACE));
        _assertAccount(second, 10, 10, BUDGET + left);
        _assertIdentity(first);
        _assertIdentity(second);
    }

    function test_approveMove__whenAllOfTheBudgetWent__theLineIssuesNothing() external {
        _deposit(first, BUDGET);
        uint256 move = _propose(first, second, BUDGET);
        vm.prank(approver);
        treasury.approveMove(move);
        _assertAccount(first, 0, 0, 0);
        uint256 batch = _batchOf(first);
        uint256 roll = _writeRoll(programme, "roll", _holders(0, 1));
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_OverBudgetLine.selector, first, FACE, 0));
        _issue(batch, roll);
    }

    // --- withdrawMove ---

    function test_withdrawMove__whenUnknownOrDecided__refusesIt() external {
        vm.startPrank(treasurer);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_MoveNotOpen.selector, 1));
        treasury.withdrawMove(1, "none");
        vm.stopPrank();
    }

    function test_withdrawMove__whenOpen__isDecided() external {
        uint256 move = _propose(first, second, 40);
        vm.recordLogs();
        vm.prank(secondTreasurer);
        treasury.withdrawMove(move, "not needed");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(ITreasury.BudgetMoveWithdrawn.selector, move, topic(secondTreasurer));
        assertLog(logs[0], address(treasury), topics, abi.encode("not needed"));
        _refuseApproval(abi.encodeWithSelector(ITreasury.Treasury_MoveNotOpen.selector, move), approver, move);
    }

    // --- a merchant's own coupons ---

    function test_depositFromFunder__whenTheFunderAllowedNothing__refusesIt() external {
        vm.prank(issuer);
        token.mint(shop, 100);
        vm.expectRevert(
            abi.encodeWithSelector(selectorOf("ERC20InsufficientAllowance(address,uint256,uint256)"), address(treasury), 0, 100)
        );
        vm.prank(treasurer);
        treasury.depositFromFunder(foreign, 100, keccak256("slip"));
    }

    function test_depositFromFunder__whenTheLineIsUnknown__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_LineUnknown.selector, foreign + 1));
        vm.prank(treasurer);
        treasury.depositFromFunder(foreign + 1, 100, keccak256("slip"));
    }

    function test_ownCoupons__fromTheMerchantsDepositToItsRest() external {
        _deposit(first, BUDGET);
        vm.prank(issuer);
        token.mint(shop, 5 * uint256(FACE));
        vm.prank(shop);
        token.approve(address(treasury), 5 * uint256(FACE));
        bytes32 slip = keccak256("the shop's slip");
        vm.recordLogs();
        vm.prank(treasurer);
        treasury.depositFromFunder(foreign, 5 * uint256(FACE), slip);
        bytes32[] memory topics = topicsOf(ITreasury.Deposited.selector, foreign, topic(shop), uint256(slip));
        assertLog(vm.getRecordedLogs()[1], address(treasury), topics, abi.encode(5 * uint256(FACE)));

        (uint256 batch, uint256 roll) = _issueTo(foreign, 5);
        uint256 merchant = _merchant("shop");
        _activateAt(START);
        _redeem(merchant, _signedItem(_id(batch, roll, 0), 0, merchant));
        vm.warp(END);
        MerchantDay[] memory entries = new MerchantDay[](1);
        entries[0] = MerchantDay(uint40(foreign), uint32(merchant), uint24(_day(START)), FACE);
        vm.startPrank(treasurer);
        uint256 run = treasury.prepareSettlement(entries);
        desk.sweep(batch, roll);
        vm.stopPrank();
        vm.prank(approver);
        treasury.releaseSettlement(run, entries);
        vm.startPrank(treasurer);
        programmes.close(programme, "over");
        treasury.returnRest(foreign);
        treasury.returnRest(first);
        vm.stopPrank();

        vm.assertEq(token.balanceOf(payout), FACE);
        vm.assertEq(token.balanceOf(shop), 4 * uint256(FACE));
        vm.assertEq(token.balanceOf(funder), BUDGET);
        _assertIdentity(foreign);
        _assertIdentity(first);
    }

    // --- helpers ---

    function _propose(uint256 from, uint256 to, uint64 amount) private returns (uint256) {
        vm.prank(treasurer);
        return treasury.proposeMove(from, to, amount, "more demand");
    }

    function _refuse(bytes memory error, uint256 from, uint256 to, uint64 amount) private {
        vm.expectRevert(error);
        vm.prank(treasurer);
        treasury.proposeMove(from, to, amount, "more demand");
    }

    function _refuseApproval(bytes memory error, address actor, uint256 move) private {
        vm.expectRevert(error);
        vm.prank(actor);
        treasury.approveMove(move);
    }

    function _activateAt(uint256 time) private {
        vm.warp(time);
        _activate(programme);
    }

    function _batchOf(uint256 line) private returns (uint256) {
        BatchTerms memory t = _batchTerms(programme);
        t.line = uint16(line);
        return _openBatch("batch", t);
    }

    /// @dev Vouchers of a fresh batch of the line to `count` holders.
    function _issueTo(uint256 line, uint256 count) private returns (uint256 batch, uint256 roll) {
        batch = _batchOf(line);
        roll = _writeRoll(programme, "roll", _holders(0, count));
        _issue(batch, roll);
    }

    function _assertMoved(uint256 move, uint64 budget, uint64 money) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        bytes32[] memory topics = topicsOf(ITreasury.BudgetMoved.selector, first, second);
        assertLog(logs[0], address(treasury), topics, abi.encode(budget, treasurer, approver));
        topics = topicsOf(ITreasury.MoneyMoved.selector, move, first, second);
        assertLog(logs[1], address(treasury), topics, abi.encode(money));
    }

    function _assertAccount(uint256 line, uint64 deposited, uint64 available, uint64 budget) private view {
        vm.assertEq(abi.encode(treasury.account(line)), abi.encode(ITreasury.Account(deposited, available, 0, 0, budget, 0)));
    }
}
