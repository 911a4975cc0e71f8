// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CaseDeskBase} from "./CaseDeskBase.sol";
import {ICaseDeskEmergency} from "./interfaces/ICaseDeskEmergency.sol";

/// @title Extensions.
abstract contract CaseDeskEmergency is ICaseDeskEmergency, CaseDeskBase {
    /// @inheritdoc ICaseDeskEmergency
    function extendBatch(uint256 batch, uint256 newUntil, string calldata reason) external restricted {
        uint256 oldUntil = _vouchers.lengthen(batch, newUntil);
        emit BatchExtended(batch, msg.sender, oldUntil, newUntil, reason);
    }
}
