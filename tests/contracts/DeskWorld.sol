// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskReversals} from "../../contracts/interfaces/ICaseDeskReversals.sol";
import {Leaf, Opening} from "../../contracts/types/Case.sol";
import {Group, Item} from "../../contracts/types/Redemption.sol";
import {MerchantDay} from "../../contracts/types/Settlement.sol";
import {RedeemWorld} from "./RedeemWorld.sol";
import {Vm} from "./Vm.sol";

/// @title The open world with a key and a till of the merchant, and redemptions whose calls can be opened.
abstract contract DeskWorld is RedeemWorld {
    bytes32 internal constant REASON = keccak256("wrong dish");
    string private constant FIELDS = "(bytes32 redemption,uint256 voucher,bytes32 reason,uint256 deadline)";

    address internal shop;
    address internal till;
    uint256 internal otherMerchant;
    address internal otherShop;
    uint256 internal first; // number of the call in `leaves`
    Leaf[] internal leaves;

    function setUp() public virtual override {
        super.setUp();
        shop = _account("shop");
        till = _account("till");
        otherShop = _account("other shop");
        otherMerchant = _merchant("dumplings");
        vm.startPrank(registrar);
        merchants.addKey(merchant, shop);
        merchants.addTerminal(merchant, till);
        merchants.addKey(otherMerchant, otherShop);
        vm.stopPrank();
    }

    // --- redemptions whose leaves are kept ---

    /// @dev One call with `count` items, from place `from` on; by the till or, where there is none, relayed. Each item's receipt is new.
    function _sell(uint256 from, uint256 count, address terminal) internal {
        Item[] memory items = new Item[](count);
        delete leaves;
        for (uint256 i; i < count; ++i) {
            uint256 voucher = _voucher(from + i);
            items[i] = _item(_spend(voucher));
            items[i].receipt = keccak256(abi.encode("receipt", voucher, block.timestamp));
            items[i] = _signed(items[i], _holderKey(from + i), merchant);
            leaves.push(Leaf(_digest(items[i], merchant), voucher, FACE, merchant, terminal, block.timestamp, 1));
        }
        Group memory group = _group(merchant, items);
        group.terminal = terminal;
        (uint256 before,,) = vouchers.counts();
        first = before + 1;
        vm.prank(terminal == address(0) ? operator : terminal);
        vm.assertEq(vouchers.redeem(_one(group)), count, "sold");
    }

    /// @dev Opens the leaf at `index` of the call sold last.
    function _opening(uint256 index) internal view returns (Opening memory o) {
        o.firstNumber = first;
        o.leaf = leaves[index];
        o.before = new bytes32[](index);
        o.behind = new bytes32[](leaves.length - 1 - index);
        for (uint256 i; i < index; ++i) {
            o.before[i] = keccak256(abi.encode(leaves[i]));
        }
        for (uint256 i; i < o.behind.length; ++i) {
            o.behind[i] = keccak256(abi.encode(leaves[index + 1 + i]));
        }
    }

    // --- what is signed about a leaf ---

    function _reversal(Leaf memory leaf, bytes32 reason, uint256 deadline) internal view returns (bytes32) {
        return _said("Reversal", leaf, reason, deadline);
    }

    function _disputing(Leaf memory leaf, bytes32 reason, uint256 deadline) internal view returns (bytes32) {
        return _said("Dispute", leaf, reason, deadline);
    }

    function _said(string memory kind, Leaf memory leaf, bytes32 reason, uint256 deadline) private view returns (bytes32) {
        bytes32 typed = keccak256(bytes(string.concat(kind, FIELDS)));
        return _typed(keccak256(abi.encode(typed, leaf.digest, leaf.voucher, reason, deadline)));
    }

    // --- steps ---

    /// @dev By the merchant's key itself.
    function _reverse(uint256 index) internal returns (bool) {
        Opening memory o = _opening(index);
        vm.prank(shop);
        return desk.reverse(o, REASON, block.timestamp + 1, "");
    }

    function _sweep() internal {
        vm.prank(treasurer);
        desk.sweep(batch, roll);
    }

    /// @dev Pays what the merchant's day of `time` has for `count` redemptions.
    function _settle(uint256 time, uint256 count) internal {
        MerchantDay[] memory entries = new MerchantDay[](1);
        entries[0] = MerchantDay(uint40(line), uint32(merchant), uint24(_day(time)), uint64(count * FACE));
        vm.prank(treasurer);
        uint256 run = treasury.prepareSettlement(entries);
        vm.prank(approver);
        treasury.releaseSettlement(run, entries);
    }

    function _limitTill(uint64 limit) internal {
        vm.prank(registrar);
        merchants.limitTerminal(merchant, till, limit);
    }

    // --- what must be so ---

    function _assertReversed(Vm.Log memory log, Vm.Log memory booked, uint256 index, address by, bool live) internal view {
        Leaf memory l = leaves[index];
        bytes32[] memory topics = topicsOf(ICaseDeskReversals.VoucherReversed.selector, l.voucher, merchant, topic(by));
        assertLog(log, address(desk), topics, abi.encode(l.digest, l.amount, first + index, live));
        topics = topicsOf(ICaseDeskReversals.ReversalBooked.selector, first + index);
        assertLog(booked, address(desk), topics, abi.encode(_day(l.time), REASON));
    }

    function _assertDay(uint256 time, uint256 redeemed, uint256 settled, uint256 disputed) internal view {
        uint256 word = vouchers.dayWord(line, merchant, _day(time));
        vm.assertEq(uint56(word), redeemed * FACE, "redeemed");
        vm.assertEq(uint56(word >> 56), settled * FACE, "settled");
        vm.assertEq(uint56(word >> 112), disputed * FACE, "disputed");
        vm.assertEq(word >> 168 & 0xfffffff, redeemed, "redeemed count");
        vm.assertEq(word >> 196 & 0xfffffff, settled, "settled count");
        vm.assertEq(word >> 224 & 0xfffffff, disputed, "disputed count");
    }

    /// @dev Vouchers of the line that are committed and payable, and that the line's sums add up.
    function _assertLine(uint256 committed, uint256 due) internal view {
        vm.assertEq(_committedCount(line), committed, "committed count");
        vm.assertEq(_committed(line), committed * FACE, "committed");
        vm.assertEq(_payableCount(line), due, "payable count");
        vm.assertEq(_payable(line), due * FACE, "payable");
        _assertIdentity(line);
    }
}
