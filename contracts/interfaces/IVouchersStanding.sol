// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What stands over vouchers: freezes, revocations, extensions, pauses. {ICaseDesk} and {IProgrammeEmergency} judge; here it is kept.
interface IVouchersStanding {
    /// @notice The new end is not later than the old one.
    error Vouchers_NotLonger(uint256 batch, uint256 newUntil, uint256 oldUntil);
    /// @notice The new end lies beyond the programme's, which is its legal bound.
    error Vouchers_BeyondProgramme(uint256 batch, uint256 newUntil, uint256 endsAt);
    /// @notice Vouchers of the batch were swept, their value is gone.
    error Vouchers_BatchSwept(uint256 batch);

    /// @notice The bits of an overlay (1 frozen, 2 revoked, 3 booked, 4 transferred, 5 ever reversed) of 256 places, by `voucher >> 8`.
    function overlayBits(uint256 overlay, uint256 key) external view returns (uint256);

    /// @notice Until when a subject is frozen, exclusive; 0 if it never was or the freeze was lifted. Subjects as in {Subjects}.
    function frozenUntil(uint256 subject, uint256 id) external view returns (uint256);

    /// @notice Until when the whole network is paused, and the seconds of all its pauses, one that runs counted to its declared end.
    function networkPause() external view returns (uint256 until, uint256 total);

    /// @notice The programme's clock: block time less the seconds it was paused. It stands still inside a pause.
    function programmeClock(uint256 programme) external view returns (uint256);

    /// @notice Writes until when a known subject is frozen; 0 ends a freeze. CaseDesk only.
    function setFrozen(uint256 subject, uint256 id, uint256 until) external;

    /// @notice Marks a voucher that is LIVE as revoked and takes it out of `committed`. CaseDesk only.
    /// @return line Its budget line.
    /// @return amount Its value, or what is left of it.
    function bookRevoked(uint256 voucher) external returns (uint256 line, uint256 amount);

    /// @notice Lengthens a batch's validity, and its claim days by as much. CaseDesk only.
    /// @param newUntil Block time, exclusive: later than the old end, at most the programme's, nothing of the batch swept.
    /// @return oldUntil What was its end in block time.
    function lengthen(uint256 batch, uint256 newUntil) external returns (uint256 oldUntil);

    /// @notice Writes a pause of the whole network. ProgrammeRegistry only.
    function setNetworkPause(uint256 until, uint256 total) external;
}
