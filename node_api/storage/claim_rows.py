"""The rows of claimed places."""

from __future__ import annotations

from node_api.domain.claim_events import NullifiersUsed
from node_api.storage import tables as t
from node_api.storage.rows import Row, Rows

_NULLIFIER_BYTES = 32


def claimed_places(rows: Rows, event: NullifiersUsed) -> list[Row]:
    """One row a place. The event follows its roll in the same transaction."""
    rolled = rows[t.claim_rolls][-1]
    assert rolled["roll"] == event.roll, "the contract logs both one after the other"
    found, size = event.nullifiers, _NULLIFIER_BYTES
    return [
        {
            "roll": event.roll,
            "place": place,
            "round_key": rolled["round_key"],
            "nullifier": found[at : at + size],
            "block": rolled["block"],
        }
        for place, at in enumerate(range(0, len(found), size))
    ]
