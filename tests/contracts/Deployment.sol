// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {ICaseDesk} from "../../contracts/interfaces/ICaseDesk.sol";
import {IMerchantRegistry} from "../../contracts/interfaces/IMerchantRegistry.sol";
import {IProgrammes} from "../../contracts/interfaces/IProgrammes.sol";
import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {IVouchers} from "../../contracts/interfaces/IVouchers.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {RoleTable} from "./RoleTable.sol";
import {TestBase} from "./Vm.sol";

/// @title A whole release: deployed, its roles given, linked.
/// @dev A contract of its own, so that each test does not carry, and the compiler not make, this code once more.
contract Deployment is TestBase {
    AccessManager public immutable manager;
    IVouchers public immutable vouchers;
    IProgrammes public immutable programmes;
    IMerchantRegistry public immutable merchants;
    ITreasury public immutable treasury;
    ICaseDesk public immutable desk;
    address public immutable token;

    address private immutable _admin;

    constructor() {
        _admin = _account("admin");
        manager = AccessManager(_ship("AccessManager", abi.encode(_admin)));
        bytes memory authority = abi.encode(address(manager));
        address back = _ship("VouchersRecord", authority);
        back = _ship("VouchersBooking", abi.encode(manager, back));
        back = _ship("VouchersBack", abi.encode(manager, back));
        vouchers = IVouchers(_ship("Vouchers", abi.encode(manager, back)));
        back = _ship("ProgrammePolicies", authority);
        back = _ship("ProgrammeBack", abi.encode(manager, back));
        programmes = IProgrammes(_ship("ProgrammeRegistry", abi.encode(manager, back)));
        merchants = IMerchantRegistry(_ship("MerchantRegistry", authority));
        treasury = ITreasury(_ship("Treasury", authority));
        back = _ship("CaseDeskClaims", authority);
        back = _ship("CaseDeskBack", abi.encode(manager, back));
        desk = ICaseDesk(_ship("CaseDesk", abi.encode(manager, back)));
        token = _ship("SettlementToken", abi.encode("Yuan", "CNY", uint8(2), _account("issuer")));
    }

    /// @notice Says who may call what, and gives each role to the accounts of its name.
    function grant() external {
        RoleTable.Row[] memory rows = RoleTable.rows();
        vm.startPrank(_admin);
        for (uint256 i; i < rows.length; ++i) {
            bytes4[] memory selectors = new bytes4[](1);
            selectors[0] = rows[i].selector;
            manager.setTargetFunctionRole(target(rows[i].target), selectors, rows[i].role);
        }
        manager.grantRole(Roles.TREASURER, _account("treasurer"), 0);
        manager.grantRole(Roles.TREASURER, _account("second treasurer"), 0);
        manager.grantRole(Roles.APPROVER, _account("approver"), 0);
        manager.grantRole(Roles.APPROVER, _account("second approver"), 0);
        manager.grantRole(Roles.REGISTRAR, _account("registrar"), 0);
        manager.grantRole(Roles.OPERATOR, _account("operator"), 0);
        manager.grantRole(Roles.AUDITOR, _account("auditor"), 0);
        manager.grantRole(Roles.AUDITOR, _account("second auditor"), 0);
        manager.grantRole(Roles.EMERGENCY, _account("rescuer"), 0);
        manager.grantRole(Roles.ARBITER, _account("arbiter"), 0);
        vm.stopPrank();
    }

    /// @notice Tells the contracts of each other.
    function link() external {
        vm.startPrank(_admin);
        vouchers.link(address(programmes), address(merchants), address(treasury), address(desk));
        programmes.link(address(vouchers), address(treasury));
        merchants.link(address(vouchers));
        treasury.link(address(vouchers), address(programmes), address(merchants), address(desk));
        desk.link(address(vouchers), address(treasury), address(merchants));
        vm.stopPrank();
    }

    function target(RoleTable.Target kind) public view returns (address) {
        if (kind == RoleTable.Target.VOUCHERS) return address(vouchers);
        if (kind == RoleTable.Target.PROGRAMMES) return address(programmes);
        if (kind == RoleTable.Target.MERCHANTS) return address(merchants);
        if (kind == RoleTable.Target.TREASURY) return address(treasury);
        return address(desk);
    }

    function _account(string memory name) private pure returns (address) {
        return vm.addr(uint256(keccak256(bytes(name))));
    }
}
