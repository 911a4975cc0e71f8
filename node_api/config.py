"""The node's settings: one class, read once at the top and handed down.

Every field is the environment variable `VOUCHERTRAIL_` + its name in capitals, or a line of `.env`; `.env.example`
lists them all; one that is empty is not set. Secrets are `SecretStr`, so that no log and no error shows them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from node_api.chain.options import EmbeddedOptions, OutsideOptions

_PLACEHOLDERS = ("changeme", "change-me", "secret", "password", "todo", "xxx")
_ENCODED = "with what is neither letter nor digit in user and password percent-encoded (@ is %40)"
_CHAIN_RULE = (
    "the rule: addresses are http:// or https:// with a host, and divided by commas; "
    f"what to do: write each as http://host:port or http://user:password@host:port, {_ENCODED}"
)
_DATABASE_RULE = (
    "is no database's URL; the rule: the database is an SQLite file or a PostgreSQL; "
    f"what to do: write sqlite:///path or postgresql://user:password@host:port/name, {_ENCODED}, "
    "and behind a ? no other options than those of libpq"
)


def _no_placeholder(value: SecretStr) -> SecretStr:
    plain = value.get_secret_value()
    if plain.lower() in _PLACEHOLDERS or plain.startswith("<"):
        raise ValueError("is still the placeholder: give a secret of your own, or leave it out")
    return value


def _addresses(listed: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in listed.split(",") if one.strip())


def _chain_urls(listed: str) -> str:
    """Refuses what no chain can be asked at. It may hold a password, so the message has nothing of it."""
    addresses = _addresses(listed)
    if not addresses:
        raise ValueError(f"names no address; {_CHAIN_RULE}")
    wrong = [str(number) for number, one in enumerate(addresses, start=1) if not _is_chain_url(one)]
    if wrong:
        raise ValueError(f"number {', '.join(wrong)} of {len(addresses)} is no address; {_CHAIN_RULE}")
    return listed


def _is_chain_url(given: str) -> bool:
    if not given.isprintable() or {" ", "#"} & set(given):
        return False
    try:
        parts = urlsplit(given)
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:  # what it says has parts of the address
        return False
    return parts.scheme in ("http", "https") and host != b"" and (parts.path + parts.query).isascii()


def _database_url(value: SecretStr) -> SecretStr:
    """Refuses what no database can be opened at, likewise."""
    from node_api.storage.engine import is_database_url  # most nodes keep a file in their folder

    if not is_database_url(value.get_secret_value()):
        raise ValueError(_DATABASE_RULE)
    return value


Secret = Annotated[SecretStr, AfterValidator(_no_placeholder)]
ChainUrls = Annotated[str, AfterValidator(_chain_urls)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]


class Settings(BaseSettings):
    """Settings of one node.

    Attributes:
        data: folder of everything the node keeps.
        network: name below `networks` in the data folder, or folder, of a network that `network create` made: chain id, genesis
            hash, engine and addresses are its, where they are not given.
        organisation: whose node this is; its own validator and observer are asked first.
        chain_url: a chain that others run; without it the node starts and keeps an embedded one. Several addresses to read from,
            the best first, are divided by commas.
        chain_send_url: where to send transactions, likewise; without it where it reads.
        chain_engine: which profile the chain has; without it that of the program that answers.
        chain_confirmations: blocks that must stand on one before it is final; without it as the engine has it.
        chain_block_gas: gas of redemptions sent between two blocks, about; without it as the engine has it.
        chain_hold_seconds: how long after a block redemptions are held back, so that one signer alone makes the next one of them.
        chain_still_seconds: without a block for longer, a chain that makes them by the clock stands still, and `/readyz` says so.
        chain_still_refuses: whether redemptions are refused while it does; else they wait in the queue.
        chain_genesis_hash: hash of block 0 the chain must have; without it any, the first time.
        chain_id: EIP-155 chain id the chain must have.
        chain_genesis_at: block time of the embedded chain's block 0, Unix seconds; without it the first start's.
        chain_snapshot_seconds: least seconds between two snapshots of the embedded chain.
        anvil: binary of the embedded chain, where it is neither in node_modules nor on PATH.
        deployments: folder of deployment journals and addresses; without it `deployments` in the data folder.
        database: `sqlite:///…` or `postgresql://…` of the index and the operations; without it `node.sqlite` in the data
            folder. It may hold a password.
        database_connections: most connections of this process to a PostgreSQL.
        index_page: most blocks read in one step of the index; without it as the engine has it.
        claim_gather_seconds: how long a claim waits for others that go into the same roll.
        queue_items: redemptions that may wait to be sent; while there are as many, more are answered 503.
        rate_limit: requests a second that an API key may make; 0 for any number.
        rate_burst: requests that it may make at once.
        events_confirmations: blocks that must stand on one before its events are told outside; without it as make it final.
        webhooks_private: whether messages may go to addresses of private networks, and over plain HTTP.
        key_password: opens the key files; without it the file `keys/password` in the data folder does.
    """

    model_config = SettingsConfigDict(
        env_prefix="VOUCHERTRAIL_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    data: Path = Path(".vouchertrail")
    network: str | None = None
    organisation: str | None = None
    chain_url: ChainUrls | None = None
    chain_send_url: ChainUrls | None = None
    chain_engine: Literal["anvil", "geth-clique", "besu-qbft"] | None = None
    chain_confirmations: Annotated[int, Field(ge=0, le=1000)] | None = None
    chain_block_gas: Annotated[int, Field(ge=1, lt=2**53)] | None = None
    chain_hold_seconds: Annotated[float, Field(ge=0, le=60)] = 0.0
    chain_still_seconds: Annotated[float, Field(gt=0, le=86_400)] = 15.0
    chain_still_refuses: bool = False
    chain_genesis_hash: Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")] | None = None
    chain_id: Annotated[int, Field(ge=1, lt=2**53)] = 31373
    chain_genesis_at: Annotated[int, Field(ge=1, lt=2**40)] | None = None
    chain_snapshot_seconds: Annotated[float, Field(gt=0, le=3600)] = 5.0
    anvil: Path | None = None
    deployments: Path | None = None
    database: DatabaseUrl | None = None
    database_connections: Annotated[int, Field(ge=4, le=1000)] = 20
    index_page: Annotated[int, Field(ge=1, le=100_000)] | None = None
    claim_gather_seconds: Annotated[float, Field(ge=0, le=60)] = 2.0
    queue_items: Annotated[int, Field(ge=1, le=100_000_000)] = 100_000
    rate_limit: Annotated[float, Field(ge=0, le=1_000_000)] = 0.0
    rate_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    events_confirmations: Annotated[int, Field(ge=0, le=1000)] | None = None
    webhooks_private: bool = False
    key_password: Secret | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_network(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Fills in what the named network's plan says; what is empty there says nothing."""
        named = given.get("network")
        if not named:
            return given
        from node_api.network.endpoints import planned  # most nodes keep a chain of their own

        data = Path(given.get("data") or cls.model_fields["data"].default)
        plan = planned(data / "networks", str(named), given.get("organisation"))
        return {name: value for name, value in plan.items() if value != ""} | given

    @property
    def chain_folder(self) -> Path:
        """Folder of the embedded chain, and of the identity of any chain."""
        return self.data.resolve() / "chain"

    @property
    def keys_folder(self) -> Path:
        """Folder of the key files."""
        return self.data.resolve() / "keys"

    @property
    def deployments_folder(self) -> Path:
        """Folder that holds one folder for each chain deployed to."""
        return (self.deployments or self.data / "deployments").resolve()

    @property
    def database_url(self) -> str:
        """Where the index and the operations are stored."""
        if self.database is not None:
            return self.database.get_secret_value()
        return f"sqlite:///{self.data.resolve() / 'node.sqlite'}"

    def outside_chain(self) -> OutsideOptions | None:
        """The chain that others run; None where the node keeps its own."""
        if self.chain_url is None:
            return None
        return OutsideOptions(
            readers=_addresses(self.chain_url),
            chain_id=self.chain_id,
            identity_file=self.chain_folder / "identity.json",
            senders=_addresses(self.chain_send_url or ""),
            genesis_hash=self.chain_genesis_hash,
            engine=self.chain_engine,
            confirmations=self.chain_confirmations,
            block_gas=self.chain_block_gas,
            hold_seconds=self.chain_hold_seconds,
        )

    def embedded_chain(self) -> EmbeddedOptions:
        """What the embedded chain is to be."""
        return EmbeddedOptions(
            folder=self.chain_folder,
            chain_id=self.chain_id,
            genesis_at=self.chain_genesis_at,
            anvil=self.anvil,
            snapshot_seconds=self.chain_snapshot_seconds,
        )
