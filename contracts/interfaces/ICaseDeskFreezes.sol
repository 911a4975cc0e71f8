// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VoucherState} from "../types/Supply.sol";

/// @title Freezing what is under suspicion, and revoking what is confirmed.
/// @dev `subject`: 1 voucher, 2 roll, 3 batch, 4 holder (`programme << 160 | holder`), 5 merchant.
interface ICaseDeskFreezes {
    /// @notice An auditor froze the subject, or lengthened its freeze; it holds until `until`, exclusive.
    event Frozen(uint256 indexed subject, uint256 indexed id, address indexed by, uint256 until, string reason);
    /// @notice Somebody appealed against the freeze; `appeal` is the hash of the letter.
    event FreezeAppealed(uint256 indexed subject, uint256 indexed id, bytes32 appeal);
    event FreezeLifted(uint256 indexed subject, uint256 indexed id, address indexed by, string reason);
    /// @notice A second auditor found the suspicion true: the freeze holds until it is lifted, or the voucher is revoked.
    event FreezeConfirmed(uint256 indexed subject, uint256 indexed id, address indexed by, string reason);
    /// @notice The voucher is good for nothing any more; `amount` went back to its budget line.
    event VoucherRevoked(uint256 indexed voucher, uint256 indexed line, address indexed by, uint256 amount, string reason);

    /// @notice There is nothing of this kind with this id.
    error CaseDesk_SubjectUnknown(uint256 subject, uint256 id);
    /// @notice The end does not lie ahead.
    error CaseDesk_EndPassed(uint256 until, uint256 time);
    /// @notice The end lies further ahead than a freeze may last.
    error CaseDesk_FreezeTooLong(uint256 until, uint256 latest);
    /// @notice The subject is frozen until then already, or later.
    error CaseDesk_FreezeNotLonger(uint256 subject, uint256 id, uint256 until, uint256 frozenUntil);
    /// @notice The same auditor froze the subject not long ago; another one may.
    error CaseDesk_OwnFreezeLately(uint256 subject, uint256 id, address auditor, uint256 earliest);
    /// @notice The freeze was renewed as often as one may be without being confirmed.
    error CaseDesk_RenewalsUsedUp(uint256 subject, uint256 id, uint256 most);
    /// @notice The freeze is confirmed already: it holds until it is lifted.
    error CaseDesk_ConfirmedAlready(uint256 subject, uint256 id);
    /// @notice The subject is not frozen.
    error CaseDesk_NotFrozen(uint256 subject, uint256 id);
    /// @notice Nobody confirms what they froze.
    error CaseDesk_OwnFreeze(uint256 subject, uint256 id, address auditor);
    /// @notice An appeal has no hash.
    error CaseDesk_AppealMissing();
    /// @notice The caller is neither an auditor nor an operator.
    error CaseDesk_NoRecorder(address caller);
    /// @notice No voucher, or more than one call may carry.
    error CaseDesk_ListInvalid(uint256 vouchers, uint256 most);
    /// @notice Neither the voucher's batch nor its roll nor its holder is under a confirmed freeze.
    error CaseDesk_NotConfirmed(uint256 voucher);
    /// @notice Only a voucher that is LIVE can be revoked.
    error CaseDesk_NotLive(uint256 voucher, VoucherState state);

    /// @notice How far ahead the end of a freeze may lie, in seconds.
    function MOST_FREEZE() external view returns (uint256);

    /// @notice How long after the end of an auditor's own freeze of a subject the same auditor must leave it alone, in seconds.
    function OWN_FREEZE_REST() external view returns (uint256);

    /// @notice How often a freeze may be renewed without being confirmed.
    function MOST_RENEWALS() external view returns (uint256);

    /// @notice Freezes a subject: its vouchers cannot be redeemed, a merchant cannot redeem nor be paid. The freeze lapses by itself.
    ///
    /// @dev Emits {Frozen}.
    ///
    /// Requirements:
    /// - The caller must have the role AUDITOR.
    /// - `until` must lie ahead, by at most {MOST_FREEZE}, and later than the end of a freeze that holds.
    /// - {OWN_FREEZE_REST} must have passed since the caller's own freeze of the subject ended.
    /// - A freeze begun sooner than {OWN_FREEZE_REST} after the last one counts as its renewal; {MOST_RENEWALS} are allowed in a row.
    ///
    /// Notes:
    /// - Time goes on: a frozen voucher expires and is swept like any other. It can be reversed, which takes nothing from its holder.
    ///
    /// @param until Unix seconds, exclusive.
    function freeze(uint256 subject, uint256 id, uint256 until, string calldata reason) external;

    /// @notice Ends a freeze, confirmed or not. AUDITOR. Emits {FreezeLifted}.
    function lift(uint256 subject, uint256 id, string calldata reason) external;

    /// @notice Records an appeal against a freeze that holds. AUDITOR or OPERATOR, who relay what a person or merchant handed in.
    /// Emits {FreezeAppealed}.
    function appeal(uint256 subject, uint256 id, bytes32 appealHash) external;

    /// @notice Confirms a freeze. A voucher is revoked; anything else stays frozen until it is lifted, and its vouchers can be revoked.
    ///
    /// @dev Emits {FreezeConfirmed}, and {VoucherRevoked} for a voucher.
    ///
    /// Requirements:
    /// - The caller must have the role AUDITOR and be another one than who froze it last.
    /// - The freeze must hold; a voucher must be LIVE.
    function confirm(uint256 subject, uint256 id, string calldata reason) external;

    /// @notice Revokes vouchers whose batch, roll or holder is under a confirmed freeze; their value goes back to the budget lines.
    ///
    /// @dev Emits {VoucherRevoked} for each.
    ///
    /// Requirements:
    /// - The caller must have the role AUDITOR.
    /// - One to 500 vouchers, each LIVE.
    function revoke(uint256[] calldata vouchers, string calldata reason) external;

    /// @notice What is known of a subject's last freeze: who, until when (exclusive), renewed how often, confirmed or not.
    function freezeOf(uint256 subject, uint256 id)
        external
        view
        returns (address by, uint256 until, uint256 renewals, bool confirmed);
}
