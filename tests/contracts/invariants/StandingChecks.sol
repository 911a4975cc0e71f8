// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ExceptionRecord, PolicyRecord} from "../../../contracts/types/Policy.sol";
import {LimitChecks} from "./LimitChecks.sol";

/// @title I23 to I25 and I29 of docs/invariants.md: freezes, revocations, the emergency lane, validity policies.
abstract contract StandingChecks is LimitChecks {
    mapping(uint256 programme => uint256) private _clockSeen;

    function _checkStanding() internal {
        for (uint256 i; i < mFrozen.length; ++i) {
            (uint256 subject, uint256 id) = (mFrozen[i].subject, mFrozen[i].id);
            MFreeze storage f = mFreezes[subject][id];
            _must(23, "frozen until", id, vouchers.frozenUntil(subject, id), f.kept);
            (address by, uint256 until, uint256 renewals, bool confirmed) = desk.freezeOf(subject, id);
            _must(23, "frozen by", id, uint160(by), uint160(f.by));
            _must(23, "end", id, until, f.until);
            _must(23, "renewals", id, renewals, f.renewals);
            _must(23, "confirmed", id, confirmed ? 1 : 0, f.confirmed ? 1 : 0);
            if (renewals > 2) revert Invariant_Broken(23, "renewed for ever", id, renewals, 2);
        }
        for (uint256 id = 1; id <= mLastProgramme; ++id) {
            uint256 clock = vouchers.programmeClock(id);
            if (mProgrammes[id].state < 4) continue;
            _must(25, "clock", id, clock, _mClock(id));
            if (clock < _clockSeen[id]) revert Invariant_Broken(25, "clock went back", id, clock, _clockSeen[id]);
            _clockSeen[id] = clock;
            uint256 word = vouchers.programmeWord(id);
            _must(25, "lane's channels", id, uint8(word >> 184), mProgrammes[id].laneChannels);
            _must(25, "lane's end", id, uint40(word >> 192), mProgrammes[id].laneUntil);
        }
        for (uint256 batch = 1; batch <= mLastBatch; ++batch) {
            (uint256 terms,, uint256 supply) = vouchers.batchWords(batch);
            _must(25, "until on the clock", batch, terms >> 216, mBatches[batch].until);
            _must(25, "extended", batch, uint40(supply >> 160), mBatches[batch].extended);
        }
    }

    function _checkPolicies() internal view {
        (uint256 inForce, uint256 last) = programmes.policies();
        _must(29, "in force", 0, inForce, mPolicy);
        _must(29, "last policy", 0, last, mLastPolicy);
        for (uint256 policy = 1; policy <= last; ++policy) {
            PolicyRecord memory record = programmes.policyRecord(policy);
            uint256 status = mPolicies[policy].status;
            _must(29, "proposer", policy, uint160(record.proposer), uint160(mPolicies[policy].proposer));
            _must(29, "approved", policy, record.approvedAt == 0 ? 0 : 1, status == ACTIVE ? 1 : 0);
            _must(29, "withdrawn", policy, record.withdrawnAt == 0 ? 0 : 1, status == WITHDRAWN ? 1 : 0);
            if (record.approver == record.proposer) revert Invariant_Broken(29, "own policy", policy, 1, 0);
        }
        for (uint256 i; i < mAsked.length; ++i) {
            ExceptionRecord memory record = programmes.exceptionRecord(mAsked[i]);
            MException storage e = mExceptions[mAsked[i]];
            _must(29, "exception asked for by", i, uint160(record.proposer), uint160(e.proposer));
            _must(29, "exception granted", i, record.grantedAt == 0 ? 0 : 1, e.granted ? 1 : 0);
            if (e.granted && record.approver == record.proposer) revert Invariant_Broken(29, "own exception", i, 1, 0);
        }
    }

    /// @dev Revoked places of a pair, each of them neither redeemed nor given back.
    function _countRevoked(MPair storage p) internal view returns (uint256 revoked) {
        uint256 places = mRolls[p.roll].holders.length;
        for (uint256 word; word <= (places - 1) / 256; ++word) {
            uint256 key = (p.batch << 35 | p.roll << 11) / 256 + word;
            uint256 bits = vouchers.overlayBits(2, key);
            _must(24, "revoked and redeemed", p.batch, bits & vouchers.redeemedBits(key), 0);
            for (; bits != 0; bits &= bits - 1) {
                ++revoked;
            }
        }
        _must(24, "revoked", p.batch, revoked, p.revoked);
    }
}
