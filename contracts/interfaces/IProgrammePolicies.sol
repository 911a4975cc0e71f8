// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ExceptionRecord, PolicyRecord, ValidityPolicy} from "../types/Policy.sol";
import {BatchTerms} from "../types/Supply.sol";

/// @title How long vouchers must and may be valid: a numbered policy for all programmes, and exceptions from it.
/// @dev A policy is a whole table, category × face-value class × difficulty of the condition → shortest and longest validity. It binds
/// batches opened from its approval on until the next one is approved; one without rows binds nothing. A batch outside it needs an
/// exception granted for its reference and terms; since a reference names one batch for ever, an exception is used once.
interface IProgrammePolicies {
    /// @notice A policy was proposed; nothing is bound by it yet.
    event PolicyProposed(uint256 indexed policy, address indexed by, ValidityPolicy terms, string reason);
    /// @notice From now on batches are bound by this policy and no other.
    event PolicyApproved(uint256 indexed policy, address indexed by);
    /// @notice A proposal was taken back or turned down; its number is never used again.
    event PolicyWithdrawn(uint256 indexed policy, address indexed by, string reason);
    /// @notice An exception was asked for; `exception` is keccak256(abi.encode(ref, terms)).
    event ValidityExceptionProposed(bytes32 indexed exception, address indexed by, string ref, BatchTerms terms, string reason);
    /// @notice The batch with this reference and these terms may be opened outside the policy.
    event ValidityExceptionGranted(bytes32 indexed exception, address indexed proposer, address indexed by);
    /// @notice An exception was turned down; it may be asked for again.
    event ValidityExceptionRejected(bytes32 indexed exception, address indexed by, string reason);

    /// @notice The batch's vouchers would be valid for less than the policy's shortest time for this category.
    error ProgrammeRegistry_ValidityTooShort(string ref, uint256 category, uint256 validity, uint256 shortest);
    /// @notice The batch's vouchers would be valid for more than the policy's longest time for this category.
    error ProgrammeRegistry_ValidityTooLong(string ref, uint256 category, uint256 validity, uint256 longest);
    /// @notice A part of the policy is outside its bound; `field` names it, `at` is its place in the list, from 0.
    error ProgrammeRegistry_PolicyInvalid(string field, uint256 at);
    /// @notice Another policy waits for its approval: approve or withdraw it first.
    error ProgrammeRegistry_PolicyWaiting(uint256 policy);
    /// @notice The policy is not waiting: it was never proposed, or it was approved or withdrawn.
    error ProgrammeRegistry_PolicyNotWaiting(uint256 policy);
    /// @notice Nobody approves the policy they proposed.
    error ProgrammeRegistry_OwnPolicy(uint256 policy, address approver);
    /// @notice The exception was asked for before, and not turned down.
    error ProgrammeRegistry_ExceptionKnown(bytes32 exception);
    /// @notice The exception is not waiting: nobody asked for it, or it was granted or turned down.
    error ProgrammeRegistry_ExceptionNotWaiting(bytes32 exception);
    /// @notice Nobody grants the exception they asked for.
    error ProgrammeRegistry_OwnException(bytes32 exception, address approver);

    /// @notice Proposes the next validity policy.
    ///
    /// @dev Emits {PolicyProposed}.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER, `reason` not be empty, no other policy wait.
    /// - Up to 15 face values and up to 3 difficulties, above 0 and ascending strictly.
    /// - Each row must name a category below 64 and classes there are, bound something, with `shortest ≤ longest` where both do; no two
    ///   rows the same category and classes.
    ///
    /// @return policy Its number: one above the last, which may have been withdrawn.
    function proposePolicy(ValidityPolicy calldata terms, string calldata reason) external returns (uint256 policy);

    /// @notice Puts the policy that waits into force, in place of the one before. APPROVER, not who proposed it. Emits {PolicyApproved}.
    function approvePolicy(uint256 policy) external;

    /// @notice Takes a waiting policy back. TREASURER, with a reason. Emits {PolicyWithdrawn}.
    function withdrawPolicy(uint256 policy, string calldata reason) external;

    /// @notice Turns a waiting policy down. APPROVER, with a reason. Emits {PolicyWithdrawn}.
    function rejectPolicy(uint256 policy, string calldata reason) external;

    /// @notice Asks that a batch may be opened whatever the policy says. TREASURER, with a reason. Emits {ValidityExceptionProposed}.
    ///
    /// @param ref The text reference the batch will be opened under, which binds the exception to one batch.
    /// @param terms Its terms, to the last field.
    /// @return exception keccak256(abi.encode(ref, terms)).
    function proposeException(string calldata ref, BatchTerms calldata terms, string calldata reason)
        external
        returns (bytes32 exception);

    /// @notice Grants an exception that waits. APPROVER, not who asked for it. Emits {ValidityExceptionGranted}.
    function grantException(bytes32 exception) external;

    /// @notice Turns an exception that waits down. APPROVER, with a reason. Emits {ValidityExceptionRejected}.
    function rejectException(bytes32 exception, string calldata reason) external;

    /// @notice Reverts if the policy in force says no to a batch and no exception was granted for it. How long its vouchers are valid is
    /// `validUntil − validFrom`, or `claimDays` where that is less; a batch of several categories keeps to the rows of each.
    function checkValidity(string calldata ref, BatchTerms calldata terms) external view;

    /// @notice The policy in force, 0 if none, and the last one proposed.
    function policies() external view returns (uint256 inForce, uint256 last);

    /// @notice Who proposed and approved a policy, when and why.
    function policyRecord(uint256 policy) external view returns (PolicyRecord memory);

    /// @notice What a policy asks of vouchers of this category, face value and minimum spend, in seconds; 0 bounds nothing.
    function validityBounds(uint256 policy, uint256 category, uint256 face, uint256 minimumSpend)
        external
        view
        returns (uint256 shortest, uint256 longest);

    /// @notice Who asked for an exception and who granted it.
    function exceptionRecord(bytes32 exception) external view returns (ExceptionRecord memory);
}
