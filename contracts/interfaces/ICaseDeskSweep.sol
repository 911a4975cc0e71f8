// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The sweep, and how CaseDesk is linked.
interface ICaseDeskSweep {
    /// @notice The unspent vouchers of a pair expired: `count` of them, `amount` back to the line.
    event VouchersSwept(
        uint256 indexed batch, uint256 indexed roll, uint256 indexed line, uint256 count, uint256 amount, address by
    );
    /// @notice The contracts this one works with.
    event ContractsLinked(address vouchers, address treasury, address merchantRegistry);

    /// @notice The pair's validity is not over.
    error CaseDesk_NotOver(uint256 batch, uint256 roll, uint256 time, uint256 validUntil);
    /// @notice The contracts are linked already.
    error CaseDesk_AlreadyLinked();

    /// @notice Books the expired value of a (batch, roll) pair back to its budget line, once.
    ///
    /// @dev Emits {VouchersSwept}.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER.
    /// - The pair must have been issued, its validity be over, and it must not have been swept before.
    ///
    /// @return amount What went back to the line's available money.
    function sweep(uint256 batch, uint256 roll) external returns (uint256 amount);

    /// @notice Links the contracts of this release, once. ADMIN. Emits {ContractsLinked}.
    function link(address vouchers, address treasury, address merchantRegistry) external;
}
