// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersRedemption} from "../../contracts/interfaces/IVouchersRedemption.sol";
import {Group, Item, Spend} from "../../contracts/types/Redemption.sol";
import {VoucherState} from "../../contracts/types/Supply.sol";
import {OpenWorld} from "./OpenWorld.sol";
import {Vm} from "./Vm.sol";

/// @title The open world with what the tests of redemptions say again and again.
abstract contract RedeemWorld is OpenWorld {
    /// @dev cᵢ = keccak256(cᵢ₋₁ ‖ leafᵢ), docs/storage.md, section 1.
    function _chain(bytes32 commitment, bytes32 digest, uint256 voucher, uint256 amount, uint256 merchant_, address terminal)
        internal
        view
        returns (bytes32)
    {
        bytes32 leaf = keccak256(abi.encode(digest, voucher, amount, merchant_, terminal, block.timestamp, uint256(1)));
        return keccak256(abi.encodePacked(commitment, leaf));
    }

    function _chain(bytes32 commitment, Item memory item, uint256 merchant_) internal view returns (bytes32) {
        bytes32 digest = _digest(item, merchant_);
        for (uint256 i; i < item.spends.length; ++i) {
            commitment = _chain(commitment, digest, item.spends[i].voucher, item.spends[i].amount, merchant_, address(0));
        }
        return commitment;
    }

    function _assertRedeemed(Vm.Log memory log, Item memory item, uint256 spend, uint256 merchant_, uint256 number)
        internal
        view
    {
        Spend memory s = item.spends[spend];
        assertLog(
            log,
            address(vouchers),
            topicsOf(IVouchersRedemption.VoucherRedeemed.selector, s.voucher, merchant_),
            abi.encode(item.receipt, _digest(item, merchant_), s.amount, uint256(1), number)
        );
    }

    function _assertRefused(Vm.Log memory log, Item memory item, uint256 voucher, uint256 merchant_, bytes4 reason)
        internal
        view
    {
        assertLog(
            log,
            address(vouchers),
            topicsOf(IVouchersRedemption.RedemptionRefused.selector, voucher, merchant_),
            abi.encode(_digest(item, merchant_), reason)
        );
    }

    function _assertItemRefused(Vm.Log memory log, uint256 merchant_, uint256 group, uint256 item, bytes4 reason) internal view {
        assertLog(
            log,
            address(vouchers),
            topicsOf(IVouchersRedemption.RedemptionItemRefused.selector, merchant_),
            abi.encode(group, item, reason)
        );
    }

    function _assertCommitted(Vm.Log memory log, uint256 first, uint256 count, bytes32 commitment) internal view {
        bytes32[] memory topics = topicsOf(IVouchersRedemption.RedemptionsCommitted.selector, first);
        assertLog(log, address(vouchers), topics, abi.encode(count, commitment));
        vm.assertEq(vouchers.commitmentOf(first), commitment, "commitment kept");
    }

    /// @dev The only log of a relayed call with this one item is that it was passed over.
    function _assertPassedOver(Item memory item, bytes4 reason) internal {
        vm.recordLogs();
        vm.assertEq(_redeem(merchant, item), 0, "redeemed");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "logs");
        _assertItemRefused(logs[0], merchant, 0, 0, reason);
    }

    /// @dev The only log of a relayed call with this one item is that the rules refused it for this voucher.
    function _assertSaidNo(Item memory item, uint256 voucher, bytes4 reason) internal {
        vm.recordLogs();
        vm.assertEq(_redeem(merchant, item), 0, "redeemed");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "logs");
        _assertRefused(logs[0], item, voucher, merchant, reason);
    }

    function _assertState(uint256 voucher, VoucherState state) internal view {
        vm.assertEq(uint256(vouchers.stateOf(voucher)), uint256(state), "state");
    }

    function _items(Item memory first, Item memory second) internal pure returns (Item[] memory items) {
        items = new Item[](2);
        (items[0], items[1]) = (first, second);
    }

    function _items(Item memory first, Item memory second, Item memory third) internal pure returns (Item[] memory items) {
        items = new Item[](3);
        (items[0], items[1], items[2]) = (first, second, third);
    }

    function _groups(Group memory first, Group memory second) internal pure returns (Group[] memory groups) {
        groups = new Group[](2);
        (groups[0], groups[1]) = (first, second);
    }
}
