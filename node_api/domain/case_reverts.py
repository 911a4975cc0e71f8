"""Why the case desk refuses reversals, disputes and decisions: its custom errors, with rule and remedy."""

CASES: dict[str, tuple[str, str]] = {
    "CaseDesk_OpeningWrong": (
        "a redemption is proved by all leaves of its call, in their order, which chain to the call's commitment",
        "name the redemption as the record has it; the node makes the opening",
    ),
    "CaseDesk_ReversedBefore": ("a redemption is reversed once", "nothing: it is reversed already"),
    "CaseDesk_DeadlinePassed": ("what was signed is used before its deadline", "sign again with a later deadline"),
    "CaseDesk_NotTheMerchant": (
        "a redemption is reversed by a key of its merchant, or by the terminal that answered for it",
        "have the merchant sign Reversal with the domain and types of GET /v1/eip712, or ask an arbiter",
    ),
    "CaseDesk_TerminalNotNamed": (
        "a terminal reverses only redemptions that it answered for itself",
        "reverse it with the merchant's key",
    ),
    "CaseDesk_TerminalLimitPassed": (
        "a terminal reverses no more on one local day than its daily limit",
        "reverse it with the merchant's key, or on another day",
    ),
    "CaseDesk_ReversalWindowOver": (
        "a merchant reverses within the reversal window of the rules it redeemed by",
        "ask an arbiter",
    ),
    "CaseDesk_ReversalWindowOpen": (
        "an arbiter reverses from the end of the merchant's window on",
        "wait until then, or have the merchant reverse it",
    ),
    "CaseDesk_DayShort": (
        "the money of the merchant's day is neither settled nor disputed",
        "an arbiter names a later day of the same budget line and merchant that has enough",
    ),
    "CaseDesk_DayNotLater": (
        "only a later day pays for a redemption whose own day was settled",
        "name a day behind the redemption's",
    ),
    "CaseDesk_NotAParty": (
        "a redemption is disputed by its voucher's holder or by a key of its merchant",
        "have one of them sign Dispute with the domain and types of GET /v1/eip712",
    ),
    "CaseDesk_DisputeWindowOver": (
        "a redemption is disputed within the dispute window of the rules it was redeemed by",
        "turn to an arbiter, who can reverse it later",
    ),
    "CaseDesk_DisputedBefore": ("a redemption is disputed once", "look the dispute up under the number given"),
    "CaseDesk_DisputeNotOpen": ("only an open dispute is decided", "look at what was decided"),
    "CaseDesk_DecisionOver": (
        "an arbiter decides before the time to decide is over; then the redemption stands",
        "have the redemption stand",
    ),
    "CaseDesk_DecisionOpen": (
        "nobody but an arbiter ends a dispute before its time is over",
        "wait, or ask an arbiter",
    ),
}
"""Custom error → (rule, remedy)."""
