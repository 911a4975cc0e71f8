// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskClaims} from "../../contracts/interfaces/ICaseDeskClaims.sol";
import {IProgrammeRules} from "../../contracts/interfaces/IProgrammeRules.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {RoundTerms} from "../../contracts/types/Claim.sol";
import {RulesTerms, Widening} from "../../contracts/types/Programme.sol";
import {Group, Item} from "../../contracts/types/Redemption.sol";
import {BatchWord} from "../../contracts/words/BatchWord.sol";
import {ProgrammeWord} from "../../contracts/words/ProgrammeWord.sol";
import {RollWord} from "../../contracts/words/RollWord.sol";
import {ClaimWorld} from "./ClaimWorld.sol";
import {RedeemWorld} from "./RedeemWorld.sol";

/// vouchers of several versions on one receipt
/// └── when one version asks for consent: it should be asked for, whichever voucher stands first, by the smallest threshold
/// groups of one call
/// └── when a limited terminal answers for the first alone: its limit should hold for the first alone
/// a freeze of one voucher
/// └── it should mark batch, roll and programme as ones to look at, and no other
/// a freeze of a batch and a roll
/// └── when it is lifted: it should leave the marks that others set
/// windows of a version
/// └── when one is longer than a leap year: it should be refused; a leap year itself should not
contract EdgesTest is RedeemWorld {
    uint256[5] private batches; // under the versions 1 to 5

    function test_consent__whenAnyVersionAsks__isAskedFor() external {
        batches[0] = batch;
        uint64[5] memory thresholds = [0, uint64(FACE), 0, 4 * uint64(FACE), uint64(FACE)];
        for (uint256 i = 1; i < 5; ++i) {
            RulesTerms memory r = _rulesTerms();
            r.stepUpThreshold = thresholds[i];
            batches[i] = _batchUnder(r);
        }
        _assertRefusedFor(0, 0, 1); // none, then one
        _assertRefusedFor(0, 1, 2); // one, then none
        _assertRefusedFor(0, 1, 3); // the smaller first
        _assertRefusedFor(0, 3, 4); // the smaller last
        vm.assertEq(_redeemPair(1, 0, 2), 2); // none
        vm.assertEq(_redeemPair(2, 0, 3), 2); // two faces do not pass four
        vm.assertEq(_redeemPair(3, 2, 3), 2);
        vm.assertEq(_redeem(merchant, _signedItem(_id(batches[1], roll, 4), 4, merchant)), 1); // one face does not pass one
    }

    function test_terminalDay__whenTheNextGroupHasNone__isTheFirstGroups() external {
        address till = _account("till");
        vm.startPrank(registrar);
        merchants.addTerminal(merchant, till);
        merchants.limitTerminal(merchant, till, FACE);
        vm.stopPrank();
        Group memory first = _group(merchant, _one(_signedItem(_voucher(0), 0, merchant)));
        first.terminal = till;
        first.terminalSignature = _signature(_key("till"), _terminalDigest(first));
        Item[] memory others = _items(_signedItem(_voucher(1), 1, merchant), _signedItem(_voucher(2), 2, merchant));
        vm.assertEq(_redeem(_groups(first, _group(merchant, others))), 3);
        vm.assertEq(vouchers.terminalWord(address(0)), 0);
        first.items = _one(_signedItem(_voucher(3), 3, merchant));
        first.terminalSignature = _signature(_key("till"), _terminalDigest(first));
        vm.assertEq(_redeem(_one(first)), 0, "the till's day is used up");
    }

    function test_freeze__ofOneVoucher__marksWhatItStandsIn() external {
        uint256 other = _openProgramme("autumn", 1);
        vm.prank(auditor);
        desk.freeze(1, _voucher(0), block.timestamp + 1 days, "looks odd");
        (, uint256 reach,) = vouchers.batchWords(batch);
        vm.assertEq(BatchWord.flags(reach) & BatchWord.OVERLAYS, BatchWord.OVERLAYS, "batch");
        vm.assertEq(RollWord.flags(vouchers.rollWord(roll)) & RollWord.OVERLAYS, RollWord.OVERLAYS, "roll");
        vm.assertEq(ProgrammeWord.flags(vouchers.programmeWord(programme)), ProgrammeWord.OVERLAYS, "programme");
        vm.assertEq(ProgrammeWord.flags(vouchers.programmeWord(other)), 0, "another programme");
        vm.assertEq(vouchers.programmeWord(line), 0, "no programme");
    }

    function test_lift__ofBatchAndRoll__leavesTheOtherMarks() external {
        (, uint256 reach,) = vouchers.batchWords(batch);
        uint256 word = vouchers.rollWord(roll);
        vm.startPrank(auditor);
        desk.freeze(3, batch, block.timestamp + 1 days, "looks odd");
        desk.freeze(2, roll, block.timestamp + 1 days, "looks odd");
        _assertMarks(reach, BatchWord.FROZEN, word, RollWord.FROZEN);
        desk.lift(3, batch, "it is not");
        desk.lift(2, roll, "it is not");
        _assertMarks(reach, 0, word, 0);
        desk.freeze(1, _voucher(0), block.timestamp + 1 days, "looks odd");
        vm.stopPrank();
        vm.startPrank(secondAuditor);
        desk.freeze(3, batch, block.timestamp + 2 days, "looks odd");
        desk.freeze(2, roll, block.timestamp + 2 days, "looks odd");
        _assertMarks(reach, BatchWord.FROZEN | BatchWord.OVERLAYS, word, RollWord.FROZEN | RollWord.OVERLAYS);
        desk.lift(3, batch, "it is not");
        desk.lift(2, roll, "it is not");
        _assertMarks(reach, BatchWord.OVERLAYS, word, RollWord.OVERLAYS);
        vm.stopPrank();
    }

    function test_windows__whenLongerThanALeapYear__areRefused() external {
        RulesTerms memory r = _rulesTerms();
        (r.reversalWindow, r.disputeWindow) = (366 days, 366 days);
        _batchUnder(r);
        r.reversalWindow = 366 days + 1;
        _refuse(r, "reversalWindow");
        (r.reversalWindow, r.disputeWindow) = (366 days, 366 days + 1);
        _refuse(r, "disputeWindow");
    }

    // --- helpers ---

    /// @dev The words of batch and roll are as they were, but for these marks.
    function _assertMarks(uint256 reach, uint256 ofBatch, uint256 word, uint256 ofRoll) private view {
        (, uint256 found,) = vouchers.batchWords(batch);
        vm.assertEq(found, reach | ofBatch << 128, "batch");
        found = vouchers.rollWord(roll);
        vm.assertEq(RollWord.flags(found), RollWord.flags(word) | ofRoll, "marks of the roll");
        vm.assertEq(RollWord.pointer(found), RollWord.pointer(word), "pointer of the roll");
        vm.assertEq(RollWord.places(found), RollWord.places(word), "places of the roll");
    }

    /// @dev A batch opened under a new version, issued to the roll.
    function _batchUnder(RulesTerms memory r) private returns (uint256 opened) {
        vm.prank(treasurer);
        uint256 version = programmes.proposeRules(programme, r, Widening(0, new uint40[](0), 0), "another version");
        vm.warp(block.timestamp + 7 days);
        vm.prank(approver);
        programmes.activateRules(programme, version);
        opened = _openBatch(string.concat("version ", vm.toString(version)), programme);
        _issue(opened, roll);
    }

    function _redeemPair(uint256 place, uint256 first, uint256 second) private returns (uint256) {
        return _redeem(merchant, _pair(place, first, second));
    }

    function _pair(uint256 place, uint256 first, uint256 second) private view returns (Item memory) {
        Item memory item = _item(_spend(_id(batches[first], roll, place), _id(batches[second], roll, place)));
        return _signed(item, _holderKey(place), merchant);
    }

    function _assertRefusedFor(uint256 place, uint256 first, uint256 second) private {
        Item memory item = _pair(place, first, second);
        _assertSaidNo(item, item.spends[0].voucher, IVouchersErrors.Vouchers_ConsentMissing.selector);
    }

    function _refuse(RulesTerms memory r, string memory field) private {
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_RulesInvalid.selector, field));
        vm.prank(treasurer);
        programmes.proposeRules(programme, r, Widening(0, new uint40[](0), 0), "too long");
    }
}

/// openRound
/// └── when the pack has as many batches as one may have: it should open the round; with one more it should not
contract PackEdgeTest is ClaimWorld {
    function test_openRound__whenThePackIsFull__opensIt() external {
        RoundTerms memory t = _roundTerms();
        uint256 most = desk.MOST_PACK();
        t.batches = _batches(most);
        vm.assertEq(desk.roundAt(programme, _openRound(t)).batches.length, 20);
        t.batches = _batches(most + 1);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_RoundInvalid.selector, programme, "batches"));
        vm.prank(treasurer);
        desk.openRound(programme, t);
    }

    function _batches(uint256 count) private returns (uint256[] memory all) {
        all = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            all[i] = _openBatch(string.concat(vm.toString(count), " ", vm.toString(i)), programme);
        }
    }
}
