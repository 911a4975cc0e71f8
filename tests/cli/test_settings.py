"""Settings that cannot be used end every command with exit code 4, and are told without what they hold.

settings
├── empty ........................... as if not set: the embedded chain, the file in the data folder; `.env` counts instead
├── in a file that is no text ....... said
├── addresses no chain answers at ... named with rule and remedy
├── URLs no database is at .......... likewise
├── what is right ................... taken as it is
├── with a password ................. which is nowhere in the output, nor in the error itself
└── without coincurve .............. `serve` says so to programs, too
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr, ValidationError

from node_api.__main__ import cli
from node_api.config import Settings
from tests.cli.test_chain_commands import as_typed, parsed

CHAIN, SEND, DATABASE = "VOUCHERTRAIL_CHAIN_URL", "VOUCHERTRAIL_CHAIN_SEND_URL", "VOUCHERTRAIL_DATABASE"
HUSH = ("swordfish", "p455")
"""The parts of every password below."""
NO_CHAIN = [
    ",",
    "127.0.0.1:8545",
    "ws://teller:swordfish@127.0.0.1:8546",
    "http://",
    "http://:8545",
    "http://[::1:8545",
    "http://a..b:8545",
    "http://node:99999",
    "http://no de:8545",
    "http://node:8545/pfad/ä",
    "http://teller:swordfish@h:p455#p455@node:8545",
    "http://teller:swordfish/p455@node:8545",
    "http://teller:swordfish,p455@node:8545",
    "http://node:8545,ftp://teller:swordfish@node",
]
NO_DATABASE = [
    "node.sqlite",
    "sqlite:node.sqlite",
    "sqlite://node.sqlite",
    "sqlite://",
    "sqlite:///:memory:",
    "mysql://teller:swordfish@host/name",
    "postgresql+psycopg2://teller:swordfish@host/name",
    "postgresql://teller:swordfish@h:p455#p455@host/name",
    "postgresql://teller:swordfish@p455@host/name",
    "postgresql://teller:swordfish@p455/x@host/name",
    "postgresql://teller:swordfish@p455?x@host/name",
    "postgresql://tel/ler:swordfish@host/name",
    "postgresql://teller:swordfish@host/name?sslmod=require",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The node's, with nothing in it."""
    monkeypatch.setenv("VOUCHERTRAIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "1000")
    return tmp_path / "data"


def refused(*command: str) -> str:
    """What a command says that ends for its settings."""
    done = CliRunner(mix_stderr=False).invoke(cli, [*command, "--json"])
    told = parsed(done, 4)
    assert (told["error"], done.stderr) == ("Settings", "")
    assert not any(word in done.stdout for word in HUSH)
    return str(told["message"])


def test_settings__when_empty__then_as_if_not_set(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"VOUCHERTRAIL_{name.upper()}", "")
    assert Settings() == Settings.model_construct()
    monkeypatch.setenv("VOUCHERTRAIL_DATA", str(folder))
    assert json.loads(as_typed("chain", "status", "--json").stdout) == {"running": False, "last": None}
    assert json.loads(as_typed("api-keys", "list", "--json").stdout) == {"keys": []}
    assert (folder / "node.sqlite").exists()


def test_setting__empty_in_the_environment__then_as_the_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"{DATABASE}=sqlite:///file.sqlite\nVOUCHERTRAIL_RATE_LIMIT=\n")
    monkeypatch.setenv(DATABASE, "")
    assert Settings().database_url == "sqlite:///file.sqlite"
    assert Settings().rate_limit == 0


def test_setting__in_a_file_that_is_no_text__then_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes("VOUCHERTRAIL_DATA=数据\n".encode("gb18030"))
    assert refused("chain", "status") == "the file .env is not UTF-8 text: save it as that"


@pytest.mark.parametrize("setting", [CHAIN, SEND])
@pytest.mark.parametrize("given", NO_CHAIN)
def test_chain_url__when_no_chain_can_answer_there__then_said(
    monkeypatch: pytest.MonkeyPatch, setting: str, given: str
) -> None:
    monkeypatch.setenv(setting, given)
    told = refused("chain", "status")
    assert told.startswith(f"{setting}: n")
    assert "; the rule: addresses are http:// or https://" in told
    assert "; what to do: write each as http://host:port" in told


def test_chain_url__when_one_of_several_is_wrong__then_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHAIN, "http://node:8545,ws://node:8546, http://other,x")
    assert refused("chain", "status").startswith(f"{CHAIN}: number 2, 4 of 4 is no address; ")


@pytest.mark.parametrize("given", NO_DATABASE)
def test_database__when_none_can_be_there__then_said(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(DATABASE, given)
    told = refused("api-keys", "list")
    assert told.startswith(f"{DATABASE}: is no database's URL; the rule: ")
    assert "; what to do: write sqlite:///path or postgresql://" in told


@pytest.mark.parametrize(
    "given",
    [
        "http://[::1]:8545",
        "https://teller:sword%40fish@node.example/rpc?key=1",
        "http://teller:sword@fish@node:8545",
        " http://a:1 , http://b_c:2,",
    ],
)
def test_chain_url__when_it_is_right__then_taken(given: str) -> None:
    assert Settings(chain_url=given, chain_send_url=given).chain_url == given


@pytest.mark.parametrize(
    "given",
    [
        "sqlite:///node.sqlite",
        "sqlite:////srv/a@b/node.sqlite",
        "postgresql://localhost/vouchertrail",
        "postgresql:///vouchertrail?host=/run/postgresql",
        "postgres://teller:a/b:c#d?e@[::1]:5432/name",
        "postgresql+psycopg://teller:sword%40fish@host/name?sslmode=require",
        "postgresql:///name?host=one:5432&host=two:5432&target_session_attrs=read-write",
    ],
)
def test_database__when_it_is_right__then_taken(given: str) -> None:
    assert Settings(database=SecretStr(given)).database_url == given


@pytest.mark.parametrize(
    ("setting", "given", "command"),
    [
        (CHAIN, "http://teller:swordfish@h:p455#p455@node:8545", "chain status"),
        (CHAIN, "ws://teller:swordfish@node", "serve"),
        (DATABASE, "postgresql://teller:swordfish@h:p455#p455@host/name", "api-keys list"),
        (DATABASE, "postgresql://teller:swordfish@h:p455#p455@host/name", "serve"),
    ],
)
def test_settings__when_wrong_and_with_a_password__then_it_is_nowhere(
    monkeypatch: pytest.MonkeyPatch, setting: str, given: str, command: str
) -> None:
    monkeypatch.setenv(setting, given)
    told, said = as_typed(*command.split(), "--json"), as_typed(*command.split())
    assert (told.returncode, told.stderr, said.returncode, said.stdout) == (4, "", 4, "")
    assert json.loads(told.stdout)["message"].startswith(setting)
    assert setting in said.stderr
    assert "Traceback" not in said.stderr
    assert not any(word in told.stdout + said.stderr for word in HUSH)
    with pytest.raises(ValidationError) as fault:
        Settings()
    assert not any(word in f"{fault.value} {fault.value!r}" for word in HUSH)


def test_serve__when_coincurve_is_missing__then_said_to_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "coincurve", None)
    told = parsed(CliRunner(mix_stderr=False).invoke(cli, ["serve", "--json"]), 4)
    assert "coincurve is missing" in str(told["message"])
