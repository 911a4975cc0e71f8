// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VoucherId} from "../../../contracts/libraries/VoucherId.sol";
import {Group, Item} from "../../../contracts/types/Redemption.sol";
import {GasWorld} from "./GasWorld.sol";

/// @dev The call of 100 drawn from the replay; see GasRedemption.t.sol. Its second use redeems other places of the same words at the
/// same merchants.
/// forge-config: default.isolate = true
contract GasDrawTest is GasWorld {
    struct Drawn {
        uint256 merchant;
        uint256 batch;
        uint256 place;
    }

    uint256[] private opened;
    uint256[] private rolls;
    uint256[] private batches;
    uint256[] private programmeOfBatch;
    uint256 private firstMerchant;
    Drawn[] private drawn;

    function setUp() public override {
        super.setUp();
        string memory json = vm.readFile("tests/cases/draw.json");
        uint256[] memory sizes = vm.parseJsonUintArray(json, ".rollSizes");
        for (uint256 i; i < sizes.length; ++i) {
            opened.push(_openActive(string.concat("campaign-", vm.toString(i))));
            rolls.push(_openRoll(opened[i], _holders(0, sizes[i])));
        }
        programmeOfBatch = vm.parseJsonUintArray(json, ".programmeOfBatch");
        for (uint256 i; i < programmeOfBatch.length; ++i) {
            uint256 p = programmeOfBatch[i];
            uint256[] memory batch_ = _openBatches(opened[p], 1);
            batches.push(batch_[0]);
            _issue(batch_, _one(rolls[p]));
        }
        firstMerchant = _openMerchants(vm.parseJsonUint(json, ".merchants"));
        uint256[] memory merchant = vm.parseJsonUintArray(json, ".merchant");
        uint256[] memory batch = vm.parseJsonUintArray(json, ".batch");
        uint256[] memory place = vm.parseJsonUintArray(json, ".place");
        for (uint256 i; i < merchant.length; ++i) {
            drawn.push(Drawn(merchant[i], batch[i], place[i]));
        }
    }

    function test_gas__draw() public {
        _record("draw from the replay, first use", _groups(0), drawn.length);
        _record("draw from the replay, later", _groups(1), drawn.length);
    }

    /// @dev One group a merchant, its items ascending by voucher. `flip` takes the place beside the drawn one.
    function _groups(uint256 flip) private view returns (Group[] memory groups) {
        uint256 count;
        for (uint256 i; i < drawn.length; ++i) {
            if (i == 0 || drawn[i].merchant != drawn[i - 1].merchant) ++count;
        }
        groups = new Group[](count);
        uint256 at;
        for (uint256 g; g < count; ++g) {
            uint256 from = at;
            while (at < drawn.length && drawn[at].merchant == drawn[from].merchant) ++at;
            groups[g] = _group(firstMerchant + drawn[from].merchant, new Item[](at - from));
            for (uint256 i = from; i < at; ++i) {
                groups[g].items[i - from] = _drawnItem(drawn[i], flip);
            }
        }
    }

    function _drawnItem(Drawn memory d, uint256 flip) private view returns (Item memory) {
        uint256 p = programmeOfBatch[d.batch];
        uint256 place = d.place ^ flip;
        uint256[] memory ids = _one(VoucherId.pack(batches[d.batch], rolls[p], place));
        return _measuredItem(place, firstMerchant + d.merchant, ids);
    }
}
