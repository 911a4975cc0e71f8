// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Calldata} from "./Calldata.sol";
import {Memory} from "./Memory.sol";

/// @title Checks who signed a digest: a key by ECDSA, else a contract by ERC-1271, with bounded gas and a bounded answer.
/// @dev A signature has 65 bytes (r, s, v) or 64 (ERC-2098); s must lie in the lower half of the curve's order.
library Signatures {
    /// @dev Gas a contract holder may use to answer.
    uint256 internal constant CONTRACT_GAS = 100_000;
    /// @dev The longest signature a contract holder is asked about: whoever writes the call says how long one is, and the question copies it.
    uint256 internal constant MAX_BYTES = 2_048;

    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    bytes4 private constant MAGIC = 0x1626ba7e;

    /// @dev Whether `signer`, not zero, signed `digest`. Never reverts.
    function isSignedBy(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        return recover(digest, signature) == signer || isApprovedBy(signer, digest, signature);
    }

    /// @dev Whether `signer` is a contract that says the signature, of at most {MAX_BYTES}, is good.
    function isApprovedBy(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        return signer.code.length != 0 && signature.length <= MAX_BYTES && _answers(signer, digest, signature);
    }

    /// @dev The key that signed; zero for anything that is not a signature.
    function recover(bytes32 digest, bytes calldata signature) internal view returns (address signer) {
        uint256 r;
        uint256 s;
        uint256 v;
        unchecked {
            uint256 start = Calldata.start(signature);
            (r, s) = (Calldata.load(start), Calldata.load(start + 32));
            if (signature.length == 64) (s, v) = (s << 1 >> 1, 27 + (s >> 255));
            else if (signature.length == 65) v = Calldata.load(start + 64) >> 248;
            else return address(0);
        }
        if (s > HALF_ORDER) return address(0);
        unchecked {
            uint256 question = Memory.load(0x40); // in memory that is not taken: asked at once
            Memory.store(question, digest);
            Memory.store(question + 32, v);
            Memory.store(question + 64, r);
            Memory.store(question + 96, s);
            assembly ("memory-safe") {
                mstore(0, 0)
                pop(staticcall(gas(), 1, question, 128, 0, 32)) // a bad signature returns nothing and leaves zero
                signer := mload(0)
            }
        }
    }

    function _answers(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        bytes memory question = abi.encodeWithSelector(MAGIC, digest, signature);
        bool success;
        bytes32 answer;
        uint256 size;
        assembly ("memory-safe") {
            mstore(0, 0)
            success := staticcall(CONTRACT_GAS, signer, add(question, 32), mload(question), 0, 32) // copies 32 bytes at most
            size := returndatasize()
            answer := mload(0)
        }
        return success && size >= 32 && answer == bytes32(MAGIC);
    }
}
