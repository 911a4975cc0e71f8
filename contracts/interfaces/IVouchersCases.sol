// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What a case changes in the record of Vouchers. The proofs, windows and roles are {ICaseDesk}'s.
interface IVouchersCases {
    /// @notice Whether a redemption of the voucher by this digest was reversed: the signature is dead for it.
    function isDead(bytes32 digest, uint256 voucher) external view returns (bool);

    /// @notice Takes a redemption back: the voucher's bit, the signature, the merchant's day, the line. CaseDesk only.
    ///
    /// @dev The caller has proved the redemption and that its signature is not dead, so the voucher's bit is set, unless it is stored value
    /// that was not used up.
    ///
    /// @param day The merchant's day the money comes off; at least `amount` and one redemption of it must be neither settled nor disputed.
    /// @return line The budget line.
    /// @return gone Whether the pair was swept or the voucher revoked: then the value belongs to the line's available money, else it is
    /// committed again.
    function bookReversed(uint256 voucher, bytes32 digest, uint256 amount, uint256 merchant, uint256 day)
        external
        returns (uint256 line, bool gone);

    /// @notice Locks money of a merchant's day against settlement. CaseDesk only.
    function lockDisputed(uint256 line, uint256 merchant, uint256 day, uint256 amount) external;

    /// @notice Unlocks what {lockDisputed} locked. CaseDesk only.
    function unlockDisputed(uint256 line, uint256 merchant, uint256 day, uint256 amount) external;
}
