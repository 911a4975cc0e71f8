// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Why Vouchers says no. The first part are refusal reasons: their selectors stand in {IVouchersRedemption-RedemptionRefused}
/// and {IVouchersRedemption-RedemptionItemRefused}; nothing reverts. They are checked in this order.
interface IVouchersErrors {
    /// @notice The terminal is not an active terminal of the merchant.
    error Vouchers_TerminalUnknown(address terminal, uint256 merchant);
    /// @notice The terminal neither sent the call nor signed its items.
    error Vouchers_TerminalSignatureInvalid(address terminal);
    /// @notice The list of spends is empty.
    error Vouchers_VouchersMissing();
    /// @notice There is no such voucher: unknown batch or roll, place beyond the roll, or the batch was not issued to the roll.
    error Vouchers_VoucherUnknown(uint256 voucher);
    /// @notice The signature is not the holder's for exactly this redemption.
    error Vouchers_SignatureInvalid(address holder);
    /// @notice The signature's deadline has been reached.
    error Vouchers_DeadlinePassed(uint256 deadline, uint256 time);
    /// @notice The signature's deadline lies further ahead than the rules allow.
    error Vouchers_DeadlineTooFar(uint256 deadline, uint256 latest);
    /// @notice Voucher ids do not ascend strictly.
    error Vouchers_VouchersNotAscending(uint256 voucher, uint256 previous);
    /// @notice The voucher belongs to somebody else than the first one does.
    error Vouchers_HolderMismatch(uint256 voucher, address holder, address signer);
    /// @notice The voucher belongs to another programme than the first one does.
    error Vouchers_ProgrammeMixed(uint256 voucher, uint256 programme, uint256 expected);
    /// @notice The voucher, its roll, its batch or its holder is frozen.
    error Vouchers_VoucherFrozen(uint256 voucher, uint256 time);
    /// @notice The voucher was revoked.
    error Vouchers_VoucherRevoked(uint256 voucher);
    /// @notice The voucher is booked.
    error Vouchers_VoucherBooked(uint256 voucher);
    /// @notice The voucher is redeemed already.
    error Vouchers_AlreadyRedeemed(uint256 voucher);
    /// @notice A redemption of the voucher by this signature was reversed; the signature is dead.
    error Vouchers_SignatureUsed(uint256 voucher, bytes32 digest);
    /// @notice The programme is not active.
    error Vouchers_ProgrammeNotActive(uint256 programme, uint256 state);
    /// @notice The programme, or the whole network, is paused.
    error Vouchers_ProgrammePaused(uint256 programme, uint256 time, uint256 pausedUntil);
    /// @notice The voucher's validity has not begun.
    error Vouchers_NotYetValid(uint256 voucher, uint256 time, uint256 validFrom);
    /// @notice The voucher's validity is over.
    error Vouchers_Expired(uint256 voucher, uint256 time, uint256 validUntil);
    /// @notice The merchant is not active.
    error Vouchers_MerchantNotActive(uint256 merchant, uint256 status);
    /// @notice The merchant is frozen.
    error Vouchers_MerchantFrozen(uint256 merchant, uint256 time, uint256 frozenUntil);
    /// @notice The merchant is vetted for none of the voucher's categories.
    error Vouchers_CategoryNotShared(uint256 voucher, uint256 voucherCategories, uint256 merchantCategories);
    /// @notice The merchant lies outside the voucher's spend region.
    error Vouchers_RegionOutside(uint256 voucher, uint256 voucherRegion, uint256 merchantRegion);
    /// @notice The voucher or the merchant is not open for the channel.
    error Vouchers_ChannelClosed(uint256 voucher, uint256 channel, uint256 channels);
    /// @notice The amount is not the fixed value's face value, or a sequence was given for it.
    error Vouchers_AmountMismatch(uint256 voucher, uint256 amount, uint256 face);
    /// @notice The sequence is not the voucher's next one; only stored value has one other than 0.
    error Vouchers_SequenceMismatch(uint256 voucher, uint256 sequence, uint256 expected);
    /// @notice The amount is zero, or more than the voucher's rest: of a percentage its cap, of stored value what is neither spent nor booked.
    error Vouchers_AmountOutside(uint256 voucher, uint256 amount, uint256 rest);
    /// @notice The bill is so small that the voucher's percentage of it is nothing.
    error Vouchers_NothingOff(uint256 voucher, uint256 bill, uint256 percentage);
    /// @notice The amounts add up to more than the bill.
    error Vouchers_AmountsOverBill(uint256 amounts, uint256 bill);
    /// @notice The bill does not reach the sum of the vouchers' minimum spends.
    error Vouchers_MinimumSpendUnmet(uint256 minimum, uint256 bill);
    /// @notice The code names no merchant, and the rules of some voucher on it allow no such code.
    error Vouchers_OpenCodeNotAllowed(uint256 programme, uint256 rulesVersion);
    /// @notice The code names no merchant, and no terminal answers for where it is redeemed.
    error Vouchers_OpenCodeUnanswered(uint256 merchant);
    /// @notice The code names no merchant, and its deadline lies further ahead than the rules allow such a code.
    error Vouchers_OpenDeadlineTooFar(uint256 deadline, uint256 latest);
    /// @notice The code names no merchant, and the bill is above the highest one its holder signed for.
    error Vouchers_OpenBillTooHigh(uint256 bill, uint256 maxBill);
    /// @notice The code names no merchant, and the bill is above the highest one the rules allow such a code.
    error Vouchers_OpenBillLimitPassed(uint256 bill, uint256 limit);
    /// @notice The amounts are above the step-up threshold and no attestor consented to this redemption.
    error Vouchers_ConsentMissing(uint256 amounts, uint256 threshold);
    /// @notice The redemption is larger, by amount or by vouchers, than one of a holder may be.
    error Vouchers_RedemptionLimitPassed(address holder, uint256 amounts, uint256 count);
    /// @notice The holder would pass what may be redeemed on one day.
    error Vouchers_DayLimitPassed(address holder, uint256 amounts, uint256 count);
    /// @notice The holder would pass what may be redeemed in one month.
    error Vouchers_MonthLimitPassed(address holder, uint256 amounts, uint256 count);
    /// @notice The voucher is for a first redemption, and the holder has redeemed in this programme before.
    error Vouchers_NotFirstRedemption(address holder, uint256 total);
    /// @notice The merchant would pass what may be redeemed there on one day under one budget line.
    error Vouchers_MerchantLimitPassed(uint256 merchant, uint256 amounts, uint256 limit);
    /// @notice The terminal would pass what it may redeem on one day.
    error Vouchers_TerminalLimitPassed(address terminal, uint256 amounts, uint256 limit);
    /// @notice The holder's key is the terminal's.
    error Vouchers_SelfRedemption(address holder);
    /// @notice A reservation would have lapsed already.
    error Vouchers_LapsePassed(uint256 lapseAt, uint256 time);
    /// @notice A reservation would lapse after the voucher's validity.
    error Vouchers_LapseBeyondValidity(uint256 voucher, uint256 lapseAt, uint256 validUntil);

