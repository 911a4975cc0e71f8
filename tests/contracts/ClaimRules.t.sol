// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskClaims} from "../../contracts/interfaces/ICaseDeskClaims.sol";
import {Claimant, RoundTerms} from "../../contracts/types/Claim.sol";
import {CaseReader} from "./CaseReader.sol";
import {ClaimWorld} from "./ClaimWorld.sol";
import {Vm} from "./Vm.sol";

/// rules of a claim
/// └── for each case of tests/cases/claims.json
///     ├── when it expects acceptance: it should give a place
///     └── when it expects a refusal: it should log that reason alone and give none
contract ClaimRulesTest is ClaimWorld, CaseReader {
    uint256 private constant AT = NOW + 1 hours;
    uint256 private constant PLACES = 9;

    function test_rules__forEachCase__agreeWithTheTable() external {
        vm.pauseGasMetering();
        bytes memory table = bytes(vm.readFile("tests/cases/claims.json"));
        uint256 cases;
        uint256 world = vm.snapshotState();
        for (uint256 at = _takeCase(table, 0); at != 0; at = _takeCase(table, at)) {
            this.judge();
            vm.revertToState(world);
            ++cases;
        }
        vm.assertGe(cases, 20, "cases");
    }

    /// @dev The case in hand: person 0 claims, after those who have a place already.
    function judge() external {
        _openTheRound();
        vm.warp(AT - 50);
        if (_given("used", 0) != 0) _settleIn(5, 0);
        if (_given("claimed", 0) != 0) _settleIn(0, 6);
        if (_given("full", 0) != 0) _settleIn(7, 7);
        vm.warp(AT);
        Claimant memory c = _listedClaim(0, 0);
        c.deadline = AT + _given("deadlineIn", 60);
        c = _signedClaim(c, _given("signed", 1) != 0 ? 0 : 1, round);
        if (_given("listed", 1) == 0) c.salt = _salt(1);
        vm.recordLogs();
        uint256 roll_ = _claim(_one(c));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        string memory name = _case("name");
        string memory expected = _case("expect");
        if (roll_ != 0) return vm.assertEq("accepted", expected, name);
        vm.assertEq(logs.length, 1, name);
        (,, bytes4 reason) = abi.decode(logs[0].data, (uint256, bytes32, bytes4));
        vm.assertEq(bytes32(reason), bytes32(_selectorOf(expected)), name);
    }

    /// @dev As many places as are taken before, if the case says that all are.
    function _openTheRound() private {
        RoundTerms memory t = _roundTerms();
        uint256 taken = _given("used", 0) + _given("claimed", 0) + _given("full", 0);
        t.places = uint40(_given("full", 0) != 0 ? taken : PLACES);
        string memory opens = "opensIn";
        t.opensAt = _has(opens) ? uint40(AT + _given(opens, 0)) : uint40(AT - 1_000);
        t.closesAt = uint40(AT + _given("closesIn", 100));
        if (_given("list", 0) != 0) {
            t.root = _pair(_leaf(0), _leaf(1));
            vm.prank(registrar);
            desk.proposeRoot(programme, t.root, "residents");
            vm.prank(approver);
            desk.approveRoot(programme, t.root);
        }
        round = _openRound(t);
    }

    /// @dev The address of one person takes a place with the nullifier of another.
    function _settleIn(uint256 person, uint256 soul) private {
        vm.assertGt(_claim(_one(_listedClaim(person, soul))), 0, "no place before");
    }

    function _listedClaim(uint256 person, uint256 soul) private view returns (Claimant memory c) {
        c = _claimant(person, round);
        (c.nullifier, c.salt, c.proof) = (_nullifier(soul), _salt(soul), new bytes32[](1));
        c.proof[0] = _leaf(soul ^ 1);
        return _signedClaim(c, person, round);
    }

    function _given(string memory key, uint256 otherwise) private view returns (uint256) {
        return _has(key) ? _numberOf(string.concat("$.given.", key)) : otherwise;
    }

    function _has(string memory key) private view returns (bool) {
        return _isGiven(string.concat("$.given.", key));
    }

    function _selectorOf(string memory reason) private pure returns (bytes4) {
        bytes4[8] memory selectors = [
            ICaseDeskClaims.CaseDesk_ClaimSignatureInvalid.selector,
            ICaseDeskClaims.CaseDesk_ClaimDeadlinePassed.selector,
            ICaseDeskClaims.CaseDesk_RoundNotBegun.selector,
            ICaseDeskClaims.CaseDesk_RoundOver.selector,
            ICaseDeskClaims.CaseDesk_NotEligible.selector,
            ICaseDeskClaims.CaseDesk_NullifierUsed.selector,
            ICaseDeskClaims.CaseDesk_HolderClaimed.selector,
            ICaseDeskClaims.CaseDesk_ClaimsUsedUp.selector
        ];
        string[8] memory names = [
            "ClaimSignatureInvalid",
            "ClaimDeadlinePassed",
            "RoundNotBegun",
            "RoundOver",
            "NotEligible",
            "NullifierUsed",
            "HolderClaimed",
            "ClaimsUsedUp"
        ];
        for (uint256 i; i < names.length; ++i) {
            if (keccak256(bytes(names[i])) == keccak256(bytes(reason))) return selectors[i];
        }
        return 0xffffffff;
    }
}
