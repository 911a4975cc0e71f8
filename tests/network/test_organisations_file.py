"""The file of organisations.

the least, and everything → read; unknown fields, other types, half addresses, no TOML → refused, naming the place
"""

from __future__ import annotations

from pathlib import Path

import pytest

from node_api.network.faults import NoNetwork, PlanRefused
from node_api.network.organisations_file import read_organisations
from node_api.network.plan import Organisation, OwnKeys, Role
from tests.network.conftest import SENDER

NODE_ID = "ab" * 64
WHOLE = f"""
[[organisation]]
name = "operator"
title = "运营方"
host = "192.0.2.4"
roles = ["validator", "observer"]
p2p_port = 40303
rpc_port = 9000
rpc_host = "192.0.2.4"
rpc_jwt = "callers.pem"
accounts = ["{SENDER.lower()}"]

[organisation.keys]
account = "{SENDER}"
validator = "{NODE_ID}"
observer = "{NODE_ID}"
signer = "{SENDER}"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "organisations.toml"


def test_file__when_it_says_the_least__then_a_validator_on_loopback(file: Path) -> None:
    file.write_text('[[organisation]]\nname = "treasury"\n')
    assert read_organisations(file) == (Organisation("treasury", "treasury", "127.0.0.1", (Role.VALIDATOR,)),)


def test_file__when_it_says_everything__then_all_is_read(file: Path) -> None:
    file.write_text(WHOLE)
    roles = (Role.VALIDATOR, Role.OBSERVER)
    keys = OwnKeys(SENDER, dict.fromkeys(roles, NODE_ID), SENDER)
    (read,) = read_organisations(file)
    assert read == Organisation(
        "operator", "运营方", "192.0.2.4", roles, 40303, 9000, "192.0.2.4", "callers.pem", (SENDER,), keys
    )


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("p2pport = 1", "organisation 1, p2pport"),
        ("name = 5", "organisation 1, name"),
        ('p2p_port = "30303"', "organisation 1, p2p_port"),
        ("p2p_port = true", "organisation 1, p2p_port"),
        ('roles = ["miner"]', "organisation 1, roles.0"),
        ('accounts = ["0x1234"]', "organisation 1, accounts.0"),
        (f'accounts = ["{SENDER.swapcase().replace("X", "x")}"]', "organisation 1, accounts.0"),
        ('keys = {account = "0x"}', "organisation 1, keys.account"),
        (f'keys = {{account = "{SENDER}", validator = "{NODE_ID[1:]}"}}', "organisation 1, keys.validator"),
    ],
)
def test_file__when_a_field_is_of_another_form__then_the_place_is_named(file: Path, line: str, place: str) -> None:
    name = "" if line.startswith("name") else 'name = "treasury"\n'
    file.write_text(f"[[organisation]]\n{name}{line}\n")
    with pytest.raises(PlanRefused) as caught:
        read_organisations(file)
    assert [one.value for one in caught.value.refusals] == [place]


@pytest.mark.parametrize("text", ["", "[organisation]\n", "[[organization]]\n"])
def test_file__when_it_has_no_organisations__then_refused(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(PlanRefused, match="organisation"):
        read_organisations(file)


@pytest.mark.parametrize("content", [b"[[", b"\xff", None])
def test_file__when_it_cannot_be_read__then_said(file: Path, content: bytes | None) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(NoNetwork, match=r"organisations\.toml"):
        read_organisations(file)
