// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @title A peer of the benchmarks: vouchers as OpenZeppelin's ERC-721, a token for each voucher
/// @dev A token's number is its batch and, in the lower 128 bits, its holder's turn.
contract PeerErc721 is ERC721, Ownable {
    uint256 private issued;

    constructor() ERC721("", "") Ownable(msg.sender) {}

    /// @notice Gives every holder one voucher of each batch.
    function issue(address[] calldata holders, uint256[] calldata batches) external onlyOwner {
        uint256 first = issued;
        issued = first + holders.length;
        for (uint256 i; i < holders.length; ++i) {
            for (uint256 j; j < batches.length; ++j) {
                _mint(holders[i], batches[j] << 128 | first + i);
            }
        }
    }
}
