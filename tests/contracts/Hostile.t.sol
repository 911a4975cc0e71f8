// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ICaseDeskDisputes} from "../../contracts/interfaces/ICaseDeskDisputes.sol";
import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersLinks} from "../../contracts/interfaces/IVouchersLinks.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {Opening} from "../../contracts/types/Case.sol";
import {Group, Item} from "../../contracts/types/Redemption.sol";
import {VoucherState} from "../../contracts/types/Supply.sol";
import {DeskWorld} from "./DeskWorld.sol";
import {OddTokenWorld} from "./OddTokenWorld.sol";
import {BurningWallet, HugeWallet, RestlessWallet, RevertingWallet} from "./doubles/Wallets.sol";
import {OddPayoutToken} from "./doubles/Tokens.sol";

/// the rest of a closed programme, whose token
/// ├── refuses with an error, says no, reverts in silence, takes a fee or moves nothing: it should not be returned, and later whole
/// └── calls back, as a treasurer: it should be returned once
/// Deposits and payouts with such tokens: Deposit.t.sol, SettlementFaults.t.sol.
contract HostileTokenTest is OddTokenWorld {
    function setUp() public override {
        super.setUp();
        _publishOdd(FACE);
        vm.warp(START);
        _activate(programme);
        vm.warp(END);
        vm.prank(treasurer);
        programmes.close(programme, "the season is over");
    }

    function test_returnRest__whenTheTokenRefuses__changesNothing() external {
        _refuse(OddPayoutToken.Way.BARRED, abi.encodeWithSelector(OddPayoutToken.OddPayoutToken_Barred.selector, funder));
    }

    function test_returnRest__whenTheTokenSaysNo__changesNothing() external {
        _refuse(OddPayoutToken.Way.FALSE, abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, odd));
    }

    function test_returnRest__whenTheTokenRevertsInSilence__changesNothing() external {
        _refuse(OddPayoutToken.Way.SILENT, "");
    }

    function test_returnRest__whenTheTokenTakesAFee__changesNothing() external {
        odd.mint(address(treasury), 1); // another line's money, which would pay the fee
        _refuse(OddPayoutToken.Way.FEE, abi.encodeWithSelector(ITreasury.Treasury_PayoutNotWhole.selector, odd, FACE + 1, FACE));
    }

    function test_returnRest__whenTheTokenMovesNothing__changesNothing() external {
        _refuse(OddPayoutToken.Way.LIES, abi.encodeWithSelector(ITreasury.Treasury_PayoutNotWhole.selector, odd, 0, FACE));
    }

    function test_returnRest__whenTheTokenCallsBack__returnsOnce() external {
        vm.prank(admin);
        manager.grantRole(Roles.TREASURER, address(odd), 0);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ITreasury.returnRest, (line));
        calls[1] = abi.encodeCall(ITreasury.deposit, (line, 1, keccak256("another slip")));
        odd.treat(funder, OddPayoutToken.Way.REENTERS);
        odd.reenter(address(treasury), calls);
        vm.prank(treasurer);
        vm.assertEq(treasury.returnRest(line), FACE);
        vm.assertFalse(odd.succeeded(0), "returned twice");
        vm.assertEq(odd.answers(0), abi.encodeWithSelector(ITreasury.Treasury_NothingLeft.selector, line));
        vm.assertFalse(odd.succeeded(1), "deposited into a closed programme");
        vm.assertEq(odd.balanceOf(funder), FACE);
        vm.assertEq(treasury.escrowOf(address(odd)), 0);
        _assertIdentity(line);
    }

    function _refuse(OddPayoutToken.Way way, bytes memory error) private {
        odd.treat(funder, way);
        vm.expectRevert(error);
        vm.prank(treasurer);
        treasury.returnRest(line);
        vm.assertEq(treasury.account(line).returned, 0);
        vm.assertEq(treasury.escrowOf(address(odd)), FACE);
        _assertIdentity(line);

        odd.treat(funder, OddPayoutToken.Way.FINE);
        vm.prank(treasurer);
        treasury.returnRest(line);
        vm.assertEq(odd.balanceOf(funder), FACE);
        _assertIdentity(line);
    }
}

