// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersHolders} from "./interfaces/IVouchersHolders.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {VouchersStanding} from "./VouchersStanding.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {NetworkWord} from "./words/NetworkWord.sol";
import {RollWord} from "./words/RollWord.sol";

/// @title Holders that differ from the roll's: vouchers passed on, places given to somebody else.
abstract contract VouchersHolders is IVouchersHolders, VouchersStanding {
    // --- reading ---

    /// @inheritdoc IVouchersHolders
    function holderAt(uint256 roll, uint256 place) external view returns (address holder) {
        uint256 word = _rolls[roll];
        if (place >= RollWord.places(word)) return address(0);
        return _holderOf(RollWord.pointer(word), VoucherId.pack(0, roll, place)); // no voucher has batch 0
    }

    /// @inheritdoc IVouchersHolders
    function takenUp(uint256 roll, uint256 place) external view returns (uint256 voucher) {
        for (uint256 batch = NetworkWord.lastBatch(_network); batch != 0; --batch) {
            uint256 reach = _batches[batch].reach;
            if (BatchWord.firstRoll(reach) == 0 || !_isIssued(batch, reach, roll)) continue;
            voucher = VoucherId.pack(batch, roll, place);
            if (_isTakenUp(voucher)) return voucher;
        }
        return 0;
    }

    /// @inheritdoc IVouchersHolders
    function registry() external view returns (address) {
        return _registry;
    }

    // --- writing ---

    /// @inheritdoc IVouchersHolders
    function bookTransferred(uint256 voucher, address to, bytes32 digest) external onlyLinked(_desk) {
        _transferred[voucher] = to;
        _dead[Overlay.deadKey(digest, voucher)] = true;
        _setOverlay(Overlay.TRANSFERRED, voucher);
    }

    /// @inheritdoc IVouchersHolders
    function bookReassigned(uint256 roll, uint256 place, address to) external onlyLinked(_desk) {
        uint256 seat = VoucherId.pack(0, roll, place);
        _reassigned[seat] = to;
        _overlays[Overlay.key(Overlay.REASSIGNED, VoucherId.bitsKey(seat))] |= VoucherId.bit(seat);
        _rolls[roll] = RollWord.setFlag(_rolls[roll], RollWord.REASSIGNED);
    }

    // --- helpers ---

    /// @dev A stored value spent in part has no bit, but a word; what was reversed or released keeps the mark of signatures that are dead.
    function _isTakenUp(uint256 voucher) private view returns (bool) {
        return _redeemed[VoucherId.bitsKey(voucher)] & VoucherId.bit(voucher) != 0 || _stored[voucher] != 0
            || _carries(Overlay.BOOKED, voucher) || _carries(Overlay.TRANSFERRED, voucher)
            || _carries(Overlay.EVER_REVERSED, voucher);
    }
}
