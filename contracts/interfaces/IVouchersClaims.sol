// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What claims change in the record of Vouchers. The people, signatures and rounds are {ICaseDeskClaims}'s.
interface IVouchersClaims {
    /// @notice Keeps quota of every batch, and money of its line, for `places` that are claimed later. CaseDesk only.
    ///
    /// @dev The programme must be published or active and, like each of its batches, not be over before `until`.
    function reserve(uint256 programme, uint256[] calldata batches, uint256 places, uint256 until) external;

    /// @notice Frees what {reserve} keeps for `places`. CaseDesk only.
    function unreserve(uint256[] calldata batches, uint256 places) external;

    /// @notice Writes a roll of claimed places. CaseDesk only. Emits {IVouchersSupply-RollWritten}.
    ///
    /// @param custodial Whether the node's wallet keeps the holders' keys.
    /// @return roll The roll's id.
    function writeClaimedRoll(uint256 programme, string calldata ref, bool custodial, bytes calldata holders)
        external
        returns (uint256 roll);

    /// @notice Issues batches to rolls out of what {reserve} keeps for them. CaseDesk only. Emits {IVouchersSupply-VouchersIssued}.
    function issueReserved(uint256[] calldata batches, uint256[] calldata rolls) external;
}
