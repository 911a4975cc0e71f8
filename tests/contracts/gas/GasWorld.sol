// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {CaseDesk} from "../../../contracts/CaseDesk.sol";
import {MerchantRegistry} from "../../../contracts/MerchantRegistry.sol";
import {ProgrammeRegistry} from "../../../contracts/ProgrammeRegistry.sol";
import {SettlementToken} from "../../../contracts/SettlementToken.sol";
import {Treasury} from "../../../contracts/Treasury.sol";
import {Vouchers} from "../../../contracts/Vouchers.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {VoucherId} from "../../../contracts/libraries/VoucherId.sol";
import {MerchantTerms} from "../../../contracts/types/Merchant.sol";
import {LineTerms, ProgrammeTerms, RulesTerms} from "../../../contracts/types/Programme.sol";
import {Group, Item, Spend} from "../../../contracts/types/Redemption.sol";
import {BatchTerms} from "../../../contracts/types/Supply.sol";

/// @dev What the measures need of forge.
interface GasVm {
    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }

    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function warp(uint256 time) external;
    function prank(address sender) external;
    function lastCallGas() external view returns (Gas memory);
    function snapshotValue(string calldata group, string calldata name, uint256 value) external;
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonUintArray(string calldata json, string calldata key) external pure returns (uint256[] memory);
    function parseJsonUint(string calldata json, string calldata key) external pure returns (uint256);
    function toString(uint256 value) external pure returns (string memory);
}

