// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {MerchantTerms} from "../../contracts/types/Merchant.sol";
import {MerchantDay} from "../../contracts/types/Settlement.sol";
import {OddTokenWorld} from "./OddTokenWorld.sol";
import {OddPayoutToken} from "./doubles/Tokens.sol";
import {Vm} from "./Vm.sol";

/// a payout whose token
/// ├── refuses with an error, says no, reverts in silence, takes a fee or lies: it should be passed over, logged, and paid in a later run
/// └── calls back, as an approver: it should pay nothing twice
contract SettlementFaultsTest is OddTokenWorld {
    uint256 private first;
    uint256 private second;
    address private firstPayout;
    address private secondPayout;
    MerchantDay[] private entries;

    function setUp() public override {
        super.setUp();
        _publishOdd(BUDGET);
        (firstPayout, secondPayout) = (_account("first payout"), _account("second payout"));
        first = _merchant("noodles", MerchantTerms(CATERING, DISTRICT, CHANNELS, firstPayout));
        second = _merchant("museum", MerchantTerms(CATERING, DISTRICT, CHANNELS, secondPayout));
        uint256 batch = _openBatch("batch", programme);
        uint256 roll = _writeRoll(programme, "roll", _holders(0, 2));
        _issue(batch, roll);
        vm.warp(START);
        _activate(programme);
        _redeem(first, _signedItem(_id(batch, roll, 0), 0, first));
        _redeem(second, _signedItem(_id(batch, roll, 1), 1, second));
        entries.push(MerchantDay(uint40(line), uint32(first), uint24(_day(START)), FACE));
        entries.push(MerchantDay(uint40(line), uint32(second), uint24(_day(START)), FACE));
        vm.warp(START + 40 days);
    }

    function test_payout__whenTheTokenRefuses__isPassedOver() external {
        _passOver(OddPayoutToken.Way.BARRED, OddPayoutToken.OddPayoutToken_Barred.selector);
    }

    function test_payout__whenTheTokenSaysNo__isPassedOver() external {
        _passOver(OddPayoutToken.Way.FALSE, SafeERC20.SafeERC20FailedOperation.selector);
    }

    function test_payout__whenTheTokenRevertsInSilence__isPassedOver() external {
        _passOver(OddPayoutToken.Way.SILENT, ITreasury.Treasury_PayoutFailed.selector);
    }

    function test_payout__whenTheTokenTakesAFee__isPassedOver() external {
        _passOver(OddPayoutToken.Way.FEE, ITreasury.Treasury_PayoutNotWhole.selector);
    }

    function test_payout__whenTheTokenMovesNothing__isPassedOver() external {
        _passOver(OddPayoutToken.Way.LIES, ITreasury.Treasury_PayoutNotWhole.selector);
    }

    /// @dev The other run's payout within the first one's shows in the balance: both are undone, and the rest is paid once.
    function test_payout__whenTheTokenCallsBack__isPassedOver() external {
        vm.prank(admin);
        manager.grantRole(Roles.APPROVER, address(odd), 0);
        uint256 run = _prepare();
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(ITreasury.releaseSettlement, (_prepare(), entries));
        odd.treat(firstPayout, OddPayoutToken.Way.REENTERS);
        odd.reenter(address(treasury), calls);
        vm.prank(approver);
        vm.assertEq(treasury.releaseSettlement(run, entries), FACE);
        vm.assertEq(odd.balanceOf(firstPayout), 0);
        vm.assertEq(odd.balanceOf(secondPayout), FACE);
        vm.assertEq(treasury.account(line).settled, FACE);
        vm.assertEq(treasury.escrowOf(address(odd)), odd.balanceOf(address(treasury)));
        _assertIdentity(line);
    }

    function test_payout__whenTheTokenCallsBackInVain__paysOnce() external {
        vm.prank(admin);
        manager.grantRole(Roles.APPROVER, address(odd), 0);
        uint256 run = _prepare();
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ITreasury.releaseSettlement, (run, entries));
        calls[1] = abi.encodeCall(ITreasury.payMerchantDay, (run, entries[0]));
        odd.treat(firstPayout, OddPayoutToken.Way.REENTERS);
        odd.reenter(address(treasury), calls);
        vm.prank(approver);
        vm.assertEq(treasury.releaseSettlement(run, entries), 2 * uint256(FACE));
        vm.assertFalse(odd.succeeded(0), "the same run");
        vm.assertEq(odd.answers(0), abi.encodeWithSelector(ITreasury.Treasury_RunNotOpen.selector, run));
        vm.assertFalse(odd.succeeded(1), "an entry by itself");
        vm.assertEq(odd.answers(1), abi.encodeWithSelector(ITreasury.Treasury_CallerNotLinked.selector, address(odd)));
        vm.assertEq(odd.balanceOf(firstPayout), FACE);
        _assertIdentity(line);
    }

    // --- helpers ---

    function _prepare() private returns (uint256) {
        vm.prank(treasurer);
        return treasury.prepareSettlement(entries);
    }

    function _passOver(OddPayoutToken.Way way, bytes4 reason) private {
        odd.treat(firstPayout, way);
        uint256 run = _prepare();
        uint256 word = vouchers.dayWord(line, first, entries[0].day);
        vm.recordLogs();
        vm.prank(approver);
        vm.assertEq(treasury.releaseSettlement(run, entries), FACE);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        bytes32[] memory topics = topicsOf(ITreasury.MerchantPayoutSkipped.selector, line, first, run);
        assertLog(logs[0], address(treasury), topics, abi.encode(entries[0].day, reason));
        vm.assertEq(vouchers.dayWord(line, first, entries[0].day), word);
        vm.assertEq(odd.balanceOf(firstPayout), 0);
        vm.assertEq(odd.balanceOf(secondPayout), FACE);
        vm.assertEq(treasury.escrowOf(address(odd)), odd.balanceOf(address(treasury)));
        _assertIdentity(line);

        odd.treat(firstPayout, OddPayoutToken.Way.FINE);
        run = _prepare();
        vm.prank(approver);
        vm.assertEq(treasury.releaseSettlement(run, entries), FACE);
        vm.assertEq(odd.balanceOf(firstPayout), FACE);
        vm.assertEq(odd.balanceOf(secondPayout), FACE);
    }
}
