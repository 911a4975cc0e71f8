// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Round} from "../../../contracts/types/Claim.sol";
import {StandingChecks} from "./StandingChecks.sol";

/// @title I26 and I27 of docs/invariants.md: rounds of claims, and what is kept for them.
abstract contract ClaimChecks is StandingChecks {
    mapping(uint256 batch => uint256) private _keptQuota;
    mapping(uint256 line => uint256) private _keptMoney;

    function _checkClaims() internal {
        for (uint256 i; i < mRoundList.length; ++i) {
            (uint256 programme, uint256 number) = (mRoundList[i] >> 16, mRoundList[i] & 0xffff);
            _checkRound(programme, number, mRounds[programme][number - 1]);
        }
        for (uint256 batch = 1; batch <= mLastBatch; ++batch) {
            (,, uint256 supply) = vouchers.batchWords(batch);
            _must(27, "quota kept", batch, uint40(supply >> 200), _keptQuota[batch]);
            uint256 taken = uint40(supply >> 40) + uint40(supply >> 200);
            if (taken > uint40(supply)) revert Invariant_Broken(27, "kept beyond the quota", batch, taken, uint40(supply));
            _keptQuota[batch] = 0;
        }
        for (uint256 programme = 1; programme <= mLastProgramme; ++programme) {
            for (uint256 number = 1; number <= mProgrammes[programme].lines; ++number) {
                uint256 line = programme << 16 | number;
                (uint256 kept, uint256 available) = (treasury.account(line).reserved, treasury.account(line).available);
                _must(27, "money kept", line, kept, _keptMoney[line]);
                if (kept > available) revert Invariant_Broken(27, "kept and not there", line, kept, available);
                _keptMoney[line] = 0;
            }
        }
    }

    /// @dev Of its rolls, a round has as many places as were given, never more than it has, nobody twice.
    function _checkRound(uint256 programme, uint256 number, MRound storage r) private {
        Round memory found = desk.roundAt(programme, number);
        _must(26, "given", programme, found.given, r.given);
        _must(26, "closed", programme, found.closed ? 1 : 0, r.closed ? 1 : 0);
        if (found.given > found.places) {
            revert Invariant_Broken(26, "more than its places", programme, found.given, found.places);
        }
        uint256 claimed;
        uint256 used;
        for (uint256 i; i < HOLDERS; ++i) {
            if (desk.hasClaimed(programme, number, mHolders[i])) ++claimed;
            if (desk.isNullifierUsed(programme, number, keccak256(abi.encode("nullifier", i)))) ++used;
        }
        _must(26, "addresses", programme, claimed, r.given);
        _must(26, "people", programme, used, r.given);
        if (r.closed) return;
        for (uint256 i; i < r.batches.length; ++i) {
            MBatch storage b = mBatches[r.batches[i]];
            _keptQuota[r.batches[i]] += r.places - r.given;
            _keptMoney[programme << 16 | b.line] += (r.places - r.given) * b.face;
        }
    }
}
