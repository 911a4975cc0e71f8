"""The demonstration's story: one small programme, played inside the replayed year beside the real ones, and told step by step."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from node_api.cli.folder import checked_folder
from node_api.cli.load import Loaded, load_folder
from node_api.cli.options import Shared
from node_api.cli.replay_stage import ReplayStage
from node_api.domain.ids import Hash, ProgrammeId, UnixSeconds
from node_api.domain.importing.acts import REASON_DEFAULT, ActKind, ActRow
from node_api.domain.models import TxRef
from node_api.domain.reconciliation import TERMS
from node_api.loaders.story import PROGRAMME, write_story
from node_api.record import Record
from node_api.services.api_keys import ApiKeyring
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.playing import Outcome, Play
from node_api.services.replaying.beside import PlayedBeside
from node_api.services.replaying.replay import Beside, Redeemed, Replay, Summary

_DAY = 86_400
_WHO = {
    ActKind.PROPOSE_RULES: "treasurer",
    ActKind.ACTIVATE_RULES: "approver",
    ActKind.FREEZE: "auditor",
    ActKind.LIFT: "auditor",
    ActKind.EXTEND: "emergency lane",
    ActKind.REVERSE: "merchant's till",
    ActKind.DISPUTE: "holder",
    ActKind.DECIDE: "arbiter",
    ActKind.BOOK: "holder, carer's phone",
    ActKind.CAPTURE: "carer's phone",
    ActKind.RELEASE: "carer's phone",
    ActKind.SETTLE: "treasurer, approver",
    ActKind.SWEEP: "treasurer",
    ActKind.CLOSE: "treasurer",
}


@dataclass(frozen=True, slots=True)
class StoryStep:
    """One step, with the programme's money as of its block, summed over its lines.

    Attributes:
        transaction: that carried it, the last where there were several; None for what the node refused itself.
        adds_up: whether the identity holds for every line.
    """

    at: UnixSeconds
    what: str
    who: str
    block: int
    transaction: Hash | None
    money: dict[str, int]
    adds_up: bool


@dataclass(frozen=True, slots=True)
class StoryFigures:
    """What the story comes to; counted apart from the programmes it is told beside.

    Attributes:
        supply: transactions that wrote its rolls and issued its vouchers.
    """

    programme: ProgrammeId
    lines: int
    merchants: int
    supply: tuple[Hash, ...]
    vouchers: int
    redemptions: int
    codes: int
    refused_codes: int
    unexpected: int
    acts: int
    steps: tuple[StoryStep, ...]


class Story:
    """The programme's folder, loaded and then played beside another replay."""

    def __init__(self, shared: Shared, begins: UnixSeconds) -> None:
        """Writes the folder where it is missing; `begins` is when the first of the other programmes does."""
        self._shared = shared
        self.folder = checked_folder(shared, _written(shared.settings.data.resolve() / "story", begins))
        self.loaded: Loaded | None = None
        self._summary: Summary | None = None
        self._beside: PlayedBeside | None = None

    def load(self) -> None:
        """Puts it on chain, as far as it is not."""
        self.loaded = load_folder(self._shared, self.folder)

    def open(self, url: str, keyring: ApiKeyring, stage: ReplayStage, redeemed: Redeemed, stack: ExitStack) -> Beside:
        """Begins to play it at a node's API, by the stage's clock."""
        assert self.loaded is not None, "loaded before it is played"
        own = stage.beside(self.folder, self.loaded.seen)
        till = own.http_till(stack, url=url, keyring=keyring, name="story")
        acts = own.acts(self.folder, "story", stack)
        journal = own.journal("story", stack)
        replay = Replay(till, own.clock, own.office.desk, redeemed, journal, acts, shift_to_now=False)
        replay.begin(own.seen, self.folder.programmes)
        self._summary, self._beside = replay.summary, PlayedBeside(replay, own.plays)
        return self._beside.until

    def figures(self, record: Record) -> StoryFigures:
        """What became of it, each step as of its own block."""
        assert self._summary is not None, "played before it is told"
        assert self._beside is not None
        with record.reads.at_head() as reader:
            programme = reader.programme_by_ref(PROGRAMME)
            assert programme is not None
            totals, supply = reader.totals(programme.id), _supply(reader, programme.id)
        told = [
            _begun(totals.issued, supply[-1]),
            *(_of_act(*one) for one in self._summary.acts),
            *(_of_code(*one) for one in self._beside.played),
        ]
        return StoryFigures(
            programme=programme.id,
            lines=len(self.folder.budget_lines),
            merchants=len(self.folder.merchants),
            supply=tuple(tx.hash for tx in supply),
            vouchers=totals.issued,
            redemptions=totals.redeemed,
            codes=self._summary.accepted,
            refused_codes=self._summary.refused.total(),
            unexpected=len(self._summary.unexpected),
            acts=len(self._summary.acts),
            steps=tuple(_with_money(told, programme.id, record)),
        )


