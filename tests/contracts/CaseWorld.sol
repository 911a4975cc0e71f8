// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Leaf, Opening} from "../../contracts/types/Case.sol";
import {MerchantTerms} from "../../contracts/types/Merchant.sol";
import {ProgrammeTerms, RulesTerms, Widening} from "../../contracts/types/Programme.sol";
import {Item, Spend} from "../../contracts/types/Redemption.sol";
import {BatchTerms} from "../../contracts/types/Supply.sol";
import {TransferCaps} from "../../contracts/types/Transfer.sol";
import {Base} from "./Base.t.sol";
import {CaseReader} from "./CaseReader.sol";

/// @title Builds what a case gives, out of real contracts: two programmes, two merchants, batches, rolls, spent vouchers.
abstract contract CaseWorld is Base, CaseReader {
    uint256 internal constant THIS = 1;
    uint256 internal constant ANOTHER = 2;

    /// @dev Everything before the redemption itself; leaves the clock at the case's time.
    function _build() internal {
        vm.warp(START - 10 days);
        _openProgrammes();
        _enterMerchants();
        for (uint256 i; i < _count("batches"); ++i) {
            _openBatch(string.concat("batch ", vm.toString(i)), _termsOf(i));
        }
        for (uint256 i; i < _count("rolls"); ++i) {
            _writeRollOf(i);
        }
        _widen();
        vm.warp(START - 10 days);
        _issueAll();
        if (_same(_text("moved"), "place given")) _givePlace();
        vm.warp(START);
        _activate(2);
        if (!_same(_text("programmeState"), "PUBLISHED")) _activate(1);
        _spendEarlier("spends", true);
        _spendEarlier("spentElsewhere", false);
        _settleStatus();
        _spendHere();
        _passOn(_text("moved"));
        _bookBefore();
        _useLane();
        _freezeAndRevoke();
        if (_same(_text("programmeState"), "CLOSED")) _closeFirst();
        vm.warp(_number("now"));
        if (!_same(_text("reversed"), "none")) _redeemAndReverse(_text("reversed"));
    }

    // --- programmes and merchants ---

    function _openProgrammes() private {
        ProgrammeTerms memory t = _programmeTerms();
        (t.categories, t.region, t.channels) = (type(uint64).max, 0, type(uint8).max);
        t.utcOffset = int16(int256(_number("utcOffset")) - int256(_number("offsetWest")));
        t.endsAt = uint40(_number("programmeEndsAt"));
        RulesTerms memory r = _rulesOf();
        for (uint256 programme = 1; programme <= 2; ++programme) {
            vm.prank(treasurer);
            programmes.draft(vm.toString(programme), t, r, _lineTerms(1));
            vm.prank(treasurer);
            programmes.setTransferCaps(programme, 1, TransferCaps(FACE, FACE));
            _publish(programme);
            _deposit(programme << 16 | 1, BUDGET);
        }
    }

    function _rulesOf() private view returns (RulesTerms memory r) {
        r = _rulesTerms();
        r.maxDeadline = uint32(_number("maxDeadline"));
        r.stepUpThreshold = uint64(_number("stepUp"));
        r.merchantDailyLimit = uint64(_number("merchantLimit"));
        r.redemptionAmount = uint56(_number("redemptionAmount"));
        r.redemptionCount = uint16(_number("redemptionCount"));
        r.dayAmount = uint56(_number("dayAmount"));
        r.dayCount = uint16(_number("dayCount"));
        r.monthAmount = uint56(_number("monthAmount"));
        r.monthCount = uint16(_number("monthCount"));
        (r.openSeconds, r.openMaxBill) = (uint16(_number("openSeconds")), uint40(_number("openMaxBill")));
        r.flags = uint8(_number("firstOnly")) | (_same(_text("moved"), "none") ? 0 : 8);
    }

    /// @dev A second version, of the same terms, opens what the case says to batches that are open already.
    function _widen() private {
        Widening memory w = Widening(uint64(_mask("widenedCategories")), new uint40[](0), uint8(_mask("widenedChannels")));
        string memory region = _text("widenedRegion");
        if (!_same(region, "none")) {
            w.regions = new uint40[](1);
            w.regions[0] = _region(region);
        }
        if (w.categories == 0 && w.channels == 0 && w.regions.length == 0) return;
        vm.warp(START - 10 days);
        vm.prank(treasurer);
        programmes.proposeRules(THIS, _rulesOf(), w, "as the case says");
        vm.warp(START - 3 days);
        vm.prank(approver);
        programmes.activateRules(THIS, 2);
    }

    /// @dev Both have the case's terms; the first one's status is set later, the other is active.
    function _enterMerchants() private {
        MerchantTerms memory t = MerchantTerms(
            uint64(_mask("merchantCategories")), _region(_text("merchantRegion")), uint8(_mask("merchantChannels")), payout
        );
        _apply("this", t);
        _merchant("another", t);
        vm.startPrank(registrar);
        merchants.addTerminal(THIS, _account("till"));
        merchants.addTerminal(ANOTHER, _account("another's till"));
        merchants.addTerminal(THIS, _account("removed till"));
        merchants.removeTerminal(THIS, _account("removed till"));
        merchants.addTerminal(THIS, _account("alice"));
        if (_number("terminalLimit") != 0) merchants.limitTerminal(THIS, _account("till"), uint64(_number("terminalLimit")));
        vm.stopPrank();
    }

    function _settleStatus() private {
        string memory status = _text("merchantStatus");
        if (_same(status, "APPLIED")) return;
        vm.prank(approver);
        merchants.activate(_one(THIS));
        if (_same(status, "ACTIVE")) return;
        vm.prank(registrar);
        merchants.suspend(THIS, "as the case says");
        if (_same(status, "SUSPENDED")) return;
        vm.prank(approver);
        merchants.reinstate(THIS, "as the case says");
    }

    function _closeFirst() private {
        vm.warp(_number("programmeEndsAt"));
        vm.startPrank(treasurer);
        desk.sweep(1, 1);
        programmes.close(1, "as the case says");
        vm.stopPrank();
    }

    // --- supply ---

    function _termsOf(uint256 index) private view returns (BatchTerms memory t) {
        t.programme = uint24(_ofBatch(index, "programme"));
        t.line = 1;
        t.kind = uint8(_ofBatch(index, "kind"));
        t.face = uint48(_ofBatch(index, "face"));
        t.percentage = uint16(_ofBatch(index, "percentage"));
        t.minimumSpend = uint48(_ofBatch(index, "minimumSpend"));
        t.categories = uint64(_maskOf("batches", index, "batch", "categories"));
        t.region = _region(_textOf("batches", index, "batch", "region"));
        t.channels = uint8(_maskOf("batches", index, "batch", "channels"));
        t.validFrom = uint40(_ofBatch(index, "validFrom"));
        t.validUntil = uint40(_ofBatch(index, "validUntil"));
        t.claimDays = uint16(_ofBatch(index, "claimDays"));
        t.quota = 1_000;
    }

    function _ofBatch(uint256 index, string memory key) private view returns (uint256) {
        return _numberOf("batches", index, "batch", key);
    }

    function _writeRollOf(uint256 index) private {
        string[] memory names = _textsOf("rolls", index, "roll", "places");
        bytes memory holders = new bytes(20 * names.length);
        for (uint256 i; i < names.length; ++i) {
            _put(holders, i, vm.addr(_key(names[i])));
        }
        vm.warp(_numberOf("rolls", index, "roll", "writtenAt"));
        _writeRoll(_numberOf("rolls", index, "roll", "programme"), string.concat("roll ", vm.toString(index)), holders);
    }

    function _issueAll() private {
        for (uint256 i; i < _count("batches"); ++i) {
            uint256 rolls = _maskOf("batches", i, "batch", "rolls");
            for (uint256 roll = 1; rolls >> roll != 0; ++roll) {
                if (rolls >> roll & 1 != 0) _issue(i + 1, roll);
            }
        }
    }

    // --- moved before ---

    /// @dev Place 0 of roll 1 is carol's before anything is spent.
    function _givePlace() private {
        address carol = _account("carol");
        vm.warp(START - 9 days);
        vm.prank(registrar);
        desk.proposeReassignment(1, 0, carol, "as the case says");
        vm.warp(START - 2 days);
        vm.prank(approver);
        desk.approveReassignment(1, 0, carol);
    }

    /// @dev Alice passes a voucher on to carol.
    function _passOn(string memory moved) private {
        if (_same(moved, "none") || _same(moved, "place given")) return;
        uint256 voucher = _id(1, 1, 0);
        if (_same(moved, "another passed on")) voucher = _id(1, 1, 2);
        if (_same(moved, "second batch passed on")) voucher = _id(2, 1, 0);
        vm.warp(START);
        vm.prank(_account("alice"));
        desk.transfer(voucher, _account("carol"), START + 1, "");
    }

    // --- spent before ---

    /// @dev Spends vouchers of a list, all or those marked, when the case says or on their first second, at merchants that fit them.
    function _spendEarlier(string memory list, bool marked) private {
        for (uint256 i; i < _count(list); ++i) {
            if (marked && !_flagOf(list, i, "spend", "spent")) continue;
            if (_flagOf(list, i, "spend", "here")) continue;
            uint256 index = _numberOf(list, i, "spend", "batch") - 1;
            BatchTerms memory t = _termsOf(index);
            MerchantTerms memory depot = MerchantTerms(type(uint64).max, t.region == 0 ? CITY : t.region, 0xff, payout);
            uint256 merchant = _merchant(string.concat(list, vm.toString(i)), depot);
            _spendAt(list, i, merchant);
        }
    }

    /// @dev Spends those spent elsewhere that were spent at this merchant after all, once it is active.
    function _spendHere() private {
        for (uint256 i; i < _count("spentElsewhere"); ++i) {
            if (_flagOf("spentElsewhere", i, "spend", "here")) _spendAt("spentElsewhere", i, THIS);
        }
    }

    function _spendAt(string memory list, uint256 index, uint256 merchant) private {
        BatchTerms memory t = _termsOf(_numberOf(list, index, "spend", "batch") - 1);
        uint256 at = _numberOf(list, index, "spend", "at");
        vm.warp(at == 0 ? t.validFrom : at);
        Item memory item = _item(_spend(_voucherOf(list, index)));
        item.spends[0].amount = t.kind == 0 ? t.face : _numberOf(list, index, "spend", "amount");
        item.spends[0].sequence = t.kind == 0 ? 0 : _numberOf(list, index, "spend", "sequence");
        (item.bill, item.deadline) = (1_000_000, block.timestamp + 1);
        vm.assertEq(_redeem(merchant, _signed(item, _keyOf(list, index), merchant)), 1, "spent before");
    }

    /// @dev The key of the voucher's holder.
    function _keyOf(string memory list, uint256 index) private view returns (uint256) {
        uint256 roll = _numberOf(list, index, "spend", "roll") - 1;
        return _key(_textsOf("rolls", roll, "roll", "places")[_numberOf(list, index, "spend", "place")]);
    }

    // --- the emergency lane, freezes, revocations ---

    function _useLane() private {
        (string memory paused, uint256 until) = (_text("paused"), _number("pausedUntil"));
        vm.warp(_same(paused, "none") ? START : _number("pausedFrom"));
        vm.startPrank(rescuer);
        if (_same(paused, "programme")) programmes.pause(1, until, "as the case says");
        if (_same(paused, "another programme")) programmes.pause(2, until, "as the case says");
        if (_same(paused, "network")) programmes.pauseAll(until, "as the case says");
        vm.warp(START);
        if (_number("laneUntil") != 0) {
            programmes.widenChannels(1, _mask("laneChannels"), _number("laneUntil"), "as the case says");
        }
        if (_number("extendedTo") != 0) desk.extendBatch(1, _number("extendedTo"), "as the case says");
        vm.stopPrank();
    }

    function _freezeAndRevoke() private {
        string memory revoked = _text("revoked");
        vm.warp(START);
        if (!_same(revoked, "none")) {
            uint256 voucher = _id(1, 1, _same(revoked, "voucher") ? 0 : 2);
            vm.prank(auditor);
            desk.freeze(1, voucher, START + 1, "as the case says");
            vm.prank(secondAuditor);
            desk.confirm(1, voucher, "as the case says");
        }
        string memory frozen = _text("frozen");
        if (_same(frozen, "none")) return;
        (uint256 subject, uint256 id) = _subject(frozen);
        vm.warp(_number("frozenUntil") - 1 days);
        vm.prank(auditor);
        desk.freeze(subject, id, _number("frozenUntil"), "as the case says");
    }

    /// @dev Of batch 1, roll 1 and its first place, or the place of another voucher that the same holder has.
    function _subject(string memory frozen) private pure returns (uint256 subject, uint256 id) {
        if (_same(frozen, "voucher")) return (1, _id(1, 1, 0));
        if (_same(frozen, "another voucher")) return (1, _id(1, 1, 2));
        if (_same(frozen, "roll")) return (2, 1);
        if (_same(frozen, "batch")) return (3, 1);
        if (_same(frozen, "holder")) return (4, 1 << 160 | uint160(vm.addr(_key("alice"))));
        return (5, THIS);
    }

    function _bookBefore() internal virtual;

    // --- reversed before ---

    /// @dev The item itself, one that differs in its receipt, or one of another voucher is redeemed and reversed.
    function _redeemAndReverse(string memory which) private {
        Item memory item = _itemOf();
        if (_same(which, "another signature")) item.receipt = keccak256("another receipt");
        if (_same(which, "another voucher")) item.spends = _spend(_id(1, 1, 2));
        (uint256 redeemed,,) = vouchers.counts();
        vm.assertEq(_redeem(THIS, _signed(item, _key(_text("signer")), THIS)), item.spends.length, "reversed before");
        Opening memory o;
        o.firstNumber = redeemed + 1;
        vm.prank(registrar);
        merchants.addKey(THIS, _account("shop"));
        for (uint256 i; i < item.spends.length; ++i) {
            o.leaf = _leafOf(item, i);
            o.before = new bytes32[](i);
            o.behind = new bytes32[](item.spends.length - 1 - i);
            for (uint256 j; j < item.spends.length; ++j) {
                if (j != i) (j < i ? o.before : o.behind)[j < i ? j : j - i - 1] = keccak256(abi.encode(_leafOf(item, j)));
            }
            vm.prank(_account("shop"));
            desk.reverse(o, "as the case says", block.timestamp + 1, "");
        }
    }

    function _leafOf(Item memory item, uint256 index) private view returns (Leaf memory) {
        Spend memory s = item.spends[index];
        return Leaf(_digest(item, THIS), s.voucher, s.amount, THIS, address(0), block.timestamp, 1);
    }

    // --- the item ---

    function _voucherOf(string memory list, uint256 index) internal view returns (uint256 voucher) {
        uint256 batch = _numberOf(list, index, "spend", "batch");
        uint256 roll = _numberOf(list, index, "spend", "roll");
        voucher = _id(batch, roll, _numberOf(list, index, "spend", "place"));
        uint256 above = _numberOf(list, index, "spend", "above");
        if (above != 0) voucher |= 1 << above;
    }

    function _itemOf() internal view returns (Item memory item) {
        item.spends = new Spend[](_count("spends"));
        for (uint256 i; i < item.spends.length; ++i) {
            uint256 amount = _numberOf("spends", i, "spend", "amount");
            item.spends[i] = Spend(_voucherOf("spends", i), amount, _numberOf("spends", i, "spend", "sequence"));
        }
        item.bill = _number("bill");
        item.receipt = keccak256("receipt");
        item.channel = _number("channel");
        item.deadline = _number("deadline");
    }

    // --- words ---

    /// @dev Packs the digits of a region.
    function _region(string memory code) internal pure returns (uint40 packed) {
        bytes memory digits = bytes(code);
        packed = uint40(digits.length);
        for (uint256 i; i < digits.length; ++i) {
            packed |= uint40(uint8(digits[i]) - 48) << uint40(36 - 4 * i);
        }
    }

    function _same(string memory left, string memory right) internal pure returns (bool) {
        return keccak256(bytes(left)) == keccak256(bytes(right));
    }
}
