// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeEmergency} from "../../../contracts/interfaces/IProgrammeEmergency.sol";
import {IProgrammeRules} from "../../../contracts/interfaces/IProgrammeRules.sol";
import {IVouchersErrors} from "../../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersStanding} from "../../../contracts/interfaces/IVouchersStanding.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {Steps} from "./Steps.sol";

/// @title The emergency lane: extensions, widened channels, pauses.
abstract contract LaneSteps is Steps {
    function _laneStep() internal {
        uint256 kind = _draw(100);
        if (kind < 25) _extendStep();
        else if (kind < 50) _widenStep();
        else if (kind < 65) _pauseStep();
        else if (kind < 85) _resumeStep();
        else if (kind < 92) _pauseAllStep();
        else _resumeAllStep();
    }

    function _extendStep() private {
        uint256 batch = _chance(3) ? mLastBatch + 1 : mLastBatch == 0 ? 0 : mLastBatch - _draw(mLastBatch < 12 ? mLastBatch : 12);
        if (_chance(30) && mLastBatch != 0) batch = 1 + _draw(mLastBatch);
        MBatch storage b = mBatches[batch];
        uint256 old = b.until + _mPausedFor(b.programme);
        uint256 endsAt = mProgrammes[b.programme].endsAt;
        uint256 until = old < endsAt && _chance(75) ? old + 1 + _draw(endsAt - old) : old + _draw(2) * (endsAt + 1);
        bytes4 expected;
        if (b.programme == 0) expected = IVouchersErrors.Vouchers_BatchUnknown.selector;
        else if (b.sweptOnce) expected = IVouchersStanding.Vouchers_BatchSwept.selector;
        else if (until <= old) expected = IVouchersStanding.Vouchers_NotLonger.selector;
        else if (until > endsAt) expected = IVouchersStanding.Vouchers_BeyondProgramme.selector;
        bytes memory data = abi.encodeCall(desk.extendBatch, (batch, until, "flood"));
        if (!_call("extendBatch", _actor(Roles.EMERGENCY), Roles.EMERGENCY, address(desk), data, expected)) return;
        b.until += until - old;
        b.extended += until - old;
    }

    function _widenStep() private {
        uint256 id = _chance(90) ? _openOne() : _anyProgramme();
        MProgramme storage p = mProgrammes[id];
        uint256 channels = _chance(4) ? _draw(2) * 256 : 1 + _draw(7);
        uint256 until = block.timestamp + _draw(_chance(90) ? 2 days : 400 days);
        if (_chance(50) && p.laneUntil > until) until = p.laneUntil;
        bytes4 expected;
        if (p.state != 4 && p.state != 5) expected = IProgrammeRules.ProgrammeRegistry_NotOpen.selector;
        else if (channels == 0 || channels > 255) expected = IProgrammeEmergency.ProgrammeRegistry_ChannelsInvalid.selector;
        else if (until <= block.timestamp) expected = IProgrammeEmergency.ProgrammeRegistry_EndPassed.selector;
        else if (until > p.endsAt) expected = IProgrammeEmergency.ProgrammeRegistry_BeyondProgramme.selector;
        else if (until < p.laneUntil) expected = IProgrammeEmergency.ProgrammeRegistry_WideningNotLonger.selector;
        bytes memory data = abi.encodeCall(programmes.widenChannels, (id, channels, until, "flood"));
        if (!_call("widenChannels", _actor(Roles.EMERGENCY), Roles.EMERGENCY, address(programmes), data, expected)) return;
        p.laneChannels = block.timestamp < p.laneUntil ? p.laneChannels | channels : channels;
        p.laneUntil = until;
    }

    function _pauseStep() private {
        uint256 id = _chance(90) ? _openOne() : _anyProgramme();
        if (mPausedLast != 0 && _mIsPaused(mPausedLast) && _chance(60)) id = mPausedLast;
        MProgramme storage p = mProgrammes[id];
        uint256 until = _mIsPaused(id) && _chance(40) ? block.timestamp + 1 : _pauseEnd();
        bytes4 expected = _expectPause(id, until);
        if (_mIsPaused(0)) expected = IProgrammeEmergency.ProgrammeRegistry_NetworkPaused.selector;
        if (p.state != 4 && p.state != 5) expected = IProgrammeRules.ProgrammeRegistry_NotOpen.selector;
        bytes memory data = abi.encodeCall(programmes.pause, (id, until, "flood"));
        if (!_call("pause", _actor(Roles.EMERGENCY), Roles.EMERGENCY, address(programmes), data, expected)) return;
        _keepPause(id, until);
    }

    function _pauseAllStep() private {
        uint256 until = _pauseEnd();
        bytes memory data = abi.encodeCall(programmes.pauseAll, (until, "flood"));
        bytes4 expected = _expectPause(0, until);
        if (!_call("pauseAll", _actor(Roles.EMERGENCY), Roles.EMERGENCY, address(programmes), data, expected)) return;
        for (uint256 id = 1; id <= mLastProgramme; ++id) {
            if (_mIsPaused(id)) _endPause(id);
        }
        _keepPause(0, until);
    }

    function _resumeStep() private {
        uint256 id = mPausedLast == 0 || _chance(30) ? _anyProgramme() : mPausedLast;
        bytes4 expected = _mIsPaused(id) ? FINE : IProgrammeEmergency.ProgrammeRegistry_NotPaused.selector;
        bytes memory data = abi.encodeCall(programmes.resume, (id));
        if (_call("resume", _actor(Roles.EMERGENCY), Roles.EMERGENCY, address(programmes), data, expected)) _endPause(id);
    }

    function _resumeAllStep() private {
        bytes4 expected = _mIsPaused(0) ? FINE : IProgrammeEmergency.ProgrammeRegistry_NotPaused.selector;
        bytes memory data = abi.encodeCall(programmes.resumeAll, ());
        if (_call("resumeAll", _actor(Roles.EMERGENCY), Roles.EMERGENCY, address(programmes), data, expected)) _endPause(0);
    }

    // --- pauses in the model: intervals, the last of each programme's open until its end ---

    function _pauseEnd() private returns (uint256) {
        if (_chance(20)) return block.timestamp + _draw(2) * (30 days + 1);
        return block.timestamp + 1 + _draw(_chance(92) ? 1 hours : 30 days);
    }

    function _expectPause(uint256 id, uint256 until) private view returns (bytes4) {
        if (until <= block.timestamp) return IProgrammeEmergency.ProgrammeRegistry_EndPassed.selector;
        if (until > block.timestamp + 30 days) return IProgrammeEmergency.ProgrammeRegistry_PauseTooLong.selector;
        bool shorter = _mIsPaused(id) && until <= mPauses[id][mPauses[id].length - 1].until;
        return shorter ? IProgrammeEmergency.ProgrammeRegistry_PauseNotLonger.selector : FINE;
    }

    function _keepPause(uint256 id, uint256 until) private {
        if (_mIsPaused(id)) mPauses[id][mPauses[id].length - 1].until = until;
        else mPauses[id].push(MPause(block.timestamp, until));
        if (id != 0) mPausedLast = id;
    }

    function _endPause(uint256 id) private {
        mPauses[id][mPauses[id].length - 1].until = block.timestamp;
    }
}
