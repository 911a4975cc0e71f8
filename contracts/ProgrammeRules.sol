// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeRegistry} from "./interfaces/IProgrammeRegistry.sol";
import {IProgrammeRules} from "./interfaces/IProgrammeRules.sol";
import {RegionCode} from "./libraries/RegionCode.sol";
import {ProgrammeBase} from "./ProgrammeBase.sol";
import {RulesRecord, RulesTerms, Widening} from "./types/Programme.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title The versions of a programme's rules after the first.
abstract contract ProgrammeRules is IProgrammeRules, ProgrammeBase {
    /// @inheritdoc IProgrammeRules
    uint256 public constant RULES_NOTICE = 7 days;

    uint256 private constant MAX_REGIONS = 16;

    /// @inheritdoc IProgrammeRules
    function proposeRules(uint256 id, RulesTerms calldata terms, Widening calldata widening, string calldata reason)
        external
        restricted
        returns (uint256 version)
    {
        Programme storage p = _open(id);

        // Check: nothing waits, the version is whole.
        if (_isWaiting(_records[id][p.newest])) revert ProgrammeRegistry_RulesWaiting(id, p.newest);
        _checkRules(terms);
        _checkRegions(id, widening.regions);
        if (bytes(reason).length == 0) revert ProgrammeRegistry_RulesInvalid("reason");

        // Effect:
        version = ++p.newest;
        _rules[id][version] = terms;
        RulesRecord storage record = _records[id][version];
        record.proposer = msg.sender;
        record.proposedAt = uint40(block.timestamp);
        record.ripeAt = uint40(block.timestamp + RULES_NOTICE); // times are below 2^40
        record.widening = widening;
        record.reason = reason;

        // Log:
        emit RulesProposed(id, version, msg.sender, terms, record.ripeAt, reason);
        if (_isWide(widening)) {
            emit WideningProposed(id, version, widening.categories, _words(widening.regions), widening.channels);
        }
    }

    /// @inheritdoc IProgrammeRules
    function activateRules(uint256 id, uint256 version) external restricted {
        Programme storage p = _open(id);
        RulesRecord storage record = _waiting(id, version);

        // Check: ripe, and proposed by another.
        if (block.timestamp < record.ripeAt) {
            revert ProgrammeRegistry_RulesNotRipe(id, version, block.timestamp, record.ripeAt);
        }
        if (msg.sender == record.proposer) revert IProgrammeRegistry.ProgrammeRegistry_OwnProposal(id, msg.sender);

        // Effect:
        record.activator = msg.sender;
        record.activatedAt = uint40(block.timestamp);
        p.version = uint16(version); // it is `newest`, 16 bits

        // Interaction: the words a redemption reads.
        RulesTerms memory terms = _rules[id][version];
        _vouchers.setRules(id, version, RulesWord.packTerms(terms), RulesWord.packLimits(terms));
        uint256 word = _wordOf(id, p);
        Widening memory widening = record.widening;
        if (widening.regions.length != 0) {
            word = ProgrammeWord.widen(word, 0, 0, ProgrammeWord.REGIONS_WIDENED);
            _vouchers.addWidenedRegions(id, _words(widening.regions));
        }
        _vouchers.setProgramme(id, ProgrammeWord.widen(word, widening.categories, widening.channels, 0));

        // Log:
        emit RulesActivated(id, version, msg.sender);
        if (_isWide(widening)) {
            emit ProgrammeWidened(id, widening.categories, _words(widening.regions), widening.channels, msg.sender, record.reason);
        }
    }

    /// @inheritdoc IProgrammeRules
    function withdrawRules(uint256 id, uint256 version, string calldata reason) external restricted {
        _withdraw(id, version, reason);
    }

    /// @inheritdoc IProgrammeRules
    function rejectRules(uint256 id, uint256 version, string calldata reason) external restricted {
        _withdraw(id, version, reason);
    }

    // --- reading ---

    /// @inheritdoc IProgrammeRules
    function rules(uint256 id, uint256 version) external view returns (RulesTerms memory) {
        return _rules[id][version];
    }

    /// @inheritdoc IProgrammeRules
    function rulesRecord(uint256 id, uint256 version) external view returns (RulesRecord memory) {
        return _records[id][version];
    }

    /// @inheritdoc IProgrammeRules
    function rulesVersions(uint256 id) external view returns (uint256 active, uint256 newest) {
        return (_programmes[id].version, _programmes[id].newest);
    }

    // --- helpers ---

    function _withdraw(uint256 id, uint256 version, string calldata reason) private {
        _waiting(id, version).withdrawnAt = uint40(block.timestamp);
        emit RulesWithdrawn(id, version, msg.sender, reason);
    }

    /// @dev The record of a version that waits. At most one does: the newest. The first never does, it goes with its programme.
    function _waiting(uint256 id, uint256 version) private view returns (RulesRecord storage record) {
        record = _records[id][version];
        if (version == 1 || !_isWaiting(record)) revert ProgrammeRegistry_RulesNotWaiting(id, version);
    }

    function _isWaiting(RulesRecord storage record) private view returns (bool) {
        return record.proposedAt != 0 && record.activatedAt == 0 && record.withdrawnAt == 0;
    }

    function _isWide(Widening memory widening) private pure returns (bool) {
        return widening.categories != 0 || widening.channels != 0 || widening.regions.length != 0;
    }

    function _checkRegions(uint256 id, uint40[] calldata regions) private view {
        uint256 before = regions.length == 0 ? 0 : _vouchers.widenedRegions(id).length;
        if (before + regions.length > MAX_REGIONS) revert ProgrammeRegistry_RulesInvalid("regions");
        for (uint256 i; i < regions.length; ++i) {
            if (!RegionCode.isValid(regions[i])) revert ProgrammeRegistry_RulesInvalid("regions");
        }
    }

    function _words(uint40[] memory regions) private pure returns (uint256[] memory words) {
        words = new uint256[](regions.length);
        for (uint256 i; i < regions.length; ++i) {
            words[i] = regions[i];
        }
    }
}
