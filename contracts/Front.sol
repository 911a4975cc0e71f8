// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A contract that runs the code of another one for every function it does not have itself.
/// @dev The other's code works on the slots and under the address of this contract, and is fixed for ever when this one is deployed.
/// OpenZeppelin's Proxy does the same, but writes over Solidity's memory, which costs every redemption 300 gas of optimisation.
abstract contract Front {
    address private immutable BACK;

    /// @param back The contract whose code runs; it has the same slots.
    constructor(address back) {
        BACK = back;
    }

    fallback() external {
        address back = BACK;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let success := delegatecall(gas(), back, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if iszero(success) { revert(free, returndatasize()) }
            return(free, returndatasize())
        }
    }
}
