// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VersionChecks} from "./VersionChecks.sol";
import {Machine} from "./Machine.sol";
import {MachineVm} from "./Invariants.t.sol";
import {TestBase} from "../Vm.sol";

/// @dev A machine in whose contracts single words can be spoilt, at the slots of docs/storage.md.
contract SpoiltMachine is Machine {
    function pair() external view returns (uint256 batch, uint256 roll, uint256 line) {
        for (uint256 i = mPairs.length; i > 0; --i) {
            MPair storage p = mPairs[i - 1];
            if (p.swept || p.redeemed == 0 || !_inWindow(p)) continue;
            return (p.batch, p.roll, mBatches[p.batch].programme << 16 | mBatches[p.batch].line);
        }
    }

    /// @dev Whether the pair's marks stand in the batch's own word.
    function _inWindow(MPair storage p) private view returns (bool) {
        (, uint256 reach,) = vouchers.batchWords(p.batch);
        uint256 first = uint24(reach >> 136);
        return p.roll >= first && p.roll < first + 48;
    }

    function lastDay() external view returns (uint256 line, uint256 merchant, uint256 day) {
        MDay storage d = mDays[mDays.length - 1];
        return (d.line, d.merchant, d.day);
    }

    function spoil(bool inTreasury, bytes32 slot, uint256 flipped) external {
        address target = inTreasury ? address(treasury) : address(vouchers);
        vm.store(target, slot, vm.load(target, slot) ^ bytes32(flipped));
    }

    function spoilProgrammes(bytes32 slot, uint256 flipped) external {
        vm.store(address(programmes), slot, vm.load(address(programmes), slot) ^ bytes32(flipped));
    }

    /// @dev Zero while none was asked for.
    function lastAsked() external view returns (bytes32 exception) {
        if (mAsked.length != 0) return mAsked[mAsked.length - 1];
    }

    function spoilMerchants(bytes32 slot, uint256 flipped) external {
        vm.store(address(merchants), slot, vm.load(address(merchants), slot) ^ bytes32(flipped));
    }

    function numbers() external view returns (uint256 redemptions, uint256 firstOfLastCall) {
        return (mNumber, mFirsts[mFirsts.length - 1]);
    }

    /// @dev Something that was frozen and stands in no word of its own.
    function frozen() external view returns (uint256 subject, uint256 id) {
        for (uint256 i; subject == 0 || subject == 5; ++i) {
            (subject, id) = (mFrozen[i].subject, mFrozen[i].id);
        }
    }

    function spoilDesk(bytes32 slot, uint256 flipped) external {
        vm.store(address(desk), slot, vm.load(address(desk), slot) ^ bytes32(flipped));
    }

    function round() external view returns (uint256 key) {
        return mRoundList[mRoundList.length - 1];
    }

    /// @dev A holder and the programme in which what it redeemed is counted.
    function counted() external view returns (uint256 counter) {
        for (uint256 i = mNumber; i != 0; --i) {
            uint256 voucher = mLeaves[i - 1].voucher;
            counter = mBatches[voucher >> 35].programme << 160 | uint160(_mHolderOf(voucher));
            if (vouchers.counterWord(counter >> 160, address(uint160(counter))) != 0) return counter;
        }
    }

    function tokenOf() external view returns (address) {
        return address(token);
    }

    function operatorAccount() external view returns (address) {
        return operator;
    }

    function reachOf(uint256 batch) external view returns (uint256 reach) {
        (, reach,) = vouchers.batchWords(batch);
    }
}

