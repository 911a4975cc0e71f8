// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";

/// @title A peer of the benchmarks: vouchers as OpenZeppelin's ERC-1155, a token for each batch
contract PeerErc1155 is ERC1155, Ownable {
    constructor() ERC1155("") Ownable(msg.sender) {}

    /// @notice Gives every holder one voucher of each batch.
    function issue(address[] calldata holders, uint256[] calldata batches) external onlyOwner {
        uint256[] memory ones = new uint256[](batches.length);
        for (uint256 i; i < batches.length; ++i) {
            ones[i] = 1;
        }
        for (uint256 i; i < holders.length; ++i) {
            _mintBatch(holders[i], batches, ones, "");
        }
    }
}
