// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Claimant, EligibilityRoot, Round, RoundTerms} from "../types/Claim.sol";

/// @title Claims: people take places of a round, first come, first served, one per person.
/// @dev A nullifier stands for a person in one programme without naming the person; who makes it and what it hides says docs/claims.md.
interface ICaseDeskClaims {
    /// @notice A list of people who may claim was proposed for a programme, by its root.
    event EligibilityRootProposed(uint256 indexed programme, bytes32 indexed root, address indexed by, string reason);
    event EligibilityRootApproved(uint256 indexed programme, bytes32 indexed root, address indexed by, address proposer);
    event EligibilityRootWithdrawn(uint256 indexed programme, bytes32 indexed root, address indexed by, string reason);
    /// @notice A round was opened; the quota and the money of all its places are kept for it.
    event RoundOpened(uint256 indexed programme, uint256 indexed round, address indexed by, RoundTerms terms);
    /// @notice Places were claimed: `places` of them stand in the roll, to which the round's batches were issued.
    event ClaimRolled(uint256 indexed programme, uint256 indexed round, uint256 indexed roll, uint256 places);
    /// @notice Follows each {ClaimRolled}: the nullifiers of those in the roll, in the order of their places.
    event NullifiersUsed(uint256 indexed roll, bytes32[] nullifiers);
    /// @notice A claimant of a call got no place; `reason` is the error's selector.
    event ClaimRefused(uint256 indexed programme, uint256 indexed round, uint256 index, bytes32 digest, bytes4 reason);
    /// @notice The round is over; what was kept for the places nobody claimed is free again.
    event RoundClosed(uint256 indexed programme, uint256 indexed round, address indexed by, uint256 given);

    // Refusal reasons: their selectors stand in {ClaimRefused}; nothing reverts. They are checked in this order.

    /// @notice The signature is not the holder's for exactly this claim.
    error CaseDesk_ClaimSignatureInvalid(address holder);
    /// @notice The claim's deadline has been reached.
    error CaseDesk_ClaimDeadlinePassed(uint256 deadline, uint256 time);
    /// @notice The round has not begun.
    error CaseDesk_RoundNotBegun(uint256 programme, uint256 round, uint256 time, uint256 opensAt);
    /// @notice The round is over.
    error CaseDesk_RoundOver(uint256 programme, uint256 round, uint256 time, uint256 closesAt);
    /// @notice The person is not on the round's list, or the proof is not theirs.
    error CaseDesk_NotEligible(bytes32 nullifier, bytes32 root);
    /// @notice The person has a place in this round.
    error CaseDesk_NullifierUsed(uint256 programme, uint256 round, bytes32 nullifier);
    /// @notice The address has a place in this round.
    error CaseDesk_HolderClaimed(uint256 programme, uint256 round, address holder);
    /// @notice All places of the round are taken.
    error CaseDesk_ClaimsUsedUp(uint256 programme, uint256 round, uint256 places);

    // From here on: why a call reverts.

    /// @notice The sender is not a relayer.
    error CaseDesk_NotARelayer(address sender);
    /// @notice No claimant, or more than one roll holds.
    error CaseDesk_ClaimantsInvalid(uint256 claimants, uint256 most);
    /// @notice There is no such round.
    error CaseDesk_RoundUnknown(uint256 programme, uint256 round);
    /// @notice A term of the round is outside its bound; `field` names it.
    error CaseDesk_RoundInvalid(uint256 programme, string field);
    /// @notice The root was not approved for the programme.
    error CaseDesk_RootNotApproved(uint256 programme, bytes32 root);
    /// @notice The root is zero, which stands for no list.
    error CaseDesk_RootMissing(uint256 programme);
    /// @notice The root was proposed for the programme before.
    error CaseDesk_RootKnown(uint256 programme, bytes32 root);
    /// @notice The root is not waiting for an approval.
    error CaseDesk_RootNotWaiting(uint256 programme, bytes32 root);
    /// @notice Nobody approves a root that they proposed.
    error CaseDesk_OwnRoot(uint256 programme, bytes32 root, address approver);
    /// @notice The round is not over: what is kept for it stays.
    error CaseDesk_RoundRunning(uint256 programme, uint256 round, uint256 time, uint256 closesAt);
    /// @notice The round was closed before.
    error CaseDesk_RoundClosedBefore(uint256 programme, uint256 round);

    /// @notice Most batches of a round.
    function MOST_PACK() external view returns (uint256);

    /// @notice Proposes the root of a list of those who may claim in a programme.
    ///
    /// @dev Emits {EligibilityRootProposed}.
    ///
    /// Requirements:
    /// - The caller must have the role REGISTRAR.
    /// - The root must not be zero, nor wait or be approved for the programme already.
    ///
    /// @param root Merkle root, pairs hashed in ascending order, of leaves keccak256(keccak256(abi.encode(programme, nullifier, salt))).
    function proposeRoot(uint256 programme, bytes32 root, string calldata reason) external;

    /// @notice Approves a root. APPROVER, not who proposed it. Emits {EligibilityRootApproved}.
    function approveRoot(uint256 programme, bytes32 root) external;

    /// @notice Takes a root back that was not approved. REGISTRAR. Emits {EligibilityRootWithdrawn}.
    function withdrawRoot(uint256 programme, bytes32 root, string calldata reason) external;

    /// @notice Opens a round and keeps quota and money for all of its places, so that no claim in time fails for want of either.
    ///
    /// @dev Emits {RoundOpened}.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER.
    /// - The programme must be published or active; one to {MOST_PACK} of its batches, ascending, none of
    ///   them nor the programme over before the round is.
    /// - At least one place, `opensAt < closesAt`, `closesAt` ahead, the root zero or approved for the programme.
    /// - Each batch's quota, and the available money of its line, must cover the places.
    ///
    /// @return round The round's number within the programme, from 1.
    function openRound(uint256 programme, RoundTerms calldata terms) external returns (uint256 round);

    /// @notice Gives the claimants their places: writes a roll of those whom nothing speaks against, in their order, and issues the
    /// round's batches to it.
    ///
    /// @dev Emits {ClaimRefused} for each claimant refused; then, if any is left, what writing and issuing emit, {ClaimRolled} and
    /// {NullifiersUsed}.
    ///
    /// Requirements:
    /// - The caller must be a relayer.
    /// - One to 1,228 claimants.
    ///
    /// @param custodial Whether the node's wallet keeps the holders' keys: the roll is marked so.
    /// @return roll The roll; 0 if everybody was refused.
    function claim(uint256 programme, uint256 round, bool custodial, Claimant[] calldata claimants)
        external
        returns (uint256 roll);

    /// @notice Frees what is kept for places that nobody claimed, once the round is over. Anybody. Emits {RoundClosed}.
    function closeRound(uint256 programme, uint256 round) external;

    /// @notice A round; no places if there is none.
    function roundAt(uint256 programme, uint256 round) external view returns (Round memory);

    /// @notice Number of a programme's last round.
    function lastRound(uint256 programme) external view returns (uint256);

    /// @notice Who proposed and who approved a root of a programme.
    function rootOf(uint256 programme, bytes32 root) external view returns (EligibilityRoot memory);

    /// @notice Whether the nullifier's person has a place in the round.
    function isNullifierUsed(uint256 programme, uint256 round, bytes32 nullifier) external view returns (bool);

    /// @notice Whether the address has a place in the round.
    function hasClaimed(uint256 programme, uint256 round, address holder) external view returns (bool);
}
