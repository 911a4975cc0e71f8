// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ProgrammeState, RulesRecord, RulesTerms, Widening} from "../types/Programme.sol";

/// @title The numbered versions of a programme's rules.
/// @dev A change is proposed with its reason, waits {RULES_NOTICE}, and is activated by another person. A batch is judged by the version
/// it was opened under; a widening opens to every voucher of the programme. Nothing is taken from a voucher already issued.
interface IProgrammeRules {
    /// @notice A version was proposed; `ripeAt` is the first second in which it can be activated.
    event RulesProposed(
        uint256 indexed programme, uint256 indexed version, address indexed by, RulesTerms rules, uint256 ripeAt, string reason
    );
    /// @notice What the version just proposed will open; emitted where it opens anything.
    event WideningProposed(
        uint256 indexed programme, uint256 indexed version, uint256 categories, uint256[] regions, uint256 channels
    );
    /// @notice From now on batches are opened under this version.
    event RulesActivated(uint256 indexed programme, uint256 indexed version, address indexed by);
    /// @notice A proposal was taken back or turned down; its number is never used again.
    event RulesWithdrawn(uint256 indexed programme, uint256 indexed version, address indexed by, string reason);
    /// @notice Categories, regions and channels opened to every voucher of the programme; follows {RulesActivated} where it opens anything.
    event ProgrammeWidened(
        uint256 indexed programme, uint256 categories, uint256[] regions, uint256 channels, address indexed by, string reason
    );

    /// @notice Rules change while the programme is published or active.
    error ProgrammeRegistry_NotOpen(uint256 programme, ProgrammeState state);
    /// @notice A term of a rules version is outside its bound; `field` names it.
    error ProgrammeRegistry_RulesInvalid(string field);
    /// @notice Another version waits for its activation: activate or withdraw it first.
    error ProgrammeRegistry_RulesWaiting(uint256 programme, uint256 version);
    /// @notice The version is not waiting: it was never proposed, or it was activated or withdrawn.
    error ProgrammeRegistry_RulesNotWaiting(uint256 programme, uint256 version);
    /// @notice The notice of the version is not over.
    error ProgrammeRegistry_RulesNotRipe(uint256 programme, uint256 version, uint256 time, uint256 ripeAt);

    /// @notice Proposes the next version of a programme's rules.
    ///
    /// @dev Emits {RulesProposed}, and {WideningProposed} where anything is widened.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER.
    /// - The programme must be published or active, and no other version of it waiting.
    /// - `maxDeadline` must be above 0, `reason` not empty, `openSeconds` at most 300, and 0 where `openMaxBill` is.
    /// - The widened regions must be well-formed, and at most 16 with those widened before.
    ///
    /// @param rules The whole version, not the difference to the one before.
    /// @param widening What it opens for good, once activated, beyond what the programme and earlier versions opened.
    /// @return version Its number: one above the newest, which may have been withdrawn.
    function proposeRules(uint256 programme, RulesTerms calldata rules, Widening calldata widening, string calldata reason)
        external
        returns (uint256 version);

    /// @notice Activates the version that waits.
    ///
    /// @dev Emits {RulesActivated}, and {ProgrammeWidened} where anything is widened.
    ///
    /// Requirements:
    /// - The caller must have the role APPROVER and be another one than who proposed it.
    /// - The programme must be published or active, the version waiting, and `block.timestamp ≥ ripeAt`.
    function activateRules(uint256 programme, uint256 version) external;

    /// @notice Takes a waiting version back. TREASURER. Emits {RulesWithdrawn}.
    function withdrawRules(uint256 programme, uint256 version, string calldata reason) external;

    /// @notice Turns a waiting version down. APPROVER. Emits {RulesWithdrawn}.
    function rejectRules(uint256 programme, uint256 version, string calldata reason) external;

    /// @notice The terms of a version, whether active or not; zeros for one never proposed.
    function rules(uint256 programme, uint256 version) external view returns (RulesTerms memory);

    /// @notice Who proposed and activated a version, when, why, and what it widens. The first version is proposed and activated with its
    /// programme and has no reason of its own.
    function rulesRecord(uint256 programme, uint256 version) external view returns (RulesRecord memory);

    /// @notice The version under which batches are opened now, and the newest one proposed; 0 for a programme never drafted.
    function rulesVersions(uint256 programme) external view returns (uint256 active, uint256 newest);

    /// @notice Seconds between a version's proposal and the first second in which it can be activated.
    function RULES_NOTICE() external view returns (uint256);
}
