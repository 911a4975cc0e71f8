// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BookingGroup, Capture} from "../types/Booking.sol";
import {Consent} from "../types/Redemption.sol";

/// @title Bookings: vouchers reserved for a service, captured once it was served, released otherwise.
interface IVouchersBooking {
    /// @notice A voucher was reserved for a service; `digest` names the booking, `lapseAt` is exclusive and in block time.
    event VoucherBooked(
        uint256 indexed voucher, uint256 indexed merchant, bytes32 service, bytes32 digest, uint256 amount, uint256 lapseAt
    );
    /// @notice A booked voucher was redeemed; what was booked above `amount` is free again. `number` is one of the running numbers of
    /// redemptions.
    event BookingCaptured(
        uint256 indexed voucher, uint256 indexed merchant, bytes32 digest, uint256 amount, uint256 rulesVersion, uint256 number
    );
    /// @notice A booked voucher was given free by its merchant or holder, or by anybody after the booking had lapsed.
    event BookingReleased(uint256 indexed voucher, uint256 indexed merchant, bytes32 digest, uint256 amount, address by);
    /// @notice What the captures before it were served for, and the merchant's key or terminal that said so.
    event ServiceReceipted(bytes32 indexed booking, uint256 indexed merchant, bytes32 receipt, uint256 bill, address by);

    /// @notice Reserves the vouchers of signed reservations; one the rules refuse is logged and skipped.
    ///
    /// @dev Emits {IVouchersRedemption-ConsentGiven} for each good consent, then {VoucherBooked} for each voucher of an accepted
    /// reservation and {IVouchersRedemption-RedemptionRefused} or {IVouchersRedemption-RedemptionItemRefused} for each refused one,
    /// in order.
    ///
    /// Requirements:
    /// - The caller must be a relayer, or an active terminal of every group's merchant.
    /// - At most 1,000 reservations.
    ///
    /// Notes:
    /// - A reservation is judged as a redemption is; there is no bill yet, so minimum spends are judged when it is captured. It counts
    ///   against the holder's limits now, and is not taken off again when it is released.
    /// - Of stored value the amount is reserved and the rest can be spent or booked beside it; of any other kind the whole voucher is.
    /// - `lapseAt` must lie ahead, and not behind the end of any of its vouchers' validity. A pause gives its length back to it.
    ///
    /// @param groups The merchants, each with its reservations.
    /// @param consents Attestors' consents to reservations above the step-up threshold, at most 1,000.
    /// @return booked How many vouchers were reserved.
    function book(BookingGroup[] calldata groups, Consent[] calldata consents) external returns (uint256 booked);

    /// @notice Redeems booked vouchers for what was served; those of the booking that are not named stay booked.
    ///
    /// @dev Emits {BookingCaptured} for each voucher, then {ServiceReceipted}, {IVouchersRedemption-TerminalBatchAccepted} where a
    /// terminal answers for it, and {IVouchersRedemption-RedemptionsCommitted}.
    ///
    /// Requirements:
    /// - Signed or sent by a key or terminal of the merchant, not the holder's own, before the deadline.
    /// - The booking has not lapsed; neither voucher nor merchant is frozen, the merchant active, the programme not paused.
    /// - The amount is what was booked; of stored value and percentages from 1 to what was booked. What a percentage takes of the bill may
    ///   be less, and is more than nothing.
    /// - Amounts and minimum spends do not exceed the bill.
    /// - The merchant's and the terminal's daily limits are kept.
    ///
    /// @param served The booking, what was served of it, bill and receipt.
    /// @return firstNumber The running number of the first voucher; the others follow.
    function capture(Capture calldata served) external returns (uint256 firstNumber);

    /// @notice Gives booked vouchers free: live again, or their value back on the line where they have been swept meanwhile. The
    /// signature that booked them is dead. Emits {BookingReleased} for each.
    ///
    /// Requirements:
    /// - Signed or sent by a key or terminal of the merchant or by the holder, before the deadline; sent by anybody once it has lapsed.
    ///
    /// @param booking The digest the holder signed.
    /// @param vouchers Those to give free.
    /// @param deadline Exclusive.
    /// @param signature Empty where the party sends the call itself.
    function release(bytes32 booking, uint256[] calldata vouchers, uint256 deadline, bytes calldata signature) external;

    /// @notice What the signature has booked of the voucher, where, and when that lapses, exclusive, in block time; zeros if nothing.
    function bookingOf(bytes32 booking, uint256 voucher) external view returns (uint256 amount, uint256 merchant, uint256 lapseAt);
}
