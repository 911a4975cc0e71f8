// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {ICaseDesk} from "../../contracts/interfaces/ICaseDesk.sol";
import {IMerchantRegistry} from "../../contracts/interfaces/IMerchantRegistry.sol";
import {IProgrammes} from "../../contracts/interfaces/IProgrammes.sol";
import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {IVouchers} from "../../contracts/interfaces/IVouchers.sol";
import {MerchantTerms} from "../../contracts/types/Merchant.sol";
import {LineTerms, ProgrammeTerms, RulesTerms} from "../../contracts/types/Programme.sol";
import {Group, Item, Spend} from "../../contracts/types/Redemption.sol";
import {BatchTerms} from "../../contracts/types/Supply.sol";
import {Deployment} from "./Deployment.sol";
import {TestBase} from "./Vm.sol";

interface IToken {
    function mint(address to, uint256 amount) external;
    function approve(address spender, uint256 amount) external returns (bool);
    function allowance(address owner, address spender) external view returns (uint256);
    function balanceOf(address account) external view returns (uint256);
}

/// @title A whole release, linked, with one account a role, and the steps every test takes.
abstract contract Base is TestBase {
    uint40 internal constant START = 1_767_225_600; // 2026-01-01 00:00:00 UTC
    uint40 internal constant END = START + 90 days;
    uint64 internal constant BUDGET = 100_000_000;
    uint48 internal constant FACE = 1_000;
    uint32 internal constant MAX_DEADLINE = 300;
    uint32 internal constant REVERSAL_WINDOW = 2 days;
    uint32 internal constant DISPUTE_WINDOW = 3 days;
    int16 internal constant UTC_OFFSET = 480;
    uint64 internal constant CATEGORIES = 0x0f; // of the programme
    uint64 internal constant CATERING = 0x01;
    uint64 internal constant TOURISM = 0x02;
    uint8 internal constant CHANNELS = 0x03; // 0 till, 1 online
    uint40 internal constant PROVINCE = 0x6100000002; // 61
    uint40 internal constant CITY = 0x6101000004; // 6101
    uint40 internal constant DISTRICT = 0x6101040006; // 610104
    uint40 internal constant OTHER_CITY = 0x6102000004; // 6102

    Deployment internal deployment;
    AccessManager internal manager;
    IVouchers internal vouchers;
    IProgrammes internal programmes;
    IMerchantRegistry internal merchants;
    ITreasury internal treasury;
    ICaseDesk internal desk;
    IToken internal token;

    address internal admin;
    address internal treasurer;
    address internal secondTreasurer;
    address internal approver;
    address internal secondApprover;
    address internal registrar;
    address internal operator;
    address internal arbiter;
    address internal issuer;
    address internal funder;
    address internal payout;
    address internal auditor;
    address internal secondAuditor;
    address internal rescuer;
    address internal outsider;

    uint256 private _slip;

    function setUp() public virtual {
        vm.warp(START - 10 days);
        admin = _account("admin");
        treasurer = _account("treasurer");
        secondTreasurer = _account("second treasurer");
        approver = _account("approver");
        secondApprover = _account("second approver");
        registrar = _account("registrar");
        operator = _account("operator");
        arbiter = _account("arbiter");
        issuer = _account("issuer");
        funder = _account("funder");
        payout = _account("payout");
        auditor = _account("auditor");
        secondAuditor = _account("second auditor");
        rescuer = _account("rescuer");
        outsider = _account("outsider");
        _deploy();
        deployment.grant();
        deployment.link();
        vm.prank(approver);
        treasury.allowToken(address(token));
        vouchers.syncRelayer(operator);
    }

    // --- the release ---

    function _deploy() internal {
        deployment = Deployment(vm.deployCode("Deployment.sol:Deployment", ""));
        manager = deployment.manager();
        vouchers = deployment.vouchers();
        programmes = deployment.programmes();
        merchants = deployment.merchants();
        treasury = deployment.treasury();
        desk = deployment.desk();
        token = IToken(deployment.token());
    }

    function _unauthorized(address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
    }

    // --- accounts and keys ---

    function _key(string memory name) internal pure returns (uint256) {
        return uint256(keccak256(bytes(name)));
    }

    function _account(string memory name) internal returns (address account) {
        account = vm.addr(_key(name));
        vm.label(account, name);
    }

    /// @dev The private key of the holder at `place` of the rolls made by {_holders}.
    function _holderKey(uint256 place) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("holder", place)));
    }

    function _holder(uint256 place) internal pure returns (address) {
        return vm.addr(_holderKey(place));
    }

    // --- programmes ---

    function _programmeTerms() internal view returns (ProgrammeTerms memory t) {
        t.name = "Spring vouchers";
        t.token = address(token);
        t.utcOffset = UTC_OFFSET;
        t.startsAt = START;
        t.endsAt = END;
        t.categories = CATEGORIES;
        t.region = PROVINCE;
        t.channels = CHANNELS;
        t.approvalsNeeded = 1;
        t.document = keccak256("rules as published");
    }

    function _rulesTerms() internal view virtual returns (RulesTerms memory r) {
        r.maxDeadline = MAX_DEADLINE;
        r.reversalWindow = REVERSAL_WINDOW;
        r.disputeWindow = DISPUTE_WINDOW;
    }

    function _lineTerms(uint256 count) internal view returns (LineTerms[] memory lines) {
        lines = new LineTerms[](count);
        for (uint256 i; i < count; ++i) {
            lines[i] = LineTerms(funder, PROVINCE, "residents", "catering", BUDGET);
        }
    }

    function _draft(string memory ref, ProgrammeTerms memory terms, uint256 lines) internal virtual returns (uint256) {
        vm.prank(treasurer);
        return programmes.draft(ref, terms, _rulesTerms(), _lineTerms(lines));
    }

    function _publish(uint256 programme) internal {
        vm.prank(treasurer);
        programmes.propose(programme);
        vm.prank(approver);
        programmes.approve(programme);
        vm.prank(treasurer);
        programmes.publish(programme);
    }

    /// @dev A published programme whose lines hold their whole budget; it is not active yet.
    function _openProgramme(string memory ref, uint256 lines) internal returns (uint256 programme) {
        programme = _draft(ref, _programmeTerms(), lines);
        _publish(programme);
        for (uint256 i = 1; i <= lines; ++i) {
            _deposit(programme << 16 | i, BUDGET);
        }
    }

    function _activate(uint256 programme) internal {
        vm.prank(treasurer);
        programmes.activate(programme);
    }

    /// @dev Mints to the treasurer and deposits under a fresh slip.
    function _deposit(uint256 line, uint256 amount) internal returns (bytes32 slip) {
        slip = keccak256(abi.encode("slip", ++_slip));
        _fund(amount);
        vm.prank(treasurer);
        treasury.deposit(line, amount, slip);
    }

    /// @dev Gives the treasurer money that the treasury may take.
    function _fund(uint256 amount) internal {
        vm.prank(issuer);
        token.mint(treasurer, amount);
        vm.prank(treasurer);
        token.approve(address(treasury), amount);
    }

    // --- merchants ---

    function _merchantTerms() internal view returns (MerchantTerms memory) {
        return MerchantTerms(CATERING, DISTRICT, CHANNELS, payout);
    }

    /// @dev An active merchant.
    function _merchant(string memory ref, MerchantTerms memory terms) internal returns (uint256 merchant) {
        merchant = _apply(ref, terms);
        vm.prank(approver);
        merchants.activate(_one(merchant));
    }

    function _merchant(string memory ref) internal returns (uint256) {
        return _merchant(ref, _merchantTerms());
    }

    function _apply(string memory ref, MerchantTerms memory terms) internal returns (uint256) {
        MerchantTerms[] memory all = new MerchantTerms[](1);
        all[0] = terms;
        vm.prank(registrar);
        return merchants.enter(_one(ref), all);
    }

    // --- supply ---

    function _batchTerms(uint256 programme) internal pure returns (BatchTerms memory t) {
        t.programme = uint24(programme);
        t.line = 1;
        t.face = FACE;
        t.categories = CATERING | TOURISM;
        t.region = CITY;
        t.channels = CHANNELS;
        t.validFrom = START;
        t.validUntil = END;
        t.quota = 5_000;
    }

    function _openBatch(string memory ref, BatchTerms memory terms) internal returns (uint256) {
        BatchTerms[] memory all = new BatchTerms[](1);
        all[0] = terms;
        vm.prank(treasurer);
        return vouchers.openBatches(_one(ref), all);
    }

    function _openBatch(string memory ref, uint256 programme) internal returns (uint256) {
        return _openBatch(ref, _batchTerms(programme));
    }

    /// @dev `count` holders whose keys {_holderKey} gives, from `from` on.
    function _holders(uint256 from, uint256 count) internal pure returns (bytes memory packed) {
        packed = new bytes(count * 20);
        for (uint256 i; i < count; ++i) {
            _put(packed, i, _holder(from + i));
        }
    }

    /// @dev `count` addresses nobody has a key of: fast, for long rolls.
    function _anyHolders(uint256 count) internal pure returns (bytes memory packed) {
        packed = new bytes(count * 20);
        for (uint256 i; i < count; ++i) {
            _put(packed, i, address(uint160(uint256(keccak256(abi.encode("any holder", i))))));
        }
    }

    /// @dev Puts a holder at a place of a packed roll.
    function _put(bytes memory packed, uint256 place, address holder) internal pure {
        bytes20 raw = bytes20(holder);
        for (uint256 i; i < 20; ++i) {
            packed[place * 20 + i] = raw[i];
        }
    }

    function _writeRoll(uint256 programme, string memory ref, bytes memory holders) internal returns (uint256) {
        vm.prank(treasurer);
        return vouchers.writeRoll(programme, ref, 0, holders);
    }

    function _issue(uint256 batch, uint256 roll) internal returns (uint256) {
        vm.prank(treasurer);
        return vouchers.issue(_one(batch), _one(roll));
    }

    function _id(uint256 batch, uint256 roll, uint256 place) internal pure returns (uint256) {
        return batch << 35 | roll << 11 | place;
    }

    // --- redeeming ---

    function _spend(uint256 voucher) internal pure returns (Spend[] memory spends) {
        spends = new Spend[](1);
        spends[0] = Spend(voucher, FACE, 0);
    }

    function _spend(uint256 voucher, uint256 second) internal pure returns (Spend[] memory spends) {
        spends = new Spend[](2);
        spends[0] = Spend(voucher, FACE, 0);
        spends[1] = Spend(second, FACE, 0);
    }

    /// @dev An item not signed yet: bill twenty times the face, channel 0, a deadline one minute ahead.
    function _item(Spend[] memory spends) internal view returns (Item memory item) {
        item.spends = spends;
        item.bill = 20 * uint256(FACE);
        item.receipt = keccak256("receipt");
        item.deadline = block.timestamp + 60;
    }

    /// @dev The item for one voucher, signed by the holder of the test roll's `place`.
    function _signedItem(uint256 voucher, uint256 place, uint256 merchant) internal view returns (Item memory) {
        return _signed(_item(_spend(voucher)), _holderKey(place), merchant);
    }

    function _signed(Item memory item, uint256 key, uint256 merchant) internal view returns (Item memory) {
        item.signature = _signature(key, _digest(item, merchant));
        return item;
    }

    function _signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The same in 64 bytes (ERC-2098).
    function _compactSignature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 vs) = vm.signCompact(key, digest);
        return abi.encodePacked(r, vs);
    }

    /// @dev EIP-712 digest of a redemption, written down here once more from docs/storage.md, section 5.
    function _digest(Item memory item, uint256 merchant) internal view returns (bytes32) {
        return _typed(_structHash(item, merchant));
    }

    function _structHash(Item memory item, uint256 merchant) internal pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i; i < item.spends.length; ++i) {
            Spend memory s = item.spends[i];
            bytes32 spendType = keccak256("Spend(uint256 voucher,uint256 amount,uint256 sequence)");
            hashes = bytes.concat(hashes, keccak256(abi.encode(spendType, s.voucher, s.amount, s.sequence)));
        }
        bytes32 redemptionType = keccak256(
            "Redemption(Spend[] spends,uint256 merchant,uint256 bill,bytes32 receipt,uint256 channel,uint256 deadline)"
            "Spend(uint256 voucher,uint256 amount,uint256 sequence)"
        );
        return
            keccak256(
                abi.encode(redemptionType, keccak256(hashes), merchant, item.bill, item.receipt, item.channel, item.deadline)
            );
    }

    /// @dev EIP-712 digest of a terminal's batch.
    function _terminalDigest(Group memory group) internal view returns (bytes32) {
        bytes memory digests;
        for (uint256 i; i < group.items.length; ++i) {
            digests = bytes.concat(digests, _digest(group.items[i], group.merchant));
        }
        bytes32 batchType = keccak256("TerminalBatch(uint256 merchant,bytes32[] redemptions)");
        return _typed(keccak256(abi.encode(batchType, group.merchant, keccak256(digests))));
    }

    function _typed(bytes32 structHash) internal view returns (bytes32) {
        return _typed(_domain(block.chainid, address(vouchers)), structHash);
    }

    function _typed(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _domain(uint256 chain, address verifier) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("VoucherTrail"),
                keccak256("1"),
                chain,
                verifier
            )
        );
    }

    function _group(uint256 merchant, Item[] memory items) internal pure returns (Group memory group) {
        (group.merchant, group.items) = (merchant, items);
    }

    function _redeem(uint256 merchant, Item memory item) internal returns (uint256) {
        return _redeem(_one(_group(merchant, _one(item))));
    }

    /// @dev As the relayer.
    function _redeem(Group[] memory groups) internal returns (uint256) {
        vm.prank(operator);
        return vouchers.redeem(groups);
    }

    // --- lists of one ---

    function _one(uint256 value) internal pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = value;
    }

    function _two(uint256 first, uint256 second) internal pure returns (uint256[] memory list) {
        list = new uint256[](2);
        (list[0], list[1]) = (first, second);
    }

    function _one(string memory value) internal pure returns (string[] memory list) {
        list = new string[](1);
        list[0] = value;
    }

    function _one(Item memory item) internal pure returns (Item[] memory list) {
        list = new Item[](1);
        list[0] = item;
    }

    function _one(Group memory group) internal pure returns (Group[] memory list) {
        list = new Group[](1);
        list[0] = group;
    }

    // --- the ledger ---

    function _committed(uint256 line) internal view returns (uint256) {
        return uint64(vouchers.lineWord(line));
    }

    function _payable(uint256 line) internal view returns (uint256) {
        return uint64(vouchers.lineWord(line) >> 64);
    }

    function _committedCount(uint256 line) internal view returns (uint256) {
        return uint48(vouchers.lineWord(line) >> 128);
    }

    function _payableCount(uint256 line) internal view returns (uint256) {
        return vouchers.lineWord(line) >> 176;
    }

    /// @dev deposited = available + committed + payable + settled + returned.
    function _assertIdentity(uint256 line) internal view {
        ITreasury.Account memory a = treasury.account(line);
        vm.assertEq(a.deposited, a.available + _committed(line) + _payable(line) + a.settled + a.returned, "identity of the line");
    }

    /// @dev The local calendar day of `time` in the test programmes' zone.
    function _day(uint256 time) internal pure returns (uint256) {
        return (time + uint256(int256(UTC_OFFSET)) * 60) / 1 days;
    }
}
