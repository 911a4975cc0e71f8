"""Reads the file of organisations: TOML, one `[[organisation]]` for each; docs/network.md describes it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from eth_utils.address import is_address, is_checksum_address, to_checksum_address
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from node_api.domain.ids import Address
from node_api.network.faults import NoNetwork, PlanRefused, Refusal
from node_api.network.plan import LOOPBACK, Organisation, OwnKeys, Role


def _account(value: str) -> str:
    mixed = value != value.lower()
    if not is_address(value) or (mixed and not is_checksum_address(value)):
        raise ValueError("must be an address, 0x and 40 hexadecimal digits; in mixed case with its checksum")
    return to_checksum_address(value)


_Account = Annotated[str, AfterValidator(_account)]
_NodeId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]
_STRICT = ConfigDict(extra="forbid", frozen=True)


class _Keys(BaseModel):
    model_config = _STRICT

    account: _Account
    validator: _NodeId | None = None
    observer: _NodeId | None = None
    signer: _Account | None = None


class _Entry(BaseModel):
    model_config = _STRICT

    name: str
    title: str = ""
    host: str = LOOPBACK
    roles: tuple[Role, ...] = (Role.VALIDATOR,)
    p2p_port: Annotated[int | None, Field(strict=True)] = None
    rpc_port: Annotated[int | None, Field(strict=True)] = None
    rpc_host: str = LOOPBACK
    rpc_jwt: str | None = None
    accounts: tuple[_Account, ...] = ()
    keys: _Keys | None = None

    def organisation(self) -> Organisation:
        """The same as the plan has it."""
        return Organisation(
            name=self.name,
            title=self.title or self.name,
            host=self.host,
            roles=self.roles,
            p2p_port=self.p2p_port,
            rpc_port=self.rpc_port,
            rpc_host=self.rpc_host,
            rpc_jwt=self.rpc_jwt,
            accounts=tuple(map(Address, self.accounts)),
            keys=None if self.keys is None else _own_keys(self.keys),
        )


class _File(BaseModel):
    model_config = _STRICT

    organisation: tuple[_Entry, ...]


def read_organisations(path: Path) -> tuple[Organisation, ...]:
    """The organisations of a file, in its order.

    Raises:
        NoNetwork: the file cannot be read, or is not TOML.
        PlanRefused: fields are unknown, missing or of another form.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NoNetwork(f"{path}: {error}") from error
    try:
        return tuple(entry.organisation() for entry in _File.model_validate(found).organisation)
    except ValidationError as error:
        raise PlanRefused([_refusal(one["loc"], one["msg"], one["type"]) for one in error.errors()]) from error


def _own_keys(keys: _Keys) -> OwnKeys:
    nodes = {Role.VALIDATOR: keys.validator, Role.OBSERVER: keys.observer}
    return OwnKeys(
        account=Address(keys.account),
        nodes={role: node_id for role, node_id in nodes.items() if node_id is not None},
        signer=None if keys.signer is None else Address(keys.signer),
    )


def _refusal(place: tuple[int | str, ...], fault: str, kind: str) -> Refusal:
    """Names the place as people count: `organisation 2, keys.signer`."""
    entry, *fields = place[1:] or ("",)
    where = f"organisation {int(entry) + 1}" if entry != "" else "organisation"
    name = ".".join(map(str, fields))
    remedy = "Leave it out, or look for a slip of the pen." if kind == "extra_forbidden" else "See docs/network.md."
    return Refusal(f"{where}, {name}" if name else where, fault.removeprefix("Value error, "), remedy)
