// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The part of the emergency lane that lengthens vouchers. Nothing in the lane takes anything from a holder.
interface ICaseDeskEmergency {
    /// @notice The batch's validity ends at `newUntil` instead of `oldUntil`, both block time, exclusive.
    event BatchExtended(uint256 indexed batch, address indexed by, uint256 oldUntil, uint256 newUntil, string reason);

    /// @notice Lengthens the validity of a batch's vouchers; claim days grow by as much.
    ///
    /// @dev Emits {BatchExtended}.
    ///
    /// Requirements:
    /// - The caller must have the role EMERGENCY.
    /// - `newUntil` must be later than the batch's end and no later than its programme's, which is the legal bound.
    /// - No pair of the batch may have been swept.
    ///
    /// Notes:
    /// - Vouchers that have expired but were not swept are LIVE again, if `newUntil` lies ahead.
    ///
    /// @param newUntil Unix seconds, exclusive, pauses declared so far included.
    function extendBatch(uint256 batch, uint256 newUntil, string calldata reason) external;
}
