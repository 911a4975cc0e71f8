"""The roles of the AccessManager, and which role each guarded function asks for (docs/storage.md, section 7).

Deployments read this table; nothing else grants anything. A function that is not listed is ADMIN's (that is the
AccessManager's default, and the `link` functions rely on it) or guards itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from node_api.chain.keys import KeyRole

ROLE_IDS: Mapping[KeyRole, int] = MappingProxyType(
    {
        KeyRole.ADMIN: 0,
        KeyRole.TREASURER: 1,
        KeyRole.APPROVER: 2,
        KeyRole.REGISTRAR: 3,
        KeyRole.OPERATOR: 4,
        KeyRole.ARBITER: 5,
        KeyRole.AUDITOR: 6,
        KeyRole.EMERGENCY: 7,
        KeyRole.ATTESTOR: 8,
    }
)

GUARDED: Mapping[str, Mapping[KeyRole, tuple[str, ...]]] = MappingProxyType(
    {
        "Vouchers": {KeyRole.TREASURER: ("openBatches", "writeRoll", "issue")},
        "ProgrammeRegistry": {
            KeyRole.TREASURER: (
                "draft",
                "setPublication",
                "propose",
                "publish",
                "activate",
                "close",
                "proposeRules",
                "withdrawRules",
                "proposePolicy",
                "withdrawPolicy",
                "proposeException",
                "setTransferCaps",
            ),
            KeyRole.APPROVER: (
                "approve",
                "reject",
                "activateRules",
                "rejectRules",
                "approvePolicy",
                "rejectPolicy",
                "grantException",
                "rejectException",
            ),
            KeyRole.EMERGENCY: ("widenChannels", "pause", "resume", "pauseAll", "resumeAll"),
        },
        "MerchantRegistry": {
            KeyRole.REGISTRAR: (
                "enter",
                "addKey",
                "removeKey",
                "addTerminal",
                "removeTerminal",
                "suspend",
                "nameCategories",
                "replaceKey",
                "replaceTerminal",
                "limitTerminal",
                "proposePayout",
                "withdrawPayout",
                "proposeChange",
                "proposeRemoval",
            ),
            KeyRole.APPROVER: ("activate", "reinstate", "reject", "change", "remove", "approvePayout"),
        },
        "Treasury": {
            KeyRole.TREASURER: (
                "deposit",
                "depositFromFunder",
                "prepareSettlement",
                "returnRest",
                "proposeMove",
                "withdrawMove",
            ),
            KeyRole.APPROVER: ("allowToken", "disallowToken", "releaseSettlement", "approveMove"),
        },
        "CaseDesk": {
            KeyRole.TREASURER: ("sweep", "openRound"),
            KeyRole.APPROVER: ("approveRoot", "approveReassignment"),
            KeyRole.REGISTRAR: ("proposeRoot", "withdrawRoot", "proposeReassignment", "withdrawReassignment"),
            KeyRole.ARBITER: ("reverseByArbiter", "decide"),
            KeyRole.AUDITOR: ("freeze", "lift", "confirm", "revoke"),
            KeyRole.EMERGENCY: ("extendBatch",),
        },
    }
)
