// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {RulesRecord, RulesTerms} from "../../../contracts/types/Programme.sol";
import {Model} from "./Model.sol";

/// @title I20 of docs/invariants.md: versions of rules and what they widened.
abstract contract VersionChecks is Model {
    error Invariant_Broken(uint256 number, string what, uint256 subject, uint256 found, uint256 expected);

    function _must(uint256 number, string memory what, uint256 subject, uint256 found, uint256 expected) internal pure {
        if (found != expected) revert Invariant_Broken(number, what, subject, found, expected);
    }

    function _checkVersions() internal view {
        for (uint256 id = 1; id <= mLastProgramme; ++id) {
            MProgramme storage p = mProgrammes[id];
            (uint256 active, uint256 newest) = programmes.rulesVersions(id);
            _must(20, "active version", id, active, p.version);
            _must(20, "newest version", id, newest, p.newest);
            for (uint256 version = 1; version <= newest; ++version) {
                _checkVersion(id, version);
            }
            _checkWidened(id, p);
        }
        for (uint256 batch = 1; batch <= mLastBatch; ++batch) {
            (uint256 terms,,) = vouchers.batchWords(batch);
            _must(20, "version of a batch", batch, uint16(terms >> 40), mBatches[batch].version);
        }
    }

    /// @dev What was proposed is never changed; its words stand in Vouchers from its activation on.
    function _checkVersion(uint256 id, uint256 version) private view {
        MVersion storage v = mVersions[id][version];
        RulesRecord memory record = programmes.rulesRecord(id, version);
        RulesTerms memory r = programmes.rules(id, version);
        _must(20, "maxDeadline", id, r.maxDeadline, v.maxDeadline);
        _must(20, "reversalWindow", id, r.reversalWindow, v.reversalWindow);
        _must(20, "disputeWindow", id, r.disputeWindow, v.disputeWindow);
        _must(20, "activated", id, record.activatedAt == 0 ? 0 : 1, v.status == ACTIVE ? 1 : 0);
        _must(20, "withdrawn", id, record.withdrawnAt == 0 ? 0 : 1, v.status == WITHDRAWN ? 1 : 0);
        (uint256 terms, uint256 limits) = vouchers.rulesWords(id, version);
        _must(20, "openSeconds", id, r.openSeconds, v.rules.openSeconds);
        _must(20, "openMaxBill", id, r.openMaxBill, v.rules.openMaxBill);
        _must(20, "open words", id, uint16(terms >> 232), v.status == ACTIVE ? r.openSeconds : 0);
        _must(20, "open words", id, limits >> 216, v.status == ACTIVE ? r.openMaxBill : 0);
        _must(20, "words", id, uint32(terms >> 128), v.status == ACTIVE ? v.maxDeadline : 0);
        if (version == 1) return; // proposed and activated with its programme
        _must(20, "proposer", id, uint160(record.proposer), uint160(v.proposer));
        _must(20, "ripeAt", id, record.ripeAt, v.ripeAt);
        if (v.status != ACTIVE) return;
        if (record.activator == record.proposer) revert Invariant_Broken(20, "own proposal", id, 1, 0);
        if (record.activatedAt < record.proposedAt + 7 days) {
            revert Invariant_Broken(20, "notice", id, record.activatedAt, record.ripeAt);
        }
    }

    function _checkWidened(uint256 id, MProgramme storage p) private view {
        uint256 word = vouchers.programmeWord(id);
        if (p.state >= 4) _must(20, "version in Vouchers", id, uint16(word >> 16), p.version);
        _must(20, "widened categories", id, uint64(word >> 120), p.wideCategories);
        _must(20, "widened channels", id, uint8(word >> 232), p.wideChannels);
        _must(20, "regions flag", id, word >> 9 & 1, p.wideRegions.length == 0 ? 0 : 1);
        uint256[] memory regions = vouchers.widenedRegions(id);
        _must(20, "widened regions", id, regions.length, p.wideRegions.length);
        for (uint256 i; i < regions.length; ++i) {
            _must(20, "widened region", id, regions[i], _regionCode(p.wideRegions[i]));
        }
        _must(20, "settlement window", id, vouchers.settlementWindow(id), p.state < 4 ? 0 : p.window);
    }
}
