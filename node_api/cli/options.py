"""What every command shares: the data folder option, JSON output, and faults turned into exit codes.

Exit codes: 0 done · 1 a fault of the work itself (refused, unequal, bad rows) · 2 wrong use of the command,
or faults in the files it was given · 3 the chain is missing, foreign or broken, or another command sends to it · 4 keys
or settings cannot be used.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, NoReturn, ParamSpec, TypeVar

import orjson
import rich_click as click
from pydantic import ValidationError

from node_api.chain.key_errors import KeyFault
from node_api.chain.rpc_errors import ChainError
from node_api.config import Settings
from node_api.domain.errors import StoreUnavailable
from node_api.logs import configure_logs
from node_api.services.ports.treasury import ChainWentBack

P = ParamSpec("P")
R = TypeVar("R")

FAULT, USAGE, CHAIN_FAULT, SETTINGS_FAULT = 1, 2, 3, 4
NUMBER = click.IntRange(1, (1 << 63) - 1)
"""Of a redemption, a dispute, a run, a move, a policy: as databases take it."""
_GO_ON = "what was done before stays: run the command again, it goes on from what is there"


@dataclass(frozen=True, slots=True)
class Shared:
    """What a command gets first: the settings, and whether a program reads its output."""

    settings: Settings
    as_json: bool

    def tell(self, fields: dict[str, object], line: str) -> None:
        """Prints the outcome: the fields as one line of JSON for programs, the line for people."""
        click.echo(_json(fields) if self.as_json else line)


def _json(fields: dict[str, object]) -> str:
    try:
        return orjson.dumps(fields, default=str).decode()
    except orjson.JSONEncodeError:  # a number of more than 64 bits: a holder's, a token's balance, a sum of anything
        return json.dumps(fields, default=str, ensure_ascii=False, separators=(",", ":"))


def fail(message: str, exit_code: int, *, kind: str = "Fault", as_json: bool = False) -> NoReturn:
    """Ends the command: with a line of JSON on stdout for programs, with a message on stderr for people."""
    if as_json:
        click.echo(orjson.dumps({"error": kind, "message": message}).decode())
        raise SystemExit(exit_code)
    fault = click.ClickException(f"{kind}: {message}")
    fault.exit_code = exit_code
    raise fault


def shared_options(command: Callable[Concatenate[Shared, P], R]) -> Callable[P, R]:
    """Adds `--data` and `--json`; the command gets a `Shared` as its first argument, and its faults exit codes."""

    @click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="The node's folder.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        data, as_json = kwargs.pop("data"), bool(kwargs.pop("as_json"))
        try:
            configure_logs(logging.WARNING)
            return command(Shared(_settings(data, as_json=as_json), as_json), *args, **kwargs)
        except ChainError as fault:
            fail(str(fault), CHAIN_FAULT, kind=type(fault).__name__, as_json=as_json)
        except ChainWentBack as fault:
            fail(f"{fault}; {_GO_ON}", CHAIN_FAULT, kind=type(fault).__name__, as_json=as_json)
        except BrokenPipeError:  # whoever reads the output has enough: click ends quietly
            raise
        except StoreUnavailable as fault:
            see_to = "see to the database (VOUCHERTRAIL_DATABASE) and its disk"
            told = f"{fault.value}; the rule: {fault.rule}; what to do: {see_to}; {_GO_ON}"
            fail(told, FAULT, kind=fault.name, as_json=as_json)
        except OSError as fault:
            fail(f"{fault}; {_GO_ON}", FAULT, kind=type(fault).__name__, as_json=as_json)
        except KeyFault as fault:
            fail(str(fault), SETTINGS_FAULT, kind=type(fault).__name__, as_json=as_json)
        except ValidationError as fault:
            fail(_settings_text(fault), SETTINGS_FAULT, kind="Settings", as_json=as_json)
        except _database_newer() as fault:
            fail(str(fault), FAULT, kind=type(fault).__name__, as_json=as_json)

    return wrapped


def _settings(data: object, *, as_json: bool) -> Settings:
    try:
        return Settings() if data is None else Settings(data=Path(str(data)))
    except UnicodeDecodeError:
        fail("the file .env is not UTF-8 text: save it as that", SETTINGS_FAULT, kind="Settings", as_json=as_json)


def _database_newer() -> type[Exception]:
    """Imported only where something else was raised than the faults above: it takes as long as half the start of a command."""
    from node_api.storage.migrate import DatabaseNewer

    return DatabaseNewer


def _settings_text(fault: ValidationError) -> str:
    """Which setting is wrong and why, without its value: it may be a secret."""
    return "; ".join(
        f"VOUCHERTRAIL_{_setting(e['loc'])}".upper() + f": {e['msg'].removeprefix('Value error, ')}"
        for e in fault.errors(include_input=False)
    )


def _setting(place: tuple[int | str, ...]) -> str:
    """The setting's name. What a plan says is judged before there are fields: only the network's name can be wrong there."""
    return "_".join(map(str, place)) or "network"
