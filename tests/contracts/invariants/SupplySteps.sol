// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITreasury} from "../../../contracts/interfaces/ITreasury.sol";
import {IVouchersErrors} from "../../../contracts/interfaces/IVouchersErrors.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {BatchTerms} from "../../../contracts/types/Supply.sol";
import {PolicySteps} from "./PolicySteps.sol";

/// @title Opening batches, writing rolls, issuing.
abstract contract SupplySteps is PolicySteps {
    struct Issue {
        uint256[] batches;
        uint256[] rolls;
        uint256 programme;
        uint256 total; // places of all rolls
        uint256 line;
        uint256 amount;
        uint256[4] taken; // by line number
    }

    // --- batches ---

    function _openBatchStep() internal {
        uint256 programme = _openOne();
        (BatchTerms memory t, uint256 region) = _soundBatch(programme);
        string memory ref = _fresh("batch");
        bytes4 expected;
        if (_wanted.programme != 0 && mExceptions[_wantedException()].granted && _chance(50)) {
            (t, region, ref, programme) = (_wanted, _wantedRegion, _wantedRef, _wanted.programme);
            delete _wanted;
        } else if (_chance(35)) {
            (expected, ref) = _spoilBatch(t, ref);
        }
        expected = _withValidity(expected, ref, t, region);
        if (!_isOpen(t.programme)) expected = IVouchersErrors.Vouchers_ProgrammeNotOpen.selector;
        BatchTerms[] memory all = new BatchTerms[](1);
        all[0] = t;
        string[] memory refs = _one(ref);
        if (_chance(2)) {
            refs = new string[](_draw(2) * 2);
            expected = IVouchersErrors.Vouchers_NothingGiven.selector;
        }
        bytes memory data = abi.encodeCall(vouchers.openBatches, (refs, all));
        if (!_call("openBatches", _actor(Roles.TREASURER), Roles.TREASURER, address(vouchers), data, expected)) return;
        mProgrammes[programme].batches.push(++mLastBatch);
        _keepBatch(mBatches[mLastBatch], t, region, ref);
    }

    /// @dev The policy is asked once the terms are sound, before the reference is looked at.
    function _withValidity(bytes4 expected, string memory ref, BatchTerms memory t, uint256 region) private returns (bytes4) {
        bool unsound = expected == IVouchersErrors.Vouchers_TermsInvalid.selector
            || expected == IVouchersErrors.Vouchers_OutsideProgramme.selector;
        if (unsound || t.validUntil <= t.validFrom) return expected;
        bytes4 refusal = _expectValidity(ref, t);
        if (refusal == FINE) return expected;
        if (expected == FINE && _isOpen(t.programme)) (_wanted, _wantedRegion, _wantedRef) = (t, region, ref);
        return refusal;
    }

    function _keepBatch(MBatch storage b, BatchTerms memory t, uint256 region, string memory ref) private {
        b.version = mProgrammes[t.programme].version;
        (b.programme, b.line, b.face, b.minimum) = (t.programme, t.line, t.face, t.minimumSpend);
        (b.kind, b.percentage) = (t.kind, t.percentage);
        (b.categories, b.region, b.channels) = (t.categories, region, t.channels);
        (b.from, b.claimDays) = (t.validFrom, t.claimDays);
        b.until = t.validUntil - (block.timestamp - _mClock(t.programme));
        (b.quota, b.ref) = (t.quota, ref);
    }

    function _soundBatch(uint256 programme) private returns (BatchTerms memory t, uint256 region) {
        MProgramme storage p = mProgrammes[programme];
        t.programme = uint24(programme);
        t.line = uint16(1 + _draw(p.lines + 1) % (p.lines == 0 ? 1 : p.lines));
        t.face = uint48(100 + _draw(1_900));
        if (_chance(40)) t.kind = uint8(1 + _draw(2));
        if (t.kind == 1) t.percentage = uint16(1 + _draw(_chance(20) ? 50 : 10_000));
        t.minimumSpend = uint48(_draw(3) * _draw(2_000));
        t.categories = uint64(_part(p.categories));
        t.channels = _chance(60) ? uint8(p.channels) : uint8(_part(p.channels));
        do {
            region = _draw(REGIONS);
        } while (!_regionCovers(p.region, region) || (!_regionCovers(region, 3) && _chance(80)));
        t.region = _regionCode(region);
        if (p.endsAt == 0) return (t, region);
        t.validFrom = uint40(p.startsAt + _draw(_chance(45) ? 2 hours : 3 days));
        uint256 most = p.endsAt - t.validFrom;
        t.validUntil = uint40(t.validFrom + most - _draw(_chance(70) ? most / 3 : most));
        t.claimDays = uint16(_chance(25) ? 1 + _draw(4) : 0);
        t.quota = uint40(20 + _draw(_chance(50) ? 200 : 2_000));
    }

    /// @dev Some of the bits, at least one.
    function _part(uint256 bits) private returns (uint256 part) {
        if (bits == 0) return 1;
        do {
            part = bits & _draw(16);
        } while (part == 0);
    }

    function _spoilBatch(BatchTerms memory t, string memory ref) private returns (bytes4, string memory) {
        uint256 fault = _draw(17);
        if (fault < 8) return (_spoilTerms(t, fault), ref);
        if (fault < 14) return (_spoilReach(t, fault), ref);
        if (fault == 14 && mLastBatch != 0) {
            return (IVouchersErrors.Vouchers_ReferenceTaken.selector, mBatches[1 + _draw(mLastBatch)].ref);
        }
        return (IVouchersErrors.Vouchers_ReferenceInvalid.selector, fault == 15 ? _longText() : "");
    }

    function _spoilTerms(BatchTerms memory t, uint256 fault) private pure returns (bytes4) {
        if (fault == 0) t.kind = 3;
        if (fault == 1) t.percentage = t.kind == 1 ? 10_001 : 1;
        if (fault == 2) t.face = 0;
        if (fault == 3) t.quota = 0;
        if (fault == 4) t.categories = 0;
        if (fault == 5) t.channels = 0;
        if (fault == 6) t.validUntil = t.validFrom;
        if (fault == 7) t.region = 0x6100000000;
        return IVouchersErrors.Vouchers_TermsInvalid.selector;
    }

    function _spoilReach(BatchTerms memory t, uint256 fault) private returns (bytes4) {
        MProgramme storage p = mProgrammes[t.programme];
        if (p.startsAt == 0 || (fault == 13 && p.region == 0)) fault = 8; // a programme for everywhere has no outside
        if (fault == 8) t.line = _chance(50) ? 0 : uint16(p.lines + 1);
        if (fault == 9) t.validFrom = uint40(p.startsAt - 1);
        if (fault == 10) t.validUntil = uint40(p.endsAt + 1);
        if (fault == 11) t.categories |= 16;
        if (fault == 12) t.channels |= 8;
        if (fault == 13) t.region = _regionCode(5);
        return IVouchersErrors.Vouchers_OutsideProgramme.selector;
    }

    // --- rolls ---

    function _writeRollStep() internal {
        uint256 programme = _openOne();
        uint256 places = _chance(4) ? 250 + _draw(60) : 1 + _draw(60);
        uint8[] memory indices = new uint8[](places);
        for (uint256 i; i < places; ++i) {
            indices[i] = uint8(_draw(HOLDERS));
        }
        bytes memory holders = _packed(indices);
        string memory ref = _fresh("roll");
        uint256 flags = _draw(4);
        bytes4 expected;
        if (_chance(25)) (expected, ref, flags, holders) = _spoilRoll(ref, flags, holders);
        if (!_isOpen(programme)) expected = IVouchersErrors.Vouchers_ProgrammeNotOpen.selector;
        bytes memory data = abi.encodeCall(vouchers.writeRoll, (programme, ref, flags, holders));
        if (!_call("writeRoll", _actor(Roles.TREASURER), Roles.TREASURER, address(vouchers), data, expected)) return;
        mProgrammes[programme].rolls.push(++mLastRoll);
        MRoll storage r = mRolls[mLastRoll];
        (r.programme, r.writtenAt, r.ref, r.holders) = (programme, _mClock(programme), ref, indices);
        r.claimed = flags % 2 == 1;
    }

    function _packed(uint8[] memory indices) private view returns (bytes memory holders) {
        bytes20[] memory pool = new bytes20[](HOLDERS);
        for (uint256 i; i < HOLDERS; ++i) {
            pool[i] = bytes20(mHolders[i]);
        }
        holders = new bytes(indices.length * 20);
        for (uint256 i; i < indices.length; ++i) {
            bytes20 holder = pool[indices[i]];
            assembly ("memory-safe") {
                let at := add(add(holders, 32), mul(i, 20))
                mstore(at, or(holder, and(mload(at), 0xffffffffffffffffffffffff)))
            }
        }
    }

    function _spoilRoll(string memory ref, uint256 flags, bytes memory holders)
        private
        returns (bytes4, string memory, uint256, bytes memory)
    {
        uint256 fault = _draw(8);
        if (fault == 0) return (IVouchersErrors.Vouchers_RollSizeInvalid.selector, ref, flags, "");
        if (fault == 1) return (IVouchersErrors.Vouchers_RollSizeInvalid.selector, ref, flags, bytes.concat(holders, hex"01"));
        if (fault == 2) return (IVouchersErrors.Vouchers_RollSizeInvalid.selector, ref, flags, new bytes(1229 * 20));
        if (fault == 3) return (IVouchersErrors.Vouchers_RollFlagsInvalid.selector, ref, 4 << _draw(8), holders);
        if (fault == 4) return (IVouchersErrors.Vouchers_HolderZero.selector, ref, flags, bytes.concat(holders, bytes20(0)));
        if (fault == 5 && mLastRoll != 0) {
            return (IVouchersErrors.Vouchers_ReferenceTaken.selector, mRolls[1 + _draw(mLastRoll)].ref, flags, holders);
        }
        return (IVouchersErrors.Vouchers_ReferenceInvalid.selector, fault == 6 ? _longText() : "", flags, holders);
    }

    // --- issues ---

    function _issueStep() internal {
        Issue memory i;
        uint256 programme = _openOne();
        if (mProgrammes[programme].batches.length == 0 && _chance(90)) return _openBatchStep();
        if (mProgrammes[programme].rolls.length == 0 && _chance(90)) return _writeRollStep();
        i.batches = _someOf(mProgrammes[programme].batches, 3);
        i.rolls = _someOf(mProgrammes[programme].rolls, 2);
        if (_chance(3) && i.rolls.length != 0) i.rolls[_draw(i.rolls.length)] = _draw(mLastRoll + 2);
        if (_chance(5) && i.batches.length != 0) i.batches[_draw(i.batches.length)] = _draw(mLastBatch + 2);
        if (_chance(3) && i.batches.length != 0) i.batches[0] = mLastBatch + 1;
        if (_chance(12) && i.batches.length > 1) i.batches[i.batches.length - 1] = _draw(mLastBatch + 2);
        bytes4 expected = _expectIssue(i);
        bytes memory data = abi.encodeCall(vouchers.issue, (i.batches, i.rolls));
        if (!_call("issue", _actor(Roles.TREASURER), Roles.TREASURER, address(vouchers), data, expected)) return;
        for (uint256 b; b < i.batches.length; ++b) {
            for (uint256 r; r < i.rolls.length; ++r) {
                _keepPair(i.batches[b], i.rolls[r]);
            }
        }
    }

    function _keepPair(uint256 batch, uint256 roll) internal {
        mPairs.push(MPair(batch, roll, 0, false, 0, 0, 0));
        mPairAt[batch][roll] = mPairs.length;
        MBatch storage b = mBatches[batch];
        uint256 places = mRolls[roll].holders.length;
        b.issued += places;
        MLine storage line = mLines[b.programme << 16 | b.line];
        line.available -= places * b.face;
        line.committed += places * b.face;
        line.committedCount += places;
    }

    /// @dev Up to `most` of the list, as often in any order.
    function _someOf(uint256[] storage list, uint256 most) private returns (uint256[] memory some) {
        if (list.length == 0) return new uint256[](0);
        some = new uint256[](_draw(most + 1) % most + (_chance(97) ? 1 : 0));
        for (uint256 i; i < some.length; ++i) {
            some[i] = list[_draw(list.length)];
        }
    }

    function _expectIssue(Issue memory i) private view returns (bytes4) {
        if (i.batches.length == 0 || i.rolls.length == 0) return IVouchersErrors.Vouchers_NothingGiven.selector;
        i.programme = mBatches[i.batches[0]].programme;
        if (i.programme == 0) return IVouchersErrors.Vouchers_BatchUnknown.selector;
        if (!_isOpen(i.programme)) return IVouchersErrors.Vouchers_ProgrammeNotOpen.selector;
        for (uint256 r; r < i.rolls.length; ++r) {
            if (mRolls[i.rolls[r]].programme != i.programme) return IVouchersErrors.Vouchers_RollUnknown.selector;
            i.total += mRolls[i.rolls[r]].holders.length;
        }
        for (uint256 b; b < i.batches.length; ++b) {
            bytes4 refusal = _expectBatch(i, b);
            if (refusal != FINE) return refusal;
        }
        return _expectCommit(i);
    }

    function _expectBatch(Issue memory i, uint256 at) private view returns (bytes4 refusal) {
        MBatch storage b = mBatches[i.batches[at]];
        if (b.programme != i.programme) return IVouchersErrors.Vouchers_PackMixed.selector;
        if (_mClock(i.programme) >= b.until) return IVouchersErrors.Vouchers_BatchOver.selector;
        for (uint256 r; b.claimDays != 0 && r < i.rolls.length; ++r) {
            uint256 over = mRolls[i.rolls[r]].writtenAt + b.claimDays * 86_400 + b.extended;
            if (_mClock(i.programme) >= over) return IVouchersErrors.Vouchers_RollTooOld.selector;
        }
        if (b.line != i.line) {
            refusal = _expectCommit(i);
            if (refusal != FINE) return refusal;
            (i.line, i.amount) = (b.line, 0);
        }
        uint256 times = 1;
        for (uint256 before; before < at; ++before) {
            if (i.batches[before] == i.batches[at]) ++times;
        }
        if (b.issued + b.reserved + times * i.total > b.quota) return IVouchersErrors.Vouchers_QuotaExceeded.selector;
        for (uint256 r; r < i.rolls.length; ++r) {
            bool twice = times > 1 || (r != 0 && i.rolls[0] == i.rolls[r]);
            if (twice || mPairAt[i.batches[at]][i.rolls[r]] != 0) return IVouchersErrors.Vouchers_AlreadyIssued.selector;
        }
        i.amount += b.face * i.total;
    }

    function _expectCommit(Issue memory i) private view returns (bytes4) {
        if (i.line == 0) return FINE;
        MLine storage line = mLines[i.programme << 16 | i.line];
        uint256 used = line.deposited - line.available + line.reserved + i.taken[i.line];
        if (i.amount > line.budget - used) return ITreasury.Treasury_OverBudgetLine.selector;
        if (i.amount > line.available - line.reserved - i.taken[i.line]) return ITreasury.Treasury_Unbacked.selector;
        i.taken[i.line] += i.amount;
        return FINE;
    }

    function _isOpen(uint256 programme) internal view returns (bool) {
        return mProgrammes[programme].state == 4 || mProgrammes[programme].state == 5;
    }
}
