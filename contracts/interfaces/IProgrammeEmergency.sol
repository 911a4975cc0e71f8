// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The emergency lane of programmes: a channel opened for a while, a pause that gives its length back.
/// @dev Nothing in the lane takes anything from a holder, and everything in it ends by itself.
interface IProgrammeEmergency {
    /// @notice Until `until`, exclusive, the programme's vouchers may also be spent through `channels`.
    event ChannelsWidened(uint256 indexed programme, uint256 channels, address indexed by, uint256 until, string reason);
    /// @notice Nothing of the programme is redeemed until `until`, exclusive. Programme 0: of no programme.
    event ProgrammePaused(uint256 indexed programme, address indexed by, uint256 until, string reason);
    /// @notice A pause was ended before its time.
    event ProgrammeResumed(uint256 indexed programme, address indexed by);

    /// @notice No channel is named, or one there cannot be.
    error ProgrammeRegistry_ChannelsInvalid(uint256 channels);
    /// @notice The end does not lie ahead.
    error ProgrammeRegistry_EndPassed(uint256 until, uint256 time);
    /// @notice The widening would last beyond the programme.
    error ProgrammeRegistry_BeyondProgramme(uint256 until, uint256 endsAt);
    /// @notice A widening that runs ends later; this one would take a channel from its holders.
    error ProgrammeRegistry_WideningNotLonger(uint256 until, uint256 widenedUntil);
    /// @notice A pause may not last that long.
    error ProgrammeRegistry_PauseTooLong(uint256 until, uint256 latest);
    /// @notice The pause that runs ends then already, or later.
    error ProgrammeRegistry_PauseNotLonger(uint256 until, uint256 pausedUntil);
    /// @notice The whole network is paused; a programme's own pause would be given back twice.
    error ProgrammeRegistry_NetworkPaused(uint256 until);
    /// @notice No pause runs. Programme 0: of the whole network.
    error ProgrammeRegistry_NotPaused(uint256 programme);

    /// @notice How far ahead the end of a pause may lie, in seconds.
    function MOST_PAUSE() external view returns (uint256);

    /// @notice Opens channels to a programme's vouchers beside their own, until a date at which they close by themselves.
    ///
    /// @dev Emits {ChannelsWidened} with all channels that are widened then.
    ///
    /// Requirements:
    /// - The caller must have the role EMERGENCY; the programme must be published or active.
    /// - `until` must lie ahead, not beyond the programme's end, and not before the end of a widening that runs.
    ///
    /// Notes:
    /// - Channels of a widening that runs stay open. A merchant's own channels bound it still.
    ///
    /// @param channels A bit for each channel.
    /// @param until Unix seconds, exclusive.
    function widenChannels(uint256 programme, uint256 channels, uint256 until, string calldata reason) external;

    /// @notice Pauses a programme: nothing of it is redeemed, and its clock stands still, so that every voucher is valid that much longer.
    ///
    /// @dev Emits {ProgrammePaused}.
    ///
    /// Requirements:
    /// - The caller must have the role EMERGENCY; the programme must be published or active.
    /// - `until` must lie ahead, by at most {MOST_PAUSE}, and later than the end of a pause that runs.
    /// - The network must not be paused.
    function pause(uint256 programme, uint256 until, string calldata reason) external;

    /// @notice Ends a programme's pause now. EMERGENCY. Emits {ProgrammeResumed}.
    function resume(uint256 programme) external;

    /// @notice Pauses the whole network like {pause}. It takes the place of programmes' own pauses that run: they end now.
    /// EMERGENCY. Emits {ProgrammeResumed} for each of those, then {ProgrammePaused} with programme 0.
    function pauseAll(uint256 until, string calldata reason) external;

    /// @notice Ends the network's pause now. EMERGENCY. Emits {ProgrammeResumed} with programme 0.
    function resumeAll() external;
}
