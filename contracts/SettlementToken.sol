// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A plain settlement token, for programmes that have no other. Its issuer is the bank that holds the money behind it.
contract SettlementToken is ERC20 {
    /// @notice Only the issuer creates money.
    error SettlementToken_CallerNotIssuer(address caller, address issuer);

    address public immutable issuer;
    uint8 private immutable _decimals;

    constructor(string memory name_, string memory symbol_, uint8 decimals_, address issuer_) ERC20(name_, symbol_) {
        issuer = issuer_;
        _decimals = decimals_;
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    /// @notice Creates `amount` for `to`, in the smallest unit. Issuer only.
    function mint(address to, uint256 amount) external {
        if (msg.sender != issuer) revert SettlementToken_CallerNotIssuer(msg.sender, issuer);
        _mint(to, amount);
    }
}
