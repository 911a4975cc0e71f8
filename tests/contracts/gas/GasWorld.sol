// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VoucherId} from "../../../contracts/libraries/VoucherId.sol";
import {MerchantTerms} from "../../../contracts/types/Merchant.sol";
import {Group, Item, Spend} from "../../../contracts/types/Redemption.sol";
import {RulesTerms} from "../../../contracts/types/Programme.sol";
import {BatchTerms} from "../../../contracts/types/Supply.sol";
import {Base} from "../Base.t.sol";

/// @dev What the measures need of forge besides {Vm}.
interface GasVm {
    function snapshotValue(string calldata group, string calldata name, uint256 value) external;
}

/// @title A world like the replay's, and calls whose gas is recorded.
/// @dev Measures run with `isolate`: every call is a transaction of its own, so storage is cold at its beginning and its gas is what
/// a receipt would say: 21,000, calldata, execution, less refunds.
abstract contract GasWorld is Base {
    GasVm private constant gasVm = GasVm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant FULL_ROLL = 1228;
    uint48 internal constant MEASURED_FACE = 5_00;

    address internal terminal;

    function setUp() public virtual override {
        super.setUp();
        terminal = _account("terminal");
        vm.warp(START + 10 days);
    }

    // --- the world ---

    /// @dev Every rule is on that needs no slot for each holder, none of them reached.
    function _rulesTerms() internal view virtual override returns (RulesTerms memory r) {
        r = super._rulesTerms();
        (r.stepUpThreshold, r.merchantDailyLimit) = (500_00, 10_000_000_00);
    }

    /// @dev An active programme with one line that holds its whole budget.
    function _openActive(string memory ref) internal returns (uint256 programme) {
        programme = _openProgramme(ref, 1);
        _activate(programme);
    }

    /// @dev Active merchants, vetted for several categories in the district.
    function _openMerchants(uint256 count) internal returns (uint256 first) {
        string[] memory refs = new string[](count);
        MerchantTerms[] memory terms = new MerchantTerms[](count);
        uint256[] memory ids = new uint256[](count);
        uint256 last = merchants.lastMerchant();
        for (uint256 i; i < count; ++i) {
            refs[i] = string.concat("store-", vm.toString(last + i));
            terms[i] = MerchantTerms(0xffff, DISTRICT, CHANNELS, payout);
            ids[i] = last + 1 + i;
        }
        vm.prank(registrar);
        first = merchants.enter(refs, terms);
        vm.prank(approver);
        merchants.activate(ids);
    }

    function _openBatches(uint256 programme, uint256 count) internal returns (uint256[] memory batches) {
        string[] memory refs = new string[](count);
        BatchTerms[] memory terms = new BatchTerms[](count);
        (, uint256 last,) = vouchers.counts();
        for (uint256 i; i < count; ++i) {
            refs[i] = string.concat("batch-", vm.toString(last + i));
            terms[i] = _batchTerms(programme);
            (terms[i].face, terms[i].quota, terms[i].minimumSpend) = (MEASURED_FACE, 100_000, 20_00);
        }
        vm.prank(treasurer);
        uint256 first = vouchers.openBatches(refs, terms);
        batches = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            batches[i] = first + i;
        }
    }

    /// @dev Issues from a roll written under a text reference as the loader makes them.
    function _openRoll(uint256 programme, bytes memory holders) internal returns (uint256 roll) {
        (,, uint256 rolls) = vouchers.counts();
        string memory ref = string.concat("campaign-", vm.toString(programme), "-roll-", vm.toString(rolls));
        vm.prank(treasurer);
        roll = vouchers.writeRoll(programme, ref, 2, holders);
    }

    /// @dev Returns what the transaction used.
    function _issue(uint256[] memory batches, uint256[] memory rolls) internal returns (uint256) {
        vm.prank(treasurer);
        vouchers.issue(batches, rolls);
        return vm.lastCallGas().gasTotalUsed;
    }

    // --- redemptions ---

    /// @dev Signed as the node sends it, in 64 bytes (ERC-2098).
    function _measuredItem(uint256 place, uint256 merchant, uint256[] memory ids) internal view returns (Item memory item) {
        item.spends = new Spend[](ids.length);
        for (uint256 i; i < ids.length; ++i) {
            item.spends[i] = Spend(ids[i], MEASURED_FACE, 0);
        }
        item.bill = 186_35;
        item.receipt = keccak256(abi.encode("receipt", ids, merchant));
        item.deadline = block.timestamp + MAX_DEADLINE;
        item.signature = _compactSignature(_holderKey(place), _digest(item, merchant));
    }

    /// @dev Items of neighbouring places of one roll, one for each place, over one voucher of each of the batches.
    function _neighbours(uint256 merchant, uint256[] memory batches, uint256 roll, uint256 from, uint256 count)
        internal
        view
        returns (Group[] memory)
    {
        Item[] memory items = new Item[](count);
        for (uint256 i; i < count; ++i) {
            uint256[] memory ids = new uint256[](batches.length);
            for (uint256 b; b < ids.length; ++b) {
                ids[b] = VoucherId.pack(batches[b], roll, from + i);
            }
            items[i] = _measuredItem(from + i, merchant, ids);
        }
        return _one(_group(merchant, items));
    }

    // --- recording ---

    /// @dev Sends one call and records its gas by redeemed voucher, having seen that all were redeemed.
    function _record(string memory name, Group[] memory groups, uint256 expected) internal {
        uint256 redeemed = _redeem(groups);
        uint256 used = vm.lastCallGas().gasTotalUsed;
        vm.assertEq(redeemed, expected, "vouchers redeemed");
        _record("redemption", name, used, expected);
    }

    /// @dev Records gas by unit, rounded up.
    function _record(string memory group, string memory name, uint256 used, uint256 units) internal {
        gasVm.snapshotValue(group, name, (used + units - 1) / units);
    }
}
