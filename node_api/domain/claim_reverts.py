"""Why contracts refuse lists, rounds and whole calls of claims; part of `reverts.RULES_AND_REMEDIES`."""

CLAIMS: dict[str, tuple[str, str]] = {
    "CaseDesk_NotARelayer": (
        "claims are sent by a relayer",
        "send with the key of OPERATOR after syncRelayer",
    ),
    "CaseDesk_ClaimantsInvalid": ("a call has 1 to 1,228 claimants: what a roll holds", "split the list"),
    "CaseDesk_RoundUnknown": ("the round was opened", "see GET /v1/programmes/{programme}/rounds"),
    "CaseDesk_RoundInvalid": (
        "a round has places, an end ahead of its beginning and of now, and 1 to 20 batches in ascending order",
        "give the field named a value within its bounds",
    ),
    "CaseDesk_RootNotApproved": (
        "a round's list was approved for its programme",
        "have an approver approve the root, or open the round to everybody",
    ),
    "CaseDesk_RootMissing": ("a list has a root", "open the round without one where everybody may claim"),
    "CaseDesk_RootKnown": ("a root is proposed once for a programme", "approve it, or go on with the one approved"),
    "CaseDesk_RootNotWaiting": (
        "only a root that was proposed, and neither approved nor withdrawn, is approved or withdrawn",
        "propose it first, or look at what became of it",
    ),
    "CaseDesk_OwnRoot": ("nobody approves a list that they proposed", "have another approver do it"),
    "CaseDesk_RoundRunning": ("a round is closed once it is over", "wait until then"),
    "CaseDesk_RoundClosedBefore": ("a round is closed once", "nothing: what was kept for it is free"),
    "Treasury_StillReserved": (
        "a rest is returned once nothing of the line is kept for rounds of claims",
        "close the programme's rounds first; anybody may, once they are over",
    ),
}
"""Custom error → (rule, remedy)."""
