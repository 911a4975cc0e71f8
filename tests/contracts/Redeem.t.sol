// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {MerchantTerms} from "../../contracts/types/Merchant.sol";
import {Group, Item, Spend} from "../../contracts/types/Redemption.sol";
import {BatchTerms, VoucherState} from "../../contracts/types/Supply.sol";
import {RedeemWorld} from "./RedeemWorld.sol";
import {Vm} from "./Vm.sol";

/// redeem
/// ├── when the sender is neither relayer nor the terminal of every group: it should refuse the call
/// ├── when it carries 1,001 items, in one group or several: it should refuse the call
/// ├── when it carries nothing, or only bad items: it should redeem nothing and commit nothing
/// ├── when one voucher is good: it should set the bit, move the money, number, commit and log it
/// ├── when a bad item stands between two good ones: it should redeem the others
/// ├── when an item has several vouchers: it should redeem all or none
/// ├── when several merchants stand in one call: it should book each merchant's day
/// ├── when several lines stand in one call: it should book each line
/// ├── when a voucher stands twice, in an item, a call or two calls: it should redeem it once
/// └── when calls follow each other: it should number without a gap
contract RedeemTest is RedeemWorld {
    // --- who may send ---

    function test_redeem__whenSenderIsNotAllowed__refusesTheCall() external {
        Item memory item = _signedItem(_voucher(0), 0, merchant);
        _refuseSender(new Group[](0), outsider);
        _refuseSender(_one(_group(merchant, _one(item))), outsider);
        _refuseSender(_one(_group(merchant, _one(item))), treasurer);
        _refuseSender(_one(_group(merchant, _one(item))), admin);
    }

    function test_redeem__whenSenderIsNotTheTerminalOfEveryGroup__refusesTheCall() external {
        vm.prank(registrar);
        merchants.addTerminal(merchant, outsider);
        Group memory group = _group(merchant, _one(_signedItem(_voucher(0), 0, merchant)));
        group.terminal = outsider;
        _refuseSender(_groups(group, _group(merchant, new Item[](0))), outsider);
        vm.prank(outsider);
        vm.assertEq(vouchers.redeem(_one(group)), 1);
    }

    function test_redeem__whenRelayerLostItsRole__refusesOnceSynced() external {
        vm.prank(admin);
        manager.revokeRole(4, operator);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
        vouchers.syncRelayer(operator);
        _refuseSender(_one(_group(merchant, _one(_signedItem(_voucher(1), 1, merchant)))), operator);
    }

    // --- how much ---

    function test_redeem__whenTooManyItems__refusesTheCall() external {
        bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_TooManyItems.selector, 1_001, 1_000);
        vm.expectRevert(error);
        _redeem(_one(_group(merchant, new Item[](1_001))));
        vm.expectRevert(error);
        _redeem(_groups(_group(merchant, new Item[](501)), _group(merchant, new Item[](500))));
    }

    function test_redeem__whenThousandItems__takesThem() external {
        Item[] memory items = new Item[](1_000);
        items[999] = _signedItem(_voucher(0), 0, merchant);
        vm.recordLogs();
        vm.assertEq(_redeem(_one(_group(merchant, items))), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1_001);
        for (uint256 i; i < 999; ++i) {
            _assertItemRefused(logs[i], merchant, 0, i, IVouchersErrors.Vouchers_VouchersMissing.selector);
        }
        _assertRedeemed(logs[999], items[999], 0, merchant, 1);
    }

    function test_redeem__whenNothingIsGiven__redeemsNothing() external {
        vm.recordLogs();
        vm.assertEq(_redeem(new Group[](0)), 0);
        vm.assertEq(_redeem(_one(_group(merchant, new Item[](0)))), 0);
        vm.assertEq(vm.getRecordedLogs().length, 0);
        _assertCount(0);
    }

    function test_redeem__whenAllItemsAreBad__commitsNothing() external {
        Item memory unsigned = _item(_spend(_voucher(0)));
        vm.recordLogs();
        vm.assertEq(_redeem(_one(_group(merchant, _items(unsigned, unsigned)))), 0);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        _assertItemRefused(logs[0], merchant, 0, 0, IVouchersErrors.Vouchers_SignatureInvalid.selector);
        _assertItemRefused(logs[1], merchant, 0, 1, IVouchersErrors.Vouchers_SignatureInvalid.selector);
        vm.assertEq(vouchers.commitmentOf(1), bytes32(0));
        _assertCount(0);
    }

    // --- one ---

    function test_redeem__whenOneIsGood__movesItsMoneyAndLogsIt() external {
        Item memory item = _signedItem(_voucher(3), 3, merchant);
        vm.recordLogs();
        vm.assertEq(_redeem(merchant, item), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        _assertRedeemed(logs[0], item, 0, merchant, 1);
        _assertCommitted(logs[1], 1, 1, _chain(0, item, merchant));

        _assertState(_voucher(3), VoucherState.REDEEMED);
        _assertState(_voucher(2), VoucherState.LIVE);
        vm.assertEq(vouchers.redeemedBits(_voucher(3) >> 8), 1 << (_voucher(3) & 0xff));
        // docs/storage.md: committed 64, payable 64, committedCount 48, payableCount 48
        vm.assertEq(vouchers.lineWord(line), 4 * uint256(FACE) | uint256(FACE) << 64 | 4 << 128 | 1 << 176);
        vm.assertEq(vouchers.dayWord(line, merchant, _day(NOW)), uint256(FACE) | 1 << 168);
        _assertCount(1);
        _assertIdentity(line);
    }

    function test_redeem__whenNothingIsSpentTwice__leavesTheHolderAsItWas() external {
        _redeem(merchant, _signedItem(_voucher(3), 3, merchant));
        vm.assertEq(vouchers.holderOf(_voucher(3)), _holder(3));
    }

    // --- items of one call ---

    function test_redeem__whenABadItemStandsBetweenGoodOnes__redeemsTheOthers() external {
        Item memory first = _signedItem(_voucher(0), 0, merchant);
        Item memory bad = _item(_spend(_voucher(1)));
        bad.bill = FACE - 1;
        bad = _signed(bad, _holderKey(1), merchant);
        Item memory last = _signedItem(_voucher(2), 2, merchant);
        vm.recordLogs();
        vm.assertEq(_redeem(_one(_group(merchant, _items(first, bad, last)))), 2);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 4);
        _assertRedeemed(logs[0], first, 0, merchant, 1);
        _assertRefused(logs[1], bad, _voucher(1), merchant, IVouchersErrors.Vouchers_AmountsOverBill.selector);
        _assertRedeemed(logs[2], last, 0, merchant, 2);
        _assertCommitted(logs[3], 1, 2, _chain(_chain(0, first, merchant), last, merchant));
        _assertState(_voucher(1), VoucherState.LIVE);
        _assertIdentity(line);
    }

    function test_redeem__whenAnEmptyListStandsInAGoodCall__passesItOver() external {
        Item memory empty = _signed(_item(new Spend[](0)), _holderKey(0), merchant);
        Item memory good = _signedItem(_voucher(0), 0, merchant);
        vm.recordLogs();
        vm.assertEq(_redeem(_one(_group(merchant, _items(empty, good)))), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        _assertItemRefused(logs[0], merchant, 0, 0, IVouchersErrors.Vouchers_VouchersMissing.selector);
        _assertRedeemed(logs[1], good, 0, merchant, 1);
    }

    function test_redeem__whenThreeVouchersShareASignature__redeemsAll() external {
        (uint256 second, uint256 third) = _twoMoreBatches();
        Spend[] memory spends = new Spend[](3);
        spends[0] = Spend(_voucher(4), FACE, 0);
        spends[1] = Spend(_id(second, roll, 4), 500, 0);
        spends[2] = Spend(_id(third, roll, 4), 300, 0);
        Item memory item = _signed(_item(spends), _holderKey(4), merchant);
        vm.recordLogs();
        vm.assertEq(_redeem(merchant, item), 3);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 4);
        for (uint256 i; i < 3; ++i) {
            _assertRedeemed(logs[i], item, i, merchant, i + 1);
            _assertState(spends[i].voucher, VoucherState.REDEEMED);
        }
        _assertCommitted(logs[3], 1, 3, _chain(0, item, merchant));
        vm.assertEq(_payable(line), FACE + 300);
        vm.assertEq(_payable(line + 1), 500); // the second batch is the second line's
        vm.assertEq(uint56(vouchers.dayWord(line, merchant, _day(NOW))), FACE + 300);
        vm.assertEq(uint56(vouchers.dayWord(line + 1, merchant, _day(NOW))), 500);
        _assertIdentity(line);
        _assertIdentity(line + 1);
    }

    function test_redeem__whenTheLastOfThreeIsBad__redeemsNoneOfThem() external {
        (uint256 second, uint256 third) = _twoMoreBatches();
        Spend[] memory spends = new Spend[](3);
        spends[0] = Spend(_voucher(4), FACE, 0);
        spends[1] = Spend(_id(second, roll, 4), 500, 0);
        spends[2] = Spend(_id(third, roll, 4), 301, 0);
        Item memory bad = _signed(_item(spends), _holderKey(4), merchant);
        Item memory good = _signedItem(_voucher(4), 4, merchant);
        vm.recordLogs();
        vm.assertEq(_redeem(_one(_group(merchant, _items(bad, good)))), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _assertRefused(logs[0], bad, spends[2].voucher, merchant, IVouchersErrors.Vouchers_AmountMismatch.selector);
        _assertRedeemed(logs[1], good, 0, merchant, 1);
        _assertState(spends[1].voucher, VoucherState.LIVE);
        _assertState(spends[2].voucher, VoucherState.LIVE);
        vm.assertEq(vouchers.redeemedBits(spends[1].voucher >> 8), 0);
        _assertIdentity(line + 1);
    }

    // --- groups ---

    function test_redeem__whenSeveralMerchantsStandInACall__booksEachMerchantsDay() external {
        uint256 other = _merchant("museum");
        Item memory first = _signedItem(_voucher(0), 0, merchant);
        Item memory second = _signedItem(_voucher(1), 1, other);
        Item memory third = _signedItem(_voucher(2), 2, other);
        vm.recordLogs();
        vm.assertEq(_redeem(_groups(_group(merchant, _one(first)), _group(other, _items(second, third)))), 3);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 4);
        _assertRedeemed(logs[0], first, 0, merchant, 1);
        _assertRedeemed(logs[1], second, 0, other, 2);
        _assertRedeemed(logs[2], third, 0, other, 3);
        bytes32 commitment = _chain(_chain(_chain(0, first, merchant), second, other), third, other);
        _assertCommitted(logs[3], 1, 3, commitment);
        vm.assertEq(vouchers.dayWord(line, merchant, _day(NOW)), uint256(FACE) | 1 << 168);
        vm.assertEq(vouchers.dayWord(line, other, _day(NOW)), 2 * uint256(FACE) | 2 << 168);
        _assertIdentity(line);
    }

    function test_redeem__whenTheSecondGroupsItemIsBad__namesGroupAndItem() external {
        Item memory good = _signedItem(_voucher(0), 0, merchant);
        Item memory bad = _item(_spend(_voucher(1)));
        Group[] memory groups = _groups(_group(merchant, _one(good)), _group(merchant, _items(good, bad)));
        vm.recordLogs();
        vm.assertEq(_redeem(groups), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 4);
        _assertRefused(logs[1], good, _voucher(0), merchant, IVouchersErrors.Vouchers_AlreadyRedeemed.selector);
        _assertItemRefused(logs[2], merchant, 1, 1, IVouchersErrors.Vouchers_SignatureInvalid.selector);
    }

    function test_redeem__whenAMerchantsTermsDiffer__judgesEachGroupByItsOwn() external {
        uint256 far = _merchant("far away", _far());
        Item memory here = _signedItem(_voucher(0), 0, merchant);
        Item memory there = _signedItem(_voucher(1), 1, far);
        Item memory again = _signedItem(_voucher(2), 2, merchant);
        Group[] memory groups = new Group[](3);
        groups[0] = _group(merchant, _one(here));
        groups[1] = _group(far, _one(there));
        groups[2] = _group(merchant, _one(again));
        vm.recordLogs();
        vm.assertEq(_redeem(groups), 2);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _assertRefused(logs[1], there, _voucher(1), far, IVouchersErrors.Vouchers_RegionOutside.selector);
        _assertState(_voucher(1), VoucherState.LIVE);
        _assertState(_voucher(2), VoucherState.REDEEMED);
    }

    // --- twice ---

    function test_redeem__whenAVoucherStandsTwiceInAnItem__redeemsNone() external {
        Item memory item = _signed(_item(_spend(_voucher(0), _voucher(0))), _holderKey(0), merchant);
        _assertSaidNo(item, _voucher(0), IVouchersErrors.Vouchers_VouchersNotAscending.selector);
        _assertState(_voucher(0), VoucherState.LIVE);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
    }

    function test_redeem__whenAVoucherStandsTwiceInACall__redeemsItOnce() external {
        Item memory item = _signedItem(_voucher(0), 0, merchant);
        vm.recordLogs();
        vm.assertEq(_redeem(_one(_group(merchant, _items(item, item)))), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        _assertRefused(logs[1], item, _voucher(0), merchant, IVouchersErrors.Vouchers_AlreadyRedeemed.selector);
        _assertIdentity(line);
    }

    function test_redeem__whenAVoucherStandsInTwoCalls__redeemsItOnce() external {
        Item memory item = _signedItem(_voucher(0), 0, merchant);
        vm.assertEq(_redeem(merchant, item), 1);
        _assertSaidNo(item, _voucher(0), IVouchersErrors.Vouchers_AlreadyRedeemed.selector);
        vm.assertEq(_payable(line), FACE);
    }

    // --- numbers ---

    function test_redeem__whenCallsFollowEachOther__numbersWithoutAGap() external {
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
        vm.assertEq(_redeem(merchant, _item(_spend(_voucher(1)))), 0); // a refused call takes no number
        Item memory second = _signedItem(_voucher(1), 1, merchant);
        Item memory third = _signedItem(_voucher(2), 2, merchant);
        _redeem(_one(_group(merchant, _items(second, third))));
        Item memory fourth = _signedItem(_voucher(3), 3, merchant);
        vm.recordLogs();
        _redeem(merchant, fourth);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _assertRedeemed(logs[0], fourth, 0, merchant, 4);
        _assertCommitted(logs[1], 4, 1, _chain(0, fourth, merchant));
        vm.assertEq(vouchers.commitmentOf(2), _chain(_chain(0, second, merchant), third, merchant));
        vm.assertEq(vouchers.commitmentOf(3), bytes32(0));
        _assertCount(4);
    }

    function test_redeem__whenBatchesOpenAfterwards__keepsTheNumbers() external {
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        uint256 other = _openBatch("later", programme);
        uint256 later = _writeRoll(programme, "later", _holders(0, 1));
        (uint256 redemptions, uint256 batches, uint256 rolls) = vouchers.counts();
        vm.assertEq(redemptions, 1);
        vm.assertEq(batches, other);
        vm.assertEq(rolls, later);
    }

    // --- helpers ---

    function _far() private view returns (MerchantTerms memory t) {
        t = _merchantTerms();
        t.region = OTHER_CITY;
    }

    /// @dev One under the second line worth 500, one under the first worth 300.
    function _twoMoreBatches() private returns (uint256 second, uint256 third) {
        BatchTerms memory t = _batchTerms(programme);
        (t.line, t.face) = (2, 500);
        second = _openBatch("second", t);
        (t.line, t.face) = (1, 300);
        third = _openBatch("third", t);
        vm.prank(treasurer);
        vouchers.issue(_two(second, third), _one(roll));
    }

    function _refuseSender(Group[] memory groups, address sender) private {
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_SenderNotAllowed.selector, sender));
        vm.prank(sender);
        vouchers.redeem(groups);
    }

    function _assertCount(uint256 expected) private view {
        (uint256 redemptions,,) = vouchers.counts();
        vm.assertEq(redemptions, expected);
    }
}
