// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ProgrammeTerms, RulesTerms} from "../../contracts/types/Programme.sol";
import {TransferCaps} from "../../contracts/types/Transfer.sol";
import {BookingWorld} from "./BookingWorld.sol";

/// @title The world of bookings under rules that let people pass on one voucher at once, two a month. Holders 5 and up stand in no roll.
abstract contract TransferWorld is BookingWorld {
    uint64 internal constant PER_TRANSFER = FACE;
    uint64 internal constant PER_MONTH = 2 * uint64(FACE);

    function _rulesTerms() internal view virtual override returns (RulesTerms memory r) {
        r = super._rulesTerms();
        r.flags = 8;
    }

    function _draft(string memory ref, ProgrammeTerms memory terms, uint256 lines)
        internal
        virtual
        override
        returns (uint256 id)
    {
        id = super._draft(ref, terms, lines);
        vm.prank(treasurer);
        programmes.setTransferCaps(id, 1, TransferCaps(PER_TRANSFER, PER_MONTH));
    }

    /// @dev What a holder signs to pass a voucher on, docs/storage.md, section 5.
    function _transferDigest(uint256 voucher, address to, uint256 deadline) internal view returns (bytes32) {
        bytes32 typed = keccak256("Transfer(uint256 voucher,address to,uint256 deadline)");
        return _typed(keccak256(abi.encode(typed, voucher, to, deadline)));
    }

    /// @dev Signed by the holder whose key is `place`'s, sent by an outsider, one minute before its deadline.
    function _pass(uint256 voucher, uint256 place, address to) internal {
        uint256 deadline = block.timestamp + 60;
        bytes memory signature = _signature(_holderKey(place), _transferDigest(voucher, to, deadline));
        vm.prank(outsider);
        desk.transfer(voucher, to, deadline, signature);
    }

    function _refusePass(uint256 voucher, uint256 place, address to, bytes memory error) internal {
        uint256 deadline = block.timestamp + 60;
        bytes memory signature = _signature(_holderKey(place), _transferDigest(voucher, to, deadline));
        vm.expectRevert(error);
        vm.prank(outsider);
        desk.transfer(voucher, to, deadline, signature);
    }

    function _holderId(uint256 place) internal view returns (uint256) {
        return programme << 160 | uint160(_holder(place));
    }

    function _freeze(uint256 subject, uint256 id, uint256 until) internal {
        vm.prank(auditor);
        desk.freeze(subject, id, until, "suspicion");
    }

    /// @dev Frozen by one auditor, confirmed by another.
    function _condemn(uint256 subject, uint256 id) internal {
        _freeze(subject, id, block.timestamp + 1 days);
        vm.prank(secondAuditor);
        desk.confirm(subject, id, "proved");
    }
}
