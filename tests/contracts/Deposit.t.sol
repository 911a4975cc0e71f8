// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IProgrammeRegistry} from "../../contracts/interfaces/IProgrammeRegistry.sol";
import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {ProgrammeTerms} from "../../contracts/types/Programme.sol";
import {Base, IToken} from "./Base.t.sol";
import {FeeToken, GenerousToken, LyingToken, ReentrantToken, RefusingToken} from "./doubles/Tokens.sol";
import {Vm} from "./Vm.sol";

/// allowToken
/// ├── when it is no contract, or on the list: it should refuse it
/// └── when it is a new contract: it should list it
/// disallowToken
/// ├── when it is not on the list: it should refuse it
/// └── when it is: no programme should be drafted or published with it, and running ones go on
/// deposit
/// ├── when the line is unknown or its programme not published: it should refuse it
/// ├── when the programme is closed: it should refuse it
/// ├── when the amount or the slip is zero: it should refuse it
/// ├── when the slip was used: it should name its line
/// ├── when it exceeds the budget: it should say what is left
/// ├── when the token takes a fee, lies or gives more: it should refuse it
/// ├── when the token says no, or the allowance is missing: it should refuse it
/// ├── when the token calls back: it should refuse the inner call
/// └── when all is within bounds: it should keep the money for the line
contract DepositTest is Base {
    bytes32 private constant SLIP = keccak256("bank slip");

    // --- allowToken ---

    function test_allowToken__whenNoContractOrListed__refusesIt() external {
        vm.startPrank(approver);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_TokenInvalid.selector, outsider));
        treasury.allowToken(outsider);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_TokenInvalid.selector, token));
        treasury.allowToken(address(token));
        vm.stopPrank();
        vm.assertFalse(treasury.isTokenAllowed(outsider), "listed");
    }

    function test_allowToken__whenNewContract__listsIt() external {
        address other = address(new FeeToken());
        vm.recordLogs();
        vm.prank(approver);
        treasury.allowToken(other);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        assertLog(logs[0], address(treasury), topicsOf(ITreasury.TokenAllowed.selector, topic(other), topic(approver)), "");
        vm.assertTrue(treasury.isTokenAllowed(other), "not listed");
    }

    // --- disallowToken ---

    function test_disallowToken__whenNotListed__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_TokenNotListed.selector, outsider));
        vm.prank(approver);
        treasury.disallowToken(outsider);
    }

    function test_disallowToken__whenListed__runningProgrammesGoOn() external {
        uint256 line = _line(address(token));
        uint256 late = _draft("late", _programmeTerms(), 1);
        vm.recordLogs();
        vm.prank(approver);
        treasury.disallowToken(address(token));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(ITreasury.TokenDisallowed.selector, topic(address(token)), topic(approver));
        assertLog(logs[0], address(treasury), topics, "");
        vm.assertFalse(treasury.isTokenAllowed(address(token)), "listed");

        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_TokenNotAllowed.selector, address(token)));
        _draft("new", _programmeTerms(), 1);
        vm.prank(treasurer);
        programmes.propose(late);
        vm.prank(approver);
        programmes.approve(late);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_TokenNotListed.selector, address(token)));
        vm.prank(treasurer);
        programmes.publish(late);
        _deposit(line, 100);
        vm.assertEq(treasury.account(line).deposited, 100);
        vm.prank(approver);
        treasury.allowToken(address(token));
        vm.prank(treasurer);
        programmes.publish(late);
    }

    // --- deposit ---

    function test_deposit__whenLineIsUnknown__refusesIt() external {
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_LineUnknown.selector, 0), 0, 1, SLIP);
        uint256 programme = _draft("spring", _programmeTerms(), 1);
        uint256 line = programme << 16 | 1;
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_LineUnknown.selector, line), line, 1, SLIP);
        _publish(programme);
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_LineUnknown.selector, line + 1), line + 1, 1, SLIP);
    }

    function test_deposit__whenProgrammeIsClosed__refusesIt() external {
        uint256 line = _line(address(token));
        vm.warp(_programmeTerms().endsAt);
        vm.startPrank(treasurer);
        programmes.activate(line >> 16);
        programmes.close(line >> 16, "over");
        vm.stopPrank();
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_ProgrammeClosed.selector, line >> 16), line, 1, SLIP);
    }

    function test_deposit__whenAmountOrSlipIsZero__refusesIt() external {
        uint256 line = _line(address(token));
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_DepositInvalid.selector, 0, SLIP), line, 0, SLIP);
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_DepositInvalid.selector, 1, bytes32(0)), line, 1, 0);
    }

    function test_deposit__whenSlipWasUsed__namesItsLine() external {
        uint256 first = _line(address(token));
        uint256 second = first + 1;
        _fund(10);
        vm.prank(treasurer);
        treasury.deposit(first, 5, SLIP);
        bytes memory error = abi.encodeWithSelector(ITreasury.Treasury_SlipUsed.selector, SLIP, first);
        _refuse(error, first, 5, SLIP);
        _refuse(error, second, 5, SLIP);
    }

    function test_deposit__whenOverBudget__saysWhatIsLeft() external {
        uint256 line = _line(address(token));
        _fund(uint256(BUDGET) + 1);
        bytes4 error = ITreasury.Treasury_DepositOverBudget.selector;
        _refuse(abi.encodeWithSelector(error, line, uint256(BUDGET) + 1, BUDGET), line, uint256(BUDGET) + 1, SLIP);
        _refuse(abi.encodeWithSelector(error, line, type(uint256).max, BUDGET), line, type(uint256).max, SLIP);
        vm.prank(treasurer);
        treasury.deposit(line, BUDGET, SLIP);
        _refuse(abi.encodeWithSelector(error, line, 1, 0), line, 1, keccak256("another"));
    }

    function test_deposit__whenTokenTakesAFee__refusesIt() external {
        _refuseToken(address(new FeeToken()), 99);
    }

    function test_deposit__whenTokenLies__refusesIt() external {
        _refuseToken(address(new LyingToken()), 0);
    }

    function test_deposit__whenTokenGivesMore__refusesIt() external {
        _refuseToken(address(new GenerousToken()), 101);
    }

    function test_deposit__whenTokenSaysNo__refusesIt() external {
        address odd = address(new RefusingToken());
        uint256 line = _line(odd);
        _refuse(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, odd), line, 100, SLIP);
    }

    function test_deposit__whenAllowanceIsMissing__refusesIt() external {
        uint256 line = _line(address(token));
        vm.prank(issuer);
        token.mint(treasurer, 100);
        bytes4 error = selectorOf("ERC20InsufficientAllowance(address,uint256,uint256)");
        _refuse(abi.encodeWithSelector(error, address(treasury), 0, 100), line, 100, SLIP);
    }

    function test_deposit__whenTokenCallsBack__refusesTheInnerCall() external {
        ReentrantToken odd = new ReentrantToken();
        uint256 line = _line(address(odd));
        odd.mint(treasurer, 100);
        odd.reenter(address(treasury), abi.encodeCall(ITreasury.deposit, (line, 100, SLIP)));
        vm.prank(treasurer);
        treasury.deposit(line, 100, SLIP);
        vm.assertFalse(odd.succeeded(), "deposited from within");
        vm.assertEq(odd.answer(), abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(odd)));
        vm.assertEq(treasury.account(line).deposited, 100);
    }

    function test_deposit__whenWithinBounds__keepsItForTheLine() external {
        uint256 line = _line(address(token));
        _fund(300);
        vm.recordLogs();
        vm.prank(treasurer);
        treasury.deposit(line, 100, SLIP);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        bytes32 transfer = keccak256("Transfer(address,address,uint256)");
        assertLog(logs[0], address(token), topicsOf(transfer, topic(treasurer), topic(address(treasury))), abi.encode(100));
        bytes32[] memory topics = topicsOf(ITreasury.Deposited.selector, line, topic(treasurer), uint256(SLIP));
        assertLog(logs[1], address(treasury), topics, abi.encode(100));

        vm.prank(treasurer);
        treasury.deposit(line + 1, 200, keccak256("another"));
        vm.assertEq(abi.encode(treasury.account(line)), abi.encode(ITreasury.Account(100, 100, 0, 0, BUDGET, 0)));
        vm.assertEq(abi.encode(treasury.account(line + 1)), abi.encode(ITreasury.Account(200, 200, 0, 0, BUDGET, 0)));
        vm.assertEq(treasury.escrowOf(address(token)), 300);
        vm.assertEq(token.balanceOf(address(treasury)), 300);
        vm.assertEq(treasury.lineOfSlip(SLIP), line);
        vm.assertEq(treasury.lineOfSlip(keccak256("unknown")), 0);
    }

    function test_deposit__whenMoneyWasSentWithoutASlip__isNoPartOfTheLedger() external {
        uint256 line = _line(address(token));
        vm.prank(issuer);
        token.mint(address(treasury), 7);
        _deposit(line, 100);
        vm.assertEq(treasury.escrowOf(address(token)), 100);
        vm.assertEq(token.balanceOf(address(treasury)), 107);
    }

    // --- helpers ---

    /// @dev The first of two lines of a published programme in this token.
    function _line(address token_) private returns (uint256) {
        if (!treasury.isTokenAllowed(token_)) {
            vm.prank(approver);
            treasury.allowToken(token_);
        }
        ProgrammeTerms memory t = _programmeTerms();
        t.token = token_;
        uint256 programme = _draft("spring", t, 2);
        _publish(programme);
        return programme << 16 | 1;
    }

    function _refuse(bytes memory error, uint256 line, uint256 amount, bytes32 slip) private {
        vm.expectRevert(error);
        vm.prank(treasurer);
        treasury.deposit(line, amount, slip);
    }

    /// @dev Of a deposit of 100, `arrived` arrives.
    function _refuseToken(address odd, uint256 arrived) private {
        uint256 line = _line(odd);
        IToken(odd).mint(treasurer, 100);
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_DepositNotWhole.selector, odd, arrived, 100), line, 100, SLIP);
        vm.assertEq(treasury.account(line).deposited, 0);
        vm.assertEq(treasury.escrowOf(odd), 0);
    }
}
