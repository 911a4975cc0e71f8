// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {Claimant} from "../types/Claim.sol";

/// @title What a claimant signs, how a list of those who may claim is made, and the keys of what was claimed.
library Claims {
    bytes32 internal constant CLAIM =
        keccak256("Claim(uint256 programme,uint256 round,address holder,bytes32 nullifier,uint256 deadline)");

    /// @dev The digest the holder signs.
    function digest(bytes32 domain, uint256 programme, uint256 round, Claimant calldata c) internal pure returns (bytes32) {
        bytes32 inner = keccak256(abi.encode(CLAIM, programme, round, c.holder, c.nullifier, c.deadline));
        return keccak256(abi.encodePacked(hex"1901", domain, inner));
    }

    /// @dev Whether the person stands on the list. A leaf is hashed twice, so that no inner node passes for one.
    function isListed(bytes32 root, uint256 programme, Claimant calldata c) internal pure returns (bool) {
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(programme, c.nullifier, c.salt))));
        return MerkleProof.verifyCalldata(c.proof, root, leaf);
    }

    /// @dev Where a round stands.
    function roundKey(uint256 programme, uint256 round) internal pure returns (uint256) {
        return programme << 16 | round;
    }

    /// @dev Where it stands that a person, or an address, has a place of the round.
    function takenKey(uint256 roundKey_, bytes32 taker) internal pure returns (bytes32) {
        return keccak256(abi.encode(roundKey_, taker));
    }
}
