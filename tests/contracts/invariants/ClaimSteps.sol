// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskClaims} from "../../../contracts/interfaces/ICaseDeskClaims.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {Claimant} from "../../../contracts/types/Claim.sol";
import {Vm} from "../Vm.sol";
import {RoundSteps} from "./RoundSteps.sol";

/// @title Claims: mostly sound ones, of the ten people, several in a call.
abstract contract ClaimSteps is RoundSteps {
    function _claimsStep() internal {
        uint256 kind = _draw(100);
        if (kind < 9) _proposeRootStep();
        else if (kind < 18) _approveRootStep();
        else if (kind < 22) _withdrawRootStep();
        else if (kind < 48) _openRoundStep();
        else if (kind < 90) _claimStep();
        else _closeRoundStep();
    }

    // --- claims ---

    function _claimStep() private {
        (uint256 programme, uint256 number) = _someRound(false);
        bytes4 expected = _expectKnown(programme, number);
        Claimant[] memory all = new Claimant[](_chance(3) ? _draw(2) * 1229 : 1 + _draw(5));
        if (all.length == 0 || all.length > 1228) expected = ICaseDeskClaims.CaseDesk_ClaimantsInvalid.selector;
        address actor = _actor(Roles.OPERATOR);
        if (!mRelayers[actor]) expected = ICaseDeskClaims.CaseDesk_NotARelayer.selector;
        bool custodial = _chance(50);
        if (expected != FINE) {
            bytes memory refused = abi.encodeCall(desk.claim, (programme, number, custodial, all));
            _call("claim", actor, ANYBODY, address(desk), refused, expected);
            return;
        }
        MRound storage r = mRounds[programme][number - 1];
        uint256[] memory people = new uint256[](all.length);
        bytes4[] memory reasons = new bytes4[](all.length);
        for (uint256 i; i < all.length; ++i) {
            (people[i], reasons[i]) = _drawClaimant(all, i, programme, number);
        }
        uint8[] memory given = _applyClaims(r, all, people, reasons);
        bytes memory data = abi.encodeCall(desk.claim, (programme, number, custodial, all));
        vm.recordLogs();
        _call("claim", actor, ANYBODY, address(desk), data, FINE);
        _matchRefusals(reasons, given.length);
        if (given.length != 0) _keepClaimed(programme, number, r, given);
    }

    /// @dev A claim, mostly sound. `reason` is what is wrong with it by itself.
    function _drawClaimant(Claimant[] memory all, uint256 at, uint256 programme, uint256 number)
        private
        returns (uint256 person, bytes4 reason)
    {
        MRound storage r = mRounds[programme][number - 1];
        Claimant memory c = all[at];
        person = _draw(HOLDERS);
        for (uint256 i; i < 6 && r.root != 0 && _rootOf(programme, person / 2) != r.root; ++i) {
            person = _draw(HOLDERS);
        }
        uint256 soul = _chance(8) ? _draw(HOLDERS) : person;
        (c.holder, c.nullifier, c.salt) = (mHolders[person], _nullifierOf(soul), bytes32(soul));
        c.deadline = block.timestamp + (_chance(5) ? _draw(2) : 1 + _draw(300));
        c.proof = new bytes32[](1);
        c.proof[0] = _leafOf(programme, soul ^ 1);
        bool mine = !_chance(5);
        bytes32 kind = keccak256("Claim(uint256 programme,uint256 round,address holder,bytes32 nullifier,uint256 deadline)");
        bytes32 inner = keccak256(abi.encode(kind, programme, number, c.holder, c.nullifier, c.deadline));
        c.signature = _signature(_holderKey(mine ? person : person + 1), _typed(inner));
        if (!mine) return (person, ICaseDeskClaims.CaseDesk_ClaimSignatureInvalid.selector);
        if (c.deadline <= block.timestamp) return (person, ICaseDeskClaims.CaseDesk_ClaimDeadlinePassed.selector);
        if (block.timestamp < r.opensAt) return (person, ICaseDeskClaims.CaseDesk_RoundNotBegun.selector);
        if (block.timestamp >= r.closesAt) return (person, ICaseDeskClaims.CaseDesk_RoundOver.selector);
        bool listed = r.root == 0 || _rootOf(programme, soul / 2) == r.root;
        return (person, listed ? FINE : ICaseDeskClaims.CaseDesk_NotEligible.selector);
    }

    /// @dev Who gets a place; fills in why others do not.
    function _applyClaims(MRound storage r, Claimant[] memory all, uint256[] memory people, bytes4[] memory reasons)
        private
        returns (uint8[] memory given)
    {
        given = new uint8[](all.length);
        uint256 count;
        for (uint256 i; i < all.length; ++i) {
            if (reasons[i] != FINE) continue;
            if (r.used[all[i].nullifier]) reasons[i] = ICaseDeskClaims.CaseDesk_NullifierUsed.selector;
            else if (r.claimed[all[i].holder]) reasons[i] = ICaseDeskClaims.CaseDesk_HolderClaimed.selector;
            else if (r.given == r.places) reasons[i] = ICaseDeskClaims.CaseDesk_ClaimsUsedUp.selector;
            if (reasons[i] != FINE) continue;
            (r.used[all[i].nullifier], r.claimed[all[i].holder]) = (true, true);
            ++r.given;
            given[count++] = uint8(people[i]);
        }
        assembly ("memory-safe") {
            mstore(given, count)
        }
    }

    function _keepClaimed(uint256 programme, uint256 number, MRound storage r, uint8[] memory given) private {
        mProgrammes[programme].rolls.push(++mLastRoll);
        MRoll storage roll = mRolls[mLastRoll];
        (roll.programme, roll.writtenAt, roll.holders) = (programme, _mClock(programme), given);
        roll.claimed = true;
        roll.ref = string.concat("claims/", vm.toString(programme), "/", vm.toString(number), "/", vm.toString(mLastRoll));
        _keepReserved(r.batches, 0, given.length);
        for (uint256 i; i < r.batches.length; ++i) {
            _keepPair(r.batches[i], mLastRoll);
        }
    }

    /// @dev The reasons logged are the model's, in their order; and so are the places.
    function _matchRefusals(bytes4[] memory reasons, uint256 places) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 at;
        for (uint256 i; i < reasons.length; ++i) {
            if (reasons[i] == FINE) continue;
            (uint256 index,, bytes4 reason) = abi.decode(logs[at].data, (uint256, bytes32, bytes4));
            bool its = logs[at++].topics[0] == ICaseDeskClaims.ClaimRefused.selector && index == i;
            if (!its || reason != reasons[i]) revert Steps_Surprise("refusal", reasons[i], reason);
            _countRefused(reason);
        }
        if (places == 0 && at == logs.length) return;
        uint256 rolled = abi.decode(logs[logs.length - 2].data, (uint256));
        if (rolled != places) revert Steps_Surprise("places", bytes4(uint32(places)), bytes4(uint32(rolled)));
    }
}
