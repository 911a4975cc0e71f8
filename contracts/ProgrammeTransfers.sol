// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeTransfers} from "./interfaces/IProgrammeTransfers.sol";
import {ProgrammeBase} from "./ProgrammeBase.sol";
import {ProgrammeState} from "./types/Programme.sol";
import {TransferCaps} from "./types/Transfer.sol";

/// @title Caps of what people may pass on.
abstract contract ProgrammeTransfers is IProgrammeTransfers, ProgrammeBase {
    /// @inheritdoc IProgrammeTransfers
    function setTransferCaps(uint256 id, uint256 version, TransferCaps calldata caps) external restricted {
        Programme storage p = _programmes[id];

        // Check: nobody has been asked to approve the version; the caps are in order.
        uint256 next = p.state == ProgrammeState.DRAFT ? 1 : _open(id).newest + 1;
        if (version != next) revert ProgrammeRegistry_CapsNotOpen(id, version);
        if (caps.perTransfer == 0 || caps.perMonth < caps.perTransfer) {
            revert ProgrammeRegistry_CapsInvalid(caps.perTransfer, caps.perMonth);
        }

        // Effect:
        _transferCaps[id][version] = caps;

        // Log:
        emit TransferCapsSet(id, version, msg.sender, caps.perTransfer, caps.perMonth);
    }

    /// @inheritdoc IProgrammeTransfers
    function transferCaps(uint256 id, uint256 version) external view returns (TransferCaps memory) {
        return _transferCaps[id][version];
    }
}
