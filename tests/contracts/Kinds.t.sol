// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "../../contracts/interfaces/IVouchersRedemption.sol";
import {Leaf, Opening} from "../../contracts/types/Case.sol";
import {Item, Spend} from "../../contracts/types/Redemption.sol";
import {BatchTerms, VoucherState} from "../../contracts/types/Supply.sol";
import {StoredWord} from "../../contracts/words/StoredWord.sol";
import {RedeemWorld} from "./RedeemWorld.sol";
import {Vm} from "./Vm.sol";

/// kinds
/// ├── percentage with cap
/// │   ├── when it is redeemed: it should take the least of percentage, signed amount and cap, rounded down, and be used up
/// │   ├── when the percentage of the bill is nothing: it should refuse it
/// │   ├── when the amount signed is zero or above the cap, or a sequence is given: it should refuse it
/// │   ├── when several stand on one bill: it should hold what they really take against the bill
/// │   ├── when it is reversed: it should give back exactly what was taken, and be whole again
/// │   └── when it is swept: it should give the line what was not used, and a later reversal the rest
/// ├── stored value
/// │   ├── when a part is spent: it should keep the rest committed, stay LIVE and raise the sequence
/// │   ├── when the last part is spent: it should be used up
/// │   ├── when several items of one call spend it: it should take each by its sequence
/// │   ├── when the sequence is not the next one: it should refuse it
/// │   ├── when the amount is zero or above the rest: it should refuse it
/// │   ├── when it stands in an item that is refused: it should stay as it was
/// │   ├── when a part is reversed: it should be whole by that part, its signature dead, its sequence kept
/// │   ├── when it is swept: it should give the line the rests, and later reversals what they take back
/// │   └── when it is revoked: it should give the line the rest, and later reversals what they take back
/// └── all kinds in one item: it should take from each what its kind says
contract KindsTest is RedeemWorld {
    uint16 private constant TENTH = 1_000;

    uint256 private rated; // a percentage of a tenth, capped by FACE
    uint256 private purse; // stored value of FACE

    function setUp() public override {
        super.setUp();
        rated = _openKind("rated", 1, TENTH);
        purse = _openKind("purse", 2, 0);
    }

    // --- percentage ---

    function test_percentage__whenTheCapIsHigher__takesThePercentageRoundedDown() external {
        _assertTakes(rated, 0, FACE, 10 * uint256(FACE) - 1, FACE - 1);
        _assertState(_id(rated, roll, 0), VoucherState.REDEEMED);
        vm.assertEq(_committedCount(line), 14, "used up");
    }

    function test_percentage__whenTheCapIsLower__takesTheCap() external {
        _assertTakes(rated, 0, FACE, 10 * uint256(FACE) + 10, FACE);
        _assertTakes(rated, 1, FACE, type(uint256).max, FACE);
        _assertTakes(rated, 2, FACE, 2 ** 240, FACE);
        _assertTakes(rated, 3, FACE, 2 ** 240 - 1, FACE);
    }

    function test_percentage__whenLessWasSigned__takesWhatWasSigned() external {
        _assertTakes(rated, 0, 7, 100, 7);
        _assertTakes(rated, 1, 1, 10, 1);
    }

    function test_percentage__whenItIsNothing__refusesIt() external {
        _assertRefuses(rated, 0, FACE, 0, 9, IVouchersErrors.Vouchers_NothingOff.selector);
        _assertTakes(rated, 0, FACE, 10, 1);
    }

    function test_percentage__whenTheAmountIsOutside__refusesIt() external {
        uint256 bill = 20 * uint256(FACE);
        _assertRefuses(rated, 0, 0, 0, bill, IVouchersErrors.Vouchers_AmountOutside.selector);
        _assertRefuses(rated, 0, uint256(FACE) + 1, 0, bill, IVouchersErrors.Vouchers_AmountOutside.selector);
        _assertRefuses(rated, 0, FACE, 1, bill, IVouchersErrors.Vouchers_SequenceMismatch.selector);
    }

    function test_percentage__whenSeveralStandOnOneBill__holdsWhatTheyTakeAgainstIt() external {
        uint256 half = _openKind("half", 1, 5_000);
        uint256 other = _openKind("other half", 1, 5_000);
        uint256 more = _openKind("more than half", 1, 5_100);
        Item memory item = _itemOf(half, roll, 0, FACE, 0, 100); // what is signed is far above the bill
        item.spends = _spend(_id(half, roll, 0), _id(other, roll, 0));
        vm.assertEq(_redeem(merchant, _signed(item, _holderKey(0), merchant)), 2);
        vm.assertEq(_payable(line), 100);
        vm.assertEq(_spentOf(_id(half, roll, 0)), 50);

        item.spends = _spend(_id(half, roll, 2), _id(more, roll, 2));
        item = _signed(item, _holderKey(2), merchant);
        _assertSaidNo(item, _id(half, roll, 2), IVouchersErrors.Vouchers_AmountsOverBill.selector);
        _assertState(_id(half, roll, 2), VoucherState.LIVE);
    }

    function test_percentage__whenReversed__isWholeAgain() external {
        uint256 voucher = _id(rated, roll, 0);
        Item memory item = _itemOf(rated, roll, 0, FACE, 0, 1_000);
        vm.assertEq(_redeem(merchant, _signed(item, _holderKey(0), merchant)), 1);
        vm.assertEq(_committed(line), 15 * uint256(FACE) - 100, "the rest stays committed");
        vm.assertTrue(_reverse(item, 1, 100), "live");
        vm.assertEq(_committed(line), 15 * uint256(FACE));
        vm.assertEq(_committedCount(line), 15);
        vm.assertEq(vouchers.storedWord(voucher), 0);
        _assertSaidNo(item, voucher, IVouchersErrors.Vouchers_SignatureUsed.selector);
        _assertTakes(rated, 0, FACE, 2_000, 200);
    }

    function test_percentage__whenSwept__givesBackWhatWasNotUsed() external {
        uint256 time = START + 1 hours; // a local kept from block.timestamp would move with the clock
        vm.warp(time);
        Item memory item = _itemOf(rated, roll, 0, FACE, 0, 1_000);
        vm.assertEq(_redeem(merchant, _signed(item, _holderKey(0), merchant)), 1);
        vm.warp(END);
        vm.prank(treasurer);
        vm.assertEq(desk.sweep(rated, roll), 5 * uint256(FACE) - 100);
        vm.assertEq(_committedCount(line), 10);
        vm.assertEq(_sweptOf(rated), 4);
        _reverseByArbiter(item, 1, 100, time);
        vm.assertEq(treasury.account(line).available, BUDGET - 10 * uint256(FACE));
        vm.assertEq(_sweptOf(rated), 5);
        _assertState(_id(rated, roll, 0), VoucherState.EXPIRED);
        _assertIdentity(line);
    }

    // --- stored value ---

    function test_stored__whenAPartIsSpent__keepsTheRest() external {
        uint256 voucher = _id(purse, roll, 0);
        Item memory item = _itemOf(purse, roll, 0, 300, 0, 300);
        item = _signed(item, _holderKey(0), merchant);
        vm.recordLogs();
        vm.assertEq(_redeem(merchant, item), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        _assertRedeemed(logs[0], item, 0, merchant, 1);
        _assertCommitted(logs[1], 1, 1, _chain(0, item, merchant));
        _assertState(voucher, VoucherState.LIVE);
        vm.assertEq(vouchers.storedWord(voucher), 1 << 128 | 300);
        vm.assertEq(_committed(line), 15 * uint256(FACE) - 300);
        vm.assertEq(_committedCount(line), 15, "not used up");
        vm.assertEq(_payableCount(line), 1);
        _assertSaidNo(item, voucher, IVouchersErrors.Vouchers_SequenceMismatch.selector);
        _assertIdentity(line);
    }

    function test_stored__whenTheLastPartIsSpent__isUsedUp() external {
        _assertTakes(purse, 0, 1, 1, 1);
        _assertTakes(purse, 0, uint256(FACE) - 1, FACE, uint256(FACE) - 1);
        _assertState(_id(purse, roll, 0), VoucherState.REDEEMED);
        vm.assertEq(_committedCount(line), 14);
        vm.assertEq(_payableCount(line), 2);
        _assertRefuses(purse, 0, 1, 2, FACE, IVouchersErrors.Vouchers_AlreadyRedeemed.selector);
        _assertTakes(purse, 1, FACE, FACE, FACE);
        _assertState(_id(purse, roll, 1), VoucherState.REDEEMED);
        vm.assertEq(_committedCount(line), 13);
    }

    function test_stored__whenSeveralItemsOfACallSpendIt__takesEachByItsSequence() external {
        Item memory first = _signed(_itemOf(purse, roll, 0, 400, 0, 400), _holderKey(0), merchant);
        Item memory second = _signed(_itemOf(purse, roll, 0, 100, 1, 100), _holderKey(0), merchant);
        Item memory last = _signed(_itemOf(purse, roll, 0, uint256(FACE) - 500, 2, FACE), _holderKey(0), merchant);
        Item memory tooMuch = _signed(_itemOf(purse, roll, 0, uint256(FACE) - 399, 1, FACE), _holderKey(0), merchant);
        Item[] memory items = new Item[](6);
        (items[0], items[1], items[2], items[3], items[4], items[5]) = (second, first, tooMuch, second, second, last);
        vm.recordLogs();
        vm.assertEq(_redeem(_one(_group(merchant, items))), 3);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 voucher = _id(purse, roll, 0);
        _assertRefused(logs[0], second, voucher, merchant, IVouchersErrors.Vouchers_SequenceMismatch.selector);
        _assertRedeemed(logs[1], first, 0, merchant, 1);
        _assertRefused(logs[2], tooMuch, voucher, merchant, IVouchersErrors.Vouchers_AmountOutside.selector);
        _assertRedeemed(logs[3], second, 0, merchant, 2);
        _assertRefused(logs[4], second, voucher, merchant, IVouchersErrors.Vouchers_SequenceMismatch.selector);
        _assertRedeemed(logs[5], last, 0, merchant, 3);
        vm.assertEq(_committedCount(line), 14);
        vm.assertEq(_payable(line), FACE);
        _assertState(voucher, VoucherState.REDEEMED);
    }

    function test_stored__whenAmountOrSequenceIsOff__refusesIt() external {
        _assertRefuses(purse, 0, 0, 0, FACE, IVouchersErrors.Vouchers_AmountOutside.selector);
        _assertRefuses(purse, 0, uint256(FACE) + 1, 0, 2 * uint256(FACE), IVouchersErrors.Vouchers_AmountOutside.selector);
        _assertRefuses(purse, 0, type(uint256).max, 0, type(uint256).max, IVouchersErrors.Vouchers_AmountOutside.selector);
        _assertRefuses(purse, 0, 1, 1, FACE, IVouchersErrors.Vouchers_SequenceMismatch.selector);
        _assertTakes(purse, 0, 10, FACE, 10);
        _assertRefuses(purse, 0, uint256(FACE) - 9, 1, FACE, IVouchersErrors.Vouchers_AmountOutside.selector);
        _assertRefuses(purse, 0, 1, 0, FACE, IVouchersErrors.Vouchers_SequenceMismatch.selector);
        _assertRefuses(purse, 0, 1, 2, FACE, IVouchersErrors.Vouchers_SequenceMismatch.selector);
        _assertRefuses(purse, 0, 2, 1, 1, IVouchersErrors.Vouchers_AmountsOverBill.selector);
    }

    function test_stored__whenItsItemIsRefused__staysAsItWas() external {
        Item memory item = _itemOf(purse, roll, 0, FACE, 0, 20 * uint256(FACE));
        item.spends = _spend(_id(rated, roll, 0), _id(purse, roll, 0));
        item.spends[1].sequence = 1;
        _assertSaidNo(
            _signed(item, _holderKey(0), merchant), _id(purse, roll, 0), IVouchersErrors.Vouchers_SequenceMismatch.selector
        );
        _assertState(_id(rated, roll, 0), VoucherState.LIVE);
        item.spends[1].sequence = 0;
        (item.spends[0].amount, item.bill) = (1, FACE);
        _assertSaidNo(
            _signed(item, _holderKey(0), merchant), _id(rated, roll, 0), IVouchersErrors.Vouchers_AmountsOverBill.selector
        );
        vm.assertEq(vouchers.storedWord(_id(purse, roll, 0)), 0);
        vm.assertEq(vouchers.storedWord(_id(rated, roll, 0)), 0);
        // The next item of the same merchant is a fixed value again.
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
        vm.assertEq(_payable(line), FACE);
    }

    function test_stored__whenAPartIsReversed__isWholeByThatPart() external {
        uint256 voucher = _id(purse, roll, 0);
        Item memory first = _signed(_itemOf(purse, roll, 0, 300, 0, 300), _holderKey(0), merchant);
        Item memory second = _signed(_itemOf(purse, roll, 0, uint256(FACE) - 300, 1, FACE), _holderKey(0), merchant);
        _redeem(merchant, first);
        vm.assertTrue(_reverse(first, 1, 300), "live");
        vm.assertEq(vouchers.storedWord(voucher), 1 << 128, "the sequence never goes back");
        vm.assertEq(_committedCount(line), 15);
        _assertSaidNo(first, voucher, IVouchersErrors.Vouchers_SignatureUsed.selector);
        _redeem(merchant, second);
        _assertTakes(purse, 0, 300, FACE, 300);
        _assertState(voucher, VoucherState.REDEEMED);
        vm.assertTrue(_reverse(second, 2, uint256(FACE) - 300), "live again");
        _assertState(voucher, VoucherState.LIVE);
        vm.assertEq(vouchers.storedWord(voucher), 3 << 128 | 300);
        vm.assertEq(_committedCount(line), 15);
        vm.assertEq(_committed(line), 15 * uint256(FACE) - 300);
        _assertIdentity(line);
    }

    function test_stored__whenSwept__givesBackTheRests() external {
        uint256 time = START + 1 hours; // a local kept from block.timestamp would move with the clock
        vm.warp(time);
        Item memory part = _signed(_itemOf(purse, roll, 0, 300, 0, 300), _holderKey(0), merchant);
        Item memory most = _signed(_itemOf(purse, roll, 1, 900, 0, 900), _holderKey(1), merchant);
        Item memory last = _signed(_itemOf(purse, roll, 1, uint256(FACE) - 900, 1, FACE), _holderKey(1), merchant);
        _redeem(_one(_group(merchant, _items(part, most, last))));
        vm.warp(END);
        vm.prank(treasurer);
        vm.assertEq(desk.sweep(purse, roll), 4 * uint256(FACE) - 300);
        vm.assertEq(_sweptOf(purse), 4);
        vm.assertEq(_committedCount(line), 10);

        _reverseOneOfThree(most, last, part, time);
        vm.assertEq(_sweptOf(purse), 5, "used up before, swept now");
        _assertState(_id(purse, roll, 1), VoucherState.EXPIRED);
        vm.assertEq(treasury.account(line).available, BUDGET - 10 * uint256(FACE) - 300 - (uint256(FACE) - 900));
        vm.assertEq(_payable(line), 300 + uint256(FACE) - 900);
        _assertIdentity(line);
    }

    function test_stored__whenRevoked__givesBackTheRest() external {
        Item memory item = _signed(_itemOf(purse, roll, 0, 300, 0, 300), _holderKey(0), merchant);
        _redeem(merchant, item);
        uint256 voucher = _id(purse, roll, 0);
        uint256 available = treasury.account(line).available;
        vm.prank(auditor);
        desk.freeze(1, voucher, block.timestamp + 1, "suspicion");
        vm.prank(secondAuditor);
        desk.confirm(1, voucher, "proved");
        vm.assertEq(treasury.account(line).available, available + FACE - 300);
        vm.assertEq(_committedCount(line), 14);
        vm.assertTrue(!_reverse(item, 1, 300), "not live");
        _assertState(voucher, VoucherState.REVOKED);
        vm.assertEq(treasury.account(line).available, available + FACE);
        vm.assertEq(_committedCount(line), 14);
        vm.warp(END);
        vm.prank(treasurer);
        vm.assertEq(desk.sweep(purse, roll), 4 * uint256(FACE), "not swept once more");
        _assertIdentity(line);
    }

    // --- together ---

    function test_kinds__whenAllStandInOneItem__takesFromEachWhatItsKindSays() external {
        Item memory item = _itemOf(purse, roll, 0, 300, 0, 5_000);
        item.spends = new Spend[](3);
        item.spends[0] = Spend(_voucher(0), FACE, 0);
        item.spends[1] = Spend(_id(rated, roll, 0), FACE, 0);
        item.spends[2] = Spend(_id(purse, roll, 0), 300, 0);
        vm.recordLogs();
        vm.assertEq(_redeem(merchant, _signed(item, _holderKey(0), merchant)), 3);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        item.spends[1].amount = 500;
        (, bytes32 digest) = abi.decode(logs[0].data, (bytes32, bytes32));
        bytes32 chain;
        for (uint256 i; i < 3; ++i) {
            bytes32[] memory topics = topicsOf(IVouchersRedemption.VoucherRedeemed.selector, item.spends[i].voucher, merchant);
            bytes memory data = abi.encode(item.receipt, digest, item.spends[i].amount, 1, i + 1);
            assertLog(logs[i], address(vouchers), topics, data);
            chain = _chain(chain, digest, item.spends[i].voucher, item.spends[i].amount, merchant, address(0));
        }
        _assertCommitted(logs[3], 1, 3, chain);
        vm.assertEq(_payable(line), uint256(FACE) + 500 + 300);
        vm.assertEq(_committedCount(line), 13);
        _assertIdentity(line);
    }

    // --- helpers ---

    function _openKind(string memory ref, uint8 kind, uint16 percentage) private returns (uint256 opened) {
        BatchTerms memory t = _batchTerms(programme);
        (t.kind, t.percentage) = (kind, percentage);
        opened = _openBatch(ref, t);
        _issue(opened, roll);
    }

    function _itemOf(uint256 batch_, uint256 roll_, uint256 place, uint256 amount, uint256 sequence, uint256 bill)
        private
        view
        returns (Item memory item)
    {
        item = _item(new Spend[](1));
        item.spends[0] = Spend(_id(batch_, roll_, place), amount, sequence);
        item.bill = bill;
    }

    /// @dev Redeems what is signed by the voucher's next sequence, and sees what was taken.
    function _assertTakes(uint256 batch_, uint256 place, uint256 signed, uint256 bill, uint256 taken) private {
        (uint256 committed, uint256 payable_) = (_committed(line), _payable(line));
        uint256 before = _spentOf(_id(batch_, roll, place));
        uint256 sequence = StoredWord.sequence(vouchers.storedWord(_id(batch_, roll, place)));
        Item memory item = _itemOf(batch_, roll, place, signed, sequence, bill);
        _redeem(merchant, _signed(item, _holderKey(place), merchant));
        vm.assertEq(_spentOf(_id(batch_, roll, place)) - before, taken, "taken");
        vm.assertEq(committed - _committed(line), taken, "committed");
        vm.assertEq(_payable(line) - payable_, taken, "payable");
        _assertIdentity(line);
    }

    function _assertRefuses(uint256 batch_, uint256 place, uint256 amount, uint256 sequence, uint256 bill, bytes4 reason)
        private
    {
        Item memory item = _itemOf(batch_, roll, place, amount, sequence, bill);
        _assertSaidNo(_signed(item, _holderKey(place), merchant), _id(batch_, roll, place), reason);
    }

    function _spentOf(uint256 voucher) private view returns (uint256) {
        return StoredWord.spent(vouchers.storedWord(voucher));
    }

    function _sweptOf(uint256 batch_) private view returns (uint256) {
        (,, uint256 supply) = vouchers.batchWords(batch_);
        return uint40(supply >> 120);
    }

    /// @dev By a key of the merchant; the redemption was alone in its call.
    function _reverse(Item memory item, uint256 number, uint256 amount) private returns (bool) {
        Opening memory o = _opening(item, number, amount, block.timestamp);
        if (merchants.merchantOfKey(_account("shop")) == 0) {
            vm.prank(registrar);
            merchants.addKey(merchant, _account("shop"));
        }
        vm.prank(_account("shop"));
        return desk.reverse(o, "mistake", block.timestamp + 1, "");
    }

    function _reverseByArbiter(Item memory item, uint256 number, uint256 amount, uint256 time) private {
        Opening memory o = _opening(item, number, amount, time);
        vm.prank(arbiter);
        desk.reverseByArbiter(o, 0, "mistake");
    }

    /// @dev The second of a call of three: `before`, `item`, `after_`.
    function _reverseOneOfThree(Item memory item, Item memory after_, Item memory before, uint256 time) private {
        Opening memory o = _opening(item, 1, item.spends[0].amount, time);
        (o.before, o.behind) = (new bytes32[](1), new bytes32[](1));
        o.before[0] = keccak256(abi.encode(_leaf(before, before.spends[0].amount, time)));
        o.behind[0] = keccak256(abi.encode(_leaf(after_, after_.spends[0].amount, time)));
        vm.prank(arbiter);
        desk.reverseByArbiter(o, 0, "mistake");
    }

    function _opening(Item memory item, uint256 number, uint256 amount, uint256 time) private view returns (Opening memory o) {
        o.firstNumber = number;
        o.leaf = _leaf(item, amount, time);
    }

    function _leaf(Item memory item, uint256 amount, uint256 time) private view returns (Leaf memory) {
        return Leaf(_digest(item, merchant), item.spends[0].voucher, amount, merchant, address(0), time, 1);
    }
}
