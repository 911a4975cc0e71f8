"""The contracts as ape compiles and runs them, on a local foundry network (`ape test`).

ape
├── compiles every contract to what ships with the node, metadata apart
├── the network is London, with free gas
└── a deployed contract
    ├── starts without tokens
    ├── mints for its issuer, with the event
    └── refuses anyone else, with the error's arguments
"""

import json
from pathlib import Path
from typing import Any

import ape
import pytest
from ape.api.accounts import TestAccountAPI
from ape.contracts import ContractInstance

ARTIFACTS = [json.loads(path.read_text()) for path in Path(__file__).parents[2].glob("node_api/chain/artifacts/*.json")]
# OpenZeppelin's own are deployed as published; ape compiles our sources.
OURS = [artifact for artifact in ARTIFACTS if artifact["sourceName"].startswith("contracts/")]
# What solc appends to describe the sources, 54 bytes; the shipped code leaves it out.
METADATA_HEX_DIGITS = 108


@pytest.fixture
def issuer(accounts: list[TestAccountAPI]) -> TestAccountAPI:
    return accounts[0]


@pytest.fixture
def outsider(accounts: list[TestAccountAPI]) -> TestAccountAPI:
    return accounts[1]


@pytest.fixture
def token(project: ape.Project, issuer: TestAccountAPI) -> ContractInstance:
    return issuer.deploy(project.SettlementToken, "Fen", "FEN", 2, issuer)


@pytest.mark.parametrize("artifact", OURS, ids=lambda artifact: artifact["contractName"])
def test_compiled__when_ape_compiles__then_it_is_what_ships(project: ape.Project, artifact: dict[str, Any]) -> None:
    compiled = project.get_contract(artifact["contractName"]).contract_type
    code = compiled.runtime_bytecode.bytecode
    assert code.startswith(artifact["deployedBytecode"])
    assert len(code) - len(artifact["deployedBytecode"]) == METADATA_HEX_DIGITS


def test_network__when_started__then_it_is_foundry_with_free_gas() -> None:
    assert (ape.networks.provider.network.name, ape.networks.provider.name) == ("local", "foundry")
    assert ape.chain.blocks.head.base_fee == 0


def test_token__when_deployed__then_nobody_has_any(token: ContractInstance, issuer: TestAccountAPI) -> None:
    assert token.totalSupply() == 0
    assert (token.symbol(), token.decimals(), token.issuer()) == ("FEN", 2, issuer.address)


def test_mint__when_the_issuer_mints__then_it_is_logged(
    token: ContractInstance, issuer: TestAccountAPI, outsider: TestAccountAPI
) -> None:
    receipt = token.mint(outsider, 500, sender=issuer)
    assert token.balanceOf(outsider) == 500
    assert [log.event_name for log in receipt.events] == ["Transfer"]


def test_mint__when_an_outsider_mints__then_refused_by_name(token: ContractInstance, outsider: TestAccountAPI) -> None:
    with ape.reverts(token.SettlementToken_CallerNotIssuer):
        token.mint(outsider, 500, sender=outsider)
