// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Claimant, RoundTerms} from "../../../contracts/types/Claim.sol";
import {GasWorld} from "./GasWorld.sol";

// Gas of claims, as receipts say it: a round's pack is one batch
// ├── opening a round of 3,000 places
// ├── claim, for each of 250 places, everybody may
// └── claim, one alone: everybody may; with a list of 5,000 (13 hashes a proof)
/// forge-config: default.isolate = true
contract GasClaimsTest is GasWorld {
    uint256 private constant PLACES = 250;
    uint256 private constant DEPTH = 13; // 2^12 < 5,000 ≤ 2^13

    uint256 private programme;

    function setUp() public override {
        super.setUp();
        programme = _openActive("campaign-18");
    }

    function test_gas__claimForEverybody() public {
        uint256 round = _openRound(0);
        _record("supply", "claims, opening a round", vm.lastCallGas().gasTotalUsed, 1);
        _claim(round, _claimants(round, 0, 1));
        _record("supply", "claims, one alone", vm.lastCallGas().gasTotalUsed, 1);
        _claim(round, _claimants(round, 1, PLACES));
        _record("supply", "claims, each of 250", vm.lastCallGas().gasTotalUsed, PLACES);
    }

    function test_gas__claimWithAList() public {
        bytes32[] memory beside = new bytes32[](DEPTH);
        for (uint256 i; i < DEPTH; ++i) {
            beside[i] = keccak256(abi.encode("beside", i));
        }
        bytes32 root = _rootOf(_leafOf(0), beside);
        vm.prank(registrar);
        desk.proposeRoot(programme, root, "residents");
        vm.prank(approver);
        desk.approveRoot(programme, root);
        uint256 round = _openRound(root);
        Claimant[] memory one = _claimants(round, 0, 1);
        one[0].proof = beside;
        _claim(round, one);
        _record("supply", "claims, one alone with a list of 5000", vm.lastCallGas().gasTotalUsed, 1);
    }

    function _openRound(bytes32 root) private returns (uint256) {
        RoundTerms memory t;
        (t.places, t.opensAt, t.closesAt) = (3_000, uint40(block.timestamp), uint40(block.timestamp + 1 days));
        (t.batches, t.root) = (_openBatches(programme, 1), root);
        vm.prank(treasurer);
        return desk.openRound(programme, t);
    }

    function _claim(uint256 round, Claimant[] memory claimants) private {
        vm.prank(operator);
        desk.claim(programme, round, false, claimants);
    }

    function _claimants(uint256 round, uint256 from, uint256 count) private view returns (Claimant[] memory all) {
        all = new Claimant[](count);
        bytes32 kind = keccak256("Claim(uint256 programme,uint256 round,address holder,bytes32 nullifier,uint256 deadline)");
        for (uint256 i; i < count; ++i) {
            Claimant memory c = all[i];
            (c.holder, c.nullifier, c.salt) = (_holder(from + i), bytes32(from + i), bytes32(from + i));
            c.deadline = block.timestamp + 60;
            bytes32 inner = keccak256(abi.encode(kind, programme, round, c.holder, c.nullifier, c.deadline));
            c.signature = _signature(_holderKey(from + i), _typed(inner));
        }
    }

    function _leafOf(uint256 person) private view returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode(programme, person, person))));
    }

    function _rootOf(bytes32 node, bytes32[] memory beside) private pure returns (bytes32) {
        for (uint256 i; i < beside.length; ++i) {
            node = node < beside[i] ? keccak256(abi.encode(node, beside[i])) : keccak256(abi.encode(beside[i], node));
        }
        return node;
    }
}
