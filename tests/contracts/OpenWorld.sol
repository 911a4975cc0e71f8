// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Base} from "./Base.t.sol";

/// @title An active programme on its second day: one line, one batch issued to a roll of five holders, one merchant.
abstract contract OpenWorld is Base {
    uint256 internal constant NOW = START + 1 days;

    uint256 internal programme;
    uint256 internal line;
    uint256 internal batch;
    uint256 internal roll;
    uint256 internal merchant;

    function setUp() public virtual override {
        super.setUp();
        programme = _openProgramme("spring", 2);
        line = programme << 16 | 1;
        merchant = _merchant("noodles");
        batch = _openBatch("batch", programme);
        roll = _writeRoll(programme, "roll", _holders(0, 5));
        _issue(batch, roll);
        vm.warp(START);
        _activate(programme);
        vm.warp(NOW);
    }

    function _voucher(uint256 place) internal view returns (uint256) {
        return _id(batch, roll, place);
    }
}
