// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Dispute, Opening} from "../types/Case.sol";

/// @title Disputes: holder or merchant objects, the money is locked, an arbiter decides for one side, or time does.
interface ICaseDeskDisputes {
    event DisputeOpened(
        uint256 indexed dispute, uint256 indexed voucher, address indexed by, bytes32 digest, bytes32 reason, uint256 decideBy
    );
    /// @notice The redemption stands and can be settled, or was reversed. A reversal by the merchant decides, too.
    event DisputeDecided(uint256 indexed dispute, address indexed by, bool stands, bytes32 reason);

    /// @notice The signer, or the caller where nothing was signed, is neither the holder nor a key of the merchant.
    error CaseDesk_NotAParty(address signer, address holder, uint256 merchant);
    /// @notice The dispute window of the redemption is over.
    error CaseDesk_DisputeWindowOver(uint256 voucher, uint256 time, uint256 until);
    /// @notice The redemption was disputed before; each can be once.
    error CaseDesk_DisputedBefore(uint256 dispute);
    /// @notice There is no such dispute, or it is decided.
    error CaseDesk_DisputeNotOpen(uint256 dispute);
    /// @notice The time to decide is over: the redemption stands.
    error CaseDesk_DecisionOver(uint256 dispute, uint256 time, uint256 decideBy);
    /// @notice The arbiter still has time to decide.
    error CaseDesk_DecisionOpen(uint256 dispute, uint256 time, uint256 decideBy);

    /// @notice Seconds an arbiter has to decide.
    function DECISION_TIME() external view returns (uint256);

    /// @notice Disputes a redemption and locks its money against settlement.
    ///
    /// @dev Emits {DisputeOpened}.
    ///
    /// Requirements:
    /// - The opening must end in the commitment of its call; the redemption must be neither reversed nor disputed before.
    /// - `signature` over Dispute (docs/storage.md, section 5), or else the caller, must be the holder's or a key's of the merchant;
    ///   `deadline` is exclusive and binds both.
    /// - The redemption's dispute window must be open, and its money unsettled.
    ///
    /// @param reason Hash of the reason.
    /// @return dispute The dispute's number.
    function dispute(Opening calldata opening, bytes32 reason, uint256 deadline, bytes calldata signature)
        external
        returns (uint256 dispute);

    /// @notice Decides an open dispute before its time is over. ARBITER. Emits {DisputeDecided}, and a reversal's events.
    /// @param stands Whether the redemption stands; otherwise it is reversed.
    function decide(uint256 dispute, bool stands, bytes32 reason) external;

    /// @notice Decides an open dispute whose time is over: the redemption stands. Anybody. Emits {DisputeDecided}.
    function decideByDefault(uint256 dispute) external;

    /// @notice A dispute; its state is NONE for one never opened.
    function disputeAt(uint256 dispute) external view returns (Dispute memory);

    /// @notice The dispute over a redemption; 0 if none.
    function disputeOf(bytes32 digest, uint256 voucher) external view returns (uint256 dispute);

    /// @notice Number of the last dispute.
    function lastDispute() external view returns (uint256);
}
