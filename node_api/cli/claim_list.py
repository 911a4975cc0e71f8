"""`vouchertrail claims list`: the list of people who may claim, for those who hand out salts and proofs."""

from __future__ import annotations

from pathlib import Path

import orjson
import rich_click as click

from node_api.chain.claim_lists import leaf, tree
from node_api.chain.durable import write_whole
from node_api.chain.wallet import CustodialWallet
from node_api.cli.folder import tell_faults
from node_api.cli.keys import key_ring
from node_api.cli.options import USAGE, Shared, shared_options
from node_api.cli.staff import hash_named, staffed
from node_api.domain.printable import counted
from node_api.services.auditing import find_programme
from node_api.services.importing.report import FaultReport
from node_api.services.people_file import read_people_file

HASH = hash_named("root")


@click.command(name="list")
@click.argument("name", metavar="PROGRAMME")
@click.argument("people", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write, one person a line."
)
@shared_options
def make_list(shared: Shared, name: str, people: Path, out: Path) -> None:
    """Make the list of PEOPLE (one reference a line) who may claim in a PROGRAMME: its root, and each one's salt and proof.

    OUT names people: it is readable by its owner alone, and goes to whoever hands out salts and proofs. Nothing is sent.
    The whole of PEOPLE is checked first; with any fault in it nothing is made (exit code 2).
    """
    references = read_people_file(people)
    if isinstance(references, FaultReport):
        tell_faults(shared, people, references)
        raise SystemExit(USAGE)
    with staffed(shared, sends=False) as staff, staff.reader() as reader:
        programme = find_programme(reader, name)
    wallet = CustodialWallet(key_ring(shared.settings).unsafe_wallet_master())
    tags = [(wallet.nullifier(programme.ref, who), wallet.salt(programme.ref, who)) for who in references]
    root, proofs = tree([leaf(programme.id, nullifier, salt) for nullifier, salt in tags])
    lines = (
        orjson.dumps({"person": who, "nullifier": tag[0], "salt": tag[1], "proof": proof}) + b"\n"
        for who, tag, proof in zip(references, tags, proofs, strict=True)
    )
    write_whole(out, lines)
    shared.tell(
        {"root": root, "people": len(references)}, f"{counted(len(references), 'person', 'people')}; root {root}"
    )
