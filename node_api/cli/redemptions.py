"""`vouchertrail redemptions`: consents to what is above the step-up threshold."""

from __future__ import annotations

import rich_click as click

from node_api.chain.attestor import Attestor
from node_api.chain.deployed import Deployed
from node_api.chain.deployment.addresses import read_deployment
from node_api.chain.keys import KeyRole
from node_api.cli.deploy import open_deployed_chain
from node_api.cli.keys import key_ring
from node_api.cli.options import FAULT, Shared, fail, shared_options
from node_api.cli.staff import hash_named
from node_api.domain.ids import Address, Hash


@click.group(name="redemptions")
def cli() -> None:
    """Consent to redemptions and bookings above the step-up threshold."""


@cli.command()
@click.argument("digest", type=hash_named("digest"))
@shared_options
def consent(shared: Shared, digest: Hash) -> None:
    """Sign ATTESTOR's consent to the redemption or booking of this DIGEST. Nothing is sent.

    A digest does not show what it stands for: take it from your own check of the code (POST /v1/redemptions/check).
    """
    settings = shared.settings
    handle = open_deployed_chain(settings)
    deployment = read_deployment(settings.deployments_folder, handle.chain_id, handle.genesis_hash)
    with handle.connect() as rpc:
        deployed = Deployed(rpc, {"Vouchers": Address(deployment.address("Vouchers"))})
        attestor = Attestor(deployed, key_ring(settings).account(KeyRole.ATTESTOR), handle.chain_id)
        if not attestor.is_known():
            told = f"the key of ATTESTOR ({attestor.address}) is no attestor: grant the role, then syncAttestor"
            fail(told, FAULT, kind="AttestorUnknown", as_json=shared.as_json)
        signature = "0x" + attestor.consent(digest).hex()
    shared.tell({"digest": digest, "attestor": attestor.address, "consent": signature}, signature)
