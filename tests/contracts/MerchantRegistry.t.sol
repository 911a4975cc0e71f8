// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMerchantRegistry} from "../../contracts/interfaces/IMerchantRegistry.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {MerchantStatus, MerchantTerms} from "../../contracts/types/Merchant.sol";
import {Base} from "./Base.t.sol";
import {Vm} from "./Vm.sol";

/// enter
/// ├── when nothing is given, or not one reference a merchant: it should refuse it
/// ├── when a reference is empty, 65 bytes long or taken: it should refuse it
/// ├── when a term is outside its bound: it should name the field
/// └── when all is within bounds: it should keep them as applied, with ascending ids
/// activate
/// ├── when nothing is given: it should refuse it
/// ├── when a merchant has not applied: it should refuse it
/// ├── when the caller entered it: it should refuse it
/// └── when another does: it should make them active
/// suspend
/// ├── when the merchant is not active: it should refuse it
/// └── when it is: it should suspend it at once
/// reinstate
/// ├── when the merchant is not suspended: it should refuse it
/// ├── when the caller suspended it: it should refuse it
/// └── when another does: it should make it active
/// addKey, addTerminal
/// ├── when the merchant is unknown: it should refuse it
/// ├── when the account is zero or taken: it should name whose it is
/// └── when it is free: it should be the merchant's
/// removeKey, removeTerminal
/// ├── when the account is not the merchant's, or the merchant is 0: it should refuse it
/// └── when it is: it should be free again
/// nameCategories
/// ├── when nothing is given, or not one name a category: it should refuse it
/// ├── when a category is 64: it should refuse it
/// └── when it is within bounds: it should keep the name
contract MerchantRegistryTest is Base {
    string private constant LONGEST = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    // --- enter ---

    function test_enter__whenNothingIsGiven__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_NothingGiven.selector));
        vm.prank(registrar);
        merchants.enter(new string[](0), new MerchantTerms[](0));
    }

    function test_enter__whenTermsAreMissing__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_NothingGiven.selector));
        vm.prank(registrar);
        merchants.enter(_one("noodles"), new MerchantTerms[](2));
    }

    function test_enter__whenReferenceIsEmptyOrTooLong__refusesIt() external {
        _refuse(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_ReferenceInvalid.selector, ""), "", _merchantTerms());
        string memory ref = string.concat(LONGEST, "0");
        _refuse(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_ReferenceInvalid.selector, ref), ref, _merchantTerms());
        vm.assertEq(merchants.merchantOf(LONGEST), 0);
        vm.assertEq(_apply(LONGEST, _merchantTerms()), 1);
    }

    function test_enter__whenReferenceIsTaken__namesItsMerchant() external {
        uint256 merchant = _apply("noodles", _merchantTerms());
        _refuse(
            abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_ReferenceTaken.selector, "noodles", merchant),
            "noodles",
            _merchantTerms()
        );
    }

    function test_enter__whenTermIsOutsideItsBound__namesTheField() external {
        MerchantTerms memory t = _merchantTerms();
        t.categories = 0;
        _refuseTerm("categories", t);
        t = _merchantTerms();
        t.channels = 0;
        _refuseTerm("channels", t);
        t = _merchantTerms();
        t.region = 0;
        _refuseTerm("region", t);
        t.region = 0x610000000a; // ten digits announced
        _refuseTerm("region", t);
        t = _merchantTerms();
        t.payout = address(0);
        _refuseTerm("payout", t);
    }

    function test_enter__whenWithinBounds__keepsThemAsApplied() external {
        string[] memory refs = new string[](2);
        (refs[0], refs[1]) = ("noodles", "museum");
        MerchantTerms[] memory terms = new MerchantTerms[](2);
        terms[0] = _merchantTerms();
        terms[1] = MerchantTerms(TOURISM, OTHER_CITY, 2, funder);
        vm.recordLogs();
        vm.prank(registrar);
        vm.assertEq(merchants.enter(refs, terms), 1);

        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        for (uint256 i; i < 2; ++i) {
            bytes32[] memory topics = topicsOf(IMerchantRegistry.MerchantApplied.selector, i + 1, topic(registrar));
            assertLog(logs[i], address(merchants), topics, abi.encode(refs[i], terms[i]));
            vm.assertEq(merchants.merchantOf(refs[i]), i + 1);
            _assertMerchant(i + 1, terms[i], MerchantStatus.APPLIED);
        }
        vm.assertEq(merchants.lastMerchant(), 2);
        vm.assertEq(merchants.payoutOf(2), funder);
        _assertActors(2, registrar, address(0));
    }

    // --- activate ---

    function test_activate__whenNothingIsGiven__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_NothingGiven.selector));
        vm.prank(approver);
        merchants.activate(new uint256[](0));
    }

    function test_activate__whenMerchantHasNotApplied__refusesIt() external {
        _expectStatus(9, MerchantStatus.NONE, MerchantStatus.APPLIED);
        vm.prank(approver);
        merchants.activate(_one(9));
        uint256 merchant = _merchant("noodles");
        _expectStatus(merchant, MerchantStatus.ACTIVE, MerchantStatus.APPLIED);
        vm.prank(approver);
        merchants.activate(_one(merchant));
    }

    function test_activate__whenCallerEnteredIt__refusesIt() external {
        vm.prank(admin);
        manager.grantRole(Roles.APPROVER, registrar, 0);
        uint256 merchant = _apply("noodles", _merchantTerms());
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_OwnProposal.selector, merchant, registrar));
        vm.prank(registrar);
        merchants.activate(_one(merchant));
    }

    function test_activate__whenAnotherDoes__makesThemActive() external {
        uint256 first = _apply("noodles", _merchantTerms());
        uint256 second = _apply("museum", _merchantTerms());
        vm.recordLogs();
        vm.prank(approver);
        merchants.activate(_two(first, second));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        for (uint256 i; i < 2; ++i) {
            bytes32[] memory topics = topicsOf(IMerchantRegistry.MerchantActivated.selector, first + i, topic(approver));
            assertLog(logs[i], address(merchants), topics, "");
            _assertMerchant(first + i, _merchantTerms(), MerchantStatus.ACTIVE);
        }
    }

    // --- suspend and reinstate ---

    function test_suspend__whenNotActive__refusesIt() external {
        uint256 merchant = _apply("noodles", _merchantTerms());
        _expectStatus(merchant, MerchantStatus.APPLIED, MerchantStatus.ACTIVE);
        vm.prank(registrar);
        merchants.suspend(merchant, "early");
    }

    function test_suspend__whenActive__suspendsItAtOnce() external {
        uint256 merchant = _merchant("noodles");
        vm.recordLogs();
        vm.prank(registrar);
        merchants.suspend(merchant, "hygiene");
        _assertOnlyLog(topicsOf(IMerchantRegistry.MerchantSuspended.selector, merchant, topic(registrar)), abi.encode("hygiene"));
        _assertMerchant(merchant, _merchantTerms(), MerchantStatus.SUSPENDED);
        _assertActors(merchant, registrar, registrar);
    }

    function test_reinstate__whenNotSuspended__refusesIt() external {
        uint256 merchant = _merchant("noodles");
        _expectStatus(merchant, MerchantStatus.ACTIVE, MerchantStatus.SUSPENDED);
        vm.prank(approver);
        merchants.reinstate(merchant, "fine");
    }

    function test_reinstate__whenCallerSuspendedIt__refusesIt() external {
        vm.prank(admin);
        manager.grantRole(Roles.APPROVER, registrar, 0);
        uint256 merchant = _merchant("noodles");
        vm.startPrank(registrar);
        merchants.suspend(merchant, "hygiene");
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_OwnProposal.selector, merchant, registrar));
        merchants.reinstate(merchant, "fine");
        vm.stopPrank();
    }

    function test_reinstate__whenAnotherDoes__makesItActive() external {
        uint256 merchant = _merchant("noodles");
        vm.prank(registrar);
        merchants.suspend(merchant, "hygiene");
        vm.recordLogs();
        vm.prank(approver);
        merchants.reinstate(merchant, "inspected");
        _assertOnlyLog(
            topicsOf(IMerchantRegistry.MerchantReinstated.selector, merchant, topic(approver)), abi.encode("inspected")
        );
        _assertMerchant(merchant, _merchantTerms(), MerchantStatus.ACTIVE);
    }

    // --- keys ---

    function test_addKey__whenMerchantIsUnknown__refusesIt() external {
        _expectStatus(9, MerchantStatus.NONE, MerchantStatus.ACTIVE);
        vm.prank(registrar);
        merchants.addKey(9, outsider);
    }

    function test_addKey__whenZeroOrTaken__namesWhoseItIs() external {
        uint256 merchant = _merchant("noodles");
        vm.startPrank(registrar);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_AccountTaken.selector, address(0), 0));
        merchants.addKey(merchant, address(0));
        merchants.addKey(merchant, outsider);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_AccountTaken.selector, outsider, merchant));
        merchants.addKey(merchant, outsider);
        vm.stopPrank();
    }

    function test_addKey__whenFree__isTheMerchants() external {
        uint256 merchant = _apply("noodles", _merchantTerms());
        vm.recordLogs();
        vm.prank(registrar);
        merchants.addKey(merchant, outsider);
        _assertOnlyLog(topicsOf(IMerchantRegistry.MerchantKeyAdded.selector, merchant, topic(outsider), topic(registrar)), "");
        vm.assertEq(merchants.merchantOfKey(outsider), merchant);
        vm.assertEq(merchants.merchantOfTerminal(outsider), 0);
    }

    function test_removeKey__whenNotTheMerchants__refusesIt() external {
        uint256 merchant = _merchant("noodles");
        vm.startPrank(registrar);
        merchants.addKey(merchant, outsider);
        vm.expectRevert(
            abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_AccountUnknown.selector, outsider, merchant + 1)
        );
        merchants.removeKey(merchant + 1, outsider);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_AccountUnknown.selector, funder, 0));
        merchants.removeKey(0, funder);
        vm.stopPrank();
    }

    function test_removeKey__whenTheMerchants__isFreeAgain() external {
        uint256 merchant = _merchant("noodles");
        vm.startPrank(registrar);
        merchants.addKey(merchant, outsider);
        vm.recordLogs();
        merchants.removeKey(merchant, outsider);
        vm.stopPrank();
        _assertOnlyLog(topicsOf(IMerchantRegistry.MerchantKeyRemoved.selector, merchant, topic(outsider), topic(registrar)), "");
        vm.assertEq(merchants.merchantOfKey(outsider), 0);
    }

    // --- terminals ---

    function test_addTerminal__whenMerchantIsUnknown__refusesIt() external {
        _expectStatus(9, MerchantStatus.NONE, MerchantStatus.ACTIVE);
        vm.prank(registrar);
        merchants.addTerminal(9, outsider);
    }

    function test_addTerminal__whenZeroOrTaken__namesWhoseItIs() external {
        uint256 merchant = _merchant("noodles");
        uint256 other = _merchant("museum");
        vm.startPrank(registrar);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_AccountTaken.selector, address(0), 0));
        merchants.addTerminal(merchant, address(0));
        merchants.addTerminal(merchant, outsider);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_AccountTaken.selector, outsider, merchant));
        merchants.addTerminal(other, outsider);
        vm.stopPrank();
    }

    function test_addTerminal__whenFree__isTheMerchantsAndActive() external {
        uint256 merchant = _merchant("noodles");
        vm.recordLogs();
        vm.prank(registrar);
        merchants.addTerminal(merchant, outsider);
        _assertOnlyLog(topicsOf(IMerchantRegistry.TerminalAdded.selector, merchant, topic(outsider), topic(registrar)), "");
        vm.assertEq(merchants.merchantOfTerminal(outsider), merchant);
        vm.assertEq(vouchers.terminalWord(outsider), merchant | 1 << 32);
    }

    function test_removeTerminal__whenNotTheMerchants__refusesIt() external {
        uint256 merchant = _merchant("noodles");
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_AccountUnknown.selector, outsider, merchant));
        vm.prank(registrar);
        merchants.removeTerminal(merchant, outsider);
    }

    function test_removeTerminal__whenTheMerchants__isFreeAgain() external {
        uint256 merchant = _merchant("noodles");
        vm.startPrank(registrar);
        merchants.addTerminal(merchant, outsider);
        vm.recordLogs();
        merchants.removeTerminal(merchant, outsider);
        vm.stopPrank();
        _assertOnlyLog(topicsOf(IMerchantRegistry.TerminalRemoved.selector, merchant, topic(outsider), topic(registrar)), "");
        vm.assertEq(merchants.merchantOfTerminal(outsider), 0);
        vm.assertEq(vouchers.terminalWord(outsider), 0);
    }

    // --- categories ---

    function test_nameCategories__whenNothingIsGiven__refusesIt() external {
        vm.startPrank(registrar);
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_NothingGiven.selector));
        merchants.nameCategories(new uint256[](0), new string[](0));
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_NothingGiven.selector));
        merchants.nameCategories(_one(1), new string[](0));
        vm.stopPrank();
    }

    function test_nameCategories__whenCategoryIs64__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_CategoryInvalid.selector, 64));
        vm.prank(registrar);
        merchants.nameCategories(_one(64), _one("too far"));
    }

    function test_nameCategories__whenWithinBounds__keepsTheNames() external {
        string[] memory names = new string[](2);
        (names[0], names[1]) = ("catering", "elder care");
        vm.recordLogs();
        vm.prank(registrar);
        merchants.nameCategories(_two(0, 63), names);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        bytes32 signature = IMerchantRegistry.CategoryNamed.selector;
        assertLog(logs[0], address(merchants), topicsOf(signature, 0, topic(registrar)), abi.encode(names[0]));
        assertLog(logs[1], address(merchants), topicsOf(signature, 63, topic(registrar)), abi.encode(names[1]));
        vm.assertEq(merchants.categoryName(0), "catering");
        vm.assertEq(merchants.categoryName(63), "elder care");
        vm.assertEq(merchants.categoryName(1), "");
    }

    // --- helpers ---

    function _refuse(bytes memory error, string memory ref, MerchantTerms memory terms) private {
        MerchantTerms[] memory all = new MerchantTerms[](1);
        all[0] = terms;
        vm.expectRevert(error);
        vm.prank(registrar);
        merchants.enter(_one(ref), all);
    }

    function _refuseTerm(string memory field, MerchantTerms memory terms) private {
        _refuse(
            abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_TermsInvalid.selector, "noodles", field), "noodles", terms
        );
    }

    function _expectStatus(uint256 merchant, MerchantStatus status, MerchantStatus needed) private {
        vm.expectRevert(abi.encodeWithSelector(IMerchantRegistry.MerchantRegistry_StatusWrong.selector, merchant, status, needed));
    }

    function _assertOnlyLog(bytes32[] memory topics, bytes memory data) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        assertLog(logs[0], address(merchants), topics, data);
    }

    /// @dev The registry's record and the word a redemption reads: status 8, channels 8, categories 64, region 40.
    function _assertMerchant(uint256 merchant, MerchantTerms memory terms, MerchantStatus status) private view {
        (MerchantTerms memory found, MerchantStatus foundStatus) = merchants.merchant(merchant);
        vm.assertEq(abi.encode(found), abi.encode(terms));
        vm.assertEq(uint256(foundStatus), uint256(status));
        uint256 word =
            uint256(status) | uint256(terms.channels) << 8 | uint256(terms.categories) << 16 | uint256(terms.region) << 80;
        vm.assertEq(vouchers.merchantWord(merchant), word);
    }

    function _assertActors(uint256 merchant, address entered, address suspended) private view {
        (address foundRegistrar, address foundSuspender) = merchants.actorsOf(merchant);
        vm.assertEq(foundRegistrar, entered);
        vm.assertEq(foundSuspender, suspended);
    }
}
