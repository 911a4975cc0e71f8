"""A node of another organisation: its own folder, the chain's address and addresses.json, and no key."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node_api.chain.case_desk import proof
from node_api.chain.handle import attach_chain
from node_api.config import Settings
from node_api.domain.reconciliation import Check
from node_api.record import Record, open_record
from node_api.services.ports.casework import Opening
from node_api.services.reconciling import reconcile
from tests.world import CHAIN_ID, World


@contextmanager
def opened(world: World, folder: Path) -> Iterator[Record]:
    """Its record, brought up to the chain."""
    settings = settings_of_other(world, folder)
    record = open_record(settings, attach_chain(world.handle.url, CHAIN_ID, folder / "identity.json"))
    try:
        record.indexer.catch_up()
        yield record
    finally:
        record.close()


def settings_of_other(world: World, folder: Path) -> Settings:
    """Settings of a node in its own folder, to which addresses.json was handed."""
    known = Path("deployments") / str(CHAIN_ID) / "addresses.json"
    (folder / known).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(world.folder / known, folder / known)
    return Settings(data=folder, chain_url=world.handle.url, chain_id=CHAIN_ID)


def figures(record: Record) -> list[Check]:
    """Every term that reconciliation compares; they must agree."""
    with record.reads.at_head() as reader:
        outcome = reconcile(reader, record.ledger)
    assert outcome.differences == []
    return list(outcome.checks)


def opening(record: Record, number: int) -> tuple[object, ...]:
    """The proof of a redemption, as anybody can read it off the chain."""
    with record.reads.at_head() as reader:
        commitment = reader.commitment_of(number)
        assert commitment is not None
        call = reader.redemptions_from(commitment.first_number, commitment.count)
    return proof(Opening(commitment.first_number, call, number))
