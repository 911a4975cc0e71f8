"""Compares what tills asked and were told, the node's database and the chain. The node has ended by then: it is not asked."""

from __future__ import annotations

from bench.chaos.answers import check_answers
from bench.chaos.chain import Chain
from bench.chaos.evidence import Evidence, checkpoint, gather
from bench.chaos.found import Found
from bench.chaos.outcomes import check_outcomes
from bench.chaos.records import check_records
from bench.chaos.tills import Street
from node_api.chain.rpc_values import quantity, text
from node_api.chain.rpc_values import record as record_of
from node_api.record import Record, compare_with_rebuild
from node_api.services.reconciling import reconcile
from node_api.storage.engine import open_database

_PAGE = 500
_SHOWN = 5


def check(record: Record, chain: Chain, street: Street, vouchers: str, first_nonce: int) -> Found:
    """Everything. Nothing is brought up to the chain for the node first: its database is looked at as it left it.

    Args:
        record: the node's, on the chain itself.
        chain: likewise.
        street: what tills asked and were told.
        vouchers: address of `Vouchers`.
        first_nonce: of the relayer, before the node's first call.
    """
    evidence = gather(record, chain, street, vouchers, first_nonce)
    found = Found(list(street.faults), evidence=evidence)
    compare(found, evidence)
    _check_index(found, record)
    return found


def compare(found: Found, evidence: Evidence) -> None:
    """All that needs no more than what was gathered."""
    check_answers(found, evidence)
    check_outcomes(found, evidence)
    check_records(found, evidence)


def index_stands_at_head(database: str, chain: Chain) -> bool:
    """Whether the index that a node keeps in this database stands on the chain's newest block."""
    engine = open_database(database)
    try:
        at = checkpoint(engine)
    finally:
        engine.dispose()
    head = record_of(chain.rpc.call("eth_getBlockByNumber", ["latest", False]))
    return at == (quantity(head["number"]), text(head["hash"]))


def _check_index(found: Found, record: Record) -> None:
    """The index is what a rebuild makes, and every sum is what the contracts' words say."""
    number, differences = compare_with_rebuild(record, _PAGE)
    for one in differences:
        found.faults.append(f"index at block {number}: {one.table} has {one.index}, a rebuild {one.rebuilt}")
    found.checked["index digests equal to a rebuild"] += not differences
    if differences:
        return
    with record.reads.at_head() as reader:
        outcome = reconcile(reader, record.ledger)
    found.require(not outcome.differences, f"reconciliation: {outcome.differences[:_SHOWN]}")
    found.checked["sums reconciled"] += len(outcome.checks)
