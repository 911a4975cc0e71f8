"""Every voucher's life twice over: by what readers at the head find in one statement and keep, and asked table by table."""

from __future__ import annotations

from sqlalchemy import Engine

from node_api.chain.redeem_calls import RedeemCalls
from node_api.domain.ids import Address, Place, voucher_id
from node_api.services.lives import life
from node_api.storage.reads import IndexReads
from tests.world import World


def told_the_same(world: World, engine: Engine) -> bool:
    """Asserts it of every voucher there is, the second time with all that was kept."""
    calls, reads = (
        RedeemCalls(world.rpc, world.handle.chain_id, Address(world.addresses["Vouchers"])),
        IndexReads(engine),
    )
    with reads.at_head() as reader:
        number = reader.block.number
        pairs = reader.pairs()
    vouchers = [voucher_id(batch, roll, Place(place)) for batch, roll, count, _ in pairs for place in range(count)]
    with reads.at(number) as reader:
        reader._at_head = False  # the same block, asked as if it were an older one
        expected = [life(reader, calls, voucher) for voucher in vouchers]
    for _ in range(2):
        with reads.at_head() as reader:
            for voucher, life_of in zip(vouchers, expected, strict=True):
                assert life(reader, calls, voucher) == life_of
                assert reader.voucher(voucher) == life_of.facts
    return len(vouchers) > 0