@dataclass(frozen=True, slots=True)
class _Told:
    """A step before its money is looked up; `block` None: nothing came of it on chain."""

    at: int
    what: str
    who: str
    transaction: Hash | None
    block: int | None


def _written(path: Path, begins: UnixSeconds) -> Path:
    """The story's import folder, written once, whole."""
    if not path.exists():
        part = path.with_name("story.part")
        shutil.rmtree(part, ignore_errors=True)
        write_story(part, UnixSeconds(begins // _DAY * _DAY))
        part.rename(path)
    return path


def _supply(reader: AuditReader, programme: ProgrammeId) -> list[TxRef]:
    """Where its rolls were written and its vouchers issued, in the order of the chain."""
    issues = [issue.tx for batch in reader.batches(programme) for issue in reader.issues(batch.id)]
    written = [reader.roll_written(roll.id) for roll in reader.rolls(programme)]
    found = [*issues, *(tx for tx in written if tx is not None)]
    return sorted(found, key=lambda tx: (tx.block.number, tx.log_index))


def _begun(vouchers: int, issued: TxRef) -> _Told:
    """The end of its loading."""
    told = f"funded, approved, published; {vouchers} vouchers issued"
    return _Told(issued.block.timestamp, told, "treasurer, approver", issued.hash, issued.block.number)


def _of_act(act: ActRow, outcome: Outcome) -> _Told:
    what = act.kind.replace("-", " ") + (f": {act.reason}" if act.reason != REASON_DEFAULT else "")
    return _Told(act.at, what, _WHO[act.kind], outcome.transaction, outcome.block)


def _of_code(play: Play, outcome: Outcome) -> _Told:
    vouchers = ", ".join(str(spend.voucher) for spend in play.item.spends)
    what = f"voucher {vouchers} " + ("redeemed" if outcome.reason is None else f"refused: {outcome.reason}")
    return _Told(play.at, what, f"{play.signer} at the till", outcome.transaction, outcome.block)


def _with_money(told: Iterable[_Told], programme: ProgrammeId, record: Record) -> Iterator[StoryStep]:
    """The steps in the order of their times; what left nothing on chain stands on the block before it."""
    block = 0
    for one in sorted(told, key=lambda step: step.at):
        block = one.block or block
        with record.reads.at(block) as reader:
            lines = reader.lines(programme)
            at = reader.block.timestamp if one.block else UnixSeconds(one.at)
        money = {term: sum(getattr(line, term) for line in lines) for term in TERMS}
        adds_up = all(line.deposited == sum(getattr(line, term) for term in TERMS[1:]) for line in lines)
        yield StoryStep(at, one.what, one.who, block, one.transaction, money, adds_up)


def story_lines(figures: StoryFigures) -> list[str]:
    """The story for people: a line a step."""
    return [
        "",
        f"The story of {PROGRAMME}, told inside the replayed year. After each step, in cents:",
        f"  deposited = {' + '.join(TERMS[1:])}",
        *(_line(step) for step in figures.steps),
        "",
    ]


def _line(step: StoryStep) -> str:
    time = datetime.fromtimestamp(step.at, UTC).strftime("%Y-%m-%d %H:%MZ")
    where = f"block {step.block:,}" + ("" if step.transaction is None else f", {step.transaction[:10]}…")
    deposited, *parts = (f"{step.money[term]:,}" for term in TERMS)
    money = f"{deposited} = {' + '.join(parts)}" + ("" if step.adds_up else "  DOES NOT ADD UP")
    return f"  {time}  {step.what} ({step.who})  {where}  {money}"
