// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CaseDeskTransfers} from "./CaseDeskTransfers.sol";
import {ICaseDeskReassignments} from "./interfaces/ICaseDeskReassignments.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {Reassignment} from "./types/Transfer.sol";
import {RollWord} from "./words/RollWord.sol";

/// @title Reassignments of places that nobody has taken up.
abstract contract CaseDeskReassignments is ICaseDeskReassignments, CaseDeskTransfers {
    /// @inheritdoc ICaseDeskReassignments
    uint256 public constant REASSIGNMENT_DELAY = 7 days;

    /// @inheritdoc ICaseDeskReassignments
    function proposeReassignment(uint256 roll, uint256 place, address to, string calldata reason) external restricted {
        Reassignment storage r = _reassignments[roll][place];

        // Check: a place that can be given, nothing else on its way.
        if (r.to != address(0)) revert CaseDesk_ReassignmentOpen(roll, place, r.to);
        _checkPlace(roll, place, to);

        // Effect:
        uint256 ripeAt = block.timestamp + REASSIGNMENT_DELAY;
        (r.to, r.proposer, r.ripeAt) = (to, msg.sender, uint40(ripeAt)); // times are below 2^40

        // Log:
        emit ReassignmentProposed(roll, place, to, msg.sender, ripeAt, reason);
    }

    /// @inheritdoc ICaseDeskReassignments
    function approveReassignment(uint256 roll, uint256 place, address to) external restricted {
        Reassignment memory r = _proposed(roll, place);

        // Check: who was proposed, by another person, long enough ago; the place can still be given.
        if (r.to != to) revert CaseDesk_ReassignmentDiffers(roll, place, to, r.to);
        if (r.proposer == msg.sender) revert CaseDesk_OwnProposal(roll, place, msg.sender);
        if (block.timestamp < r.ripeAt) revert CaseDesk_TooEarly(roll, place, block.timestamp, r.ripeAt);
        _checkPlace(roll, place, to);

        // Effect:
        delete _reassignments[roll][place];

        // Interaction:
        _vouchers.bookReassigned(roll, place, to);

        // Log:
        emit PlaceReassigned(roll, place, to, r.proposer, msg.sender);
    }

    /// @inheritdoc ICaseDeskReassignments
    function withdrawReassignment(uint256 roll, uint256 place, string calldata reason) external restricted {
        _proposed(roll, place);
        delete _reassignments[roll][place];
        emit ReassignmentWithdrawn(roll, place, msg.sender, reason);
    }

    /// @inheritdoc ICaseDeskReassignments
    function reassignment(uint256 roll, uint256 place) external view returns (address, address, uint256) {
        Reassignment storage r = _reassignments[roll][place];
        return (r.to, r.proposer, r.ripeAt);
    }

    // --- helpers ---

    function _proposed(uint256 roll, uint256 place) private view returns (Reassignment memory r) {
        r = _reassignments[roll][place];
        if (r.to == address(0)) revert CaseDesk_NothingProposed(roll, place);
    }

    /// @dev A granted place that nobody has taken up, not frozen, and a receiver for it.
    function _checkPlace(uint256 roll, uint256 place, address to) private view {
        address holder = _vouchers.holderAt(roll, place);
        if (holder == address(0)) revert CaseDesk_PlaceUnknown(roll, place);
        uint256 word = _vouchers.rollWord(roll);
        if (RollWord.flags(word) & RollWord.CLAIMED != 0) revert CaseDesk_PlaceClaimed(roll, place);
        uint256 voucher = _vouchers.takenUp(roll, place);
        if (voucher != 0) revert CaseDesk_PlaceTakenUp(roll, place, voucher);
        _checkThawed(Overlay.SUBJECT_ROLL, roll);
        _checkThawed(Overlay.SUBJECT_HOLDER, RollWord.programme(word) << 160 | uint160(holder));
        _checkReceiver(holder, to);
    }
}
