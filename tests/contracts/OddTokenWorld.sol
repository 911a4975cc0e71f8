// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ProgrammeTerms} from "../../contracts/types/Programme.sol";
import {Base} from "./Base.t.sol";
import {OddPayoutToken} from "./doubles/Tokens.sol";

/// @dev A programme whose token behaves as a test says, published and funded.
abstract contract OddTokenWorld is Base {
    OddPayoutToken internal odd;
    uint256 internal programme;
    uint256 internal line;

    function _publishOdd(uint256 amount) internal {
        odd = new OddPayoutToken();
        vm.prank(approver);
        treasury.allowToken(address(odd));
        ProgrammeTerms memory t = _programmeTerms();
        t.token = address(odd);
        programme = _draft("spring", t, 1);
        line = programme << 16 | 1;
        _publish(programme);
        odd.mint(treasurer, amount);
        vm.prank(treasurer);
        treasury.deposit(line, amount, keccak256("slip"));
    }
}
