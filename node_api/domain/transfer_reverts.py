"""Why contracts refuse transfers and reassignments; part of `reverts.RULES_AND_REMEDIES`."""

TRANSFERS: dict[str, tuple[str, str]] = {
    "CaseDesk_NotTheHolder": (
        "a voucher is passed on by its holder",
        "have the holder sign Transfer with the domain and types of GET /v1/eip712",
    ),
    "CaseDesk_TransferUsed": (
        "a signature passes a voucher on once",
        "sign again with another deadline",
    ),
    "CaseDesk_ReceiverMissing": ("a voucher or place goes to somebody", "name the receiver's address"),
    "CaseDesk_ReceiverIsHolder": ("a voucher or place goes to somebody else", "nothing: they hold it already"),
    "CaseDesk_ReceiverIsMerchant": (
        "neither a key nor a terminal of a merchant receives vouchers",
        "name a person's address",
    ),
    "CaseDesk_SubjectFrozen": (
        "what is frozen moves nowhere",
        "wait until the freeze ends or is lifted; an appeal is recorded",
    ),
    "CaseDesk_ProgrammePaused": (
        "nothing is passed on while the programme or the network is paused",
        "wait until the pause ends; its length is added to the validity",
    ),
    "CaseDesk_NotTransferable": (
        "vouchers are passed on where the rules version of their batch allows it",
        "nothing: this voucher stays with its holder",
    ),
    "CaseDesk_TransferTooLarge": (
        "the face value of a voucher passed on is within the cap of its rules version",
        "nothing: this voucher is worth more than may be passed on",
    ),
    "CaseDesk_TransferMonthPassed": (
        "a holder passes on no more in one local month than the cap of the voucher's rules version",
        "pass it on in another month",
    ),
    "CaseDesk_PlaceUnknown": ("a place stands in its roll", "correct the roll or the place"),
    "CaseDesk_PlaceClaimed": ("a place that was claimed is never given to another", "nothing: it is its claimant's"),
    "CaseDesk_PlaceTakenUp": (
        "a place is given to another while no voucher of it was used",
        "nothing: its holder uses it, the voucher named shows where",
    ),
    "CaseDesk_ReassignmentOpen": ("one proposal for a place waits at a time", "withdraw it, or approve it"),
    "CaseDesk_NothingProposed": ("a second person decides on what a first one proposed", "propose it first"),
    "CaseDesk_ReassignmentDiffers": (
        "exactly the receiver who was proposed gets the place",
        "look at what was proposed, and approve that",
    ),
    "CaseDesk_OwnProposal": ("nobody approves what they proposed themselves", "have another approver do it"),
    "CaseDesk_TooEarly": ("a reassignment waits seven days", "approve it at the time named"),
    "ProgrammeRegistry_CapsNotOpen": (
        "caps are set before their rules version is proposed: version 1 in the draft, else the next number",
        "propose a new version of the rules, its caps first",
    ),
    "ProgrammeRegistry_CapsInvalid": (
        "the cap of one transfer is above 0 and the monthly one not below it",
        "correct the caps",
    ),
}
"""Custom error → (rule, remedy)."""
