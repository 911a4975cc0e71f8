// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersBooking} from "./IVouchersBooking.sol";
import {IVouchersCases} from "./IVouchersCases.sol";
import {IVouchersClaims} from "./IVouchersClaims.sol";
import {IVouchersErrors} from "./IVouchersErrors.sol";
import {IVouchersHolders} from "./IVouchersHolders.sol";
import {IVouchersLinks} from "./IVouchersLinks.sol";
import {IVouchersRecord} from "./IVouchersRecord.sol";
import {IVouchersRedemption} from "./IVouchersRedemption.sol";
import {IVouchersStanding} from "./IVouchersStanding.sol";
import {IVouchersSupply} from "./IVouchersSupply.sol";

/// @title Vouchers: batches, rolls, issues, states, redemption.
interface IVouchers is
    IVouchersErrors,
    IVouchersBooking,
    IVouchersCases,
    IVouchersClaims,
    IVouchersHolders,
    IVouchersLinks,
    IVouchersRecord,
    IVouchersStanding,
    IVouchersSupply,
    IVouchersRedemption
{}
