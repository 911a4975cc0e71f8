"""Files that nodes are started with, read as the programs read them.

Besu
├── configuration, allow-lists, static peers → parsed back: the plan; the forms of its documentation
├── an RPC that others reach → asks for a token, on the observer alone
├── hosts by name → names are looked up
└── compose: four validators and an RPC node, archive, free gas
geth
├── start.sh → initialises once, then runs with these arguments; again where that was cut short
├── blocks begun again for what came since → where the next is not due by then
├── observers do not seal, and have no `debug`; theirs alone is the gateway that others read through, on IPv6, too
├── peers → all others, none beside
└── hosts: loopback, addresses, names → peers are restricted to them
units → one process of an unprivileged user, its own folder writable
each organisation's README → the hash, its commands, its secrets
"""

from __future__ import annotations

import configparser
import json
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from node_api.network.create import create_network
from node_api.network.plan import Engine, Network, Node, Organisation, Role
from tests.network.conftest import SENDER, Make, organisations, parameters

GETH, BESU = Engine.GETH_CLIQUE, Engine.BESU_QBFT


def toml(path: Path) -> dict[str, object]:
    return tomllib.loads(path.read_text())


def enodes(network: Network) -> list[str]:
    return [node.enode for node in network.nodes]


def run(folder: Path, **environment: str) -> list[list[str]]:
    """What `start.sh` would run: the program is `echo`."""
    (folder / "data").mkdir(exist_ok=True)  # as the program would
    done = subprocess.run([folder / "start.sh"], env=environment, capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def flags(arguments: list[str]) -> dict[str, str]:
    """`--name value` and `--name` as a table; a switch has an empty value."""
    found = {}
    for at, part in enumerate(arguments):
        if part.startswith("--"):
            following = arguments[at + 1] if at + 1 < len(arguments) else "--"
            found[part[2:]] = "" if following.startswith("--") else following
    return found


def test_besu__its_configuration__says_what_the_plan_says(make: Make, folder: Path) -> None:
    network = make(BESU)
    for node in network.nodes:
        place = folder / node.seat.organisation.name / node.seat.role
        found = toml(place / "config.toml")
        assert (place / str(found["genesis-file"])).resolve().name == "genesis.json"
        assert (place / str(found["node-private-key-file"])).exists()
        assert (found["p2p-port"], found["rpc-http-port"]) == (node.seat.p2p_port, node.seat.rpc_port)
        assert (found["rpc-http-host"], found["discovery-enabled"]) == ("127.0.0.1", False)
        assert (found["sync-mode"], found["data-storage-format"]) == ("FULL", "FOREST")
        assert (found["min-gas-price"], found["tx-pool"]) == (0, "sequenced")
        apis = found["rpc-http-api"]
        assert isinstance(apis, list)
        assert ("QBFT" in apis) == ("PERM" in apis) == (node.seat.role is Role.VALIDATOR)
        assert "ADMIN" not in apis
        assert "DEBUG" not in apis


def test_besu__its_genesis__is_free_of_gas_and_of_qbft(make: Make, folder: Path) -> None:
    make(BESU)
    genesis = json.loads((folder / "shared" / "genesis.json").read_bytes())
    assert genesis["config"] == {
        "chainId": 31374,
        "berlinBlock": 0,
        "londonBlock": 0,
        "zeroBaseFee": True,
        "qbft": {"blockperiodseconds": 1, "epochlength": 30000, "requesttimeoutseconds": 2},
    }
    # The two constants of https://besu.hyperledger.org/private-networks/how-to/configure/consensus/qbft#genesis-file
    assert genesis["mixHash"] == "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
    assert (genesis["difficulty"], genesis["baseFeePerGas"], genesis["alloc"]) == ("0x1", "0x0", {})


def test_besu__its_allow_lists__parse_back_and_contain_every_static_peer(make: Make, folder: Path) -> None:
    network = make(BESU)
    for node in network.nodes:
        data = folder / node.seat.organisation.name / node.seat.role / "data"
        allowed = toml(data / "permissions_config.toml")
        assert allowed == {"accounts-allowlist": [SENDER.lower()], "nodes-allowlist": enodes(network)}
        assert json.loads((data / "static-nodes.json").read_bytes()) == allowed["nodes-allowlist"]
    lines = (folder / "shared" / "permissions_config.toml").read_text().splitlines()
    # The sample of https://besu.hyperledger.org/private-networks/how-to/use-local-permissioning, one value on one line.
    assert lines[0] == f'accounts-allowlist=["{SENDER.lower()}"]'
    assert lines[1].startswith('nodes-allowlist=["enode://')


def with_observer(**fields: object) -> tuple[Organisation, ...]:
    first, second, *rest = organisations()
    return (first, replace(second, **fields), *rest)  # type: ignore[arg-type]


def test_besu__when_others_reach_its_rpc__then_it_asks_for_a_token(make: Make, folder: Path) -> None:
    make(BESU, with_observer(rpc_host="192.0.2.7", rpc_jwt="callers.pem"))
    observer, validator = (toml(folder / "regulator" / role / "config.toml") for role in ("observer", "validator"))
    assert observer["rpc-http-host"] == "192.0.2.7"
    assert observer["rpc-http-authentication-enabled"] is True
    assert observer["rpc-http-authentication-jwt-public-key-file"] == "callers.pem"
    assert "192.0.2.7" in str(observer["host-allowlist"])
    assert validator["rpc-http-host"] == "127.0.0.1"
    assert "rpc-http-authentication-enabled" not in validator


@pytest.mark.parametrize(("host", "names"), [("node.example.org", True), ("192.0.2.1", False)])
def test_besu__when_hosts_are_names__then_they_are_looked_up(make: Make, folder: Path, host: str, names: bool) -> None:
    make(BESU, organisations(host=host))
    assert toml(folder / "treasury" / "validator" / "config.toml").get("Xdns-enabled", False) is names


def test_besu__its_compose_file__has_four_validators_and_an_rpc_node(make: Make, folder: Path) -> None:
    network = make(BESU, organisations(4))
    whole = yaml.safe_load((folder / "compose.yaml").read_text())
    assert list(whole["services"]) == [node.seat.name for node in network.nodes]
    assert sorted(name.rpartition("-")[2] for name in whole["services"]) == ["observer"] + ["validator"] * 4
    for node in network.nodes:
        service = whole["services"][node.seat.name]
        assert service["network_mode"] == "host"
        assert "ports" not in service
        (volume,) = service["volumes"]
        inside = folder / volume.partition(":")[0] / Path(service["working_dir"]).relative_to("/network")
        assert (inside / service["entrypoint"][-1]).exists()
        assert service["environment"] == {"BESU": "/opt/besu/bin/besu"}
    own = yaml.safe_load((folder / "regulator" / "compose.yaml").read_text())
    assert list(own["services"]) == ["regulator-validator", "regulator-observer"]
    assert own["services"]["regulator-observer"]["volumes"] == [".:/network"]


def test_compose__when_hosts_differ__then_only_each_organisations(make: Make, folder: Path) -> None:
    make(BESU, tuple(replace(one, host=f"192.0.2.{at}") for at, one in enumerate(organisations(), 1)))
    assert not (folder / "compose.yaml").exists()
    assert (folder / "treasury" / "compose.yaml").exists()


def test_besu__its_start_script__runs_it_with_the_configuration(make: Make, folder: Path) -> None:
    make(BESU)
    assert run(folder / "auditor" / "validator", BESU="echo") == [["--config-file=config.toml"]]


def test_geth__its_start_script__initialises_once_and_seals(make: Make, folder: Path) -> None:
    network = make()
    place = folder / "auditor" / "validator"
    with pytest.raises(subprocess.CalledProcessError):
        run(place, GETH="false")
    first, second = run(place, GETH="echo")
    assert first == ["--datadir", "data", "init", "../shared/genesis.json"]
    (again,) = run(place, GETH="echo")
    assert again == second
    found, node = flags(second), network.nodes[-1]
    assert (found["unlock"], found["miner.etherbase"], found["mine"]) == (node.signer, node.signer, "")
    assert (place / found["keystore"] / "key.json").exists()
    assert (place / found["password"]).exists()
    assert (found["http.addr"], found["http.port"], found["authrpc.port"]) == ("127.0.0.1", "8550", "9550")
    assert (found["networkid"], found["miner.gaslimit"], found["miner.gasprice"]) == ("31374", "500000000", "1")
    assert (found["gcmode"], found["nodiscover"], found["netrestrict"]) == ("archive", "", "127.0.0.0/8")


@pytest.mark.parametrize(("block_time", "seconds"), [(1, "10s"), (2, "10s"), (3, "1s"), (60, "1s")])
def test_geth__begins_a_block_again__unless_the_next_is_due(folder: Path, block_time: int, seconds: str) -> None:
    create_network(folder, parameters(block_time=block_time), organisations(), ())
    _, arguments = run(folder / "auditor" / "validator", GETH="echo")
    assert flags(arguments)["miner.recommit"] == seconds


def test_geth__when_an_observer__then_it_neither_seals_nor_rewinds(make: Make, folder: Path) -> None:
    make()
    _, arguments = run(folder / "regulator" / "observer", GETH="echo")
    found = flags(arguments)
    assert not {"mine", "unlock", "password", "allow-insecure-unlock"} & set(found)
    assert found["http.api"] == "eth,net,web3,clique"


def test_geth__its_gateway__reads_from_the_observer_alone(make: Make, folder: Path) -> None:
    network = make(GETH)
    assert [path.parent.name for path in folder.rglob("gateway.sh")] == ["observer"]
    observer = folder / "regulator" / "observer"
    script = observer / "gateway.sh"
    environment = {"VOUCHERTRAIL": "echo", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([script, "--port", "8701"], env=environment, capture_output=True, text=True, check=True)
    (port,) = [node.seat.rpc_port for node in network.nodes if node.seat.role is Role.OBSERVER]
    url = f"http://127.0.0.1:{port}"
    assert done.stdout.split() == ["network", "gateway", url, "--tokens", "gateway.tokens", "--port", "8701"]
    assert "observer/gateway.sh" in (folder / "regulator" / "README.md").read_text()
    assert "gateway.sh" not in (folder / "treasury" / "README.md").read_text()


def test_geth__its_gateway__reads_from_an_observer_on_ipv6(folder: Path) -> None:
    members = organisations(3)
    members = (members[0], replace(members[1], rpc_host="::1"), members[2])
    create_network(folder, parameters(GETH), members, ())
    script = folder / "regulator" / "observer" / "gateway.sh"
    done = subprocess.run([script], env={"VOUCHERTRAIL": "echo"}, capture_output=True, text=True, check=True)
    assert done.stdout.split()[:3] == ["network", "gateway", "http://[::1]:8547"]
    assert "'http://[::1]:8547' --network" in (folder / "regulator" / "README.md").read_text()


def test_geth__its_peers__are_all_others(make: Make, folder: Path) -> None:
    network = make()
    for node in network.nodes:
        found = toml(folder / node.seat.organisation.name / node.seat.role / "config.toml")
        others = [one for one in enodes(network) if one != node.enode]
        limits = {"MaxPeers": -5, "DialRatio": -1}  # nobody else is let in
        assert found == {"Node": {"P2P": {**limits, "StaticNodes": others, "TrustedNodes": others}}}


@pytest.mark.parametrize(
    ("host", "restrict", "nat"),
    [
        ("192.0.2.1", "192.0.2.1/32", "extip:192.0.2.1"),
        ("2001:db8::1", "2001:db8::1/128", "extip:2001:db8::1"),
        ("node.example.org", None, "none"),
    ],
)
def test_geth__when_on_other_machines__then_peers_come_from_them_alone(
    make: Make, folder: Path, host: str, restrict: str | None, nat: str
) -> None:
    node = make(GETH, organisations(host=host)).nodes[0]
    _, arguments = run(folder / "treasury" / "validator", GETH="echo")
    assert (flags(arguments).get("netrestrict"), flags(arguments)["nat"]) == (restrict, nat)
    assert node.enode.endswith(f"@[{host}]:30303" if ":" in host else f"@{host}:30303")


def units(folder: Path, network: Network) -> list[tuple[Node, Path]]:
    return [
        (node, next((folder / node.seat.organisation.name / node.seat.role).glob("*.service")))
        for node in network.nodes
    ]


@pytest.mark.parametrize("engine", Engine)
def test_units__when_read__then_run_one_node_unprivileged(make: Make, folder: Path, engine: Engine) -> None:
    found = units(folder, make(engine))
    assert len({path.name for _, path in found}) == 6
    for node, path in found:
        unit = configparser.ConfigParser(strict=True)
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read(path)
        home = f"/srv/vouchertrail/city/{node.seat.organisation.name}/{node.seat.role}"
        assert unit["Service"]["ExecStart"] == f"{home}/start.sh"
        assert unit["Service"]["ReadWritePaths"] == home
        assert unit["Service"]["User"] == "vouchertrail"


@pytest.mark.parametrize("engine", Engine)
def test_guide__when_read__then_names_hash_commands_and_secrets(make: Make, folder: Path, engine: Engine) -> None:
    network = make(engine)
    text = (folder / "regulator" / "README.md").read_text()
    assert network.genesis_hash in text
    for node, path in units(folder, network):
        assert (path.name in text) == (node.seat.organisation.name == "regulator")
        assert f"127.0.0.1:{node.seat.p2p_port}" in text
    assert ("signer.password" in text) == (engine is GETH)
    assert "network check http://127.0.0.1:8547 --network ." in text
