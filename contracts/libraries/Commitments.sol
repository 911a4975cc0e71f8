// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Leaf, Opening} from "../types/Case.sol";
import {Digests} from "./Digests.sol";

/// @title Opening the commitment of a redeeming call, and the EIP-712 hashes of what is said about one of its leaves.
library Commitments {
    bytes32 internal constant REVERSAL =
        keccak256("Reversal(bytes32 redemption,uint256 voucher,bytes32 reason,uint256 deadline)");
    bytes32 internal constant DISPUTE = keccak256("Dispute(bytes32 redemption,uint256 voucher,bytes32 reason,uint256 deadline)");

    /// @dev The commitment of a call with these leaves. It begins at zero, so no chain of another length ends in the same hash.
    function commitment(Opening calldata o) internal pure returns (bytes32 chain) {
        for (uint256 i; i < o.before.length; ++i) {
            chain = Digests.commit(chain, o.before[i]);
        }
        chain = Digests.commit(chain, keccak256(abi.encode(o.leaf)));
        for (uint256 i; i < o.behind.length; ++i) {
            chain = Digests.commit(chain, o.behind[i]);
        }
    }

    /// @dev The digest to sign: `kind` is {REVERSAL} or {DISPUTE}.
    function digest(bytes32 domain, bytes32 kind, Leaf calldata leaf, bytes32 reason, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        bytes32 inner = keccak256(abi.encode(kind, leaf.digest, leaf.voucher, reason, deadline));
        return keccak256(abi.encodePacked(hex"1901", domain, inner));
    }
}
