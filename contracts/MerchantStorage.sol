// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";
import {IVouchers} from "./interfaces/IVouchers.sol";
import {RegionCode} from "./libraries/RegionCode.sol";
import {MerchantStatus, MerchantTerms, PayoutProposal} from "./types/Merchant.sol";
import {MerchantWord} from "./words/MerchantWord.sol";

/// @title The slots of MerchantRegistry, as drawn in docs/storage.md, section 4, and what its parts share.
abstract contract MerchantStorage is IMerchantRegistry, AccessManaged {
    struct Merchant {
        address registrar;
        MerchantStatus status;
        address suspender;
        MerchantTerms terms;
    }

    struct Change {
        address proposer;
        bytes32 hash;
    }

    uint256 internal _lastMerchant;
    mapping(uint256 merchant => Merchant) internal _merchants;
    mapping(address key => uint256 merchant) internal _keys;
    mapping(address terminal => uint256 merchant) internal _terminals;
    mapping(bytes32 refHash => uint256 merchant) internal _references;
    mapping(uint256 category => string name) internal _categories;
    IVouchers internal _vouchers;
    mapping(uint256 merchant => PayoutProposal) internal _payouts;
    mapping(uint256 merchant => Change) internal _changes;
    mapping(uint256 merchant => address proposer) internal _removals;

    function _step(uint256 id, MerchantStatus from, MerchantStatus to) internal returns (Merchant storage m) {
        m = _merchants[id];
        if (m.status != from) revert MerchantRegistry_StatusWrong(id, m.status, from);
        m.status = to;
        _writeWord(id, m);
    }

    /// @dev The merchant, which must have been entered and not have been removed.
    function _standing(uint256 id) internal view returns (Merchant storage m) {
        m = _merchants[id];
        if (m.status == MerchantStatus.NONE || m.status == MerchantStatus.REMOVED) {
            revert MerchantRegistry_StatusWrong(id, m.status, MerchantStatus.ACTIVE);
        }
    }

    /// @dev The word a redemption reads follows every change; what others write there stays.
    function _writeWord(uint256 id, Merchant storage m) internal {
        MerchantTerms storage t = m.terms;
        uint256 word = MerchantWord.pack(uint256(m.status), t.channels, t.categories, t.region);
        _vouchers.setMerchant(id, MerchantWord.keepFreeze(word, _vouchers.merchantWord(id)));
    }

    function _checkTerms(string memory ref, MerchantTerms calldata terms) internal pure {
        if (terms.categories == 0) revert MerchantRegistry_TermsInvalid(ref, "categories");
        if (terms.channels == 0) revert MerchantRegistry_TermsInvalid(ref, "channels");
        if (terms.region == 0 || !RegionCode.isValid(terms.region)) revert MerchantRegistry_TermsInvalid(ref, "region");
        if (terms.payout == address(0)) revert MerchantRegistry_TermsInvalid(ref, "payout");
    }
}
