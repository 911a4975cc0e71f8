"""What gas calls take, learnt from those that came into blocks.

of
├── before any is known ........ as drawn redemptions take for their length
└── then ....................... as much for its length as the last ones took together; older ones are forgotten
"""

from __future__ import annotations

from node_api.chain.gas_learnt import LearntGas
from node_api.domain.ids import Address, Hash
from node_api.domain.operations import SentCall


def call(size: int) -> SentCall:
    """With so many bytes."""
    return SentCall(Hash("0x01"), 1, Address("0x02"), "00" * size)


def test_of__before_any_is_known__then_as_drawn_redemptions_take() -> None:
    assert LearntGas().of(call(120_000)) == 6_000_000


def test_of__then_for_its_length_as_the_last_ones_took() -> None:
    learnt = LearntGas()
    learnt.note(call(100), 1_000)
    assert learnt.of(call(50)) == 500
    learnt.note(call(300), 1_000)
    assert learnt.of(call(50)) == 250
    for _ in range(32):
        learnt.note(call(10), 20)
    assert learnt.of(call(50)) == 100