    // From here on: why a call reverts.

    /// @notice The sender is neither a relayer nor the terminal of every group and its merchant.
    error Vouchers_SenderNotAllowed(address sender);
    /// @notice More items than one call may carry.
    error Vouchers_TooManyItems(uint256 items, uint256 most);
    /// @notice The caller is not the linked contract this function is for.
    error Vouchers_CallerNotLinked(address caller);
    /// @notice The contracts are linked already; a new release is deployed beside this one instead.
    error Vouchers_AlreadyLinked();
    /// @notice A batch or roll with this text reference exists; its id is given.
    error Vouchers_ReferenceTaken(string ref, uint256 id);
    /// @notice The last number of 24 bits is given; a new release begins anew.
    error Vouchers_NumbersUsedUp(uint256 last);
    /// @notice A text reference is empty or longer than 64 bytes.
    error Vouchers_ReferenceInvalid(string ref);
    /// @notice The programme is not in a state in which batches can be opened or issued.
    error Vouchers_ProgrammeNotOpen(uint256 programme, uint256 state);
    /// @notice A term of the batch is outside its bound; `field` names it.
    error Vouchers_TermsInvalid(string ref, string field);
    /// @notice The batch reaches beyond what its programme was approved for; `field` names where.
    error Vouchers_OutsideProgramme(string ref, string field);
    /// @notice A roll needs 20 bytes a holder, one to 1,228 holders.
    error Vouchers_RollSizeInvalid(uint256 size);
    /// @notice The holder at this place is the zero address.
    error Vouchers_HolderZero(uint256 place);
    /// @notice The roll's flags are not {RollWord-CLAIMED} or {RollWord-CUSTODIAL}.
    error Vouchers_RollFlagsInvalid(uint256 flags);
    /// @notice There is no such batch.
    error Vouchers_BatchUnknown(uint256 batch);
    /// @notice There is no such roll, or it is another programme's.
    error Vouchers_RollUnknown(uint256 roll, uint256 programme);
    /// @notice The batch was issued to this roll before.
    error Vouchers_AlreadyIssued(uint256 batch, uint256 roll);
    /// @notice The batch would exceed its quota.
    error Vouchers_QuotaExceeded(uint256 batch, uint256 count, uint256 left);
    /// @notice The batch's validity is over, so nobody could spend what would be issued.
    error Vouchers_BatchOver(uint256 batch, uint256 validUntil);
    /// @notice The roll was written so long ago that the batch's vouchers of it would be over; both times on the programme's clock.
    error Vouchers_RollTooOld(uint256 batch, uint256 roll, uint256 time, uint256 validUntil);
    /// @notice A pack must belong to one programme.
    error Vouchers_PackMixed(uint256 batch, uint256 programme, uint256 expected);
    /// @notice Nothing to open or to issue was given.
    error Vouchers_NothingGiven();
    /// @notice The batch was never issued to this roll.
    error Vouchers_NotIssued(uint256 batch, uint256 roll);
    /// @notice The batch's vouchers of this roll were swept before.
    error Vouchers_AlreadySwept(uint256 batch, uint256 roll);
    /// @notice The voucher is not booked by this signature, or no longer.
    error Vouchers_NotBooked(uint256 voucher, bytes32 booking);
    /// @notice Who sent or signed the capture is neither a key nor an active terminal of the booking's merchant.
    error Vouchers_NotTheMerchant(address by, uint256 merchant);
    /// @notice The booking has lapsed.
    error Vouchers_BookingLapsed(uint256 voucher, uint256 time, uint256 lapseAt);
    /// @notice Who sent or signed the release is neither the merchant nor the holder, and the booking has not lapsed.
    error Vouchers_ReleaseNotAllowed(uint256 voucher, address by);
}
