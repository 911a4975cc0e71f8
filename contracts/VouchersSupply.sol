// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammePolicies} from "./interfaces/IProgrammePolicies.sol";
import {IProgrammeRegistry} from "./interfaces/IProgrammeRegistry.sol";
import {ITreasury} from "./interfaces/ITreasury.sol";
import {IVouchersErrors} from "./interfaces/IVouchersErrors.sol";
import {IVouchersSupply} from "./interfaces/IVouchersSupply.sol";
import {Calldata} from "./libraries/Calldata.sol";
import {RegionCode} from "./libraries/RegionCode.sol";
import {RollCode} from "./libraries/RollCode.sol";
import {BatchTerms} from "./types/Supply.sol";
import {ProgrammeState, ProgrammeTerms} from "./types/Programme.sol";
import {VouchersBase} from "./VouchersBase.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {LedgerWord} from "./words/LedgerWord.sol";
import {NetworkWord} from "./words/NetworkWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RollWord} from "./words/RollWord.sol";

/// @title Opening batches, writing rolls, issuing.
abstract contract VouchersSupply is IVouchersErrors, IVouchersSupply, VouchersBase {
    /// @inheritdoc IVouchersSupply
    function openBatches(string[] calldata refs, BatchTerms[] calldata terms) external restricted returns (uint256 first) {
        if (refs.length == 0 || refs.length != terms.length) revert Vouchers_NothingGiven();
        first = NetworkWord.lastBatch(_network) + 1;
        (uint256 policy,) = IProgrammePolicies(_registry).policies();
        for (uint256 i; i < refs.length; ++i) {
            _openBatch(refs[i], terms[i], policy != 0);
        }
    }

    /// @inheritdoc IVouchersSupply
    function writeRoll(uint256 programme, string calldata ref, uint256 flags, bytes calldata holders)
        external
        restricted
        returns (uint256)
    {
        return _writeRoll(programme, ref, flags, holders);
    }

    /// @inheritdoc IVouchersSupply
    function issue(uint256[] calldata batches, uint256[] calldata rolls) external restricted returns (uint256) {
        return _issue(batches, rolls);
    }

    // --- rolls ---

    function _writeRoll(uint256 programme, string calldata ref, uint256 flags, bytes calldata holders)
        internal
        returns (uint256 roll)
    {
        uint256 places = holders.length / 20;
        uint256 network = _network;
        roll = NetworkWord.lastRoll(network) + 1;

        // Check: a known programme, whole addresses, none of them zero.
        uint256 programmeWord = _openProgramme(programme);
        if (places == 0 || places > RollCode.MAX_PLACES || holders.length % 20 != 0) {
            revert Vouchers_RollSizeInvalid(holders.length);
        }
        if (flags & ~(RollWord.CLAIMED | RollWord.CUSTODIAL) != 0) revert Vouchers_RollFlagsInvalid(flags);
        _checkHolders(holders);

        // Effect: the data contract, its word, its reference.
        _takeReference(ROLL_REFERENCE, ref, roll);
        address pointer = RollCode.write(holders);
        _rolls[roll] = RollWord.pack(programme, places, _clock(programmeWord), flags, pointer);
        _network = NetworkWord.addRoll(network);

        // Log:
        emit RollWritten(programme, roll, ref, places, flags, pointer);
    }

    // --- issues ---

    function _issue(uint256[] calldata batches, uint256[] calldata rolls) internal returns (uint256 count) {
        if (batches.length == 0 || rolls.length == 0) revert Vouchers_NothingGiven();
        uint256 programme = BatchWord.programme(_batches[batches[0]].terms);
        if (programme == 0) revert Vouchers_BatchUnknown(batches[0]);
        uint256 programmeWord = _openProgramme(programme);
        uint256[] memory places = new uint256[](rolls.length);
        uint256 total;
        for (uint256 i; i < rolls.length; ++i) {
            uint256 word = _rolls[rolls[i]];
            if (RollWord.programme(word) != programme) revert Vouchers_RollUnknown(rolls[i], programme);
            places[i] = RollWord.places(word);
            total += places[i];
        }
        uint256 clock = _clock(programmeWord);
        uint256 line;
        uint256 amount;
        uint256 issued;
        for (uint256 i; i < batches.length; ++i) {
            uint256 terms = _batches[batches[i]].terms;
            if (BatchWord.programme(terms) != programme) {
                revert Vouchers_PackMixed(batches[i], BatchWord.programme(terms), programme);
            }
            if (clock >= BatchWord.validUntil(terms)) revert Vouchers_BatchOver(batches[i], BatchWord.validUntil(terms));
            _checkYoung(batches[i], terms, rolls, clock);
            if (BatchWord.line(terms) != line) {
                _commitIssue(line, amount, issued);
                (line, amount, issued) = (BatchWord.line(terms), 0, 0);
            }
            _issueBatch(batches[i], BatchWord.face(terms), rolls, places, total);
            amount += BatchWord.face(terms) * total;
            issued += total;
        }
        _commitIssue(line, amount, issued);
        return batches.length * total;
    }

    // --- batches ---

    function _openBatch(string calldata ref, BatchTerms calldata t, bool isBound) private {
        uint256 network = _network;
        uint256 batch = NetworkWord.lastBatch(network) + 1;
        uint256 programmeWord = _openProgramme(t.programme);
        _checkTerms(ref, t);
        _checkInside(ref, t, programmeWord);
        if (isBound) IProgrammePolicies(_registry).checkValidity(ref, t);

        // Effect:
        _takeReference(BATCH_REFERENCE, ref, batch);
        uint256 version = ProgrammeWord.version(programmeWord);
        _batches[batch] = Batch({
            terms: BatchWord.packTerms(t, version, t.validUntil - (block.timestamp - _clock(programmeWord))),
            reach: BatchWord.packReach(t),
            supply: BatchWord.packSupply(t, block.timestamp)
        });
        _network = NetworkWord.addBatch(network);

        // Log:
        emit BatchOpened(batch, t.programme, uint256(t.programme) << 16 | t.line, version, ref, t);
    }

    function _checkTerms(string calldata ref, BatchTerms calldata t) private pure {
        if (t.kind > BatchWord.STORED) revert Vouchers_TermsInvalid(ref, "kind");
        bool capped = t.kind == BatchWord.PERCENTAGE;
        if (capped ? t.percentage == 0 || t.percentage > 10_000 : t.percentage != 0) {
            revert Vouchers_TermsInvalid(ref, "percentage");
        }
        if (t.face == 0) revert Vouchers_TermsInvalid(ref, "face");
        if (t.quota == 0) revert Vouchers_TermsInvalid(ref, "quota");
        if (t.categories == 0) revert Vouchers_TermsInvalid(ref, "categories");
        if (t.channels == 0) revert Vouchers_TermsInvalid(ref, "channels");
        if (t.validFrom >= t.validUntil) revert Vouchers_TermsInvalid(ref, "validUntil");
        if (!RegionCode.isValid(t.region)) revert Vouchers_TermsInvalid(ref, "region");
    }

    /// @dev Inside the programme as widened by its rules versions.
    function _checkInside(string calldata ref, BatchTerms calldata t, uint256 word) private view {
        (ProgrammeTerms memory p,, uint256 lines) = IProgrammeRegistry(_registry).programme(t.programme);
        if (t.line == 0 || t.line > lines) revert Vouchers_OutsideProgramme(ref, "line");
        if (t.validFrom < p.startsAt) revert Vouchers_OutsideProgramme(ref, "validFrom");
        if (t.validUntil > p.endsAt) revert Vouchers_OutsideProgramme(ref, "validUntil");
        if (t.categories & ~(p.categories | ProgrammeWord.widenedCategories(word)) != 0) {
            revert Vouchers_OutsideProgramme(ref, "categories");
        }
        if (t.channels & ~(p.channels | ProgrammeWord.permanentChannels(word)) != 0) {
            revert Vouchers_OutsideProgramme(ref, "channels");
        }
        if (!RegionCode.covers(p.region, t.region) && !_isWidenedTo(t.programme, t.region)) {
            revert Vouchers_OutsideProgramme(ref, "region");
        }
    }

    function _isWidenedTo(uint256 programme, uint256 region) private view returns (bool) {
        uint256[] storage regions = _widenedRegions[programme];
        for (uint256 i; i < regions.length; ++i) {
            if (RegionCode.covers(regions[i], region)) return true;
        }
        return false;
    }

    /// @dev The word of a programme in which something may be opened or issued.
    function _openProgramme(uint256 programme) internal view returns (uint256 word) {
        word = _programmes[programme];
        uint256 state = ProgrammeWord.state(word);
        if (state != uint256(ProgrammeState.PUBLISHED) && state != uint256(ProgrammeState.ACTIVE)) {
            revert Vouchers_ProgrammeNotOpen(programme, state);
        }
    }

    function _takeReference(bytes1 kind, string calldata ref, uint256 id) private {
        if (id > type(uint24).max) revert Vouchers_NumbersUsedUp(type(uint24).max);
        if (bytes(ref).length == 0 || bytes(ref).length > 64) revert Vouchers_ReferenceInvalid(ref);
        bytes32 key = _referenceKey(kind, ref);
        if (_references[key] != 0) revert Vouchers_ReferenceTaken(ref, _references[key]);
        _references[key] = id;
    }

    function _checkHolders(bytes calldata holders) private pure {
        unchecked {
            uint256 start = Calldata.start(holders);
            uint256 end = start + holders.length;
            for (uint256 at = start; at < end; at += 20) {
                if (Calldata.load(at) >> 96 == 0) revert Vouchers_HolderZero((at - start) / 20);
            }
        }
    }

    /// @dev Where vouchers end some days after their roll was written, they have not ended yet.
    function _checkYoung(uint256 batch, uint256 terms, uint256[] calldata rolls, uint256 clock) private view {
        uint256 reach = _batches[batch].reach;
        if (BatchWord.claimDays(reach) == 0) return;
        for (uint256 i; i < rolls.length; ++i) {
            uint256 until = _validUntil(batch, terms, reach, _rolls[rolls[i]], 0);
            if (clock >= until) revert Vouchers_RollTooOld(batch, rolls[i], clock, until);
        }
    }

    function _issueBatch(uint256 batch, uint256 face, uint256[] calldata rolls, uint256[] memory places, uint256 total) private {
        Batch storage stored = _batches[batch];
        uint256 supply = stored.supply;
        uint256 left = BatchWord.left(supply);
        if (total > left) revert Vouchers_QuotaExceeded(batch, total, left);

        // Effect: supply and marks.
        stored.supply = BatchWord.addIssued(supply, total);
        uint256 reach = stored.reach;
        if (BatchWord.firstRoll(reach) == 0) reach = BatchWord.openWindow(reach, rolls[0]);
        for (uint256 i; i < rolls.length; ++i) {
            reach = _markIssued(batch, reach, rolls[i]);

            // Log:
            emit VouchersIssued(batch, rolls[i], places[i], places[i] * face);
        }
        stored.reach = reach;
    }

    /// @dev Returns the batch's `reach` with the mark, or marks a roll outside its window.
    function _markIssued(uint256 batch, uint256 reach, uint256 roll) private returns (uint256) {
        if (_isIssued(batch, reach, roll)) revert Vouchers_AlreadyIssued(batch, roll);
        if (BatchWord.inWindow(reach, roll)) return BatchWord.markIssued(reach, roll);
        _marks[_marksKey(batch, roll)] |= 1 << (roll & 127);
        return reach;
    }

    /// @dev Takes what was issued from the line's available money. Treasury says no when it is not there.
    function _commitIssue(uint256 line, uint256 amount, uint256 count) private {
        if (count == 0) return;
        _lines[line] = LedgerWord.commit(_lines[line], amount, count);
        ITreasury(_treasury).commit(line, amount);
    }
}
