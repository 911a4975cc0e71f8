"""Why contracts refuse whole calls: every custom error of the shipped contracts but the refusal reasons, with rule and remedy.

The values stand in the error's own arguments; tests hold this table complete against the contracts' interfaces.
"""

from collections.abc import Sequence

from node_api.domain.booking_reverts import BOOKINGS
from node_api.domain.case_reverts import CASES
from node_api.domain.claim_reverts import CLAIMS
from node_api.domain.errors import ContractReverted
from node_api.domain.life_reverts import LIFE
from node_api.domain.standing_reverts import STANDING
from node_api.domain.transfer_reverts import TRANSFERS

_ONCE = "the contracts of a release are linked once", "deploy a new release beside this one"
_CALLER = "only the linked contract calls this function", "call the contract that is meant for people"
_OWN = "nobody approves what they proposed themselves", "have another approver do it"
_REFERENCE = "a text reference has 1 to 64 bytes", "shorten the reference, or give one"
_TAKEN = "a text reference names one thing", "use another reference, or go on with the one that has it"
_TERMS = "every term lies within the bounds of docs/import.md", "correct the field that is named"
_NOTHING = "the call names at least one thing, and as many of each list", "give what is missing"
_ROLE = "the account holds the role that docs/storage.md, section 7, names", "sign with that role's key"
_MANAGER = "roles are changed as the AccessManager allows", "look at the role's delay, admin and schedule"
_TOKEN = (
    "the settlement token moves money only as its balances and allowances allow",
    "check balance, allowance and address",
)
_INTERNAL = "the contracts are handed what their own code makes", "report it: this should not happen"

