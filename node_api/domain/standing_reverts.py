"""Why contracts refuse freezes, revocations and the emergency lane; part of `reverts.RULES_AND_REMEDIES`."""

STANDING: dict[str, tuple[str, str]] = {
    "CaseDesk_SubjectUnknown": (
        "what is frozen exists: a voucher, roll, batch, a programme's holder, or a merchant",
        "correct the kind or the number",
    ),
    "CaseDesk_EndPassed": ("a freeze ends in the future", "name a later end"),
    "CaseDesk_FreezeTooLong": ("a freeze lasts 30 days at most", "name an end no later than the bound"),
    "CaseDesk_FreezeNotLonger": ("a renewal ends later than the freeze it renews", "name a later end, or let it be"),
    "CaseDesk_OwnFreezeLately": (
        "the same auditor freezes a subject again 30 days after their own freeze of it ended",
        "have another auditor look at it",
    ),
    "CaseDesk_RenewalsUsedUp": (
        "a freeze is renewed twice at most without being confirmed",
        "confirm it while it holds, or let it lapse",
    ),
    "CaseDesk_ConfirmedAlready": (
        "a freeze is confirmed once, and then holds until it is lifted",
        "lift it, or revoke",
    ),
    "CaseDesk_NotFrozen": (
        "only a freeze that holds is lifted, confirmed or appealed against",
        "look whether it lapsed",
    ),
    "CaseDesk_OwnFreeze": ("nobody confirms what they froze", "have another auditor confirm it"),
    "CaseDesk_AppealMissing": ("an appeal carries the hash of its letter", "give the hash"),
    "CaseDesk_NoRecorder": ("an appeal is recorded by an auditor or the operator", "hand the letter to one of them"),
    "CaseDesk_ListInvalid": ("a list has 1 to 500 vouchers", "split the list"),
    "CaseDesk_NotConfirmed": (
        "a voucher is revoked while its batch, roll or holder is under a confirmed freeze",
        "freeze it, and have another auditor confirm the freeze",
    ),
    "CaseDesk_NotLive": (
        "only a voucher that is LIVE is revoked",
        "leave it out: it is redeemed, revoked, booked or over already",
    ),
    "Vouchers_NotLonger": ("an extension only lengthens", "name an end later than the batch's"),
    "Vouchers_BeyondProgramme": (
        "no voucher is valid beyond its programme, which is the legal bound",
        "name an end no later than the programme's",
    ),
    "Vouchers_BatchSwept": ("no batch is extended once vouchers of it were swept", "open a new batch"),
    "ProgrammeRegistry_ChannelsInvalid": ("a widening names some of the channels 0 to 7", "give their bit mask"),
    "ProgrammeRegistry_EndPassed": ("what the emergency lane does ends in the future", "name a later end"),
    "ProgrammeRegistry_BeyondProgramme": (
        "a widening ends with its programme at the latest",
        "name an end no later than the programme's",
    ),
    "ProgrammeRegistry_WideningNotLonger": (
        "a widening that runs is never cut short",
        "name an end no earlier than the one that runs",
    ),
    "ProgrammeRegistry_PauseTooLong": ("a pause lasts 30 days at most", "name an end no later than the bound"),
    "ProgrammeRegistry_PauseNotLonger": ("a pause that runs is only lengthened", "resume it, or name a later end"),
    "ProgrammeRegistry_NetworkPaused": (
        "a programme is not paused beside the whole network: its time would be given back twice",
        "wait until the network's pause is over, or lengthen that one",
    ),
    "ProgrammeRegistry_NotPaused": ("only a pause that runs is ended", "nothing: it is over"),
    "Treasury_MerchantFrozen": (
        "a frozen merchant is not paid while it is frozen",
        "put its days into a later run, when the freeze has ended or is lifted",
    ),
}
"""Custom error → (rule, remedy)."""
