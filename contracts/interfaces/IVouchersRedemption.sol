// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Consent, Group} from "../types/Redemption.sol";

/// @title Redeeming vouchers.
interface IVouchersRedemption {
    /// @notice A voucher was redeemed. `number` runs without a gap over all redemptions of the contract, from 1.
    event VoucherRedeemed(
        uint256 indexed voucher,
        uint256 indexed merchant,
        bytes32 receipt,
        bytes32 digest,
        uint256 amount,
        uint256 rulesVersion,
        uint256 number
    );
    /// @notice The rules said no to an item its holder had signed; `voucher` is the first that failed, `reason` the error's selector.
    event RedemptionRefused(uint256 indexed voucher, uint256 indexed merchant, bytes32 digest, bytes4 reason);
    /// @notice An item without a good signature was passed over; it names no voucher, since its holder had no part in it.
    event RedemptionItemRefused(uint256 indexed merchant, uint256 group, uint256 item, bytes4 reason);
    /// @notice The terminal answers for the `count` redemptions from `firstNumber` on.
    event TerminalBatchAccepted(uint256 indexed merchant, address indexed terminal, uint256 firstNumber, uint256 count);
    /// @notice Closes a call that redeemed anything: the chain of its leaves, see docs/storage.md, section 1.
    event RedemptionsCommitted(uint256 indexed firstNumber, uint256 count, bytes32 commitment);

    /// @notice An attestor consented to a redemption above the step-up threshold; logged with the call that brought the consent.
    event ConsentGiven(bytes32 indexed redemption, address indexed attestor);

    /// @notice Redeems signed items for their merchants; an item the rules refuse is logged and skipped.
    ///
    /// @dev Emits {VoucherRedeemed} for each voucher of an accepted item and {RedemptionRefused} or {RedemptionItemRefused} for each
    /// refused one, in order; then {TerminalBatchAccepted} for each group with a terminal, and {RedemptionsCommitted} at the end.
    ///
    /// Requirements:
    /// - The caller must be a relayer, or the terminal named by every group and active at its merchant.
    /// - At most 1,000 items.
    ///
    /// Notes:
    /// - A code whose holder named no merchant is redeemed only in a group with a terminal: by sending or signing the group it says where.
    /// - An item is accepted or refused whole. Its vouchers must ascend and belong to one holder and one programme.
    /// - Block time is set by the validators; on this permissioned chain it is trusted to the second.
    ///
    /// @param groups The merchants, each with its terminal and the items sold there.
    /// @return redeemed How many vouchers were redeemed.
    function redeem(Group[] calldata groups) external returns (uint256 redeemed);

    /// @notice {redeem} with attestors' consents to those of its redemptions that are above the step-up threshold.
    ///
    /// @dev Emits {ConsentGiven} for each good consent; one that is no attestor's is passed over, and its redemption refused.
    ///
    /// @param consents At most 1,000, in any order.
    function redeemWithConsents(Group[] calldata groups, Consent[] calldata consents) external returns (uint256 redeemed);
}
