// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Claimant, RoundTerms} from "../../contracts/types/Claim.sol";
import {BatchTerms} from "../../contracts/types/Supply.sol";
import {OpenWorld} from "./OpenWorld.sol";

/// @title An active programme on its second day with two batches for claims, one on each line, and people who sign.
abstract contract ClaimWorld is OpenWorld {
    uint40 internal constant CLOSES = uint40(NOW + 7 days);
    uint48 internal constant SECOND_FACE = 3_00;

    uint256[] internal pack;
    uint256 internal round;

    function setUp() public virtual override {
        super.setUp();
        BatchTerms memory second = _batchTerms(programme);
        (second.line, second.face) = (2, SECOND_FACE);
        pack = [_openBatch("claimed first", programme), _openBatch("claimed second", second)];
        round = _openRound(_roundTerms());
    }

    /// @dev Three places, open now, for everybody.
    function _roundTerms() internal view returns (RoundTerms memory t) {
        (t.places, t.opensAt, t.closesAt, t.batches) = (3, uint40(NOW), CLOSES, pack);
    }

    function _openRound(RoundTerms memory terms) internal returns (uint256) {
        vm.prank(treasurer);
        return desk.openRound(programme, terms);
    }

    function _nullifier(uint256 person) internal pure returns (bytes32) {
        return keccak256(abi.encode("nullifier", person));
    }

    function _salt(uint256 person) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", person));
    }

    /// @dev A leaf as docs/claims.md says, written down once more.
    function _leaf(uint256 person) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(keccak256(abi.encode(programme, _nullifier(person), _salt(person)))));
    }

    function _pair(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    /// @dev The digest of a claim, written down once more from docs/storage.md, section 5.
    function _claimDigest(Claimant memory c, uint256 round_) internal view returns (bytes32) {
        bytes32 kind = keccak256("Claim(uint256 programme,uint256 round,address holder,bytes32 nullifier,uint256 deadline)");
        return _typed(keccak256(abi.encode(kind, programme, round_, c.holder, c.nullifier, c.deadline)));
    }

    /// @dev The person's claim with their own key, nullifier and salt, one minute before its deadline.
    function _claimant(uint256 person, uint256 round_) internal view returns (Claimant memory c) {
        (c.holder, c.nullifier, c.salt) = (_holder(person), _nullifier(person), _salt(person));
        c.deadline = block.timestamp + 60;
        return _signedClaim(c, person, round_);
    }

    function _signedClaim(Claimant memory c, uint256 person, uint256 round_) internal view returns (Claimant memory) {
        c.signature = _signature(_holderKey(person), _claimDigest(c, round_));
        return c;
    }

    /// @dev The claims of `count` people from `from` on.
    function _claimants(uint256 from, uint256 count) internal view returns (Claimant[] memory all) {
        all = new Claimant[](count);
        for (uint256 i; i < count; ++i) {
            all[i] = _claimant(from + i, round);
        }
    }

    function _claim(Claimant[] memory claimants) internal returns (uint256) {
        vm.prank(operator);
        return desk.claim(programme, round, false, claimants);
    }

    function _one(Claimant memory c) internal pure returns (Claimant[] memory all) {
        all = new Claimant[](1);
        all[0] = c;
    }
}
