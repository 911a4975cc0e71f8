// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskSweep} from "../../contracts/interfaces/ICaseDeskSweep.sol";
import {ICaseDeskClaims} from "../../contracts/interfaces/ICaseDeskClaims.sol";
import {ICaseDeskEmergency} from "../../contracts/interfaces/ICaseDeskEmergency.sol";
import {ICaseDeskFreezes} from "../../contracts/interfaces/ICaseDeskFreezes.sol";
import {ICaseDeskDisputes} from "../../contracts/interfaces/ICaseDeskDisputes.sol";
import {ICaseDeskReassignments} from "../../contracts/interfaces/ICaseDeskReassignments.sol";
import {ICaseDeskReversals} from "../../contracts/interfaces/ICaseDeskReversals.sol";
import {IMerchantRegistry} from "../../contracts/interfaces/IMerchantRegistry.sol";
import {IProgrammeEmergency} from "../../contracts/interfaces/IProgrammeEmergency.sol";
import {IProgrammePolicies} from "../../contracts/interfaces/IProgrammePolicies.sol";
import {IProgrammeRegistry} from "../../contracts/interfaces/IProgrammeRegistry.sol";
import {IProgrammeRules} from "../../contracts/interfaces/IProgrammeRules.sol";
import {IProgrammeTransfers} from "../../contracts/interfaces/IProgrammeTransfers.sol";
import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {IVouchersSupply} from "../../contracts/interfaces/IVouchersSupply.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";

