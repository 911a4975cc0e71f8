// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeRegistry} from "./interfaces/IProgrammeRegistry.sol";
import {IVouchersStanding} from "./interfaces/IVouchersStanding.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {ProgrammeTerms} from "./types/Programme.sol";
import {VouchersSupply} from "./VouchersSupply.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {LedgerWord} from "./words/LedgerWord.sol";
import {MerchantWord} from "./words/MerchantWord.sol";
import {NetworkWord} from "./words/NetworkWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RollWord} from "./words/RollWord.sol";

/// @title Freezes, revocations, extensions and pauses as a redemption reads them.
abstract contract VouchersStanding is IVouchersStanding, VouchersSupply {
    // --- reading ---

    /// @inheritdoc IVouchersStanding
    function overlayBits(uint256 overlay, uint256 key) external view returns (uint256) {
        return _overlays[Overlay.key(overlay, key)];
    }

    /// @inheritdoc IVouchersStanding
    function frozenUntil(uint256 subject, uint256 id) external view returns (uint256) {
        return subject == Overlay.SUBJECT_MERCHANT
            ? MerchantWord.frozenUntil(_merchants[id])
            : _frozenUntil[Overlay.freezeKey(subject, id)];
    }

    /// @inheritdoc IVouchersStanding
    function networkPause() external view returns (uint256 until, uint256 total) {
        return (NetworkWord.pausedUntil(_network), NetworkWord.pausedSeconds(_network));
    }

    /// @inheritdoc IVouchersStanding
    function programmeClock(uint256 programme) external view returns (uint256) {
        return _clock(_programmes[programme]);
    }

    // --- writing ---

    /// @inheritdoc IVouchersStanding
    function setFrozen(uint256 subject, uint256 id, uint256 until) external onlyLinked(_desk) {
        if (subject == Overlay.SUBJECT_MERCHANT) {
            _merchants[id] = MerchantWord.setFrozen(_merchants[id], until);
            return;
        }
        _frozenUntil[Overlay.freezeKey(subject, id)] = until;
        if (subject == Overlay.SUBJECT_VOUCHER) {
            if (until != 0) _setOverlay(Overlay.FROZEN, id);
            else _overlays[Overlay.key(Overlay.FROZEN, VoucherId.bitsKey(id))] &= ~VoucherId.bit(id);
        } else if (subject == Overlay.SUBJECT_ROLL) {
            uint256 word = _rolls[id];
            _rolls[id] = until == 0 ? RollWord.clearFlag(word, RollWord.FROZEN) : RollWord.setFlag(word, RollWord.FROZEN);
        } else if (subject == Overlay.SUBJECT_BATCH) {
            uint256 reach = _batches[id].reach;
            _batches[id].reach =
                until == 0 ? BatchWord.clearFlag(reach, BatchWord.FROZEN) : BatchWord.setFlag(reach, BatchWord.FROZEN);
        } else if (until != 0) {
            _flagProgramme(id >> 160, ProgrammeWord.HOLDERS_FROZEN);
        }
    }

    /// @inheritdoc IVouchersStanding
    function bookRevoked(uint256 voucher) external onlyLinked(_desk) returns (uint256 line, uint256 amount) {
        _setOverlay(Overlay.REVOKED, voucher);
        uint256 terms = _batches[VoucherId.batch(voucher)].terms;
        (line, amount) = (BatchWord.line(terms), _restOf(terms, voucher));
        _lines[line] = LedgerWord.uncommit(_lines[line], amount, 1);
    }

    /// @inheritdoc IVouchersStanding
    function lengthen(uint256 batch, uint256 newUntil) external onlyLinked(_desk) returns (uint256 oldUntil) {
        Batch storage stored = _batches[batch];
        uint256 programme = BatchWord.programme(stored.terms);

        // Check: a known batch, nothing of it swept, later than before, within the programme's legal bound.
        if (programme == 0) revert Vouchers_BatchUnknown(batch);
        if (BatchWord.flags(stored.reach) & BatchWord.SWEPT != 0) revert Vouchers_BatchSwept(batch);
        oldUntil = BatchWord.validUntil(stored.terms) + _pausedSeconds(_programmes[programme]);
        if (newUntil <= oldUntil) revert Vouchers_NotLonger(batch, newUntil, oldUntil);
        (ProgrammeTerms memory p,,) = IProgrammeRegistry(_registry).programme(programme);
        if (newUntil > p.endsAt) revert Vouchers_BeyondProgramme(batch, newUntil, p.endsAt);

        // Effect:
        stored.terms = BatchWord.lengthen(stored.terms, newUntil - oldUntil);
        stored.supply = BatchWord.addExtended(stored.supply, newUntil - oldUntil);
        stored.reach = BatchWord.setFlag(stored.reach, BatchWord.EXTENDED);
    }

    /// @inheritdoc IVouchersStanding
    function setNetworkPause(uint256 until, uint256 total) external onlyLinked(_registry) {
        _network = NetworkWord.setPause(_network, until, total);
    }
}
