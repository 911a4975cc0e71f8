// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev One voucher on a receipt. `amount` is exact, of a percentage the most it may take, in the token's smallest unit; `sequence` is
/// stored value's next one, else 0.
struct Spend {
    uint256 voucher;
    uint256 amount;
    uint256 sequence;
}

/// @dev What a holder signed for one receipt at one merchant. `spends` ascend by voucher; `bill` in the token's smallest unit;
/// `receipt` is the receipt's salted hash; `deadline` is exclusive. Where the holder named no merchant, `signature` is
/// `bytes4(typehash of OpenRedemption) ‖ uint224(maxBill) ‖ signature`, and `bill` and `receipt` are the terminal's word.
struct Item {
    Spend[] spends;
    uint256 bill;
    bytes32 receipt;
    uint256 channel;
    uint256 deadline;
    bytes signature;
}

/// @dev An attestor's signature of `Consent(redemption)`, where `redemption` is the digest the holder signed.
struct Consent {
    bytes32 redemption;
    bytes signature;
}

/// @dev The items of one merchant. `terminal` is zero where no terminal answers for them; otherwise it sent the call or signed
/// `TerminalBatch(merchant, digests)`.
struct Group {
    uint256 merchant;
    address terminal;
    bytes terminalSignature;
    Item[] items;
}
