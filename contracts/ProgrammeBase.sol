// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IProgrammeRegistry} from "./interfaces/IProgrammeRegistry.sol";
import {IProgrammeRules} from "./interfaces/IProgrammeRules.sol";
import {ITreasury} from "./interfaces/ITreasury.sol";
import {IVouchers} from "./interfaces/IVouchers.sol";
import {ExceptionRecord, PolicyRecord} from "./types/Policy.sol";
import {LineTerms, ProgrammeState, ProgrammeTerms, PublicationTerms, RulesRecord, RulesTerms} from "./types/Programme.sol";
import {TransferCaps} from "./types/Transfer.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";

/// @title The slots of ProgrammeRegistry, as drawn in docs/storage.md, section 3, and what its parts share.
abstract contract ProgrammeBase is AccessManaged {
    uint256 private constant MAX_WINDOW = 366 days;
    uint256 private constant MAX_OPEN = 5 minutes;

    /// @dev `version` is the active one, `newest` the last one proposed.
    struct Programme {
        address drafter;
        ProgrammeState state;
        uint8 approvals;
        uint16 lines;
        uint16 version;
        uint16 newest;
        address proposer;
        ProgrammeTerms terms;
    }

    /// @dev The rows of a policy stand in `_validity`.
    struct Policy {
        PolicyRecord record;
        uint48[] faces;
        uint32[] difficulties;
    }

    uint256 internal _lastProgramme;
    mapping(uint256 programme => Programme) internal _programmes;
    mapping(uint256 line => LineTerms) internal _lines;
    mapping(uint256 programme => mapping(address approver => bool)) internal _approvals;
    mapping(bytes32 refHash => uint256 programme) internal _references;
    mapping(uint256 programme => mapping(uint256 version => RulesTerms)) internal _rules;
    IVouchers internal _vouchers;
    ITreasury internal _treasury;
    mapping(uint256 programme => mapping(uint256 version => RulesRecord)) internal _records;
    /// @dev Programmes whose own pause may run, each once.
    uint256[] internal _paused;
    uint256 internal _policy; // the one in force
    uint256 internal _lastPolicy;
    mapping(uint256 policy => Policy) internal _policies;
    mapping(uint256 key => uint256 word) internal _validity;
    mapping(bytes32 exception => ExceptionRecord) internal _exceptions;
    mapping(uint256 programme => PublicationTerms) internal _publications;
    mapping(uint256 programme => mapping(uint256 version => TransferCaps)) internal _transferCaps;

    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) AccessManaged(manager) {}

    /// @dev The programme, if its rules, validity and channels may change now.
    function _open(uint256 id) internal view returns (Programme storage p) {
        p = _programmes[id];
        if (p.state != ProgrammeState.PUBLISHED && p.state != ProgrammeState.ACTIVE) {
            revert IProgrammeRules.ProgrammeRegistry_NotOpen(id, p.state);
        }
    }

    /// @dev The programme's word with its state and version as they stand here; what others keep in it stays.
    function _wordOf(uint256 id, Programme storage p) internal view returns (uint256) {
        return ProgrammeWord.restate(_vouchers.programmeWord(id), uint256(p.state), p.version, p.terms.utcOffset);
    }

    /// @dev A step that is recorded with its reason has one.
    function _needReason(string calldata reason) internal pure {
        if (bytes(reason).length == 0) revert IProgrammeRegistry.ProgrammeRegistry_ReasonMissing();
    }

    /// @dev Rules that this release enforces, within their bounds. Payouts wait for the longest window a programme ever had.
    function _checkRules(RulesTerms calldata r) internal pure {
        if (r.maxDeadline == 0) revert IProgrammeRules.ProgrammeRegistry_RulesInvalid("maxDeadline");
        if (r.reversalWindow > MAX_WINDOW) revert IProgrammeRules.ProgrammeRegistry_RulesInvalid("reversalWindow");
        if (r.disputeWindow > MAX_WINDOW) revert IProgrammeRules.ProgrammeRegistry_RulesInvalid("disputeWindow");
        if (r.openSeconds > MAX_OPEN) revert IProgrammeRules.ProgrammeRegistry_RulesInvalid("openSeconds");
        if ((r.openSeconds == 0) != (r.openMaxBill == 0)) revert IProgrammeRules.ProgrammeRegistry_RulesInvalid("openMaxBill");
        // 4: first redemption only; 8: vouchers may be passed on
        if (r.flags & ~uint8(4 | 8) != 0) revert IProgrammeRegistry.ProgrammeRegistry_RuleNotInRelease("flags");
    }
}
