"""The contracts of the first release, linked, with the functions given to roles and the roles to their keys.

One account holds ADMIN alone; every other role is granted to its own key. After five days (the AccessManager's own
setback) a later grant, and every change of which role may call what, takes effect only after `grant_delay_seconds`, so that
it can be seen and cancelled. EMERGENCY is the guardian who cancels what other roles have scheduled.
"""

from node_api.chain.deployment.steps import AccountOf, AddressOf, Call, Deploy, Parameter, SelectorsOf, View
from node_api.chain.keys import KeyRole
from node_api.chain.roles import GUARDED, ROLE_IDS

PARAMETERS = {
    "token_name": "VoucherTrail settlement token",
    "token_symbol": "VTC",
    "token_decimals": 2,
    "grant_delay_seconds": 86_400,
}

_MANAGED = {"manager": AddressOf("AccessManager")}

_CONTRACTS = (
    Deploy("AccessManager", "AccessManager", {"initialAdmin": AccountOf(KeyRole.ADMIN)}),
    Deploy(
        "SettlementToken",
        "SettlementToken",
        {
            "name_": Parameter("token_name"),
            "symbol_": Parameter("token_symbol"),
            "decimals_": Parameter("token_decimals"),
            "issuer_": AccountOf(KeyRole.ISSUER),
        },
    ),
    Deploy("VouchersRecord", "VouchersRecord", _MANAGED),
    Deploy("VouchersBooking", "VouchersBooking", {**_MANAGED, "record": AddressOf("VouchersRecord")}),
    Deploy("VouchersBack", "VouchersBack", {**_MANAGED, "booking": AddressOf("VouchersBooking")}),
    Deploy("Vouchers", "Vouchers", {**_MANAGED, "back": AddressOf("VouchersBack")}),
    Deploy("ProgrammePolicies", "ProgrammePolicies", _MANAGED),
    Deploy("ProgrammeBack", "ProgrammeBack", {**_MANAGED, "policies": AddressOf("ProgrammePolicies")}),
    Deploy("ProgrammeRegistry", "ProgrammeRegistry", {**_MANAGED, "back": AddressOf("ProgrammeBack")}),
    *(Deploy(name, name, _MANAGED) for name in ("MerchantRegistry", "Treasury", "CaseDeskClaims")),
    Deploy("CaseDeskBack", "CaseDeskBack", {**_MANAGED, "claims": AddressOf("CaseDeskClaims")}),
    Deploy("CaseDesk", "CaseDesk", {**_MANAGED, "back": AddressOf("CaseDeskBack")}),
)

_VOUCHERS, _TREASURY = AddressOf("Vouchers"), AddressOf("Treasury")
_REGISTRY, _MERCHANTS, _DESK = AddressOf("ProgrammeRegistry"), AddressOf("MerchantRegistry"), AddressOf("CaseDesk")

_LINKS = (
    Call(
        "link_vouchers",
        "Vouchers",
        "link",
        {"registry": _REGISTRY, "merchantRegistry": _MERCHANTS, "treasury": _TREASURY, "desk": _DESK},
    ),
    Call("link_programmes", "ProgrammeRegistry", "link", {"vouchers": _VOUCHERS, "treasury": _TREASURY}),
    Call("link_merchants", "MerchantRegistry", "link", {"vouchers": _VOUCHERS}),
    Call(
        "link_treasury",
        "Treasury",
        "link",
        {"vouchers": _VOUCHERS, "registry": _REGISTRY, "merchantRegistry": _MERCHANTS, "desk": _DESK},
    ),
    Call(
        "link_desk", "CaseDesk", "link", {"vouchers": _VOUCHERS, "treasury": _TREASURY, "merchantRegistry": _MERCHANTS}
    ),
)

_FUNCTIONS = tuple(
    Call(
        f"guard_{contract}_{role}",
        "AccessManager",
        "setTargetFunctionRole",
        {
            "target": AddressOf(contract),
            "selectors": SelectorsOf(contract, functions),
            "roleId": ROLE_IDS[role],
        },
    )
    for contract, by_role in GUARDED.items()
    for role, functions in by_role.items()
)

_GRANTED = tuple(role for role in ROLE_IDS if role is not KeyRole.ADMIN)

_LABELS = tuple(
    Call(f"label_{role}", "AccessManager", "labelRole", {"roleId": ROLE_IDS[role], "label": role.upper()})
    for role in _GRANTED
)

_GRANTS = tuple(
    Call(
        f"grant_{role}",
        "AccessManager",
        "grantRole",
        {"roleId": ROLE_IDS[role], "account": AccountOf(role), "executionDelay": 0},
    )
    for role in _GRANTED
)

_DELAYS = tuple(
    Call(
        f"delay_{role}",
        "AccessManager",
        "setGrantDelay",
        {"roleId": ROLE_IDS[role], "newDelay": Parameter("grant_delay_seconds")},
    )
    for role in ROLE_IDS
)

_TARGET_DELAYS = tuple(
    Call(
        f"admin_delay_{contract}",
        "AccessManager",
        "setTargetAdminDelay",
        {"target": AddressOf(contract), "newDelay": Parameter("grant_delay_seconds")},
    )
    for contract in GUARDED
)

_GUARDIANS = tuple(
    Call(
        f"guardian_{role}",
        "AccessManager",
        "setRoleGuardian",
        {"roleId": ROLE_IDS[role], "guardian": ROLE_IDS[KeyRole.EMERGENCY]},
    )
    for role in _GRANTED
)

_OPEN = (
    Call(
        "relayer",
        "Vouchers",
        "syncRelayer",
        {"account": AccountOf(KeyRole.OPERATOR)},
        sender=KeyRole.OPERATOR,
        shown_by=View("Vouchers", "isRelayer", {"account": AccountOf(KeyRole.OPERATOR)}, True),
    ),
    Call(
        "attestor",
        "Vouchers",
        "syncAttestor",
        {"account": AccountOf(KeyRole.ATTESTOR)},
        sender=KeyRole.OPERATOR,
        shown_by=View("Vouchers", "isAttestor", {"account": AccountOf(KeyRole.ATTESTOR)}, True),
    ),
    Call(
        "allow_token",
        "Treasury",
        "allowToken",
        {"token": AddressOf("SettlementToken")},
        sender=KeyRole.APPROVER,
        shown_by=View("Treasury", "isTokenAllowed", {"token": AddressOf("SettlementToken")}, True),
    ),
)

STEPS = (*_CONTRACTS, *_LINKS, *_FUNCTIONS, *_LABELS, *_GRANTS, *_DELAYS, *_TARGET_DELAYS, *_GUARDIANS, *_OPEN)
