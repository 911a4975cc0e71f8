// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeRegistry} from "./interfaces/IProgrammeRegistry.sol";
import {ITreasury} from "./interfaces/ITreasury.sol";
import {IVouchersClaims} from "./interfaces/IVouchersClaims.sol";
import {IVouchersStanding} from "./interfaces/IVouchersStanding.sol";
import {ProgrammeTerms} from "./types/Programme.sol";
import {VouchersSupply} from "./VouchersSupply.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {RollWord} from "./words/RollWord.sol";

/// @title What is kept for rounds of claims, and given out of it.
abstract contract VouchersClaims is IVouchersClaims, VouchersSupply {
    /// @inheritdoc IVouchersClaims
    function reserve(uint256 programme, uint256[] calldata batches, uint256 places, uint256 until) external onlyLinked(_desk) {
        uint256 paused = block.timestamp - _clock(_openProgramme(programme));
        (ProgrammeTerms memory p,,) = IProgrammeRegistry(_registry).programme(programme);
        if (until > p.endsAt) revert IVouchersStanding.Vouchers_BeyondProgramme(batches[0], until, p.endsAt); // it may be closed then
        for (uint256 i; i < batches.length; ++i) {
            Batch storage stored = _batches[batches[i]];
            (uint256 terms, uint256 supply) = (stored.terms, stored.supply);

            // Check: one of the programme's, good until then, with that much of its quota left.
            if (terms == 0) revert Vouchers_BatchUnknown(batches[i]);
            if (BatchWord.programme(terms) != programme) {
                revert Vouchers_PackMixed(batches[i], BatchWord.programme(terms), programme);
            }
            uint256 validUntil = BatchWord.validUntil(terms) + paused;
            if (until > validUntil) revert Vouchers_BatchOver(batches[i], validUntil);
            uint256 left = BatchWord.left(supply);
            if (places > left) revert Vouchers_QuotaExceeded(batches[i], places, left);

            // Effect, Interaction:
            stored.supply = BatchWord.addReserved(supply, places);
            ITreasury(_treasury).reserve(BatchWord.line(terms), BatchWord.face(terms) * places);
        }
    }

    /// @inheritdoc IVouchersClaims
    function unreserve(uint256[] calldata batches, uint256 places) external onlyLinked(_desk) {
        _unreserve(batches, places);
    }

    /// @inheritdoc IVouchersClaims
    function writeClaimedRoll(uint256 programme, string calldata ref, bool custodial, bytes calldata holders)
        external
        onlyLinked(_desk)
        returns (uint256)
    {
        return _writeRoll(programme, ref, RollWord.CLAIMED | (custodial ? RollWord.CUSTODIAL : 0), holders);
    }

    /// @inheritdoc IVouchersClaims
    function issueReserved(uint256[] calldata batches, uint256[] calldata rolls) external onlyLinked(_desk) {
        uint256 places;
        for (uint256 i; i < rolls.length; ++i) {
            places += RollWord.places(_rolls[rolls[i]]);
        }
        _unreserve(batches, places);
        _issue(batches, rolls);
    }

    function _unreserve(uint256[] calldata batches, uint256 places) private {
        for (uint256 i; i < batches.length; ++i) {
            Batch storage stored = _batches[batches[i]];
            stored.supply = BatchWord.takeReserved(stored.supply, places);
            ITreasury(_treasury).unreserve(BatchWord.line(stored.terms), BatchWord.face(stored.terms) * places);
        }
    }
}
