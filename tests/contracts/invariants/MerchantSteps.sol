// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMerchantRegistry} from "../../../contracts/interfaces/IMerchantRegistry.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {MerchantTerms} from "../../../contracts/types/Merchant.sol";
import {Steps} from "./Steps.sol";

/// @title Merchants, their keys and terminals, categories.
abstract contract MerchantSteps is Steps {
    uint256 private constant MOST = 10;

    struct Entry {
        string[] refs;
        MerchantTerms[] terms;
        uint256[] regions;
    }

    function _enterStep() internal {
        Entry memory e = _soundEntry();
        bytes4 expected;
        if (_standing() >= MOST || _chance(40)) expected = _spoilEntry(e);
        address actor = _actor(Roles.REGISTRAR);
        bytes memory data = abi.encodeCall(merchants.enter, (e.refs, e.terms));
        if (!_call("enter", actor, Roles.REGISTRAR, address(merchants), data, expected)) return;
        for (uint256 i; i < e.refs.length; ++i) {
            MerchantTerms memory t = e.terms[i];
            mMerchants[++mLastMerchant] =
                MMerchant(1, actor, address(0), t.categories, e.regions[i], t.channels, t.payout, e.refs[i]);
            mPayouts[mLastMerchant].push(t.payout);
        }
    }

    function _standing() private view returns (uint256 count) {
        for (uint256 id = 1; id <= mLastMerchant; ++id) {
            if (mMerchants[id].status != 4) ++count;
        }
    }

    function _soundEntry() private returns (Entry memory e) {
        uint256 count = 1 + _draw(2);
        e.refs = new string[](count);
        e.terms = new MerchantTerms[](count);
        e.regions = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            e.refs[i] = string.concat(_fresh("merchant"), "-", vm.toString(i));
            e.regions[i] = _chance(70) ? 3 : 1 + _draw(REGIONS - 1);
            address to = address(uint160(0xaa0000 + mLastMerchant + 1 + i));
            uint64 categories = _chance(60) ? 15 : uint64(1 + _draw(15));
            e.terms[i] = MerchantTerms(categories, _regionCode(e.regions[i]), _chance(60) ? 7 : uint8(1 + _draw(7)), to);
        }
    }

    function _spoilEntry(Entry memory e) private returns (bytes4) {
        uint256 at = _draw(e.refs.length);
        uint256 fault = _draw(9);
        if (fault == 4 && mLastMerchant == 0) fault = 2;
        if (fault == 0) e.refs = new string[](0);
        if (fault == 1) e.refs = new string[](3);
        if (fault < 2) return IMerchantRegistry.MerchantRegistry_NothingGiven.selector;
        if (fault == 2) e.refs[at] = "";
        if (fault == 3) e.refs[at] = _longText();
        if (fault < 4) return IMerchantRegistry.MerchantRegistry_ReferenceInvalid.selector;
        if (fault == 4) {
            e.refs[at] = mMerchants[1 + _draw(mLastMerchant)].ref;
            return IMerchantRegistry.MerchantRegistry_ReferenceTaken.selector;
        }
        if (fault == 5) e.terms[at].categories = 0;
        if (fault == 6) e.terms[at].channels = 0;
        if (fault == 7) e.terms[at].region = _chance(50) ? 0 : 0x6a00000002;
        if (fault == 8) e.terms[at].payout = address(0);
        return IMerchantRegistry.MerchantRegistry_TermsInvalid.selector;
    }

    // --- status ---

    function _activateMerchantsStep() internal {
        uint256[] memory ids = _chance(60) ? _one(_merchantIn(1)) : _two(_merchantIn(1), _merchantIn(1));
        if (_chance(5)) ids = new uint256[](0);
        address actor = _actor(Roles.APPROVER);
        bytes4 expected = ids.length == 0 ? IMerchantRegistry.MerchantRegistry_NothingGiven.selector : FINE;
        for (uint256 i; i < ids.length && expected == FINE; ++i) {
            if (mMerchants[ids[i]].status != 1 || (i != 0 && ids[0] == ids[1])) {
                expected = IMerchantRegistry.MerchantRegistry_StatusWrong.selector;
            } else if (mMerchants[ids[i]].registrar == actor) {
                expected = IMerchantRegistry.MerchantRegistry_OwnProposal.selector;
            }
        }
        bytes memory data = abi.encodeCall(merchants.activate, (ids));
        if (!_call("activate merchant", actor, Roles.APPROVER, address(merchants), data, expected)) return;
        for (uint256 i; i < ids.length; ++i) {
            mMerchants[ids[i]].status = 2;
        }
    }

    function _suspendStep() internal {
        uint256 id = _anyMerchant();
        address actor = _actor(Roles.REGISTRAR);
        bytes4 expected = mMerchants[id].status == 2 ? FINE : IMerchantRegistry.MerchantRegistry_StatusWrong.selector;
        bytes memory data = abi.encodeCall(merchants.suspend, (id, "complaints"));
        if (_call("suspend", actor, Roles.REGISTRAR, address(merchants), data, expected)) {
            (mMerchants[id].status, mMerchants[id].suspender) = (3, actor);
        }
    }

    function _reinstateStep() internal {
        uint256 id = _merchantIn(3);
        address actor = _actor(Roles.APPROVER);
        bytes4 expected;
        if (mMerchants[id].status != 3) expected = IMerchantRegistry.MerchantRegistry_StatusWrong.selector;
        else if (mMerchants[id].suspender == actor) expected = IMerchantRegistry.MerchantRegistry_OwnProposal.selector;
        bytes memory data = abi.encodeCall(merchants.reinstate, (id, "cleared"));
        if (_call("reinstate", actor, Roles.APPROVER, address(merchants), data, expected)) mMerchants[id].status = 2;
    }

    function _merchantIn(uint256 status) internal returns (uint256 id) {
        for (uint256 i; i < 6; ++i) {
            id = _anyMerchant();
            if (mMerchants[id].status == status) return id;
        }
    }

    // --- keys and terminals ---

    function _keyStep(bool add) internal {
        address account = vm.addr(_shopKey(_draw(KEYS)));
        uint256 id = _account(account, mKeys, add);
        (bytes4 expected, address given) = _expectAccount(account, id, mKeys, add);
        bytes memory data = add ? abi.encodeCall(merchants.addKey, (id, given)) : abi.encodeCall(merchants.removeKey, (id, given));
        string memory what = add ? "addKey" : "removeKey";
        if (_call(what, _actor(Roles.REGISTRAR), Roles.REGISTRAR, address(merchants), data, expected)) {
            mKeys[given] = add ? id : 0;
        }
    }

    function _terminalStep(bool add) internal {
        address account = mTills[_draw(TERMINALS)];
        if (add && mTerminals[mTills[0]] == 0 && _chance(50)) account = mTills[0];
        uint256 id = _account(account, mTerminals, add);
        (bytes4 expected, address given) = _expectAccount(account, id, mTerminals, add);
        bytes memory data =
            add ? abi.encodeCall(merchants.addTerminal, (id, given)) : abi.encodeCall(merchants.removeTerminal, (id, given));
        string memory what = add ? "addTerminal" : "removeTerminal";
        if (_call(what, _actor(Roles.REGISTRAR), Roles.REGISTRAR, address(merchants), data, expected)) {
            mTerminals[given] = add ? id : 0;
            (mTillLimits[given], mTillDay[given], mTillSpent[given]) = (0, 0, 0);
        }
    }

    /// @dev The merchant the account belongs to when it is to be removed, mostly; else any.
    function _account(address account, mapping(address => uint256) storage owners, bool add) private returns (uint256) {
        return !add && _chance(70) ? owners[account] : _anyMerchant();
    }

    function _expectAccount(address account, uint256 id, mapping(address => uint256) storage owners, bool add)
        private
        returns (bytes4, address)
    {
        if (!add) {
            bool known = id != 0 && owners[account] == id;
            return (known ? FINE : IMerchantRegistry.MerchantRegistry_AccountUnknown.selector, account);
        }
        if (_chance(5)) account = address(0);
        if (mMerchants[id].status == 0 || mMerchants[id].status == 4) {
            return (IMerchantRegistry.MerchantRegistry_StatusWrong.selector, account);
        }
        if (account == address(0) || owners[account] != 0) {
            return (IMerchantRegistry.MerchantRegistry_AccountTaken.selector, account);
        }
        return (FINE, account);
    }

    function _categoriesStep() internal {
        uint256[] memory categories = _one(_draw(80));
        string[] memory names = _one("catering");
        bytes4 expected = categories[0] < 64 ? FINE : IMerchantRegistry.MerchantRegistry_CategoryInvalid.selector;
        if (_chance(10)) {
            names = new string[](2);
            expected = IMerchantRegistry.MerchantRegistry_NothingGiven.selector;
        }
        bytes memory data = abi.encodeCall(merchants.nameCategories, (categories, names));
        _call("nameCategories", _actor(Roles.REGISTRAR), Roles.REGISTRAR, address(merchants), data, expected);
    }
}
