// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Checks who signed a digest: a key by ECDSA, else a contract by ERC-1271, with bounded gas and a bounded answer.
/// @dev A signature has 65 bytes (r, s, v) or 64 (ERC-2098); s must lie in the lower half of the curve's order.
library Signatures {
    /// @dev Gas a contract holder may use to answer.
    uint256 internal constant CONTRACT_GAS = 100_000;

    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    bytes4 private constant MAGIC = 0x1626ba7e;

    /// @dev Whether `signer`, not zero, signed `digest`. Never reverts.
    function isSignedBy(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        if (recover(digest, signature) == signer) return true;
        return signer.code.length != 0 && _answers(signer, digest, signature);
    }

    /// @dev The key that signed; zero for anything that is not a signature.
    function recover(bytes32 digest, bytes calldata signature) internal view returns (address signer) {
        bytes32 r;
        bytes32 s;
        uint256 v;
        if (signature.length == 64) {
            assembly ("memory-safe") {
                r := calldataload(signature.offset)
                let vs := calldataload(add(signature.offset, 32))
                s := shr(1, shl(1, vs))
                v := add(27, shr(255, vs))
            }
        } else if (signature.length == 65) {
            assembly ("memory-safe") {
                r := calldataload(signature.offset)
                s := calldataload(add(signature.offset, 32))
                v := byte(0, calldataload(add(signature.offset, 64)))
            }
        } else {
            return address(0);
        }
        if (uint256(s) > HALF_ORDER) return address(0);
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, digest)
            mstore(add(free, 32), v)
            mstore(add(free, 64), r)
            mstore(add(free, 96), s)
            mstore(0, 0)
            pop(staticcall(gas(), 1, free, 128, 0, 32)) // a bad signature returns nothing and leaves zero
            signer := mload(0)
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
