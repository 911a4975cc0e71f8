// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The cheatcodes of forge that the tests use.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    // --- world ---

    function warp(uint256 time) external;
    function roll(uint256 number) external;
    function chainId(uint256 id) external;
    function etch(address target, bytes calldata code) external;
    function load(address target, bytes32 slot) external view returns (bytes32);
    function store(address target, bytes32 slot, bytes32 value) external;
    function cool(address target) external;
    function snapshotState() external returns (uint256 id);
    function revertToState(uint256 id) external returns (bool);
    function deployCode(string calldata artifact, bytes calldata constructorArgs) external returns (address);
    function envOr(string calldata name, bool otherwise) external view returns (bool);
    function getNonce(address account) external view returns (uint64);
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address);

    // --- callers and keys ---

    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function addr(uint256 key) external pure returns (address);
    function label(address account, string calldata name) external;
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function signCompact(uint256 key, bytes32 digest) external pure returns (bytes32 r, bytes32 vs);

    // --- expecting ---

    function expectRevert(bytes calldata error) external;
    function expectRevert() external;
    function expectPartialRevert(bytes4 selector) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function assume(bool condition) external pure;

    function assertTrue(bool condition, string calldata reason) external pure;
    function assertFalse(bool condition, string calldata reason) external pure;
    function assertEq(uint256 left, uint256 right) external pure;
    function assertEq(uint256 left, uint256 right, string calldata reason) external pure;
    function assertEq(int256 left, int256 right) external pure;
    function assertEq(bool left, bool right) external pure;
    function assertEq(bool left, bool right, string calldata reason) external pure;
    function assertEq(address left, address right) external pure;
    function assertEq(address left, address right, string calldata reason) external pure;
    function assertEq(bytes32 left, bytes32 right) external pure;
    function assertEq(bytes32 left, bytes32 right, string calldata reason) external pure;
    function assertEq(string calldata left, string calldata right) external pure;
    function assertEq(string calldata left, string calldata right, string calldata reason) external pure;
    function assertEq(bytes calldata left, bytes calldata right) external pure;
    function assertEq(bytes calldata left, bytes calldata right, string calldata reason) external pure;
    function assertGt(uint256 left, uint256 right, string calldata reason) external pure;
    function assertGe(uint256 left, uint256 right, string calldata reason) external pure;
    function assertLe(uint256 left, uint256 right, string calldata reason) external pure;

    // --- files and text ---

    function projectRoot() external view returns (string memory);
    function readFile(string calldata path) external view returns (string memory);
    function writeFile(string calldata path, string calldata text) external;
    function keyExistsJson(string calldata json, string calldata key) external view returns (bool);
    function parseJsonKeys(string calldata json, string calldata key) external pure returns (string[] memory);
    function parseJsonUint(string calldata json, string calldata key) external pure returns (uint256);
    function parseJsonUintArray(string calldata json, string calldata key) external pure returns (uint256[] memory);
    function parseJsonString(string calldata json, string calldata key) external pure returns (string memory);
    function parseJsonStringArray(string calldata json, string calldata key) external pure returns (string[] memory);
    function parseJsonBool(string calldata json, string calldata key) external pure returns (bool);
    function toString(uint256 value) external pure returns (string memory);
    function toString(address value) external pure returns (string memory);
    function toString(bytes32 value) external pure returns (string memory);

    // --- gas ---

    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }

    function pauseGasMetering() external;
    function lastCallGas() external view returns (Gas memory);
    function isContext(uint8 context) external view returns (bool);
}

/// @title What every test starts from.
abstract contract TestBase {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev forge looks for it.
    bool public constant IS_TEST = true;

    /// @dev Deploys a contract of the release: the code that ships, or with COMPILED=true what this run of forge compiled.
    function _ship(string memory name, bytes memory parameters) internal returns (address) {
        bool compiled = vm.envOr("COMPILED", false);
        string memory shipped = string.concat("node_api/chain/artifacts/", name, ".json");
        return vm.deployCode(compiled ? string.concat(name, ".sol:", name) : shipped, parameters);
    }

    /// @dev One log of a whole list: who emitted it, its topics, its data.
    function assertLog(Vm.Log memory log, address emitter, bytes32[] memory topics, bytes memory data) internal pure {
        vm.assertEq(log.emitter, emitter, "emitter");
        vm.assertEq(log.topics.length, topics.length, "number of topics");
        for (uint256 i; i < topics.length; ++i) {
            vm.assertEq(log.topics[i], topics[i], "topic");
        }
        vm.assertEq(log.data, data, "data");
    }

    function topicsOf(bytes32 signature) internal pure returns (bytes32[] memory topics) {
        topics = new bytes32[](1);
        topics[0] = signature;
    }

    function topicsOf(bytes32 signature, uint256 first) internal pure returns (bytes32[] memory topics) {
        topics = new bytes32[](2);
        (topics[0], topics[1]) = (signature, bytes32(first));
    }

    function topicsOf(bytes32 signature, uint256 first, uint256 second) internal pure returns (bytes32[] memory topics) {
        topics = new bytes32[](3);
        (topics[0], topics[1], topics[2]) = (signature, bytes32(first), bytes32(second));
    }

    function topicsOf(bytes32 signature, uint256 first, uint256 second, uint256 third)
        internal
        pure
        returns (bytes32[] memory topics)
    {
        topics = new bytes32[](4);
        (topics[0], topics[1], topics[2], topics[3]) = (signature, bytes32(first), bytes32(second), bytes32(third));
    }

    function topic(address account) internal pure returns (uint256) {
        return uint256(uint160(account));
    }

    /// @dev The keccak hash of an event's or error's text, first four bytes.
    function selectorOf(string memory signature) internal pure returns (bytes4) {
        return bytes4(keccak256(bytes(signature)));
    }
}
