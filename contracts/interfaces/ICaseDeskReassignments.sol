// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Giving a granted place that nobody has taken up to another holder.
/// @dev A place is taken up by whoever uses a voucher of it: see {IVouchersHolders-takenUp}.
interface ICaseDeskReassignments {
    /// @notice The place is to be another's, once another person approves it, from `ripeAt` on.
    event ReassignmentProposed(
        uint256 indexed roll, uint256 indexed place, address indexed to, address by, uint256 ripeAt, string reason
    );
    event ReassignmentWithdrawn(uint256 indexed roll, uint256 indexed place, address indexed by, string reason);
    /// @notice The vouchers of this place, those of issues to come included, are another's.
    event PlaceReassigned(uint256 indexed roll, uint256 indexed place, address indexed to, address proposer, address approver);

    /// @notice There is no such place.
    error CaseDesk_PlaceUnknown(uint256 roll, uint256 place);
    /// @notice People claimed the places of this roll themselves.
    error CaseDesk_PlaceClaimed(uint256 roll, uint256 place);
    /// @notice A voucher of the place was used.
    error CaseDesk_PlaceTakenUp(uint256 roll, uint256 place, uint256 voucher);
    /// @notice The place is on its way to somebody already.
    error CaseDesk_ReassignmentOpen(uint256 roll, uint256 place, address to);
    /// @notice Nothing is proposed for the place.
    error CaseDesk_NothingProposed(uint256 roll, uint256 place);
    /// @notice Somebody else was proposed.
    error CaseDesk_ReassignmentDiffers(uint256 roll, uint256 place, address to, address proposed);
    /// @notice Nobody approves what they proposed.
    error CaseDesk_OwnProposal(uint256 roll, uint256 place, address approver);
    /// @notice The delay is not over.
    error CaseDesk_TooEarly(uint256 roll, uint256 place, uint256 time, uint256 ripeAt);

    /// @notice Seconds between a proposal and the first second in which it can be approved.
    function REASSIGNMENT_DELAY() external view returns (uint256);

    /// @notice Proposes that a place be another's.
    ///
    /// @dev Emits {ReassignmentProposed}.
    ///
    /// Requirements:
    /// - The caller must have the role REGISTRAR.
    /// - The place must exist, not be claimed, not be taken up, and not be on its way already.
    /// - Neither the roll nor the place's holder may be frozen.
    /// - `to` must be neither zero nor the holder, nor a key or terminal of a merchant.
    function proposeReassignment(uint256 roll, uint256 place, address to, string calldata reason) external;

    /// @notice Gives the place to who was proposed.
    ///
    /// @dev Emits {PlaceReassigned}.
    ///
    /// Requirements:
    /// - The caller must have the role APPROVER and be another one than who proposed it.
    /// - {REASSIGNMENT_DELAY} must be over, `to` be who was proposed, and all that {proposeReassignment} asks for still be so.
    function approveReassignment(uint256 roll, uint256 place, address to) external;

    /// @notice Takes a proposal back. REGISTRAR. Emits {ReassignmentWithdrawn}.
    function withdrawReassignment(uint256 roll, uint256 place, string calldata reason) external;

    /// @notice Who is proposed for a place, by whom, and from when on it can be approved; zeros if nobody is.
    function reassignment(uint256 roll, uint256 place) external view returns (address to, address proposer, uint256 ripeAt);
}
