// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token that keeps one unit of every transfer: deposits of it never arrive whole.
contract FeeToken is ERC20("Fee", "FEE") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (from == address(0) || amount == 0) return super._update(from, to, amount);
        super._update(from, address(0), 1);
        super._update(from, to, amount - 1);
    }
}
