// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BatchTerms} from "../types/Supply.sol";

/// @title The three words of a batch.
/// @dev `terms`: programme 24, line 16, version 16, kind 8, face 48, minimumSpend 48, percentage 16, validFrom 40, validUntil 40.
/// `reach`: categories 64, region 40, channels 8, claimDays 16, flags 8, firstRoll 24, issued 48, swept 48.
/// `supply`: quota 40, issued 40, openedAt 40, swept 40, extendedSeconds 40, reserved 40.
library BatchWord {
    /// @dev Rolls whose marks stand in `reach` itself, from the first roll the batch was issued to.
    uint256 internal constant WINDOW = 48;

    /// @dev Flags: some voucher carries an overlay; the batch is frozen; its validity was extended; a pair of it was swept; some voucher was
    /// booked.
    uint256 internal constant OVERLAYS = 1;
    uint256 internal constant FROZEN = 2;
    uint256 internal constant EXTENDED = 4;
    uint256 internal constant SWEPT = 8;
    uint256 internal constant BOOKED = 16;

    /// @dev Kinds: a fixed value; a percentage of the bill, capped by the face value; stored value.
    uint256 internal constant FIXED = 0;
    uint256 internal constant PERCENTAGE = 1;
    uint256 internal constant STORED = 2;

    uint256 private constant ISSUED_AT = 160;
    uint256 private constant SWEPT_AT = 208;

    function packTerms(BatchTerms calldata t, uint256 rulesVersion, uint256 untilOnClock) internal pure returns (uint256) {
        return uint256(t.programme) | uint256(t.line) << 24 | rulesVersion << 40 | uint256(t.kind) << 56 | uint256(t.face) << 64
            | uint256(t.minimumSpend) << 112 | uint256(t.percentage) << 160 | uint256(t.validFrom) << 176 | untilOnClock << 216;
    }

    function packReach(BatchTerms calldata t) internal pure returns (uint256) {
        return uint256(t.categories) | uint256(t.region) << 64 | uint256(t.channels) << 104 | uint256(t.claimDays) << 112;
    }

    function packSupply(BatchTerms calldata t, uint256 openedAt) internal pure returns (uint256) {
        return uint256(t.quota) | openedAt << 80;
    }

    function programme(uint256 terms) internal pure returns (uint256) {
        return uint24(terms);
    }

    /// @dev The budget line's id: `programme << 16 | number`.
    function line(uint256 terms) internal pure returns (uint256) {
        return uint256(uint24(terms)) << 16 | uint16(terms >> 24);
    }

    /// @dev Programme and line as they stand in `terms`: {line} of it is the line's id.
    function account(uint256 terms) internal pure returns (uint256) {
        return uint40(terms);
    }

    function version(uint256 terms) internal pure returns (uint256) {
        return uint16(terms >> 40);
    }

    /// @dev The key of the rules it was opened under: `programme << 16 | version`.
    function rulesKey(uint256 terms) internal pure returns (uint256) {
        return uint256(uint24(terms)) << 16 | uint16(terms >> 40);
    }

    function kind(uint256 terms) internal pure returns (uint256) {
        return uint8(terms >> 56);
    }

    function face(uint256 terms) internal pure returns (uint256) {
        return uint48(terms >> 64);
    }

    function minimumSpend(uint256 terms) internal pure returns (uint256) {
        return uint48(terms >> 112);
    }

    /// @dev In basis points of the bill.
    function percentage(uint256 terms) internal pure returns (uint256) {
        return uint16(terms >> 160);
    }

    function validFrom(uint256 terms) internal pure returns (uint256) {
        return uint40(terms >> 176);
    }

    /// @dev On the programme clock.
    function validUntil(uint256 terms) internal pure returns (uint256) {
        return terms >> 216;
    }

    /// @dev The caller keeps `validUntil + longer < 2^40`.
    function lengthen(uint256 terms, uint256 longer) internal pure returns (uint256) {
        return terms + (longer << 216);
    }

    function categories(uint256 reach) internal pure returns (uint256) {
        return uint64(reach);
    }

    function region(uint256 reach) internal pure returns (uint256) {
        return uint40(reach >> 64);
    }

    function channels(uint256 reach) internal pure returns (uint256) {
        return uint8(reach >> 104);
    }

    function claimDays(uint256 reach) internal pure returns (uint256) {
        return uint16(reach >> 112);
    }

    function flags(uint256 reach) internal pure returns (uint256) {
        return uint8(reach >> 128);
    }

    function setFlag(uint256 reach, uint256 flag) internal pure returns (uint256) {
        return reach | flag << 128;
    }

    function clearFlag(uint256 reach, uint256 flag) internal pure returns (uint256) {
        return reach & ~(flag << 128);
    }

    function firstRoll(uint256 reach) internal pure returns (uint256) {
        return uint24(reach >> 136);
    }

    /// @dev Whether the marks of `roll` stand in `reach`. A batch without a first roll has no window yet.
    function inWindow(uint256 reach, uint256 roll) internal pure returns (bool) {
        unchecked {
            uint256 first = firstRoll(reach);
            return first != 0 && roll - first < WINDOW; // a roll before the first wraps to a huge number
        }
    }

    /// @dev `roll` must be in the window.
    function isIssued(uint256 reach, uint256 roll) internal pure returns (bool) {
        unchecked {
            return reach >> (ISSUED_AT + roll - firstRoll(reach)) & 1 != 0;
        }
    }

    /// @dev `roll` must be in the window.
    function isSwept(uint256 reach, uint256 roll) internal pure returns (bool) {
        unchecked {
            return reach >> (SWEPT_AT + roll - firstRoll(reach)) & 1 != 0;
        }
    }

    /// @dev The first roll a batch is issued to opens its window.
    function openWindow(uint256 reach, uint256 roll) internal pure returns (uint256) {
        return reach | roll << 136;
    }

    function markIssued(uint256 reach, uint256 roll) internal pure returns (uint256) {
        unchecked {
            return reach | 1 << (ISSUED_AT + roll - firstRoll(reach));
        }
    }

    function markSwept(uint256 reach, uint256 roll) internal pure returns (uint256) {
        unchecked {
            return reach | 1 << (SWEPT_AT + roll - firstRoll(reach));
        }
    }

    function quota(uint256 supply) internal pure returns (uint256) {
        return uint40(supply);
    }

    function issued(uint256 supply) internal pure returns (uint256) {
        return uint40(supply >> 40);
    }

    /// @dev Kept for rounds of claims: counts against the quota as what was issued does.
    function reserved(uint256 supply) internal pure returns (uint256) {
        return uint40(supply >> 200);
    }

    /// @dev How many more may be issued or kept. Issued and reserved together stay within the quota.
    function left(uint256 supply) internal pure returns (uint256) {
        return quota(supply) - issued(supply) - reserved(supply);
    }

    /// @dev The caller keeps `count ≤ left`.
    function addReserved(uint256 supply, uint256 count) internal pure returns (uint256) {
        return supply + (count << 200);
    }

    /// @dev The caller keeps `count ≤ reserved`.
    function takeReserved(uint256 supply, uint256 count) internal pure returns (uint256) {
        return supply - (count << 200);
    }

    /// @dev The caller keeps `issued + count ≤ quota < 2^40`.
    function addIssued(uint256 supply, uint256 count) internal pure returns (uint256) {
        return supply + (count << 40);
    }

    function swept(uint256 supply) internal pure returns (uint256) {
        return uint40(supply >> 120);
    }

    /// @dev Seconds by which its validity was extended in all.
    function extendedSeconds(uint256 supply) internal pure returns (uint256) {
        return uint40(supply >> 160);
    }

    /// @dev The caller keeps the sum below 2^40.
    function addExtended(uint256 supply, uint256 longer) internal pure returns (uint256) {
        return supply + (longer << 160);
    }

    /// @dev The caller keeps `swept + count ≤ issued`.
    function addSwept(uint256 supply, uint256 count) internal pure returns (uint256) {
        return supply + (count << 120);
    }
}
