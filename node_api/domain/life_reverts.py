"""Why contracts refuse steps of a programme's publication and of validity policies; part of `reverts.RULES_AND_REMEDIES`."""

_OTHER = "have another approver do it"

LIFE: dict[str, tuple[str, str]] = {
    "ProgrammeRegistry_NoticeRunning": (
        "a programme is activated when its notice after publication is over",
        "activate it at the time named or later",
    ),
    "ProgrammeRegistry_PublicationInvalid": (
        "a notice lasts 366 days at most, and a text with an address, of 256 bytes at most, has its hash",
        "correct the field that is named",
    ),
    "ProgrammeRegistry_ReasonMissing": ("this step is recorded with its reason", "give the reason"),
    "ProgrammeRegistry_ValidityTooShort": (
        "vouchers are valid at least as long as the policy in force asks for their category, face value and condition",
        "lengthen the batch, or have an exception granted for its reference and terms",
    ),
    "ProgrammeRegistry_ValidityTooLong": (
        "vouchers are valid at most as long as the policy in force allows for their category, face value and condition",
        "shorten the batch, or have an exception granted for its reference and terms",
    ),
    "ProgrammeRegistry_PolicyInvalid": (
        "a policy's classes ascend, and its rows name classes there are, each once, with bounds",
        "correct the field that is named, in the row that is named",
    ),
    "ProgrammeRegistry_PolicyWaiting": (
        "one validity policy waits at a time",
        "approve or withdraw the policy named first",
    ),
    "ProgrammeRegistry_PolicyNotWaiting": (
        "only a policy that was proposed, and neither approved nor withdrawn, is approved or withdrawn",
        "see `vouchertrail validity show` for where the policy stands",
    ),
    "ProgrammeRegistry_OwnPolicy": ("nobody approves the policy they proposed", _OTHER),
    "ProgrammeRegistry_ExceptionKnown": (
        "an exception is asked for once for a reference and terms, unless it was rejected",
        "wait for the decision, or open the batch: it may be granted",
    ),
    "ProgrammeRegistry_ExceptionNotWaiting": (
        "only an exception that was asked for, and neither granted nor rejected, is granted or rejected",
        "see `vouchertrail validity show` for where it stands",
    ),
    "ProgrammeRegistry_OwnException": ("nobody grants the exception they asked for", _OTHER),
    "Vouchers_RollTooOld": (
        "a batch whose vouchers end some days after their roll was written is issued to a roll younger than that",
        "write a new roll and issue to it",
    ),
}
"""Custom error → (rule, remedy)."""