RULES_AND_REMEDIES: dict[str, tuple[str, str]] = {
    **STANDING,
    **LIFE,
    # Vouchers
    "Vouchers_SenderNotAllowed": (
        "redemptions are sent by a relayer, or by the merchant's own terminal named in every group",
        "send with the key of OPERATOR after syncRelayer, or from the terminal",
    ),
    "Vouchers_TooManyItems": ("a call carries no more items than the bound named", "send several calls"),
    "Vouchers_CallerNotLinked": _CALLER,
    "Vouchers_AlreadyLinked": _ONCE,
    "Vouchers_ReferenceTaken": _TAKEN,
    "Vouchers_NumbersUsedUp": ("batches and rolls have numbers of 24 bits", "deploy a new release beside this one"),
    "Vouchers_ReferenceInvalid": _REFERENCE,
    "Vouchers_ProgrammeNotOpen": (
        "batches and issues belong to a published or active programme",
        "have the programme approved and published first",
    ),
    "Vouchers_TermsInvalid": _TERMS,
    "Vouchers_OutsideProgramme": (
        "a batch stays within its programme's dates, categories, region and channels",
        "narrow the batch where the field named says",
    ),
    "Vouchers_RollSizeInvalid": ("a roll has 20 bytes a holder and 1 to 1,228 holders", "split or complete the roll"),
    "Vouchers_HolderZero": (
        "no place of a roll belongs to the zero address",
        "give the holder's address, or leave the place out",
    ),
    "Vouchers_RollFlagsInvalid": ("a roll's flags are 1 (claimed) and 2 (custodial)", "set no other bit"),
    "Vouchers_BatchUnknown": ("the batch was opened", "open it first, or correct the number"),
    "Vouchers_RollUnknown": ("the roll was written, for this programme", "write it first, or correct the number"),
    "Vouchers_AlreadyIssued": ("a batch is given to a roll once", "write a further roll for second vouchers"),
    "Vouchers_QuotaExceeded": ("a batch issues no more than its quota", "issue to fewer places, or open another batch"),
    "Vouchers_BatchOver": ("vouchers are issued before their validity ends", "open a batch that is still valid"),
    "Vouchers_PackMixed": ("a pack belongs to one programme", "issue one pack for each programme"),
    "Vouchers_NothingGiven": _NOTHING,
    "Vouchers_NotIssued": ("only a pair that was issued is swept", "correct batch or roll"),
    "Vouchers_AlreadySwept": ("a pair is swept once", "nothing: its value is back on the line"),
    **BOOKINGS,
    "RollCode_NotWritten": ("the chain stores the roll's code", "give the transaction more gas"),
    # CaseDesk
    "CaseDesk_NotOver": ("a pair is swept once its validity is over", "wait until then"),
    "CaseDesk_AlreadyLinked": _ONCE,
    # Treasury
    "Treasury_CallerNotLinked": _CALLER,
    "Treasury_AlreadyLinked": _ONCE,
    "Treasury_TokenInvalid": ("a token on the list is a contract and stands there once", "check the token's address"),
    "Treasury_LineUnknown": ("the line has a budget: its programme is published", "publish the programme first"),
    "Treasury_DepositInvalid": ("a deposit has an amount and the hash of its bank slip", "give both"),
    "Treasury_SlipUsed": ("a bank slip stands for one deposit", "use the new transfer's own slip"),
    "Treasury_ProgrammeClosed": ("a closed programme takes no money", "deposit for a programme that goes on"),
    "Treasury_DepositOverBudget": (
        "a line's deposits stay within its budget",
        "deposit what is left, or have the budget raised",
    ),
    "Treasury_DepositNotWhole": ("a deposit arrives whole", "use a token that takes no fee"),
    "Treasury_PayoutNotWhole": (
        "a payout takes exactly its amount out of the escrow",
        "take the token off the list; what it owes is paid in another way",
    ),
    "Treasury_OverBudgetLine": ("no voucher beyond its budget line", "issue fewer, or have the budget raised"),
    "Treasury_Unbacked": ("no voucher without money behind it", "deposit the missing money first"),
    "Treasury_RunSizeInvalid": ("a settlement run has 1 to 500 entries", "split the run"),
    "Treasury_RunNotOpen": (
        "a run is released once, after it was prepared",
        "prepare a run, or look whether this one was paid",
    ),
    "Treasury_RunMismatch": (
        "a run is released with the entries it was prepared with",
        "give exactly those entries, in their order",
    ),
    "Treasury_OwnProposal": _OWN,
    "Treasury_TooEarly": ("a day is paid once its reversal and dispute window is over", "leave the day out until then"),
    "Treasury_AmountDiffers": (
        "an entry of a run is paid exactly what the run says, or not in that run",
        "prepare a new run: something was redeemed, disputed, reversed or paid since",
    ),
    "Treasury_PayoutFailed": ("a payout is what the token says it did", "look at the token and the payout account"),
    "Treasury_TokenNotListed": (
        "programmes are published, and tokens disallowed, with tokens on the list",
        "have an approver allow the token",
    ),
    "Treasury_MoveNotOpen": ("a move is decided once, after it was proposed", "propose it anew"),
    "Treasury_LinesApart": ("budget moves between two lines of one programme", "name two lines of one programme"),
    "Treasury_FundersDiffer": (
        "money of one funder is never another's",
        "move between lines of the same funder, or have the other funder deposit",
    ),
    "Treasury_BudgetTooLarge": ("a line's budget stays below 2^56", "move less"),
    "Treasury_NothingPayable": ("a merchant's day is paid once, where something was redeemed", "leave the entry out"),
    "Treasury_ProgrammeNotClosed": ("a rest is returned after its programme was closed", "close the programme first"),
    "Treasury_NothingLeft": ("only what is left is returned", "nothing: the line is empty"),
    # ProgrammeRegistry
    "ProgrammeRegistry_StateWrong": (
        "each step starts from the state before it",
        "look at the programme's state and take the step due",
    ),
    "ProgrammeRegistry_ReferenceTaken": _TAKEN,
    "ProgrammeRegistry_ReferenceInvalid": _REFERENCE,
    "ProgrammeRegistry_TermsInvalid": _TERMS,
    "ProgrammeRegistry_RuleNotInRelease": ("a rule of a later release is 0", "leave the field named at 0"),
    "ProgrammeRegistry_NotOpen": (
        "rules, channels and pauses belong to a published or active programme",
        "publish the programme first; a closed one changes no more",
    ),
    "ProgrammeRegistry_RulesInvalid": (
        "each term of a version of rules has its bound, and a change its reason",
        "give the field named a value within docs/treasury.md's bounds",
    ),
    "ProgrammeRegistry_RulesWaiting": (
        "one version of a programme's rules waits at a time",
        "activate or withdraw the version named first",
    ),
    "ProgrammeRegistry_RulesNotWaiting": (
        "only a version that was proposed, and neither activated nor withdrawn, is activated or withdrawn",
        "see `vouchertrail rules show` for where the version stands",
    ),
    "ProgrammeRegistry_RulesNotRipe": (
        "a version of rules is activated when its notice is over",
        "activate it at the time named or later",
    ),
    "ProgrammeRegistry_TokenNotAllowed": (
        "the settlement token is on the Treasury's list",
        "have an approver allow the token",
    ),
    "ProgrammeRegistry_LineInvalid": _TERMS,
    "ProgrammeRegistry_OwnProposal": _OWN,
    "ProgrammeRegistry_ApprovedBefore": ("each approver approves once", "have another approver do it"),
    "ProgrammeRegistry_TooEarly": ("a step waits for its time", "try again at the time named"),
    "ProgrammeRegistry_MoneyOpen": (
        "a programme is closed once nothing is committed or payable",
        "sweep what expired and settle what is payable",
    ),
    "ProgrammeRegistry_AlreadyLinked": _ONCE,
    # MerchantRegistry
    "MerchantRegistry_StatusWrong": ("each step starts from the status before it", "look at the merchant's status"),
    "MerchantRegistry_ReferenceTaken": _TAKEN,
    "MerchantRegistry_ReferenceInvalid": _REFERENCE,
    "MerchantRegistry_TermsInvalid": _TERMS,
    "MerchantRegistry_OwnProposal": _OWN,
    "MerchantRegistry_AccountTaken": ("an account is one merchant's key or terminal", "use an account of its own"),
    "MerchantRegistry_AccountUnknown": ("only an account the merchant has is removed", "check the address"),
    "MerchantRegistry_MerchantUnknown": ("the merchant was entered", "correct the number"),
    "MerchantRegistry_NothingProposed": ("a second person decides on what a first one proposed", "propose it first"),
    "MerchantRegistry_ChangeDiffers": (
        "exactly the terms that were proposed come into force",
        "look at what was proposed last, and approve that",
    ),
    "MerchantRegistry_PayoutInvalid": (
        "a payout account changes by payout proposals alone, to another account than the merchant has",
        "name the account it has for other terms, and another one for a payout",
    ),
    "MerchantRegistry_PayoutOpen": ("one payout account at a time is on its way", "withdraw it, or approve it"),
    "MerchantRegistry_PayoutDiffers": (
        "exactly the account that was proposed comes into force",
        "look at what was proposed, and approve that",
    ),
    "MerchantRegistry_TooEarly": ("a payout account waits three days", "approve it at the time named"),
    "MerchantRegistry_CategoryInvalid": ("there are 64 categories, 0 to 63", "use one of them"),
    "MerchantRegistry_NothingGiven": _NOTHING,
    "MerchantRegistry_AlreadyLinked": _ONCE,
    **CASES,
    **CLAIMS,
    **TRANSFERS,
    # SettlementToken
    "SettlementToken_CallerNotIssuer": ("only the issuer creates money", "sign with the issuer's key"),
    # OpenZeppelin
    "AccessManagedUnauthorized": _ROLE,
    "AccessManagedRequiredDelay": ("an account with a delay schedules before it acts", "schedule the call and wait"),
    "AccessManagedInvalidAuthority": _INTERNAL,
    "AccessManagerAlreadyScheduled": _MANAGER,
    "AccessManagerNotScheduled": _MANAGER,
    "AccessManagerNotReady": _MANAGER,
    "AccessManagerExpired": _MANAGER,
    "AccessManagerLockedRole": _MANAGER,
    "AccessManagerBadConfirmation": _MANAGER,
    "AccessManagerUnauthorizedAccount": _ROLE,
    "AccessManagerUnauthorizedCall": _ROLE,
    "AccessManagerUnauthorizedConsume": _MANAGER,
    "AccessManagerUnauthorizedCancel": _MANAGER,
    "AccessManagerInvalidInitialAdmin": _MANAGER,
    "ERC20InsufficientAllowance": _TOKEN,
    "ERC20InsufficientBalance": _TOKEN,
    "ERC20InvalidApprover": _TOKEN,
    "ERC20InvalidReceiver": _TOKEN,
    "ERC20InvalidSender": _TOKEN,
    "ERC20InvalidSpender": _TOKEN,
    "SafeERC20FailedOperation": _TOKEN,
    "AddressEmptyCode": _INTERNAL,
    "FailedCall": _INTERNAL,
    "InsufficientBalance": _INTERNAL,
    "InvalidShortString": _INTERNAL,
    "SafeCastOverflowedUintDowncast": _INTERNAL,
    "StringTooLong": _INTERNAL,
    "StringsInsufficientHexLength": _INTERNAL,
}
"""Custom error → (rule, remedy)."""

_UNKNOWN = (
    "every error of the contracts is in this release's interfaces",
    "compare the deployed release with this node's",
)


def reverted(error: str, arguments: Sequence[tuple[str, object]]) -> ContractReverted:
    """The domain error of a contract's custom error.

    Args:
        error: its name; empty or unknown names get a rule of their own.
        arguments: its parameters by name, in order.
    """
    rule, remedy = RULES_AND_REMEDIES.get(error, _UNKNOWN)
    shown = ", ".join(f"{name} {value}" for name, value in arguments)
    return ContractReverted(error, f"{error or 'an unknown error'}{': ' + shown if shown else ''}", rule, remedy)
