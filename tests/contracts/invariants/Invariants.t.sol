// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TestBase} from "../Vm.sol";
import {Machine} from "./Machine.sol";

interface MachineVm {
    function envOr(string calldata name, uint256 otherwise) external view returns (uint256);
    function pauseGasMetering() external;
}

// The state machine, from eight seeds behind MACHINE_SEED; MACHINE_STEPS steps each, 13,000 unless told
// └── every step's outcome is the model's, and the numbered invariants of docs/invariants.md hold
// What the runs reached together is compared with the ABIs by test_forge.py.
contract InvariantsTest is TestBase {
    function test_machine__seed1() external {
        _run(1);
    }

    function test_machine__seed2() external {
        _run(2);
    }

    function test_machine__seed3() external {
        _run(3);
    }

    function test_machine__seed4() external {
        _run(4);
    }

    function test_machine__seed5() external {
        _run(5);
    }

    function test_machine__seed6() external {
        _run(6);
    }

    function test_machine__seed7() external {
        _run(7);
    }

    function test_machine__seed8() external {
        _run(8);
    }

    function _run(uint256 number) private {
        MachineVm(address(vm)).pauseGasMetering(); // a run is no transaction
        uint256 seed = MachineVm(address(vm)).envOr("MACHINE_SEED", 0) + number;
        uint256 steps = MachineVm(address(vm)).envOr("MACHINE_STEPS", 13_000);
        Machine machine = new Machine();
        machine.setUp();
        machine.sow(seed);
        for (uint256 i; i < steps; ++i) {
            machine.step();
        }
        machine.check();
        vm.writeFile(string.concat("build/machine-", vm.toString(seed), ".txt"), machine.report());
    }
}
