"""What a replay stands on: chain, contracts, keys, record, clock, and the till it redeems at."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256

from node_api.app import NotStarted, build_node
from node_api.cases import case_work, fresh_reads
from node_api.chain.courier import courier_of
from node_api.chain.keys import KeyRole
from node_api.chain.player_keys import ReplayKeys
from node_api.chain.redeem import Relayer
from node_api.chain.relayed_till import RelayedTill
from node_api.chain.replay_clock import ReplayClock
from node_api.chain.terminal_calls import TerminalCalls
from node_api.chain.transfer_desk import TransferCalls
from node_api.cli.options import FAULT, USAGE, Shared, fail
from node_api.cli.treasury import TreasuryOffice, open_treasury, reviver
from node_api.domain.importing.acts import ACTS
from node_api.domain.importing.wallets import Wallet
from node_api.loaders.http_till import HttpTill
from node_api.oversight import oversight, oversight_by
from node_api.record import Follower, Record, open_record
from node_api.services.api_keys import ApiKeyring
from node_api.services.import_folder import ImportFolder
from node_api.services.loading.seen import Seen, look
from node_api.services.oversight import Oversight
from node_api.services.ports.playing import PlayerClock, Till
from node_api.services.replaying.acts import Acts
from node_api.services.replaying.journal import ReplayJournal
from node_api.services.replaying.officers import Officers, Offices
from node_api.services.replaying.plays import Plays, require_loaded
from node_api.services.replaying.replay import Redeemed, redeemed_before
from node_api.services.replaying.run_keys import RunKeys
from node_api.serving import serving
from node_api.storage.api_keys import ApiKeys
from node_api.storage.engine import open_database


@dataclass(frozen=True, slots=True)
class ReplayStage:
    """Everything opened.

    Attributes:
        run: names the replay by what is played on which contracts, so that the same one is recognised.
    """

    shared: Shared
    office: TreasuryOffice
    record: Record
    seen: Seen
    keys: ReplayKeys
    plays: Plays
    clock: ReplayClock
    run: str

    def beside(self, folder: ImportFolder, seen: Seen) -> ReplayStage:
        """A stage for another folder with the same desk, record and clock."""
        plays = Plays(folder, seen, self.keys.receipt_hash)
        return replace(self, seen=seen, plays=plays, run=_run_name(self.office, folder))

    def redeemed(self) -> Redeemed:
        """What was redeemed before this run, by any."""
        with self.record.reads.at_head() as reader:
            return redeemed_before(reader)

    def journal(self, name: str, stack: ExitStack) -> ReplayJournal:
        """The journal of this run and name."""
        path = self.shared.settings.data.resolve() / "replays" / f"{self.run}-{name}.jsonl"
        journal = ReplayJournal(path)
        stack.callback(journal.close)
        return journal

    def acts(self, folder: ImportFolder, name: str, stack: ExitStack) -> Acts:
        """What the folder's acts.csv asks for, done with this node's role keys and the wallets of its rows.

        `name` is that of the journal beside which the acts have their own. Raises NotLoaded, NobodySigns.
        """
        require_loaded(folder.acts, self.seen, folder.path)
        durable = open_database(self.shared.settings.database_url)
        stack.callback(durable.dispose)
        fresh = fresh_reads(self.record, Follower(self.record.indexer))
        vouchers, chain_id = self.office.deployed.address("Vouchers"), self.office.handle.chain_id
        own = oversight(self.record, fresh, self.office.keys)

        def auditor(device: Wallet | None) -> Oversight:
            if device is None:
                return own
            return oversight_by(self.record, fresh, {KeyRole.AUDITOR: self.office.wallets.device(device)})

        offices = Offices(
            fresh=fresh,
            desk=self.office.desk,
            cases=case_work(self.record, fresh, self.office.keys, durable),
            oversight=auditor,
            till=TerminalCalls(self.office.rpc, chain_id, vouchers, self.office.wallets.device),
            passing=TransferCalls(
                self.office.rpc,
                chain_id,
                self.office.deployed.address("CaseDesk"),
                vouchers,
                courier_of(self.office.keys),
            ),
            keys=self.keys,
            account=self.office.wallets.account,
        )
        codes = self.plays.codes({act.code for act in folder.acts if act.code is not None})
        officers = Officers(offices, folder, self.seen, codes, self.run)
        journal, revive = self.journal(f"{name}-acts", stack), reviver(self.shared.settings, self.office.handle)
        return Acts(folder.acts, officers, self.clock, journal, revive)

    def relayed_till(self, stack: ExitStack) -> Till:
        """A till past the node's check. Ends the command where a node serves the folder: both would use one relayer."""
        descriptor = os.open(self.shared.settings.data.resolve() / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
        stack.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            told = "a node serves this folder with the same relayer: stop it, or replay through it with --url"
            fail(told, FAULT, kind="NodeServes", as_json=self.shared.as_json)
        office, vouchers = self.office, self.office.deployed.address("Vouchers")
        relayer = Relayer(office.rpc, office.keys.account(KeyRole.OPERATOR), office.handle.chain_id, vouchers)
        return RelayedTill(relayer, self.keys, reviver(self.shared.settings, office.handle))

    def http_till(self, stack: ExitStack, *, url: str | None, keyring: ApiKeyring | None, name: str = "replay") -> Till:
        """A till of the running node, or of one started for the replay; it has API keys of its own, called `name`."""
        if url is None:
            try:
                node = stack.enter_context(build_node(self.shared.settings, self.office.handle, self.office.keys))
            except NotStarted as fault:
                told = f"{fault}: give its address with --url"
                fail(told, FAULT, kind="NotStarted", as_json=self.shared.as_json)
            url, keyring = stack.enter_context(serving(node.api)), node.keyring
        keys = stack.enter_context(RunKeys(keyring or ApiKeyring(ApiKeys(self.record.engine)), name))
        return stack.enter_context(HttpTill(url, keys.wallet(), keys.merchant, self.keys, self.run))


def open_stage(shared: Shared, folder: ImportFolder, seen: Seen | None, stack: ExitStack) -> ReplayStage:
    """Opens what the replay of a folder needs; it is closed with the stack. Raises ChainError, KeyFault."""
    settings = shared.settings
    office = open_treasury(settings)
    stack.callback(office.rpc.close)
    record = open_record(settings, office.handle)
    stack.callback(record.close)
    record.indexer.catch_up()
    there = seen or look(folder, office.book, office.wallets)
    vouchers = office.deployed.address("Vouchers")
    keys = ReplayKeys(office.wallets, office.handle.chain_id, vouchers, lambda: office.keys.account(KeyRole.ATTESTOR))
    plays = Plays(folder, there, keys.receipt_hash)
    clock = ReplayClock(office.rpc, settings.chain_folder if office.handle.embedded else None)
    return ReplayStage(shared, office, record, there, keys, plays, clock, _run_name(office, folder))


def require_clock(shared: Shared, clock: PlayerClock, shift_to_now: bool) -> None:
    """Ends the command where rows cannot be played at their times and nobody asked to play them now."""
    if clock.movable() or shift_to_now:
        return
    fail(
        "this chain's clock cannot be moved, so rows cannot be played at their times. With --shift-to-now every row is "
        "played at once, its deadline counted from now, and acts.csv is left out; rows whose vouchers are not valid now, "
        "and rows that test NotYetValid, Expired, ProgrammeNotActive, a limit of a day or month, or what an act brings "
        "about, are skipped",
        USAGE,
        kind="ClockFixed",
        as_json=shared.as_json,
    )


def _run_name(office: TreasuryOffice, folder: ImportFolder) -> str:
    with (folder.path / "redemptions.csv").open("rb") as file:
        name = file_digest(file, sha256)
    if folder.acts:
        name.update((folder.path / ACTS.file).read_bytes())
    name.update(f"{office.handle.genesis_hash} {office.deployed.address('Vouchers')}".encode())
    return name.hexdigest()[:24]
