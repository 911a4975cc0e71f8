"""The block in which a call of the outbox stands, as the index has it.

A reorganisation may move a call that was resolved, even between its receipt and the moment it is written down. So the block is
taken from the index both when a page with the call is appended and when the call is resolved: whichever comes last is right.
"""

from sqlalchemy import Connection, and_, bindparam, update

from node_api.domain.ids import Hash
from node_api.storage import tables as t
from node_api.storage.operation_rows import raw
from node_api.storage.operation_tables import outbox_calls as calls

_MOVED = (
    update(calls)
    .where(
        and_(
            t.transactions.c.hash == calls.c.hash,
            t.transactions.c.block == t.blocks.c.number,
            calls.c.block_hash != t.blocks.c.hash,
        )
    )
    .values(block=t.blocks.c.number, block_hash=t.blocks.c.hash, block_time=t.blocks.c.timestamp)
)
_OF_PAGE = _MOVED.where(t.transactions.c.block >= bindparam("first"))
_OF_CALL = _MOVED.where(calls.c.hash == bindparam("of_call"))


def follow_page(connection: Connection, first: int) -> None:
    """For the calls in the blocks from `first` on."""
    connection.execute(_OF_PAGE, {"first": first})


def follow_call(connection: Connection, call: Hash) -> None:
    """For one call; does nothing while the index has not come to it."""
    connection.execute(_OF_CALL, {"of_call": raw(call)})
