// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TestBase, Vm} from "./Vm.sol";

interface ISettlementToken {
    error SettlementToken_CallerNotIssuer(address caller, address issuer);

    function issuer() external view returns (address);
    function decimals() external view returns (uint8);
    function name() external view returns (string memory);
    function symbol() external view returns (string memory);
    function totalSupply() external view returns (uint256);
    function balanceOf(address account) external view returns (uint256);
    function mint(address to, uint256 amount) external;
}

/// settlement token
/// ├── when it was deployed: it should have its name, unit and issuer, and no money
/// └── mint
///     ├── when the caller is not the issuer: it should refuse the caller
///     └── when the issuer calls: it should create the money
contract SettlementTokenTest is TestBase {
    address private constant ISSUER = address(0x1551);
    address private constant HOLDER = address(0x4012);

    ISettlementToken private token;

    function setUp() external {
        bytes memory parameters = abi.encode("Yuan", "CNY", uint8(2), ISSUER);
        token = ISettlementToken(_ship("SettlementToken", parameters));
    }

    function test_token__whenDeployed__hasItsNameUnitAndIssuer() external view {
        vm.assertEq(token.name(), "Yuan");
        vm.assertEq(token.symbol(), "CNY");
        vm.assertEq(token.decimals(), 2);
        vm.assertEq(token.issuer(), ISSUER);
        vm.assertEq(token.totalSupply(), 0);
    }

    function test_mint__whenCallerIsNotIssuer__refusesTheCaller() external {
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.SettlementToken_CallerNotIssuer.selector, HOLDER, ISSUER));
        vm.prank(HOLDER);
        token.mint(HOLDER, 1);
    }

    function test_mint__whenIssuerCalls__createsTheMoney() external {
        vm.recordLogs();
        vm.prank(ISSUER);
        token.mint(HOLDER, 7);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32 transfer = keccak256("Transfer(address,address,uint256)");
        assertLog(logs[0], address(token), topicsOf(transfer, 0, topic(HOLDER)), abi.encode(7));
        vm.assertEq(token.balanceOf(HOLDER), 7);
    }
}
