// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Calendar} from "../../contracts/libraries/Calendar.sol";
import {RegionCode} from "../../contracts/libraries/RegionCode.sol";
import {RollCode} from "../../contracts/libraries/RollCode.sol";
import {VoucherId} from "../../contracts/libraries/VoucherId.sol";
import {BatchWord} from "../../contracts/words/BatchWord.sol";
import {LedgerWord} from "../../contracts/words/LedgerWord.sol";
import {MerchantWord} from "../../contracts/words/MerchantWord.sol";
import {NetworkWord} from "../../contracts/words/NetworkWord.sol";
import {ProgrammeWord} from "../../contracts/words/ProgrammeWord.sol";
import {RollWord} from "../../contracts/words/RollWord.sol";
import {RulesWord} from "../../contracts/words/RulesWord.sol";
import {TestBase} from "./Vm.sol";

/// region codes
/// ├── when packed from digits: they should be valid, and cover just what begins with them
/// └── when a digit is above nine, stands behind the last, or too many are announced: they should not be valid
/// voucher ids
/// └── when packed: they should give back batch, roll and place, and only one place within the roll should be within it
/// roll code
/// ├── when the gas does not reach for its code: it should refuse it
/// └── when written: it should give back each holder, and zero beyond the end
/// words
/// └── when fields are set that no contract reads yet: they should be read where docs/storage.md draws them
contract LibrariesTest is TestBase {
    // --- regions ---

    function test_region__whenPackedFromDigits__isValid(uint256 seed) external pure {
        for (uint256 length; length <= 9; ++length) {
            vm.assertTrue(RegionCode.isValid(_region(_digits(seed, length))), "valid");
        }
    }

    function test_region__whenPackedFromDigits__coversWhatBeginsWithThem(uint256 seed, uint256 other) external pure {
        for (uint256 outer; outer <= 9; ++outer) {
            for (uint256 inner; inner <= 9; ++inner) {
                bytes memory wide = _digits(seed, outer);
                bytes memory narrow = _digits(other % 3 == 0 ? other : seed, inner);
                bool covers = RegionCode.covers(_region(wide), _region(narrow));
                vm.assertEq(covers, _begins(narrow, wide), "covers");
            }
        }
    }

    function test_region__whenMalformed__isNotValid() external pure {
        uint256[7] memory malformed = [
            uint256(0xa000000001), // a digit above nine
            0x6f00000002,
            0x6100000001, // one digit announced, two given
            0x6100000000, // none announced, two given
            0x610000000a, // ten announced
            0x610104123f, // fifteen announced
            1 << 40 | 0x6100000002 // beyond 40 bits
        ];
        for (uint256 i; i < malformed.length; ++i) {
            vm.assertFalse(RegionCode.isValid(malformed[i]), "valid");
        }
    }

    // --- voucher ids ---

    function test_voucherId__whenPacked__givesBackItsParts(uint24 batch, uint24 roll, uint256 place) external pure {
        place %= 2_048;
        uint256 voucher = VoucherId.pack(batch, roll, place);
        vm.assertEq(voucher >> VoucherId.BITS, 0);
        vm.assertEq(VoucherId.batch(voucher), batch);
        vm.assertEq(VoucherId.roll(voucher), roll);
        vm.assertEq(VoucherId.place(voucher), place);
        vm.assertEq(VoucherId.bitsKey(voucher) << 8 | place & 0xff, voucher);
        vm.assertEq(VoucherId.bit(voucher), 1 << (place & 0xff));
    }

    function test_voucherId__whenMoreThan59Bits__isWithinNoRoll(uint256 voucher, uint256 places) external pure {
        places %= RollCode.MAX_PLACES + 1;
        bool within = voucher >> VoucherId.BITS == 0 && voucher & 0x7ff < places;
        vm.assertEq(VoucherId.isWithin(voucher, places), within);
        voucher %= 1 << VoucherId.BITS;
        vm.assertEq(VoucherId.isWithin(voucher, places), voucher & 0x7ff < places);
    }

    // --- rolls ---

    function test_rollCode__whenGasDoesNotReach__refusesIt() external {
        bytes memory holders = new bytes(RollCode.MAX_PLACES * 20); // its code costs 4.9 million gas
        vm.expectRevert(abi.encodeWithSelector(RollCode.RollCode_NotWritten.selector, holders.length));
        this.write{gas: 4_500_000}(holders);
    }

    function test_rollCode__whenWritten__givesBackEachHolder() external {
        bytes memory holders = abi.encodePacked(address(1), address(type(uint160).max), address(this));
        uint256 pointer = uint256(uint160(this.write(holders)));
        vm.assertEq(RollCode.holderAt(pointer, 0), address(1));
        vm.assertEq(RollCode.holderAt(pointer, 1), address(type(uint160).max));
        vm.assertEq(RollCode.holderAt(pointer, 2), address(this));
        vm.assertEq(RollCode.holderAt(pointer, 3), address(0));
    }

    function write(bytes calldata holders) external returns (address) {
        return RollCode.write(holders);
    }

    // --- words: fields that no contract reads yet ---

    function test_words__whenLaterFieldsAreSet__areReadWhereThePageDrawsThem() external pure {
        uint256 network = 7 | 5 << 64 | 6 << 88 | 1_111 << 112 | 2_222 << 152;
        vm.assertEq(NetworkWord.pausedUntil(network), 1_111);
        vm.assertEq(NetworkWord.pausedSeconds(network), 2_222);
        uint256 programme = ProgrammeWord.restate(0, 5, 3, -60) | 11 << 48 | 12 << 80 | 13 << 120 | 14 << 184 | 15 << 192;
        vm.assertEq(ProgrammeWord.pausedSeconds(programme), 11);
        vm.assertEq(ProgrammeWord.pausedUntil(programme), 12);
        vm.assertEq(ProgrammeWord.widenedCategories(programme), 13);
        vm.assertEq(ProgrammeWord.widenedChannels(programme), 14);
        vm.assertEq(ProgrammeWord.widenedChannelsUntil(programme), 15);
        vm.assertEq(ProgrammeWord.utcOffset(programme), -3_600);
        vm.assertEq(ProgrammeWord.state(programme), 5);
        vm.assertEq(BatchWord.kind(2 << 56 | 1 << 64), 2);
        vm.assertEq(BatchWord.swept(7 << 80 | 3 << 120), 3);
        vm.assertEq(LedgerWord.committedCount(9 << 128 | 8 << 176), 9);
        vm.assertEq(LedgerWord.payableCount(9 << 128 | 8 << 176), 8);
        vm.assertEq(RulesWord.stepUpThreshold(50_000 | 9 << 64), 50_000);
        vm.assertEq(RulesWord.merchantDailyLimit(50_000 | 9 << 64), 9);
        vm.assertEq(RollWord.flags(RollWord.pack(1, 2, 3, 4, address(5))), 4);
        vm.assertFalse(MerchantWord.serves(MerchantWord.packTerminal(1, 2), 1), "no active status");
    }

    function test_day__whenWestOfUtc__changesAtLocalMidnight() external pure {
        uint256 word = ProgrammeWord.restate(0, 5, 1, -300); // five hours behind
        uint256 midnight = 20_000 * 1 days + 5 hours;
        vm.assertEq(ProgrammeWord.day(word, midnight - 1), 19_999);
        vm.assertEq(ProgrammeWord.day(word, midnight), 20_000);
    }

    function test_month__forEachDayUntil2040__isThatOfACalendarCountedDayByDay() external pure {
        _countDays(1970, 0, 2040);
    }

    function test_month__forEachDayFrom2040To2110__isThatOfACalendarCountedDayByDay() external pure {
        _countDays(2040, 25_567, 2110);
    }

    function test_month__forEachDayFrom2110To2200__isThatOfACalendarCountedDayByDay() external pure {
        _countDays(2110, 51_134, 2200);
    }

    /// @dev The same days stand in tests/domain/test_calendar.py.
    function test_month__atEdges__isWhatTheNodeSays() external pure {
        vm.assertEq(Calendar.monthOf(19_781), 24_289); // 28 February 2024
        vm.assertEq(Calendar.monthOf(19_782), 24_289); // 29 February 2024
        vm.assertEq(Calendar.monthOf(19_783), 24_290); // 1 March 2024
        vm.assertEq(Calendar.monthOf(20_453), 24_311); // 31 December 2025
        vm.assertEq(Calendar.monthOf(20_454), 24_312); // 1 January 2026
        vm.assertEq(Calendar.monthOf(47_540), 25_201); // 28 February 2100
        vm.assertEq(Calendar.monthOf(47_541), 25_202); // 1 March 2100
    }

    /// @dev Counts from the first day of a year, `day` days after 1970-01-01. No cheatcode for each day: the gas is limited.
    function _countDays(uint256 year, uint256 day, uint256 endYear) private pure {
        (uint256 month, uint256 dayOfMonth) = (1, 1);
        for (; year < endYear; ++day) {
            assert(Calendar.monthOf(day) == year * 12 + month - 1);
            if (dayOfMonth++ != _lengthOf(month, year)) continue;
            (month, dayOfMonth) = (month + 1, 1);
            if (month == 13) (year, month) = (year + 1, 1);
        }
        vm.assertEq(Calendar.monthOf(day), endYear * 12);
    }

    function _lengthOf(uint256 month, uint256 year) private pure returns (uint256) {
        if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
        return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    }

    // --- helpers ---

    function _digits(uint256 seed, uint256 length) private pure returns (bytes memory digits) {
        digits = new bytes(length);
        for (uint256 i; i < length; ++i) {
            digits[i] = bytes1(uint8(48 + (seed >> (8 * i)) % 10));
        }
    }

    function _region(bytes memory digits) private pure returns (uint256 packed) {
        packed = digits.length;
        for (uint256 i; i < digits.length; ++i) {
            packed |= uint256(uint8(digits[i]) - 48) << (36 - 4 * i);
        }
    }

    function _begins(bytes memory text, bytes memory with_) private pure returns (bool) {
        if (text.length < with_.length) return false;
        for (uint256 i; i < with_.length; ++i) {
            if (text[i] != with_[i]) return false;
        }
        return true;
    }
}
