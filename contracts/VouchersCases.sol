// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersCases} from "./interfaces/IVouchersCases.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {VouchersBase} from "./VouchersBase.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {LedgerWord} from "./words/LedgerWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RollWord} from "./words/RollWord.sol";
import {StoredWord} from "./words/StoredWord.sol";

/// @title The words a case writes.
abstract contract VouchersCases is IVouchersCases, VouchersBase {
    /// @inheritdoc IVouchersCases
    function isDead(bytes32 digest, uint256 voucher) external view returns (bool) {
        return _dead[Overlay.deadKey(digest, voucher)];
    }

    /// @inheritdoc IVouchersCases
    function bookReversed(uint256 voucher, bytes32 digest, uint256 amount, uint256 merchant, uint256 day)
        external
        onlyLinked(_desk)
        returns (uint256 line, bool gone)
    {
        uint256 batch = VoucherId.batch(voucher);
        Batch storage stored = _batches[batch];
        line = BatchWord.line(stored.terms);
        bool swept = _isSwept(batch, stored.reach, VoucherId.roll(voucher));
        gone = swept || _carries(Overlay.REVOKED, voucher);

        // Effect: the voucher is unspent, its signature dead, and all who look know that they must look.
        uint256 bitsKey = VoucherId.bitsKey(voucher);
        uint256 count = _redeemed[bitsKey] & VoucherId.bit(voucher) == 0 ? 0 : 1; // 0: stored value that was not used up
        if (count != 0) _redeemed[bitsKey] &= ~VoucherId.bit(voucher);
        if (BatchWord.kind(stored.terms) != BatchWord.FIXED) _stored[voucher] = StoredWord.giveBack(_stored[voucher], amount);
        _dead[Overlay.deadKey(digest, voucher)] = true;
        _overlays[Overlay.key(Overlay.EVER_REVERSED, bitsKey)] |= VoucherId.bit(voucher);
        stored.reach = BatchWord.setFlag(stored.reach, BatchWord.OVERLAYS);
        uint256 roll = VoucherId.roll(voucher);
        _rolls[roll] = RollWord.setFlag(_rolls[roll], RollWord.OVERLAYS);
        _programmes[line >> 16] = ProgrammeWord.setFlag(_programmes[line >> 16], ProgrammeWord.OVERLAYS);

        // Effect: the money. A swept pair's sweep is made good for this one voucher: nobody can sweep it again. A rest of it that was
        // swept or revoked was counted then.
        uint256 key = LedgerWord.dayKey(line, merchant, day);
        _days[key] = LedgerWord.takeRedeemed(_days[key], amount);
        if (swept) stored.supply = BatchWord.addSwept(stored.supply, count);
        _lines[line] = gone
            ? LedgerWord.settle(_lines[line], amount, 1)  // out of payable, as a settlement does
            : LedgerWord.unredeem(_lines[line], amount, count);
    }

    /// @inheritdoc IVouchersCases
    function lockDisputed(uint256 line, uint256 merchant, uint256 day, uint256 amount) external onlyLinked(_desk) {
        uint256 key = LedgerWord.dayKey(line, merchant, day);
        _days[key] = LedgerWord.lock(_days[key], amount);
    }

    /// @inheritdoc IVouchersCases
    function unlockDisputed(uint256 line, uint256 merchant, uint256 day, uint256 amount) external onlyLinked(_desk) {
        uint256 key = LedgerWord.dayKey(line, merchant, day);
        _days[key] = LedgerWord.unlock(_days[key], amount);
    }
}