/// @title A whole release with real roles, and helpers that open programmes and sign redemptions.
/// @dev Measures run with `isolate`: every call is a transaction of its own, so storage is cold at its beginning and its gas is what
/// a receipt would say: 21,000, calldata, execution, less refunds.
abstract contract GasWorld {
    GasVm internal constant vm = GasVm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant NOW = 1_795_000_000;
    uint256 internal constant FULL_ROLL = 1228;
    uint256 internal constant FACE = 5_00;
    uint256 internal constant BILL = 186_35;

    address internal immutable treasurer = vm.addr(uint256(keccak256("treasurer")));
    address internal immutable approver = vm.addr(uint256(keccak256("approver")));
    address internal immutable registrar = vm.addr(uint256(keccak256("registrar")));
    address internal immutable relayer = vm.addr(uint256(keccak256("operator")));
    address internal immutable terminal = vm.addr(uint256(keccak256("terminal")));

    AccessManager internal manager;
    Vouchers internal vouchers;
    ProgrammeRegistry internal registry;
    MerchantRegistry internal merchants;
    Treasury internal treasury;
    CaseDesk internal desk;
    SettlementToken internal token;
    uint256 internal slips;

    /// @dev Deploys and links the release, gives every role its functions and its account.
    function _deploy() internal {
        vm.warp(NOW);
        manager = new AccessManager(address(this));
        vouchers = new Vouchers(address(manager));
        registry = new ProgrammeRegistry(address(manager));
        merchants = new MerchantRegistry(address(manager));
        treasury = new Treasury(address(manager));
        desk = new CaseDesk(address(manager));
        token = new SettlementToken("Digital yuan of the test", "CNYT", 2, address(this));

        vouchers.link(address(registry), address(merchants), address(treasury), address(desk));
        registry.link(address(vouchers), address(treasury));
        merchants.link(address(vouchers));
        treasury.link(address(vouchers), address(registry), address(merchants), address(desk));
        desk.link(address(vouchers), address(treasury));

        _grant(Roles.TREASURER, treasurer);
        _grant(Roles.APPROVER, approver);
        _grant(Roles.REGISTRAR, registrar);
        _grant(Roles.OPERATOR, relayer);
        _allow(address(vouchers), Roles.TREASURER, vouchers.openBatches.selector, vouchers.writeRoll.selector, vouchers.issue.selector);
        _allow(address(registry), Roles.TREASURER, registry.draft.selector, registry.propose.selector, registry.publish.selector);
        _allow(address(registry), Roles.TREASURER, registry.activate.selector, registry.close.selector, registry.close.selector);
        _allow(address(registry), Roles.APPROVER, registry.approve.selector, registry.approve.selector, registry.approve.selector);
        _allow(address(merchants), Roles.REGISTRAR, merchants.enter.selector, merchants.addTerminal.selector, merchants.suspend.selector);
        _allow(address(merchants), Roles.APPROVER, merchants.activate.selector, merchants.activate.selector, merchants.activate.selector);
        _allow(address(treasury), Roles.TREASURER, treasury.deposit.selector, treasury.prepareSettlement.selector, treasury.returnRest.selector);
        _allow(address(treasury), Roles.APPROVER, treasury.allowToken.selector, treasury.releaseSettlement.selector, treasury.allowToken.selector);

        vouchers.syncRelayer(relayer);
        vm.prank(approver);
        treasury.allowToken(address(token));
        token.mint(treasurer, 2 ** 52);
        vm.prank(treasurer);
        token.approve(address(treasury), type(uint256).max);
    }

    function _grant(uint64 role, address account) private {
        manager.grantRole(role, account, 0);
    }

    function _allow(address target, uint64 role, bytes4 a, bytes4 b, bytes4 c) private {
        bytes4[] memory selectors = new bytes4[](3);
        (selectors[0], selectors[1], selectors[2]) = (a, b, c);
        manager.setTargetFunctionRole(target, selectors, role);
    }

    // --- the world ---

    /// @dev An active programme with one line that holds money for everything issued under it.
    function _openProgramme(string memory ref) internal returns (uint256 programme) {
        ProgrammeTerms memory terms = ProgrammeTerms({
            name: ref,
            token: address(token),
            utcOffset: 8 * 60,
            startsAt: uint40(NOW - 1 days),
            endsAt: uint40(NOW + 90 days),
            categories: type(uint64).max,
            region: 0,
            channels: 3,
            approvalsNeeded: 1,
            document: keccak256(bytes(ref))
        });
        RulesTerms memory rules;
        (rules.maxDeadline, rules.reversalWindow, rules.disputeWindow) = (1 days, 1 days, 7 days);
        LineTerms[] memory lines = new LineTerms[](1);
        lines[0] = LineTerms(treasurer, 0x3302000004, "households", "groceries", 2 ** 44);
        vm.prank(treasurer);
        programme = registry.draft(ref, terms, rules, lines);
        vm.prank(treasurer);
        registry.propose(programme);
        vm.prank(approver);
        registry.approve(programme);
        vm.prank(treasurer);
        registry.publish(programme);
        vm.prank(treasurer);
        registry.activate(programme);
        vm.prank(treasurer);
        treasury.deposit(programme << 16 | 1, 2 ** 40, keccak256(abi.encode("slip", ++slips)));
    }

    /// @dev Active merchants, vetted for everything at the place their vouchers ask for.
    function _openMerchants(uint256 count) internal returns (uint256 first) {
        string[] memory refs = new string[](count);
        MerchantTerms[] memory terms = new MerchantTerms[](count);
        uint256[] memory ids = new uint256[](count);
        uint256 last = merchants.lastMerchant();
        for (uint256 i; i < count; ++i) {
            refs[i] = string.concat("store-", vm.toString(last + i));
            terms[i] = MerchantTerms(0xffff, 0x3302030006, 3, address(uint160(0xbeef0000 + i)));
            ids[i] = last + 1 + i;
        }
        vm.prank(registrar);
        first = merchants.enter(refs, terms);
        vm.prank(approver);
        merchants.activate(ids);
    }

    function _openBatches(uint256 programme, uint256 count) internal returns (uint256[] memory batches) {
        string[] memory refs = new string[](count);
        BatchTerms[] memory terms = new BatchTerms[](count);
        (, uint256 last,) = vouchers.counts();
        for (uint256 i; i < count; ++i) {
            refs[i] = string.concat("batch-", vm.toString(last + i));
            terms[i] = BatchTerms({
                programme: uint24(programme),
                line: 1,
                kind: 0,
                face: uint48(FACE),
                minimumSpend: 20_00,
                percentage: 0,
                categories: 0x0004,
                region: 0x3302000004,
                channels: 3,
                validFrom: uint40(NOW - 1 days),
                validUntil: uint40(NOW + 60 days),
                claimDays: 0,
                quota: 100_000
            });
        }
        vm.prank(treasurer);
        uint256 first = vouchers.openBatches(refs, terms);
        batches = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            batches[i] = first + i;
        }
    }

    /// @dev The first `places` people of a programme, each with a key of their own.
    function _holders(uint256 programme, uint256 places) internal pure returns (bytes memory holders) {
        holders = new bytes(places * 20);
        for (uint256 place; place < places; ++place) {
            _setHolder(holders, place, vm.addr(_key(programme, place)));
        }
    }

    function _setHolder(bytes memory holders, uint256 place, address holder) private pure {
        for (uint256 i; i < 20; ++i) {
            holders[place * 20 + i] = bytes20(holder)[i];
        }
    }

    /// @dev Addresses of nobody in particular, none with a zero byte by more than chance.
    function _strangers(uint256 seed, uint256 places) internal pure returns (bytes memory holders) {
        holders = new bytes(places * 20);
        for (uint256 i; i < places; ++i) {
            _setHolder(holders, i, address(bytes20(keccak256(abi.encode("stranger", seed, i)))));
        }
    }

    function _writeRoll(uint256 programme, bytes memory holders) internal returns (uint256 roll) {
        (,, uint256 rolls) = vouchers.counts();
        string memory ref = string.concat("campaign-", vm.toString(programme), "-roll-", vm.toString(rolls));
        vm.prank(treasurer);
        roll = vouchers.writeRoll(programme, ref, 2, holders);
    }

    function _issue(uint256[] memory batches, uint256[] memory rolls) internal {
        vm.prank(treasurer);
        vouchers.issue(batches, rolls);
    }

    function _list(uint256 only) internal pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = only;
    }

    // --- redemptions ---

    function _key(uint256 programme, uint256 place) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("holder", programme, place)));
    }

    /// @dev Signed as the node sends it, in 64 bytes (ERC-2098).
    function _item(uint256 key, uint256 merchant, uint256[] memory ids) internal view returns (Item memory item) {
        item.spends = new Spend[](ids.length);
        for (uint256 i; i < ids.length; ++i) {
            item.spends[i] = Spend(ids[i], FACE, 0);
        }
        item.bill = BILL;
        item.receipt = keccak256(abi.encode("receipt", ids, merchant));
        item.channel = 0;
        item.deadline = block.timestamp + 300;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _digest(item, merchant));
        item.signature = abi.encodePacked(r, bytes32(uint256(s) | uint256(v - 27) << 255));
    }

    /// @dev Written out anew from docs/storage.md, section 5.
    function _digest(Item memory item, uint256 merchant) internal view returns (bytes32) {
        bytes32[] memory spends = new bytes32[](item.spends.length);
        bytes32 spendType = keccak256("Spend(uint256 voucher,uint256 amount,uint256 sequence)");
        for (uint256 i; i < spends.length; ++i) {
            Spend memory spend = item.spends[i];
            spends[i] = keccak256(abi.encode(spendType, spend.voucher, spend.amount, spend.sequence));
        }
        bytes32 redemptionType = keccak256(
            "Redemption(Spend[] spends,uint256 merchant,uint256 bill,bytes32 receipt,uint256 channel,uint256 deadline)Spend(uint256 voucher,uint256 amount,uint256 sequence)"
        );
        bytes32 inner = keccak256(
            abi.encode(
                redemptionType, keccak256(abi.encodePacked(spends)), merchant, item.bill, item.receipt, item.channel, item.deadline
            )
        );
        return keccak256(abi.encodePacked(hex"1901", vouchers.domainSeparator(), inner));
    }

    /// @dev Items of neighbouring places of one roll, one for each place, over one voucher of each of the batches.
    function _neighbours(uint256 merchant, uint256[] memory batches, uint256 roll, uint256 programme, uint256 from, uint256 count)
        internal
        view
        returns (Group[] memory groups)
    {
        Item[] memory items = new Item[](count);
        uint256[] memory ids = new uint256[](batches.length);
        for (uint256 i; i < count; ++i) {
            for (uint256 b; b < ids.length; ++b) {
                ids[b] = VoucherId.pack(batches[b], roll, from + i);
            }
            items[i] = _item(_key(programme, from + i), merchant, ids);
        }
        groups = new Group[](1);
        groups[0] = Group(merchant, address(0), "", items);
    }

    /// @dev Sends one call and records its gas by redeemed voucher, having seen that all were redeemed.
    function _redeem(string memory name, Group[] memory groups, uint256 expected) internal {
        uint256 each = _redeemed(groups, expected);
        vm.snapshotValue("redemption", name, each);
    }

    function _redeemed(Group[] memory groups, uint256 expected) internal returns (uint256 each) {
        vm.prank(relayer);
        uint256 redeemed = vouchers.redeem(groups);
        uint256 gasUsed = vm.lastCallGas().gasTotalUsed;
        require(redeemed == expected, "not every item was redeemed");
        return _each(gasUsed, expected);
    }

    /// @dev Rounded up.
    function _each(uint256 gasUsed, uint256 count) internal pure returns (uint256) {
        return (gasUsed + count - 1) / count;
    }
}