/// @title Who may call what, as in docs/storage.md, section 7: one row a function that asks the AccessManager.
/// @dev `link` has no row: an unlisted function is ADMIN's.
library RoleTable {
    enum Target {
        VOUCHERS,
        PROGRAMMES,
        MERCHANTS,
        TREASURY,
        DESK
    }

    struct Row {
        Target target;
        bytes4 selector;
        uint64 role;
    }

    function rows() internal pure returns (Row[] memory all) {
        all = new Row[](73);
        all[0] = Row(Target.VOUCHERS, IVouchersSupply.openBatches.selector, Roles.TREASURER);
        all[1] = Row(Target.VOUCHERS, IVouchersSupply.writeRoll.selector, Roles.TREASURER);
        all[2] = Row(Target.VOUCHERS, IVouchersSupply.issue.selector, Roles.TREASURER);
        all[3] = Row(Target.PROGRAMMES, IProgrammeRegistry.draft.selector, Roles.TREASURER);
        all[4] = Row(Target.PROGRAMMES, IProgrammeRegistry.propose.selector, Roles.TREASURER);
        all[5] = Row(Target.PROGRAMMES, IProgrammeRegistry.publish.selector, Roles.TREASURER);
        all[6] = Row(Target.PROGRAMMES, IProgrammeRegistry.activate.selector, Roles.TREASURER);
        all[7] = Row(Target.PROGRAMMES, IProgrammeRegistry.close.selector, Roles.TREASURER);
        all[8] = Row(Target.PROGRAMMES, IProgrammeRegistry.approve.selector, Roles.APPROVER);
        all[9] = Row(Target.MERCHANTS, IMerchantRegistry.enter.selector, Roles.REGISTRAR);
        all[10] = Row(Target.MERCHANTS, IMerchantRegistry.addKey.selector, Roles.REGISTRAR);
        all[11] = Row(Target.MERCHANTS, IMerchantRegistry.removeKey.selector, Roles.REGISTRAR);
        all[12] = Row(Target.MERCHANTS, IMerchantRegistry.addTerminal.selector, Roles.REGISTRAR);
        all[13] = Row(Target.MERCHANTS, IMerchantRegistry.removeTerminal.selector, Roles.REGISTRAR);
        all[14] = Row(Target.MERCHANTS, IMerchantRegistry.suspend.selector, Roles.REGISTRAR);
        all[15] = Row(Target.MERCHANTS, IMerchantRegistry.nameCategories.selector, Roles.REGISTRAR);
        all[16] = Row(Target.MERCHANTS, IMerchantRegistry.activate.selector, Roles.APPROVER);
        all[17] = Row(Target.MERCHANTS, IMerchantRegistry.reinstate.selector, Roles.APPROVER);
        all[18] = Row(Target.TREASURY, ITreasury.deposit.selector, Roles.TREASURER);
        all[19] = Row(Target.TREASURY, ITreasury.prepareSettlement.selector, Roles.TREASURER);
        all[20] = Row(Target.TREASURY, ITreasury.returnRest.selector, Roles.TREASURER);
        all[21] = Row(Target.TREASURY, ITreasury.allowToken.selector, Roles.APPROVER);
        all[22] = Row(Target.TREASURY, ITreasury.releaseSettlement.selector, Roles.APPROVER);
        all[23] = Row(Target.DESK, ICaseDeskSweep.sweep.selector, Roles.TREASURER);
        all[24] = Row(Target.MERCHANTS, IMerchantRegistry.replaceKey.selector, Roles.REGISTRAR);
        all[25] = Row(Target.MERCHANTS, IMerchantRegistry.replaceTerminal.selector, Roles.REGISTRAR);
        all[26] = Row(Target.MERCHANTS, IMerchantRegistry.limitTerminal.selector, Roles.REGISTRAR);
        all[27] = Row(Target.MERCHANTS, IMerchantRegistry.proposePayout.selector, Roles.REGISTRAR);
        all[28] = Row(Target.MERCHANTS, IMerchantRegistry.withdrawPayout.selector, Roles.REGISTRAR);
        all[29] = Row(Target.MERCHANTS, IMerchantRegistry.proposeChange.selector, Roles.REGISTRAR);
        all[30] = Row(Target.MERCHANTS, IMerchantRegistry.proposeRemoval.selector, Roles.REGISTRAR);
        all[31] = Row(Target.MERCHANTS, IMerchantRegistry.reject.selector, Roles.APPROVER);
        all[32] = Row(Target.MERCHANTS, IMerchantRegistry.change.selector, Roles.APPROVER);
        all[33] = Row(Target.MERCHANTS, IMerchantRegistry.remove.selector, Roles.APPROVER);
        all[34] = Row(Target.MERCHANTS, IMerchantRegistry.approvePayout.selector, Roles.APPROVER);
        all[35] = Row(Target.TREASURY, ITreasury.depositFromFunder.selector, Roles.TREASURER);
        all[36] = Row(Target.TREASURY, ITreasury.proposeMove.selector, Roles.TREASURER);
        all[37] = Row(Target.TREASURY, ITreasury.withdrawMove.selector, Roles.TREASURER);
        all[38] = Row(Target.TREASURY, ITreasury.approveMove.selector, Roles.APPROVER);
        all[39] = Row(Target.TREASURY, ITreasury.disallowToken.selector, Roles.APPROVER);
        all[40] = Row(Target.PROGRAMMES, IProgrammeRules.proposeRules.selector, Roles.TREASURER);
        all[41] = Row(Target.PROGRAMMES, IProgrammeRules.withdrawRules.selector, Roles.TREASURER);
        all[42] = Row(Target.PROGRAMMES, IProgrammeRules.activateRules.selector, Roles.APPROVER);
        all[43] = Row(Target.PROGRAMMES, IProgrammeRules.rejectRules.selector, Roles.APPROVER);
        all[44] = Row(Target.DESK, ICaseDeskFreezes.freeze.selector, Roles.AUDITOR);
        all[45] = Row(Target.DESK, ICaseDeskFreezes.lift.selector, Roles.AUDITOR);
        all[46] = Row(Target.DESK, ICaseDeskFreezes.confirm.selector, Roles.AUDITOR);
        all[47] = Row(Target.DESK, ICaseDeskFreezes.revoke.selector, Roles.AUDITOR);
        all[48] = Row(Target.DESK, ICaseDeskEmergency.extendBatch.selector, Roles.EMERGENCY);
        all[49] = Row(Target.PROGRAMMES, IProgrammeEmergency.widenChannels.selector, Roles.EMERGENCY);
        all[50] = Row(Target.PROGRAMMES, IProgrammeEmergency.pause.selector, Roles.EMERGENCY);
        all[51] = Row(Target.PROGRAMMES, IProgrammeEmergency.resume.selector, Roles.EMERGENCY);
        all[52] = Row(Target.PROGRAMMES, IProgrammeEmergency.pauseAll.selector, Roles.EMERGENCY);
        all[53] = Row(Target.PROGRAMMES, IProgrammeEmergency.resumeAll.selector, Roles.EMERGENCY);
        all[54] = Row(Target.DESK, ICaseDeskReversals.reverseByArbiter.selector, Roles.ARBITER);
        all[55] = Row(Target.DESK, ICaseDeskDisputes.decide.selector, Roles.ARBITER);
        all[56] = Row(Target.DESK, ICaseDeskClaims.openRound.selector, Roles.TREASURER);
        all[57] = Row(Target.DESK, ICaseDeskClaims.approveRoot.selector, Roles.APPROVER);
        all[58] = Row(Target.DESK, ICaseDeskClaims.proposeRoot.selector, Roles.REGISTRAR);
        all[59] = Row(Target.DESK, ICaseDeskClaims.withdrawRoot.selector, Roles.REGISTRAR);
        all[60] = Row(Target.PROGRAMMES, IProgrammeRegistry.setPublication.selector, Roles.TREASURER);
        all[61] = Row(Target.PROGRAMMES, IProgrammeRegistry.reject.selector, Roles.APPROVER);
        all[62] = Row(Target.PROGRAMMES, IProgrammePolicies.proposePolicy.selector, Roles.TREASURER);
        all[63] = Row(Target.PROGRAMMES, IProgrammePolicies.withdrawPolicy.selector, Roles.TREASURER);
        all[64] = Row(Target.PROGRAMMES, IProgrammePolicies.proposeException.selector, Roles.TREASURER);
        all[65] = Row(Target.PROGRAMMES, IProgrammePolicies.approvePolicy.selector, Roles.APPROVER);
        all[66] = Row(Target.PROGRAMMES, IProgrammePolicies.rejectPolicy.selector, Roles.APPROVER);
        all[67] = Row(Target.PROGRAMMES, IProgrammePolicies.grantException.selector, Roles.APPROVER);
        all[68] = Row(Target.PROGRAMMES, IProgrammePolicies.rejectException.selector, Roles.APPROVER);
        all[69] = Row(Target.PROGRAMMES, IProgrammeTransfers.setTransferCaps.selector, Roles.TREASURER);
        all[70] = Row(Target.DESK, ICaseDeskReassignments.proposeReassignment.selector, Roles.REGISTRAR);
        all[71] = Row(Target.DESK, ICaseDeskReassignments.withdrawReassignment.selector, Roles.REGISTRAR);
        all[72] = Row(Target.DESK, ICaseDeskReassignments.approveReassignment.selector, Roles.APPROVER);
    }
}
