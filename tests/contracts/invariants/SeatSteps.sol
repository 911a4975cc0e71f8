// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskReassignments} from "../../../contracts/interfaces/ICaseDeskReassignments.sol";
import {ICaseDeskTransfers} from "../../../contracts/interfaces/ICaseDeskTransfers.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {PassSteps} from "./PassSteps.sol";

/// @title Places given to somebody else.
abstract contract SeatSteps is PassSteps {
    uint256 private constant DELAY = 7 * 86_400;

    function _seatStep() internal {
        uint256 kind = _draw(100);
        if (kind < 45) _proposeSeatStep();
        else if (kind < 90) _approveSeatStep();
        else _withdrawSeatStep();
    }

    function _proposeSeatStep() private {
        uint256 seat = _chance(8) && mSeats.length != 0 ? mSeats[_draw(mSeats.length)] : _anySeat();
        address to = _drawReceiver();
        bytes4 expected =
            mSeatNext[seat].to != address(0) ? ICaseDeskReassignments.CaseDesk_ReassignmentOpen.selector : _expectSeat(seat, to);
        address actor = _actor(Roles.REGISTRAR);
        bytes memory data = abi.encodeCall(desk.proposeReassignment, (seat >> 11, seat & 0x7ff, to, "moved away"));
        if (!_call("proposeReassignment", actor, Roles.REGISTRAR, address(desk), data, expected)) return;
        mSeats.push(seat);
        mSeatNext[seat] = MSeat(to, actor, block.timestamp + DELAY);
    }

    function _approveSeatStep() private {
        uint256 seat = _waitingSeat();
        MSeat memory s = mSeatNext[seat];
        address to = s.to == address(0) || _chance(5) ? _drawReceiver() : s.to;
        address actor = s.to != address(0) && _chance(5) ? s.proposer : _actor(Roles.APPROVER);
        bytes4 expected;
        if (s.to == address(0)) expected = ICaseDeskReassignments.CaseDesk_NothingProposed.selector;
        else if (s.to != to) expected = ICaseDeskReassignments.CaseDesk_ReassignmentDiffers.selector;
        else if (s.proposer == actor) expected = ICaseDeskReassignments.CaseDesk_OwnProposal.selector;
        else if (block.timestamp < s.ripeAt) expected = ICaseDeskReassignments.CaseDesk_TooEarly.selector;
        else expected = _expectSeat(seat, to);
        bytes memory data = abi.encodeCall(desk.approveReassignment, (seat >> 11, seat & 0x7ff, to));
        if (!_call("approveReassignment", actor, Roles.APPROVER, address(desk), data, expected)) return;
        mGivenTo[seat] = _holderIndex(to) + 1;
        delete mSeatNext[seat];
    }

    function _withdrawSeatStep() private {
        uint256 seat = _waitingSeat();
        bytes4 expected = mSeatNext[seat].to == address(0) ? ICaseDeskReassignments.CaseDesk_NothingProposed.selector : FINE;
        bytes memory data = abi.encodeCall(desk.withdrawReassignment, (seat >> 11, seat & 0x7ff, "came back"));
        if (!_call("withdrawReassignment", _actor(Roles.REGISTRAR), Roles.REGISTRAR, address(desk), data, expected)) return;
        delete mSeatNext[seat];
    }

    /// @dev Whether the place can be given to the receiver.
    function _expectSeat(uint256 seat, address to) private view returns (bytes4) {
        uint256 roll = seat >> 11;
        if ((seat & 0x7ff) >= mRolls[roll].holders.length) return ICaseDeskReassignments.CaseDesk_PlaceUnknown.selector;
        if (mRolls[roll].claimed) return ICaseDeskReassignments.CaseDesk_PlaceClaimed.selector;
        if (mTakenUp[seat]) return ICaseDeskReassignments.CaseDesk_PlaceTakenUp.selector;
        address holder = _mHolderOf(seat);
        uint256 id = mRolls[roll].programme << 160 | uint160(holder);
        if (_mIsFrozen(2, roll) || _mIsFrozen(4, id)) return ICaseDeskTransfers.CaseDesk_SubjectFrozen.selector;
        return _expectReceiver(holder, to);
    }

    /// @dev Mostly a place of late that was granted.
    function _anySeat() private returns (uint256) {
        if (mLastRoll == 0 || _chance(3)) return (mLastRoll + 1) << 11;
        uint256 roll = mLastRoll - _draw(mLastRoll) % 30;
        for (uint256 i; i < 4 && mRolls[roll].claimed && roll > 1; ++i) {
            --roll;
        }
        return roll << 11 | _draw(mRolls[roll].holders.length + (_chance(3) ? 1 : 0));
    }

    /// @dev Mostly one that waits, ripe if there is such a one.
    function _waitingSeat() private returns (uint256 seat) {
        for (uint256 i = mSeats.length; i != 0 && _chance(98); --i) {
            seat = mSeats[i - 1];
            if (mSeatNext[seat].to != address(0) && (block.timestamp >= mSeatNext[seat].ripeAt || _chance(4))) return seat;
        }
        return mSeats.length == 0 || _chance(30) ? _anySeat() : mSeats[_draw(mSeats.length)];
    }
}
