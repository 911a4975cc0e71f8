// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A roll's holders as the code of a small data contract (SSTORE2).
/// @dev The code is one zero byte (STOP), then 20 bytes a place.
library RollCode {
    error RollCode_NotWritten(uint256 size);

    /// @dev Most places whose code fits into 24,576 bytes.
    uint256 internal constant MAX_PLACES = 1228;

    /// @dev Writes `holders`, 20 bytes each, at most {MAX_PLACES} of them.
    function write(bytes calldata holders) internal returns (address pointer) {
        // PUSH2 size DUP1 PUSH1 10 RETURNDATASIZE CODECOPY RETURNDATASIZE RETURN, then the code with its leading STOP.
        bytes memory creation = abi.encodePacked(hex"61", uint16(holders.length + 1), hex"80600a3d393df300", holders);
        assembly ("memory-safe") {
            pointer := create(0, add(creation, 32), mload(creation))
        }
        if (pointer == address(0)) revert RollCode_NotWritten(holders.length);
    }

    /// @dev The holder at `place` of the roll whose code is at the address `pointer`; zero beyond the end.
    function holderAt(uint256 pointer, uint256 place) internal view returns (address holder) {
        assembly ("memory-safe") {
            mstore(0, 0)
            extcodecopy(pointer, 12, add(mul(place, 20), 1), 20)
            holder := mload(0)
        }
    }
}
