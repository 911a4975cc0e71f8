// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Who holds a voucher when it is no longer who stands in the roll. {ICaseDeskTransfers} and {ICaseDeskReassignments} judge.
interface IVouchersHolders {
    /// @notice The holder of a roll's place, as of now: of every voucher of it that was not passed on. Zero where there is no such place.
    function holderAt(uint256 roll, uint256 place) external view returns (address holder);

    /// @notice A voucher of the place that was ever redeemed, booked or passed on, whatever became of it; 0 if there is none.
    ///
    /// @dev Looks at every batch of the release, at up to 6,100 gas each.
    function takenUp(uint256 roll, uint256 place) external view returns (uint256 voucher);

    /// @notice The linked ProgrammeRegistry.
    function registry() external view returns (address);

    /// @notice Gives a voucher to another holder; the signature it was passed on with is dead. CaseDesk only.
    ///
    /// @dev The caller has judged it: the voucher exists and is LIVE, its rules version is transferable.
    function bookTransferred(uint256 voucher, address to, bytes32 digest) external;

    /// @notice Gives a roll's place, and so its vouchers of every batch, to another holder. CaseDesk only.
    function bookReassigned(uint256 roll, uint256 place, address to) external;
}
