// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TestBase} from "../Vm.sol";
import {Machine} from "./Machine.sol";

interface MachineVm {
    function envOr(string calldata name, uint256 otherwise) external view returns (uint256);
    function pauseGasMetering() external;
}

// The state machine, from four seeds; MACHINE_STEPS steps each, 13,000 unless told
// ├── every step's outcome is the model's, and the numbered invariants of docs/invariants.md hold
// └── a whole run reaches every function and every error
contract InvariantsTest is TestBase {
    error Invariants_NeverReached(string missed);

    uint256 private constant WHOLE_RUN = 13_000;

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

    function _run(uint256 seed) private {
        MachineVm(address(vm)).pauseGasMetering(); // a run is no transaction
        uint256 steps = MachineVm(address(vm)).envOr("MACHINE_STEPS", WHOLE_RUN);
        Machine machine = new Machine();
        machine.setUp();
        machine.sow(seed);
        for (uint256 i; i < steps; ++i) {
            machine.step();
        }
        machine.check();
        if (steps < WHOLE_RUN) return;
        (string memory text, string memory missed) = machine.report();
        vm.writeFile(string.concat("build/machine-", vm.toString(seed), ".txt"), text);
        if (bytes(missed).length != 0) revert Invariants_NeverReached(missed);
    }
}
