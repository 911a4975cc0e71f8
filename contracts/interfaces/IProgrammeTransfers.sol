// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TransferCaps} from "../types/Transfer.sol";

/// @title How much of a programme's vouchers people may pass on, beside each version of its rules.
/// @dev A version with flag 8 but no caps lets nothing be passed on.
interface IProgrammeTransfers {
    /// @notice The caps of a rules version that is still to be proposed.
    event TransferCapsSet(
        uint256 indexed programme, uint256 indexed version, address indexed by, uint256 perTransfer, uint256 perMonth
    );

    /// @notice The version has been put before the approvers, or its number is not the next one.
    error ProgrammeRegistry_CapsNotOpen(uint256 programme, uint256 version);
    /// @notice A cap is 0, or the monthly one below that of one transfer.
    error ProgrammeRegistry_CapsInvalid(uint256 perTransfer, uint256 perMonth);

    /// @notice Sets the caps of a version before it is proposed, so that whoever approves the version has seen them.
    ///
    /// @dev Emits {TransferCapsSet}.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER.
    /// - `version` must be 1 while the programme is a draft, else the number after the newest version's.
    /// - `0 < perTransfer ≤ perMonth`, by face value, in the token's smallest unit.
    ///
    /// Notes:
    /// - May be repeated until the version is proposed. The number of a version that was withdrawn is never used again.
    function setTransferCaps(uint256 programme, uint256 version, TransferCaps calldata caps) external;

    /// @notice The caps of a version; zeros where none were set.
    function transferCaps(uint256 programme, uint256 version) external view returns (TransferCaps memory);
}
