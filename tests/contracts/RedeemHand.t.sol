// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {Group, Item, Spend} from "../../contracts/types/Redemption.sol";
import {VoucherState} from "../../contracts/types/Supply.sol";
import {RedeemWorld} from "./RedeemWorld.sol";
import {Vm} from "./Vm.sol";

/// what a call keeps in hand between its items
/// ├── when a number above 59 bits ends in a voucher's id: it should be no voucher, wherever it stands
/// ├── when more batches and rolls are in hand than it holds: it should lose no bit
/// ├── when a refused item had taken bits already: it should give them back, in hand or written
/// ├── when places stand on both sides of a word: it should keep both words
/// └── when any items in any order are sent: it should agree with a plain model
contract RedeemHandTest is RedeemWorld {
    uint256 private constant BATCHES = 20;

    uint256[] private batches;
    uint256[] private rolls;

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < BATCHES; ++i) {
            batches.push(_openBatch(string.concat("hand ", vm.toString(i)), programme));
        }
        rolls.push(roll);
        rolls.push(_writeRoll(programme, "second", _holders(0, 5)));
        rolls.push(_writeRoll(programme, "third", _holders(0, 5)));
        vm.prank(treasurer);
        vouchers.issue(batches, rolls);
    }

    // --- numbers that are no vouchers ---

    function test_hand__whenANumberEndsInAVouchersId__isNoVoucher() external {
        bytes4 reason = IVouchersErrors.Vouchers_VoucherUnknown.selector;
        for (uint256 bit = 59; bit < 256; ++bit) {
            Item memory item = _signedItem(_voucher(0) | 1 << bit, 0, merchant);
            vm.recordLogs();
            vm.assertEq(_redeem(merchant, item), 0, "alone");
            _assertItemRefused(vm.getRecordedLogs()[0], merchant, 0, 0, reason);
        }
        _assertState(_voucher(0), VoucherState.LIVE);
    }

    function test_hand__whenItsNeighbourIsInHand__isNoVoucherEither() external {
        bytes4 reason = IVouchersErrors.Vouchers_VoucherUnknown.selector;
        Item memory bad = _item(_spend(_voucher(0))); // takes the words in hand; its bill is too small
        bad.bill = 1;
        bad = _signed(bad, _holderKey(0), merchant);
        uint256 world = vm.snapshotState();
        for (uint256 bit = 59; bit < 256; ++bit) {
            Item memory item = _signedItem(_voucher(0) | 1 << bit, 0, merchant);
            vm.recordLogs();
            vm.assertEq(_redeem(_one(_group(merchant, _items(bad, item)))), 0, "behind its neighbour");
            _assertItemRefused(vm.getRecordedLogs()[1], merchant, 0, 1, reason);
            vm.revertToState(world);
        }
    }

    function test_hand__whenItStandsBehindItsVoucherInAnItem__refusesTheItem() external {
        bytes4 reason = IVouchersErrors.Vouchers_VoucherUnknown.selector;
        for (uint256 bit = 59; bit < 256; ++bit) {
            uint256 odd = _voucher(0) | 1 << bit;
            _assertSaidNo(_signed(_item(_spend(_voucher(0), odd)), _holderKey(0), merchant), odd, reason);
        }
        _assertState(_voucher(0), VoucherState.LIVE);
        vm.assertEq(vouchers.redeemedBits(_voucher(0) >> 8), 0);
    }

    function test_hand__whenZeroIsGiven__isNoVoucher() external {
        Item memory good = _signedItem(_voucher(0), 0, merchant);
        Item memory zero = _signedItem(0, 0, merchant);
        Item memory low = _signedItem(255, 0, merchant);
        vm.recordLogs();
        vm.assertEq(_redeem(_one(_group(merchant, _items(zero, good, low)))), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _assertItemRefused(logs[0], merchant, 0, 0, IVouchersErrors.Vouchers_VoucherUnknown.selector);
        _assertItemRefused(logs[2], merchant, 0, 2, IVouchersErrors.Vouchers_VoucherUnknown.selector);
    }

    // --- bits ---

    function test_hand__whenMoreWordsThanItHolds__losesNoBit() external {
        Item[] memory items = new Item[](BATCHES * 3 * 5);
        uint256 n;
        for (uint256 place; place < 5; ++place) {
            for (uint256 r; r < 3; ++r) {
                for (uint256 b; b < BATCHES; ++b) {
                    items[n++] = _signedItem(_id(batches[b], rolls[r], place), place, merchant);
                }
            }
        }
        vm.assertEq(_redeem(_one(_group(merchant, items))), 300);
        for (uint256 r; r < 3; ++r) {
            for (uint256 b; b < BATCHES; ++b) {
                uint256 first = _id(batches[b], rolls[r], 0);
                vm.assertEq(vouchers.redeemedBits(first >> 8), 0x1f << (first & 0xff), "bits");
            }
        }
        vm.assertEq(_payable(line), 300 * uint256(FACE));
        _assertIdentity(line);
    }

    function test_hand__whenARefusedItemHadTakenBits__givesThemBack() external {
        // twenty vouchers of one holder: far more words than are in hand at once; the last amount is wrong
        Spend[] memory spends = _ofAllBatches(2);
        spends[BATCHES - 1].amount = 1;
        Item memory bad = _item(spends);
        bad.bill = 1_000_000;
        bad = _signed(bad, _holderKey(2), merchant);
        bytes4 reason = IVouchersErrors.Vouchers_AmountMismatch.selector;
        _assertSaidNo(bad, spends[BATCHES - 1].voucher, reason);
        for (uint256 b; b < BATCHES; ++b) {
            vm.assertEq(vouchers.redeemedBits(spends[b].voucher >> 8), 0, "given back");
        }

        Item memory before = _signedItem(_id(batches[3], roll, 1), 1, merchant);
        Item memory afterwards = _signedItem(_id(batches[3], roll, 2), 2, merchant);
        vm.assertEq(_redeem(_one(_group(merchant, _items(before, bad, afterwards)))), 2);
        for (uint256 b; b < BATCHES; ++b) {
            uint256 first = _id(batches[b], roll, 0);
            uint256 expected = b == 3 ? 6 << (first & 0xff) : 0;
            vm.assertEq(vouchers.redeemedBits(first >> 8), expected, "only the good ones");
        }
        vm.assertEq(_payable(line), 2 * uint256(FACE));
    }

    function test_hand__whenSumsAreRefused__givesAllBitsBack() external {
        Spend[] memory spends = _ofAllBatches(2);
        Item memory bad = _item(spends);
        bad.bill = BATCHES * uint256(FACE) - 1;
        bad = _signed(bad, _holderKey(2), merchant);
        _assertSaidNo(bad, spends[0].voucher, IVouchersErrors.Vouchers_AmountsOverBill.selector);
        for (uint256 b; b < BATCHES; ++b) {
            vm.assertEq(vouchers.redeemedBits(spends[b].voucher >> 8), 0, "given back");
        }
        bad.bill += 1;
        vm.assertEq(_redeem(merchant, _signed(bad, _holderKey(2), merchant)), BATCHES);
    }

    function test_hand__whenPlacesStandOnBothSidesOfAWord__keepsBothWords() external {
        bytes memory holders = _anyHolders(1_228);
        uint256[6] memory places = [uint256(255), 256, 511, 512, 1_023, 1_227];
        Item[] memory items = new Item[](6);
        for (uint256 i; i < 6; ++i) {
            _put(holders, places[i], _holder(places[i]));
        }
        uint256 long = _writeRoll(programme, "long", holders);
        _issue(batch, long);
        for (uint256 i; i < 6; ++i) {
            items[i] = _signedItem(_id(batch, long, places[i]), places[i], merchant);
        }
        vm.assertEq(_redeem(_one(_group(merchant, items))), 6);
        for (uint256 i; i < 6; ++i) {
            _assertState(_id(batch, long, places[i]), VoucherState.REDEEMED);
        }
        _assertState(_id(batch, long, 254), VoucherState.LIVE);
        _assertState(_id(batch, long, 257), VoucherState.LIVE);
    }

    // --- any order ---

    /// forge-config: default.fuzz.runs = 64
    function test_hand__whenAnyItemsAreSent__agreesWithAPlainModel(uint256 seed) external {
        uint256 redeemed;
        for (uint256 call; call < 2; ++call) {
            Group[] memory groups = new Group[](3);
            for (uint256 g; g < 3; ++g) {
                Item[] memory items = new Item[](12);
                for (uint256 i; i < 12; ++i) {
                    seed = uint256(keccak256(abi.encode(seed)));
                    items[i] = _anyItem(seed);
                }
                groups[g] = _group(merchant, items);
            }
            uint256 expected = _model(groups);
            vm.assertEq(_redeem(groups), expected, "redeemed");
            redeemed += expected;
        }
        for (uint256 b; b < BATCHES; ++b) {
            for (uint256 r; r < 3; ++r) {
                uint256 first = _id(batches[b], rolls[r], 0);
                vm.assertEq(vouchers.redeemedBits(first >> 8) >> (first & 0xff), modelBits[first], "bits");
            }
        }
        vm.assertEq(_payable(line), redeemed * FACE);
        _assertIdentity(line);
    }

    mapping(uint256 first => uint256 bits) private modelBits;

    /// @dev One to three vouchers of one holder in ascending order; one item in four is spoiled.
    function _anyItem(uint256 seed) private view returns (Item memory item) {
        uint256 place = seed % 5;
        uint256 count = 1 + (seed >> 8) % 3;
        Spend[] memory spends = new Spend[](count);
        uint256 at = (seed >> 16) % (BATCHES - 2);
        for (uint256 i; i < count; ++i) {
            spends[i] = Spend(_id(batches[at + i], rolls[(seed >> (24 + 8 * i)) % 3], place), FACE, 0);
        }
        item = _item(spends);
        if ((seed >> 64) % 4 == 0) item.bill = 1;
        item = _signed(item, _holderKey(place), merchant);
    }

    /// @dev Redeems in the model what the contract should.
    function _model(Group[] memory groups) private returns (uint256 redeemed) {
        for (uint256 g; g < groups.length; ++g) {
            for (uint256 i; i < groups[g].items.length; ++i) {
                Item memory item = groups[g].items[i];
                if (item.bill == 1 || _anyRedeemed(item.spends)) continue;
                for (uint256 s; s < item.spends.length; ++s) {
                    uint256 voucher = item.spends[s].voucher;
                    modelBits[voucher & ~uint256(0x7ff)] |= 1 << (voucher & 0x7ff);
                    ++redeemed;
                }
            }
        }
    }

    function _anyRedeemed(Spend[] memory spends) private view returns (bool) {
        for (uint256 s; s < spends.length; ++s) {
            uint256 voucher = spends[s].voucher;
            if (modelBits[voucher & ~uint256(0x7ff)] >> (voucher & 0x7ff) & 1 != 0) return true;
        }
        return false;
    }

    // --- helpers ---

    /// @dev The holder's voucher of every batch, on the first roll.
    function _ofAllBatches(uint256 place) private view returns (Spend[] memory spends) {
        spends = new Spend[](BATCHES);
        for (uint256 b; b < BATCHES; ++b) {
            spends[b] = Spend(_id(batches[b], roll, place), FACE, 0);
        }
    }
}
