// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {Model} from "./Model.sol";

/// @title What every step of the machine is made of: chance, actors, one call with what the model expects of it.
abstract contract Steps is Model {
    error Steps_Surprise(string what, bytes4 expected, bytes4 happened);

    uint64 internal constant ANYBODY = type(uint64).max;
    bytes4 internal constant FINE = 0;

    /// @dev A function that went through.
    struct Passed {
        address target;
        bytes4 selector;
    }

    uint256 internal _entropy;
    uint256 public steps;
    uint256 public calls;
    mapping(address target => mapping(bytes4 selector => uint256 times)) internal _passed;
    mapping(bytes4 error => uint256 times) internal _refused;
    Passed[] internal _passedList; // each once, in the order of their first time
    bytes4[] internal _refusedList;

    // --- chance ---

    function _draw(uint256 below) internal returns (uint256) {
        _entropy = uint256(keccak256(abi.encode(_entropy)));
        return _entropy % below;
    }

    function _chance(uint256 percent) internal returns (bool) {
        return _draw(100) < percent;
    }

    // --- actors ---

    /// @dev Mostly somebody who has the role, now and then anybody.
    function _actor(uint64 role) internal returns (address actor) {
        actor = mActors[_draw(mActors.length)];
        if (_chance(5)) return actor;
        for (uint256 i; i < 30 && !mRoles[actor][role]; ++i) {
            actor = mActors[_draw(mActors.length)];
        }
    }

    // --- calls ---

    /// @dev Calls as `actor`, who needs `role`; what comes must be what the model expects.
    /// @return Whether it went through.
    function _call(string memory what, address actor, uint64 role, address target, bytes memory data, bytes4 expected)
        internal
        returns (bool)
    {
        if (role != ANYBODY && !mRoles[actor][role]) expected = IAccessManaged.AccessManagedUnauthorized.selector;
        vm.prank(actor);
        (bool ok, bytes memory answer) = target.call(data);
        bytes4 happened = ok ? FINE : answer.length < 4 ? bytes4(0xffffffff) : bytes4(answer);
        if (happened != expected) revert Steps_Surprise(what, expected, happened);
        ++calls;
        if (ok) _countPassed(target, bytes4(data));
        else _countRefused(happened);
        return ok;
    }

    function _countPassed(address target, bytes4 selector) internal {
        if (++_passed[target][selector] == 1) _passedList.push(Passed(target, selector));
    }

    /// @dev A refusal, of a call or logged within one.
    function _countRefused(bytes4 error) internal {
        if (++_refused[error] == 1) _refusedList.push(error);
    }

    // --- picking things ---

    /// @dev Mostly a programme of late, now and then any, or one that does not exist.
    function _anyProgramme() internal returns (uint256) {
        if (mLastProgramme == 0 || _chance(2)) return mLastProgramme + 1;
        if (_chance(8)) return 1 + _draw(mLastProgramme);
        uint256 late = mLastProgramme < 6 ? mLastProgramme : 6;
        return mLastProgramme - _draw(late);
    }

    /// @dev A published or active programme whose time is not over, if a few draws find one.
    function _openOne() internal returns (uint256 programme) {
        for (uint256 i; i < 8; ++i) {
            programme = _anyProgramme();
            MProgramme storage p = mProgrammes[programme];
            if ((p.state == 4 || p.state == 5) && (block.timestamp < p.endsAt || _chance(5))) return programme;
        }
    }

    function _anyMerchant() internal returns (uint256) {
        return _chance(3) ? mLastMerchant + 1 : 1 + _draw(mLastMerchant + 1);
    }

    function _fresh(string memory kind) internal returns (string memory) {
        return string.concat(kind, "-", vm.toString(steps), "-", vm.toString(_draw(1_000_000)));
    }

    function _longText() internal pure returns (string memory) {
        return string(new bytes(65));
    }
}