/// a terminal that is a contract and burns its gas, reverts, or answers without end
/// └── it should cost no more than its share, and the call goes on
/// a holder that is a contract and acts from within
/// └── every inner call should fail, and what it said yes to is redeemed once
/// a dispute in the name of a holder that burns its gas, reverts, or acts from within
/// └── it should be refused or opened, and change nothing else
/// Redemptions of such holders, and of an honest contract: Signatures.t.sol.
contract HostileSignerTest is DeskWorld {
    uint256 private constant SHARE = 700_000;

    function test_terminal__whenItBurnsItsGas__leavesTheOthersTheirs() external {
        _passOverTheGroup(address(new BurningWallet()));
    }

    function test_terminal__whenItReverts__leavesTheOthersTheirs() external {
        _passOverTheGroup(address(new RevertingWallet()));
    }

    function test_terminal__whenItsAnswerIsHuge__isReadNoFurther() external {
        address terminal = address(new HugeWallet());
        uint256 before = gasleft();
        vm.assertEq(_sellBeside(terminal), 2);
        vm.assertLe(before - gasleft(), SHARE, "gas");
    }

    function test_holder__whenItActsFromWithin__isRedeemedOnce() external {
        (address[] memory targets, bytes[] memory calls) = _attempts();
        for (uint256 i; i < calls.length; ++i) {
            RestlessWallet wallet = _mighty();
            wallet.attempt(targets[i], calls[i]);
            _assertGoesThroughOutside(address(wallet), targets[i], calls[i]);
            uint256 voucher = _heldBy(address(wallet));
            Item memory item = _item(_spend(voucher));
            vm.assertEq(_redeem(merchant, item), 1); // it says yes only where the inner call failed
            item.receipt = keccak256("another receipt");
            _assertSaidNo(item, voucher, IVouchersErrors.Vouchers_AlreadyRedeemed.selector);
        }
        _assertState(_voucher(0), VoucherState.LIVE);
        _assertLine(5, calls.length);
    }

    function test_dispute__whenTheHolderBurnsItsGasOrReverts__isRefused() external {
        _refuseDispute(0, address(new BurningWallet()));
        _refuseDispute(1, address(new RevertingWallet()));
    }

    function test_dispute__whenTheHolderActsFromWithin__isOpenedOnce() external {
        RestlessWallet wallet = _mighty();
        wallet.attempt(address(desk), abi.encodeCall(desk.freeze, (5, merchant, NOW + 1 days, "mine")));
        Opening memory o = _openingOf(address(wallet));
        vm.assertEq(desk.dispute(o, REASON, NOW + 60, "yes"), 1);
        vm.assertEq(desk.lastDispute(), 1);
        vm.assertEq(vouchers.frozenUntil(5, merchant), 0);
        _assertDay(NOW, 1, 0, 1);
    }

    // --- helpers ---

    /// @dev Holds every role, is a relayer and a terminal of the merchant.
    function _mighty() private returns (RestlessWallet wallet) {
        wallet = new RestlessWallet();
        vm.startPrank(admin);
        for (uint64 role = 1; role <= Roles.ATTESTOR; ++role) {
            manager.grantRole(role, address(wallet), 0);
        }
        vm.stopPrank();
        vouchers.syncRelayer(address(wallet));
        vm.prank(registrar);
        merchants.addTerminal(merchant, address(wallet));
    }

    /// @dev Calls that would go through for such an account, from outside.
    function _attempts() private view returns (address[] memory targets, bytes[] memory calls) {
        (targets, calls) = (new address[](6), new bytes[](6));
        Group[] memory groups = _one(_group(merchant, _one(_signedItem(_voucher(0), 0, merchant))));
        (targets[0], calls[0]) = (address(vouchers), abi.encodeCall(vouchers.redeem, (groups)));
        (targets[1], calls[1]) = (address(vouchers), abi.encodeCall(IVouchersLinks.syncRelayer, (outsider)));
        (targets[2], calls[2]) = (address(programmes), abi.encodeCall(programmes.pauseAll, (NOW + 1 days, "mine")));
        (targets[3], calls[3]) = (address(merchants), abi.encodeCall(merchants.suspend, (merchant, "mine")));
        (targets[4], calls[4]) = (address(desk), abi.encodeCall(desk.freeze, (5, merchant, NOW + 1 days, "mine")));
        (targets[5], calls[5]) = (address(treasury), abi.encodeCall(treasury.disallowToken, (address(token))));
    }

    /// @dev A voucher whose holder is this contract.
    function _heldBy(address wallet) private returns (uint256) {
        uint256 written = _writeRoll(programme, vm.toString(wallet), abi.encodePacked(wallet));
        _issue(batch, written);
        return _id(batch, written, 0);
    }

    function _sellBeside(address terminal) private returns (uint256) {
        vm.prank(registrar);
        merchants.addTerminal(merchant, terminal);
        Group memory bad = _group(merchant, _one(_signedItem(_voucher(0), 0, merchant)));
        (bad.terminal, bad.terminalSignature) = (terminal, "any bytes at all");
        return _redeem(_groups(bad, _group(merchant, _one(_signedItem(_voucher(1), 1, merchant)))));
    }

    function _passOverTheGroup(address terminal) private {
        uint256 before = gasleft();
        vm.assertEq(_sellBeside(terminal), 1);
        vm.assertLe(before - gasleft(), SHARE, "gas of both");
        _assertState(_voucher(0), VoucherState.LIVE);
    }

    /// @dev Sold at the till to a holder that said yes, at least once.
    function _openingOf(address wallet) private returns (Opening memory) {
        roll = _writeRoll(programme, vm.toString(wallet), abi.encodePacked(wallet));
        _issue(batch, roll);
        _sell(0, 1, till);
        return _opening(0);
    }

    /// @dev The holder at the place becomes such a contract once it has spent its voucher.
    function _refuseDispute(uint256 place, address hostile) private {
        _sell(place, 1, till);
        Opening memory o = _opening(0);
        vm.etch(_holder(place), hostile.code);
        vm.expectPartialRevert(ICaseDeskDisputes.CaseDesk_NotAParty.selector);
        desk.dispute(o, REASON, NOW + 60, new bytes(65));
        vm.assertEq(desk.lastDispute(), 0);
    }

    function _assertGoesThroughOutside(address wallet, address target, bytes memory call) private {
        uint256 snapshot = vm.snapshotState();
        vm.prank(wallet);
        (bool success,) = target.call(call);
        vm.assertTrue(success, "refused outside, too");
        vm.revertToState(snapshot);
    }
}
