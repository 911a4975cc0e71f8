// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskClaims} from "../../../contracts/interfaces/ICaseDeskClaims.sol";
import {ITreasury} from "../../../contracts/interfaces/ITreasury.sol";
import {IVouchersErrors} from "../../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersStanding} from "../../../contracts/interfaces/IVouchersStanding.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {RoundTerms} from "../../../contracts/types/Claim.sol";
import {SupplySteps} from "./SupplySteps.sol";

/// @title Lists of those who may claim, and rounds. A list has two of the ten people.
abstract contract RoundSteps is SupplySteps {
    uint256 private constant LISTS = HOLDERS / 2;

    // --- lists ---

    function _proposeRootStep() internal {
        (uint256 programme, bytes32 root) = _someRoot(_openOne());
        if (_chance(10)) root = 0;
        address actor = _actor(Roles.REGISTRAR);
        bytes4 expected;
        if (root == 0) expected = ICaseDeskClaims.CaseDesk_RootMissing.selector;
        else if (mRoots[programme][root].proposer != address(0)) expected = ICaseDeskClaims.CaseDesk_RootKnown.selector;
        bytes memory data = abi.encodeCall(desk.proposeRoot, (programme, root, "residents"));
        if (!_call("proposeRoot", actor, Roles.REGISTRAR, address(desk), data, expected)) return;
        mRoots[programme][root] = MRoot(actor, address(0));
    }

    function _approveRootStep() internal {
        (uint256 programme, bytes32 root) = _waitingRoot();
        MRoot storage r = mRoots[programme][root];
        address actor = _chance(15) && r.proposer != address(0) ? r.proposer : _actor(Roles.APPROVER);
        bytes4 expected = _expectWaiting(r);
        if (expected == FINE && r.proposer == actor) expected = ICaseDeskClaims.CaseDesk_OwnRoot.selector;
        bytes memory data = abi.encodeCall(desk.approveRoot, (programme, root));
        if (_call("approveRoot", actor, Roles.APPROVER, address(desk), data, expected)) r.approver = actor;
    }

    function _withdrawRootStep() internal {
        (uint256 programme, bytes32 root) = _waitingRoot();
        MRoot storage r = mRoots[programme][root];
        bytes memory data = abi.encodeCall(desk.withdrawRoot, (programme, root, "a wrong list"));
        if (_call("withdrawRoot", _actor(Roles.REGISTRAR), Roles.REGISTRAR, address(desk), data, _expectWaiting(r))) {
            r.proposer = address(0);
        }
    }

    function _expectWaiting(MRoot storage r) private view returns (bytes4) {
        bool waits = r.proposer != address(0) && r.approver == address(0);
        return waits ? FINE : ICaseDeskClaims.CaseDesk_RootNotWaiting.selector;
    }

    function _someRoot(uint256 programme) private returns (uint256, bytes32) {
        return (programme, _rootOf(programme, _draw(LISTS)));
    }

    /// @dev Mostly one that waits.
    function _waitingRoot() private returns (uint256 programme, bytes32 root) {
        for (uint256 i; i < 20; ++i) {
            (programme, root) = _someRoot(_openOne());
            if (_expectWaiting(mRoots[programme][root]) == FINE) return (programme, root);
        }
    }

    function _rootOf(uint256 programme, uint256 list) internal pure returns (bytes32) {
        (bytes32 a, bytes32 b) = (_leafOf(programme, 2 * list), _leafOf(programme, 2 * list + 1));
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    function _leafOf(uint256 programme, uint256 person) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode(programme, _nullifierOf(person), bytes32(person)))));
    }

    function _nullifierOf(uint256 person) internal pure returns (bytes32) {
        return keccak256(abi.encode("nullifier", person));
    }

    // --- rounds ---

    function _openRoundStep() internal {
        uint256 programme = _openOne();
        uint256 list = _draw(LISTS);
        RoundTerms memory t = _soundRound(programme);
        if (_chance(30)) t.root = _listRoot(programme, list);
        bytes4 expected;
        if (_chance(15)) expected = _spoilRound(t);
        if (expected == FINE) expected = _expectRound(programme, t);
        bytes memory data = abi.encodeCall(desk.openRound, (programme, t));
        if (!_call("openRound", _actor(Roles.TREASURER), Roles.TREASURER, address(desk), data, expected)) return;
        MRound storage r = mRounds[programme].push();
        (r.places, r.opensAt, r.closesAt, r.root, r.batches) = (t.places, t.opensAt, t.closesAt, t.root, t.batches);
        mRoundList.push(programme << 16 | mRounds[programme].length);
        _keepReserved(t.batches, t.places, 0);
    }

    /// @dev Mostly one that was approved.
    function _listRoot(uint256 programme, uint256 list) private returns (bytes32) {
        for (uint256 i; i < LISTS && _chance(90); ++i) {
            bytes32 root = _rootOf(programme, (list + i) % LISTS);
            if (mRoots[programme][root].approver != address(0)) return root;
        }
        return _rootOf(programme, list);
    }

    function _soundRound(uint256 programme) private returns (RoundTerms memory t) {
        t.places = uint40(1 + _draw(_chance(90) ? 6 : 300));
        t.opensAt = uint40(block.timestamp + (_chance(80) ? 0 : _draw(2 hours)));
        t.closesAt = uint40(t.opensAt + 1 + _draw(_chance(60) ? 1 days : 5 days));
        t.batches = _pack(programme);
    }

    /// @dev One or two of the programme's batches, ascending, mostly good for a while.
    function _pack(uint256 programme) private returns (uint256[] memory pack) {
        uint256[] storage all = mProgrammes[programme].batches;
        if (all.length == 0) return _one(_draw(mLastBatch + 2));
        uint256 first = all[_draw(all.length)];
        for (uint256 i; i < 10 && mBatches[first].until < _mClock(programme) + 2 days; ++i) {
            first = all[_draw(all.length)];
        }
        uint256 second = _chance(4) ? _draw(mLastBatch + 2) : all[_draw(all.length)];
        if (second == first || _chance(50)) return _one(first);
        return first < second ? _two(first, second) : _two(second, first);
    }

    function _spoilRound(RoundTerms memory t) private returns (bytes4) {
        uint256 fault = _draw(6);
        if (fault == 0) t.places = 0;
        if (fault == 1) t.opensAt = t.closesAt;
        if (fault == 2) (t.opensAt, t.closesAt) = (uint40(block.timestamp - 1), uint40(block.timestamp));
        if (fault == 3) t.batches = new uint256[](_draw(2) * 21);
        if (fault == 4) t.batches = _two(t.batches[0], t.batches[0]);
        if (fault == 5) t.batches = _two(t.batches[0] + 1, t.batches[0]);
        return ICaseDeskClaims.CaseDesk_RoundInvalid.selector;
    }

    function _expectRound(uint256 programme, RoundTerms memory t) private view returns (bytes4) {
        if (t.root != 0 && mRoots[programme][t.root].approver == address(0)) {
            return ICaseDeskClaims.CaseDesk_RootNotApproved.selector;
        }
        if (!_isOpen(programme)) return IVouchersErrors.Vouchers_ProgrammeNotOpen.selector;
        if (t.closesAt > mProgrammes[programme].endsAt) return IVouchersStanding.Vouchers_BeyondProgramme.selector;
        uint256 paused = block.timestamp - _mClock(programme);
        for (uint256 i; i < t.batches.length; ++i) {
            MBatch storage b = mBatches[t.batches[i]];
            if (b.programme == 0) return IVouchersErrors.Vouchers_BatchUnknown.selector;
            if (b.programme != programme) return IVouchersErrors.Vouchers_PackMixed.selector;
            if (t.closesAt > b.until + paused) return IVouchersErrors.Vouchers_BatchOver.selector;
            if (b.issued + b.reserved + t.places > b.quota) return IVouchersErrors.Vouchers_QuotaExceeded.selector;
            MBatch storage before = mBatches[i == 0 ? 0 : t.batches[0]];
            bytes4 expected = _expectMoney(programme << 16 | b.line, b, t.places, before.line == b.line ? before.face : 0);
            if (expected != FINE) return expected;
        }
        return FINE;
    }

    /// @dev Whether the line has the money, beside what the batch before took from it.
    function _expectMoney(uint256 line, MBatch storage b, uint256 places, uint256 faceBefore) private view returns (bytes4) {
        MLine storage l = mLines[line];
        uint256 kept = l.reserved + faceBefore * places;
        if (b.face * places > l.budget - (l.deposited - l.available) - kept) return ITreasury.Treasury_OverBudgetLine.selector;
        return b.face * places > l.available - kept ? ITreasury.Treasury_Unbacked.selector : FINE;
    }

    function _keepReserved(uint256[] memory batches, uint256 more, uint256 less) internal {
        for (uint256 i; i < batches.length; ++i) {
            MBatch storage b = mBatches[batches[i]];
            b.reserved = b.reserved + more - less;
            MLine storage l = mLines[b.programme << 16 | b.line];
            l.reserved = l.reserved + more * b.face - less * b.face;
        }
    }

    function _closeRoundStep() internal {
        (uint256 programme, uint256 number) = _someRound(true);
        MProgramme storage p = mProgrammes[programme];
        if (p.state == 5 && block.timestamp >= p.endsAt && _chance(80)) return; // it can be closed with what it keeps
        bytes4 expected = _expectKnown(programme, number);
        if (expected == FINE) {
            MRound storage r = mRounds[programme][number - 1];
            if (r.closed) expected = ICaseDeskClaims.CaseDesk_RoundClosedBefore.selector;
            else if (block.timestamp < r.closesAt) expected = ICaseDeskClaims.CaseDesk_RoundRunning.selector;
        }
        address actor = mActors[_draw(mActors.length)];
        bytes memory data = abi.encodeCall(desk.closeRound, (programme, number));
        if (!_call("closeRound", actor, ANYBODY, address(desk), data, expected)) return;
        MRound storage closed = mRounds[programme][number - 1];
        closed.closed = true;
        _keepReserved(closed.batches, 0, closed.places - closed.given);
    }

    function _expectKnown(uint256 programme, uint256 number) internal view returns (bytes4) {
        bool known = number != 0 && number <= mRounds[programme].length;
        return known ? FINE : ICaseDeskClaims.CaseDesk_RoundUnknown.selector;
    }

    /// @dev Mostly a round of late that is over, or is not, and was not closed.
    function _someRound(bool over) internal returns (uint256 programme, uint256 number) {
        if (mRoundList.length == 0 || _chance(4)) return (_anyProgramme(), _draw(4));
        for (uint256 i; i < 12; ++i) {
            uint256 late = mRoundList.length < 25 ? mRoundList.length : 25;
            uint256 key = mRoundList[mRoundList.length - 1 - _draw(late)];
            (programme, number) = (key >> 16, key & 0xffff);
            MRound storage r = mRounds[programme][number - 1];
            if (!r.closed && (block.timestamp >= r.closesAt) == over && (over || r.given < r.places || _chance(15))) break;
        }
    }
}
