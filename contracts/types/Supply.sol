// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev What a batch of vouchers is good for. Money in the token's smallest unit, times in Unix seconds, `[validFrom, validUntil)`.
/// `line` is the number of the budget line within the programme. `kind`: 0 fixed value, 1 percentage with cap, 2 stored value.
/// `percentage` of the bill in basis points, `face` its cap. `region` as packed by {RegionCode}. `claimDays` 0: only the dates count.
struct BatchTerms {
    uint24 programme;
    uint16 line;
    uint8 kind;
    uint48 face;
    uint48 minimumSpend;
    uint16 percentage;
    uint64 categories;
    uint40 region;
    uint8 channels;
    uint40 validFrom;
    uint40 validUntil;
    uint16 claimDays;
    uint40 quota;
}

/// @dev A voucher's state as of a block. LIVE is warm: time alone turns it into EXPIRED. REDEEMED is warm while a reversal is
/// possible; EXPIRED and REVOKED are cold.
enum VoucherState {
    NONE,
    LIVE,
    BOOKED,
    REDEEMED,
    EXPIRED,
    REVOKED
}