// The checks can fail: after a sound run one word is spoilt, and the check named must say so
// ├── I1 available of a line · I2 a redeemed bit set · I3 payable of a line · I4 escrow
// ├── I5 a batch's issued · I7 a bit beyond the roll · I8 settled of a day · I9 swept mark
// ├── I10 running number, commitment · I11 state of a programme · I12 budget · I13 merchant's word · I15 relayer
// ├── I19 payout account · I20 terms of a version, what a programme was widened by
// ├── I23 end of a freeze · I24 a revoked bit · I25 paused seconds
// ├── I26 places given in a round · I27 money and quota kept · I28 a holder's counter
// └── I29 the policy in force, who asked for an exception
contract ChecksBiteTest is TestBase {
    uint256 private constant STEPS = 2_500;

    SpoiltMachine private machine;
    uint256 private batch;
    uint256 private roll;
    uint256 private line;

    function setUp() public {
        MachineVm(address(vm)).pauseGasMetering();
        machine = new SpoiltMachine();
        machine.setUp();
        machine.sow(2);
        for (uint256 i; i < STEPS || batch == 0 || machine.lastAsked() == 0; ++i) {
            machine.step();
            if (i + 1 >= STEPS) (batch, roll, line) = machine.pair(); // there is one sooner or later, as there is an exception
        }
        machine.check();
    }

    function test_check__available__then1() external {
        machine.spoil(true, _at(line, 2), 1 << 64);
        _mustBreak(1);
    }

    function test_check__unspentBit__then7() external {
        machine.spoil(false, _at((batch << 35 | roll << 11) / 256, 7), 1);
        _mustBreak(7);
    }

    function test_check__committed__then2() external {
        machine.spoil(false, _at(line, 10), 1 << 128); // the count alone, so that the identity still holds
        _mustBreak(2);
    }

    function test_check__payableCount__then3() external {
        machine.spoil(false, _at(line, 10), 1 << 176);
        _mustBreak(3);
    }

    function test_check__escrow__then4() external {
        machine.spoil(true, keccak256(abi.encode(machine.tokenOf(), uint256(5))), 1);
        _mustBreak(4);
    }

    function test_check__issued__then5() external {
        machine.spoil(false, bytes32(uint256(_at(batch, 4)) + 2), 1 << 40);
        _mustBreak(5);
    }

    function test_check__bitBeyondTheRoll__then7() external {
        machine.spoil(false, _at((batch << 35 | roll << 11) / 256, 7), 1 << 255);
        _mustBreak(7);
    }

    function test_check__settledOfADay__then8() external {
        (uint256 itsLine, uint256 merchant, uint256 day) = machine.lastDay();
        machine.spoil(false, _at(itsLine << 56 | merchant << 24 | day, 11), 1 << 56);
        _mustBreak(8);
    }

    function test_check__sweptMark__then9() external {
        uint256 first = uint24(machine.reachOf(batch) >> 136);
        machine.spoil(false, bytes32(uint256(_at(batch, 4)) + 1), 1 << (208 + roll - first));
        _mustBreak(9);
    }

    function test_check__runningNumber__then10() external {
        machine.spoil(false, bytes32(0), 1);
        _mustBreak(10);
    }

    function test_check__commitment__then10() external {
        (, uint256 first) = machine.numbers();
        machine.spoil(false, _at(first, 12), 1);
        _mustBreak(10);
    }

    function test_check__stateOfAProgramme__then11() external {
        machine.spoil(false, _at(line >> 16, 2), 1);
        _mustBreak(11);
    }

    function test_check__frozenUntil__then23() external {
        (uint256 subject, uint256 id) = machine.frozen();
        machine.spoil(false, _at(subject << 192 | id, 28), 1);
        _mustBreak(23);
    }

    function test_check__revokedBit__then24() external {
        machine.spoil(false, _at(2 << 64 | (batch << 35 | roll << 11) / 256, 14), 1 << 254);
        _mustBreak(24);
    }

    function test_check__pausedSeconds__then25() external {
        machine.spoil(false, _at(line >> 16, 2), 1 << 48);
        _mustBreak(25);
    }

    function test_check__placesGiven__then26() external {
        machine.spoilDesk(_at(machine.round(), 12), 1 << 40);
        _mustBreak(26);
    }

    function test_check__quotaKept__then27() external {
        machine.spoil(false, bytes32(uint256(_at(batch, 4)) + 2), 1 << 200);
        _mustBreak(27);
    }

    function test_check__moneyKept__then27() external {
        machine.spoil(true, bytes32(uint256(_at(line, 2)) + 1), 1 << 64);
        _mustBreak(27);
    }

    function test_check__budget__then12() external {
        machine.spoil(true, bytes32(uint256(_at(line, 2)) + 1), 1);
        _mustBreak(12);
    }

    function test_check__merchantsWord__then13() external {
        machine.spoil(false, _at(1, 8), 1 << 16);
        _mustBreak(13);
    }

    function test_check__payoutAccount__then19() external {
        machine.spoilMerchants(bytes32(uint256(_at(1, 2)) + 3), 1); // the payout account is the terms' second slot
        _mustBreak(19);
    }

    function test_check__termsOfAVersion__then20() external {
        machine.spoil(false, _at(line >> 16 << 16 | 1, 3), 1 << 128); // maxDeadline of the first version
        _mustBreak(20);
    }

    function test_check__widenedCategories__then20() external {
        machine.spoil(false, _at(line >> 16, 2), 1 << 183); // a category that no widening drew
        _mustBreak(20);
    }

    function test_check__relayer__then15() external {
        machine.spoil(false, keccak256(abi.encode(machine.operatorAccount(), uint256(1))), 1);
        _mustBreak(15);
    }

    function test_check__counterOfAHolder__then28() external {
        machine.spoil(false, _at(machine.counted(), 17), 1 << 184);
        _mustBreak(28);
    }

    function test_check__policyInForce__then29() external {
        machine.spoilProgrammes(bytes32(uint256(11)), 1 << 40);
        _mustBreak(29);
    }

    function test_check__whoAskedForAnException__then29() external {
        machine.spoilProgrammes(_at(uint256(machine.lastAsked()), 15), 1);
        _mustBreak(29);
    }

    function _at(uint256 key, uint256 slot) private pure returns (bytes32) {
        return keccak256(abi.encode(key, slot));
    }

    function _mustBreak(uint256 number) private {
        try machine.check() {
            revert("nothing noticed");
        } catch (bytes memory reason) {
            vm.assertEq(bytes32(bytes4(reason)), bytes32(VersionChecks.Invariant_Broken.selector), "an invariant");
            uint256 found;
            assembly ("memory-safe") {
                found := mload(add(reason, 36))
            }
            vm.assertEq(found, number, "its number");
        }
    }
}
