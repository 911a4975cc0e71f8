// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeEmergency} from "./interfaces/IProgrammeEmergency.sol";
import {ProgrammeBase} from "./ProgrammeBase.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";

/// @title Pauses and widened channels.
/// @dev A pause of a programme and one of the network never run at once: a programme's clock would go backwards.
abstract contract ProgrammeEmergency is IProgrammeEmergency, ProgrammeBase {
    /// @inheritdoc IProgrammeEmergency
    uint256 public constant MOST_PAUSE = 30 days;

    /// @inheritdoc IProgrammeEmergency
    function widenChannels(uint256 id, uint256 channels, uint256 until, string calldata reason) external restricted {
        uint256 endsAt = _open(id).terms.endsAt;
        uint256 word = _vouchers.programmeWord(id);
        uint256 before = ProgrammeWord.widenedChannelsUntil(word);

        // Check: some channel, an end ahead but not beyond the programme, not before that of a widening that runs.
        if (channels == 0 || channels > type(uint8).max) revert ProgrammeRegistry_ChannelsInvalid(channels);
        if (until <= block.timestamp) revert ProgrammeRegistry_EndPassed(until, block.timestamp);
        if (until > endsAt) revert ProgrammeRegistry_BeyondProgramme(until, endsAt);
        if (until < before) revert ProgrammeRegistry_WideningNotLonger(until, before);

        // Interaction:
        if (block.timestamp < before) channels |= ProgrammeWord.widenedChannels(word);
        _vouchers.setProgramme(id, ProgrammeWord.setWidenedChannels(word, channels, until));

        // Log:
        emit ChannelsWidened(id, channels, msg.sender, until, reason);
    }

    /// @inheritdoc IProgrammeEmergency
    function pause(uint256 id, uint256 until, string calldata reason) external restricted {
        _open(id);
        (uint256 network,) = _vouchers.networkPause();
        if (block.timestamp < network) revert ProgrammeRegistry_NetworkPaused(network);
        uint256 word = _vouchers.programmeWord(id);
        uint256 added = _added(until, ProgrammeWord.pausedUntil(word));

        // Effect:
        _forgetEnded(id);
        _paused.push(id);

        // Interaction:
        _vouchers.setProgramme(id, ProgrammeWord.setPause(word, until, ProgrammeWord.pausedSeconds(word) + added));

        // Log:
        emit ProgrammePaused(id, msg.sender, until, reason);
    }

    /// @inheritdoc IProgrammeEmergency
    function resume(uint256 id) external restricted {
        if (!_isPaused(id)) revert ProgrammeRegistry_NotPaused(id);
        _resume(id);
    }

    /// @inheritdoc IProgrammeEmergency
    function pauseAll(uint256 until, string calldata reason) external restricted {
        (uint256 before, uint256 total) = _vouchers.networkPause();
        uint256 added = _added(until, before);

        // Effect, Interaction:
        for (uint256 i = _paused.length; i != 0; --i) {
            if (_isPaused(_paused[i - 1])) _resume(_paused[i - 1]);
            _paused.pop();
        }
        _vouchers.setNetworkPause(until, total + added);

        // Log:
        emit ProgrammePaused(0, msg.sender, until, reason);
    }

    /// @inheritdoc IProgrammeEmergency
    function resumeAll() external restricted {
        (uint256 until, uint256 total) = _vouchers.networkPause();
        if (block.timestamp >= until) revert ProgrammeRegistry_NotPaused(0);
        _vouchers.setNetworkPause(block.timestamp, total - (until - block.timestamp));
        emit ProgrammeResumed(0, msg.sender);
    }

    // --- helpers ---

    /// @dev The seconds a pause until `until` gives back beside those that one until `before` gives back already.
    function _added(uint256 until, uint256 before) private view returns (uint256) {
        if (until <= block.timestamp) revert ProgrammeRegistry_EndPassed(until, block.timestamp);
        uint256 latest = block.timestamp + MOST_PAUSE;
        if (until > latest) revert ProgrammeRegistry_PauseTooLong(until, latest);
        if (until <= before) revert ProgrammeRegistry_PauseNotLonger(until, before);
        return until - (block.timestamp < before ? before : block.timestamp);
    }

    function _resume(uint256 id) private {
        uint256 word = _vouchers.programmeWord(id);
        uint256 rest = ProgrammeWord.pausedUntil(word) - block.timestamp;
        _vouchers.setProgramme(id, ProgrammeWord.setPause(word, block.timestamp, ProgrammeWord.pausedSeconds(word) - rest));
        emit ProgrammeResumed(id, msg.sender);
    }

    function _isPaused(uint256 id) private view returns (bool) {
        return block.timestamp < ProgrammeWord.pausedUntil(_vouchers.programmeWord(id));
    }

    /// @dev Keeps the list as short as there are pauses that run; `id` leaves it too.
    function _forgetEnded(uint256 id) private {
        for (uint256 i = _paused.length; i != 0; --i) {
            if (_paused[i - 1] != id && _isPaused(_paused[i - 1])) continue;
            _paused[i - 1] = _paused[_paused.length - 1];
            _paused.pop();
        }
    }
}
