// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Opening} from "../types/Case.sol";

/// @title Taking a redemption back: by its merchant within the window, by an arbiter after it.
interface ICaseDeskReversals {
    /// @notice A redemption was taken back; `live` says whether the voucher can be spent again. `number` is the redemption's.
    event VoucherReversed(
        uint256 indexed voucher,
        uint256 indexed merchant,
        address indexed by,
        bytes32 digest,
        uint256 amount,
        uint256 number,
        bool live
    );
    /// @notice Follows each {VoucherReversed}: the merchant's local day its money came off, and why.
    event ReversalBooked(uint256 indexed number, uint256 day, bytes32 reason);

    /// @notice The leaves given do not end in the commitment of the call.
    error CaseDesk_OpeningWrong(uint256 firstNumber, bytes32 found, bytes32 expected);
    /// @notice That redemption was reversed before.
    error CaseDesk_ReversedBefore(uint256 voucher, bytes32 digest);
    /// @notice The deadline of what was signed has been reached.
    error CaseDesk_DeadlinePassed(uint256 deadline, uint256 time);
    /// @notice The signer, or the caller where nothing was signed, is neither a key nor a terminal of the merchant.
    error CaseDesk_NotTheMerchant(address signer, uint256 merchant);
    /// @notice A terminal reverses only redemptions that it answered for itself.
    error CaseDesk_TerminalNotNamed(address terminal, address named);
    /// @notice The terminal would reverse more on this local day than its daily limit.
    error CaseDesk_TerminalLimitPassed(address terminal, uint256 amount, uint256 left);
    /// @notice The merchant's window is over: only an arbiter can reverse.
    error CaseDesk_ReversalWindowOver(uint256 voucher, uint256 time, uint256 until);
    /// @notice The merchant's window is open: an arbiter must wait for its end.
    error CaseDesk_ReversalWindowOpen(uint256 voucher, uint256 time, uint256 until);
    /// @notice Too little of the merchant's day is neither settled nor disputed; an arbiter can name a later day.
    error CaseDesk_DayShort(uint256 line, uint256 merchant, uint256 day, uint256 unsettled, uint256 amount);
    /// @notice The day named is not later than the redemption's own.
    error CaseDesk_DayNotLater(uint256 day, uint256 ownDay);

    /// @notice Takes a redemption back before the end of its rules' reversal window.
    ///
    /// @dev Emits {VoucherReversed} and {ReversalBooked}; first {ICaseDeskDisputes-DisputeDecided} where it was under dispute.
    ///
    /// Requirements:
    /// - The opening must end in the commitment of its call, and the redemption must not have been reversed.
    /// - `signature` over Reversal (docs/storage.md, section 5), or else the caller, must be a key of the merchant, or the terminal
    ///   named in the leaf within its daily limit; `deadline` is exclusive and binds both.
    /// - The money must still stand unsettled under the merchant's day.
    ///
    /// Notes:
    /// - The voucher is committed again. Where its pair was swept, its value goes back to the line's available money instead.
    ///
    /// @param reason Hash of the reason.
    /// @return live Whether the voucher can be spent again.
    function reverse(Opening calldata opening, bytes32 reason, uint256 deadline, bytes calldata signature)
        external
        returns (bool live);

    /// @notice The same from the end of the window on. ARBITER.
    ///
    /// @param laterDay Where the redemption's own day was paid: a later local day of the same line and merchant whose unsettled money
    /// pays; otherwise not looked at.
    function reverseByArbiter(Opening calldata opening, uint256 laterDay, bytes32 reason) external returns (bool live);

    /// @notice What a terminal reversed on a local day, in the token's smallest unit.
    function reversedBy(address terminal, uint256 day) external view returns (uint256 amount);
}
