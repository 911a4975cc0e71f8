// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {RulesTerms, Widening} from "../../contracts/types/Programme.sol";
import {Group, Item} from "../../contracts/types/Redemption.sol";
import {RedeemWorld} from "./RedeemWorld.sol";

// limits over several items of a call and over versions of the rules
// ├── a holder's counter
// │   ├── counts a redemption under an older version, once a version of the programme asks for it
// │   ├── does not count an item that another limit refuses
// │   └── is not kept where no version asks for it
// ├── a merchant's day
// │   ├── is shared by the items of a call, and by calls
// │   └── is reached exactly
// └── a terminal's day is shared by the items of a call, and by calls
contract RedeemLimitsTest is RedeemWorld {
    address private till;
    uint256 private later; // a batch under version 2

    function test_firstOnly__whenRedeemedUnderAnOlderVersion__isNoFirst() external {
        RulesTerms memory r = _rulesTerms();
        r.flags = 4;
        _activateVersion2(r);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
        vm.assertEq(_redeem(merchant, _signedItem(_laterVoucher(0), 0, merchant)), 0);
        vm.assertEq(_redeem(merchant, _signedItem(_laterVoucher(1), 1, merchant)), 1);
    }

    function test_dayLimit__whenRedeemedUnderAnOlderVersion__isUsedUp() external {
        RulesTerms memory r = _rulesTerms();
        r.dayAmount = FACE;
        _activateVersion2(r);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
        vm.assertEq(_redeem(merchant, _signedItem(_laterVoucher(0), 0, merchant)), 0);
    }

    function test_counter__whenAnotherLimitRefuses__isNotWritten() external {
        RulesTerms memory r = _rulesTerms();
        r.flags = 4;
        _activateVersion2(r);
        vm.prank(registrar);
        merchants.limitTerminal(merchant, till, FACE);
        Item memory both = _signed(_item(_spend(_voucher(0), _laterVoucher(0))), _holderKey(0), merchant);
        Group memory group = _group(merchant, _items(both, _signedItem(_voucher(1), 1, merchant)));
        group.terminal = till;
        vm.prank(till);
        vm.assertEq(vouchers.redeem(_one(group)), 1);
        vm.assertEq(vouchers.counterWord(programme, _holder(0)), 0);
        vm.assertEq(_redeem(merchant, _signedItem(_laterVoucher(0), 0, merchant)), 1);
    }

    function test_counter__whenNoVersionAsksForIt__isNotWritten() external {
        _activateVersion2(_rulesTerms());
        vm.prank(registrar);
        merchants.limitTerminal(merchant, till, FACE); // so that all limits are looked at
        vm.assertEq(_redeemAtTill(_one(_signedItem(_voucher(0), 0, merchant))), 1);
        vm.assertEq(vouchers.counterWord(programme, _holder(0)), 0);
    }

    function test_merchantDay__whenReachedExactly__takesNoMore() external {
        RulesTerms memory r = _rulesTerms();
        r.merchantDailyLimit = 3 * FACE;
        _activateVersion2(r);
        vm.assertEq(_redeem(merchant, _signedItem(_laterVoucher(0), 0, merchant)), 1);
        Item memory second = _signedItem(_laterVoucher(1), 1, merchant);
        Item[] memory items = _items(second, _signedItem(_laterVoucher(2), 2, merchant));
        vm.assertEq(_redeem(_one(_group(merchant, items))), 2);
        vm.assertEq(_redeem(merchant, _signedItem(_laterVoucher(3), 3, merchant)), 0);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(3), 3, merchant)), 1, "its own version has no limit");
    }

    function test_merchantDay__whenPassedWithinACall__refusesTheItemThatPasses() external {
        RulesTerms memory r = _rulesTerms();
        r.merchantDailyLimit = FACE;
        _activateVersion2(r);
        Item memory first = _signedItem(_laterVoucher(0), 0, merchant);
        Item[] memory items = _items(first, _signedItem(_laterVoucher(1), 1, merchant));
        vm.assertEq(_redeem(_one(_group(merchant, items))), 1);
    }

    function test_terminalDay__whenReached__takesNoMore() external {
        _activateVersion2(_rulesTerms());
        vm.prank(registrar);
        merchants.limitTerminal(merchant, till, 2 * FACE);
        vm.assertEq(_redeemAtTill(_items(_signedItem(_voucher(0), 0, merchant), _signedItem(_voucher(1), 1, merchant))), 2);
        vm.assertEq(_redeemAtTill(_one(_signedItem(_voucher(2), 2, merchant))), 0);
        vm.warp(block.timestamp + 1 days);
        vm.assertEq(_redeemAtTill(_one(_signedItem(_voucher(2), 2, merchant))), 1);
    }

    // --- helpers ---

    function _activateVersion2(RulesTerms memory r) private {
        vm.prank(treasurer);
        uint256 version = programmes.proposeRules(programme, r, Widening(0, new uint40[](0), 0), "limits");
        vm.warp(block.timestamp + 7 days);
        vm.prank(approver);
        programmes.activateRules(programme, version);
        later = _openBatch("later", programme);
        _issue(later, roll);
        till = _account("till");
        vm.prank(registrar);
        merchants.addTerminal(merchant, till);
    }

    function _laterVoucher(uint256 place) private view returns (uint256) {
        return _id(later, roll, place);
    }

    function _redeemAtTill(Item[] memory items) private returns (uint256) {
        Group memory group = _group(merchant, items);
        group.terminal = till;
        vm.prank(till);
        return vouchers.redeem(_one(group));
    }
}
