// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TestBase} from "./Vm.sol";

/// @title Reads the table of rule cases: what a case does not say is as in the world file (tests/cases/README.md).
abstract contract CaseReader is TestBase {
    string private _one;
    string private _world;

    function _openWorld() internal {
        _world = vm.readFile("tests/cases/world.json");
    }

    /// @dev Takes the first case of the table behind `from` in hand; `next` is where it ends, 0 if there is none.
    function _takeCase(bytes memory table, uint256 from) internal returns (uint256 next) {
        uint256 begin = from;
        while (begin < table.length && table[begin] != "{") ++begin;
        if (begin == table.length) return 0;
        next = _end(table, begin);
        bytes memory one = new bytes(next - begin);
        for (uint256 i; i < one.length; ++i) {
            one[i] = table[begin + i];
        }
        _one = string(one);
    }

    function _case(string memory key) internal view returns (string memory) {
        return vm.parseJsonString(_one, string.concat("$.", key));
    }

    /// @dev Where the object that begins at `at` ends.
    function _end(bytes memory table, uint256 at) private pure returns (uint256) {
        uint256 depth;
        bool quoted;
        for (;; ++at) {
            bytes1 sign = table[at];
            if (sign == '"') quoted = !quoted;
            else if (quoted && sign == "\\") ++at;
            else if (!quoted && sign == "{") ++depth;
            else if (!quoted && sign == "}" && --depth == 0) return at + 1;
        }
    }

    function _isGiven(string memory path) internal view returns (bool) {
        return vm.keyExistsJson(_one, path);
    }

    function _numberOf(string memory path) internal view returns (uint256) {
        return vm.parseJsonUint(_one, path);
    }

    // --- what is given ---

    function _number(string memory key) internal view returns (uint256) {
        string memory path = string.concat("$.given.", key);
        if (vm.keyExistsJson(_one, path)) return vm.parseJsonUint(_one, path);
        return vm.parseJsonUint(_world, string.concat("$.", key));
    }

    function _text(string memory key) internal view returns (string memory) {
        string memory path = string.concat("$.given.", key);
        if (vm.keyExistsJson(_one, path)) return vm.parseJsonString(_one, path);
        return vm.parseJsonString(_world, string.concat("$.", key));
    }

    /// @dev Bits of a list of numbers.
    function _mask(string memory key) internal view returns (uint256) {
        return _maskAt(string.concat("$.given.", key), string.concat("$.", key));
    }

    // --- lists of things: batches, rolls, spends ---

    /// @dev How many a list has; one where the case does not give it.
    function _count(string memory list) internal view returns (uint256 count) {
        string memory path = string.concat("$.given.", list);
        if (!vm.keyExistsJson(_one, path)) return vm.keyExistsJson(_world, string.concat("$.", list)) ? 1 : 0;
        while (vm.keyExistsJson(_one, string.concat(path, "[", vm.toString(count), "]"))) ++count;
    }

    function _numberOf(string memory list, uint256 index, string memory one, string memory key) internal view returns (uint256) {
        string memory path = _pathOf(list, index, key);
        if (vm.keyExistsJson(_one, path)) return vm.parseJsonUint(_one, path);
        return vm.parseJsonUint(_world, _pathOfOne(one, key));
    }

    function _textOf(string memory list, uint256 index, string memory one, string memory key)
        internal
        view
        returns (string memory)
    {
        string memory path = _pathOf(list, index, key);
        if (vm.keyExistsJson(_one, path)) return vm.parseJsonString(_one, path);
        return vm.parseJsonString(_world, _pathOfOne(one, key));
    }

    function _flagOf(string memory list, uint256 index, string memory one, string memory key) internal view returns (bool) {
        string memory path = _pathOf(list, index, key);
        if (vm.keyExistsJson(_one, path)) return vm.parseJsonBool(_one, path);
        return vm.parseJsonBool(_world, _pathOfOne(one, key));
    }

    function _maskOf(string memory list, uint256 index, string memory one, string memory key) internal view returns (uint256) {
        return _maskAt(_pathOf(list, index, key), _pathOfOne(one, key));
    }

    function _textsOf(string memory list, uint256 index, string memory one, string memory key)
        internal
        view
        returns (string[] memory)
    {
        string memory path = _pathOf(list, index, key);
        if (vm.keyExistsJson(_one, path)) return vm.parseJsonStringArray(_one, path);
        return vm.parseJsonStringArray(_world, _pathOfOne(one, key));
    }

    // --- helpers ---

    function _maskAt(string memory path, string memory fallback_) private view returns (uint256 mask) {
        bool given = vm.keyExistsJson(_one, path);
        string memory json = given ? _one : _world;
        if (!given) path = fallback_;
        for (uint256 i;; ++i) {
            string memory at = string.concat(path, "[", vm.toString(i), "]");
            if (!vm.keyExistsJson(json, at)) return mask;
            mask |= 1 << vm.parseJsonUint(json, at);
        }
    }

    function _pathOf(string memory list, uint256 index, string memory key) private view returns (string memory) {
        return string.concat("$.given.", list, "[", vm.toString(index), "].", key);
    }

    function _pathOfOne(string memory one, string memory key) private pure returns (string memory) {
        return string.concat("$.", one, ".", key);
    }
}
