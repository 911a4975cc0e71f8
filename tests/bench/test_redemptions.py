"""The benchmarks of redemptions, of starting and of the index, on a small folder and for an instant.

run with the node and its peer → ends, and its JSON has every figure of each
├── and the start ............. → both answer
└── and the index ............. → both read the chain; the node's keeps what it reads
cost of a call → new slots are counted by what it redeems, not by what it logs
memory
├── that grows by a MiB each second → 60 a minute, of the last seconds alone
└── seen once ..................... → no slope
traffic
├── drawn → each voucher once, both kinds of wallet, and the same for the same seed
├── drawn to the end → what nobody redeemed, too, at stores that take it
└── neighbours → one merchant's, place after place
a line that nobody knows → refused before anything is built
"""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import __main__ as bench
from bench.redemptions.chain import cost
from bench.redemptions.folder import bend_folder
from bench.redemptions.processes import MemoryWatch
from bench.redemptions.traffic import drawn_sales, neighbouring_sales
from bench.start import lines as start
from node_api.domain.ids import MerchantId
from node_api.domain.importing.wallets import Custody, custody
from node_api.domain.item_words import ItemGroup
from tests.e2e.town import FOLDER
from tests.world import STARTS_AT, World

FIGURES = {
    "name", "engine", "redemptions", "rates", "rate", "times_peer", "latency_ms", "gas_each", "slots_each", "calls",
    "generator_share", "shares", "memory_mib", "memory_slope",
}  # fmt: skip
INDEX_FIGURES = {"name", "engine", "events", "rates", "rate", "times_peer", "cpu_each", "bytes_each"}
MACHINE = {
    "cpu", "cores", "memory_mib", "kernel", "load_before", "recovery_us", "engine", "vouchertrail", "web3", "seconds", "runs",
}  # fmt: skip


def test_bench__node_and_peer_for_an_instant__tells_every_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "_STARTS", 1)
    short = [
        "--what",
        "single,fastapi,start,index",
        "--seconds",
        "0.1",
        "--runs",
        "1",
        "--warm-up",
        "1",
        "--size",
        "20",
    ]
    done = CliRunner().invoke(bench.main, [*short, "--folder", str(FOLDER), "--out", str(tmp_path)])
    assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"

    told = json.loads((tmp_path / "redemptions.json").read_text(encoding="utf-8"))
    assert told.keys() >= MACHINE
    single, peer = told["lines"]
    for line in told["lines"]:
        assert line.keys() == FIGURES
        assert line["rate"] > 0
        assert line["gas_each"] > 30_000
        assert line["slots_each"] > 0
        assert line["calls"] <= line["redemptions"]
    assert set(single["memory_mib"]) == {"anvil", "supervisor", "node", "intake 1", "intake 2"}
    assert set(peer["memory_mib"]) == {"anvil", "supervisor", "peer"}
    assert peer["calls"] == peer["redemptions"]
    assert peer["times_peer"] == 1
    assert 0 < single["latency_ms"][0] <= single["latency_ms"][1]

    told = json.loads((tmp_path / "start.json").read_text(encoding="utf-8"))
    assert [line["name"] for line in told["lines"]] == ["node, served", "FastAPI + AsyncWeb3"]
    for line in told["lines"]:
        assert line["memory_mib"] > 0
        assert 0 < min(line["seconds"]) <= line["median"] <= max(line["seconds"])

    told = json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))
    assert told.keys() >= MACHINE - {"seconds"}
    ours, theirs = told["lines"]
    assert ours["events"] > 50
    assert ours["bytes_each"] > 100
    assert theirs["bytes_each"] is None
    for line in told["lines"]:
        assert line.keys() == INDEX_FIGURES
        assert line["rate"] > 0
        assert line["cpu_each"] > 0


def test_cost__call_of_one_and_of_two__new_slots_are_of_each_redemption(tmp_path: Path) -> None:
    world = World(tmp_path / "chain").start()
    try:
        world.fund()
        world.issue()
        now = STARTS_AT + 100
        world.redeem_first_pair(now)
        slots = []
        for later, vouchers in ((1, [(1, 1)]), (2, [(1, 1), (2, 1)])):
            world.redeem([ItemGroup.of(MerchantId(1), (world.item(later, vouchers, 1, now + later),))], now + later)
            slots.append(cost(world.rpc.url, world.head(), world.head()).slots_each)
    finally:
        world.stop()
        world.rpc.close()
    assert slots == [1, 0.5], "the call's commitment: all else stands beside what the first call wrote"


def test_traffic__drawn__spends_each_voucher_once_and_is_the_same_again(tmp_path: Path) -> None:
    folder = bend_folder(FOLDER, tmp_path / "import")
    sales = list(islice(drawn_sales(folder, seed=1), 50))
    assert len({(sale.batch.ref, sale.roll, sale.place) for sale in sales}) == 50
    assert {custody(sale.holder) for sale in sales} == {Custody.NODE, Custody.DEMONSTRATION}
    assert list(islice(drawn_sales(folder, seed=1), 50)) == sales
    assert list(islice(drawn_sales(folder, seed=2), 50)) != sales


def test_traffic__drawn_to_the_end__goes_on_with_what_nobody_redeemed(tmp_path: Path) -> None:
    folder = bend_folder(FOLDER, tmp_path / "import")
    redeemed = {(row.voucher.batch, row.voucher.roll) for row in folder.redemptions() if row.voucher}
    sales = list(drawn_sales(folder, seed=1))
    pairs = [(sale.batch.ref, sale.roll) for sale in sales]
    assert len({(pair, sale.place) for pair, sale in zip(pairs, sales, strict=True)}) == len(sales)
    assert len(sales) > sum(roll.places for roll in folder.rolls for batch, ref in redeemed if ref == roll.ref)
    first_other = next(at for at, pair in enumerate(pairs) if pair not in redeemed)
    assert not redeemed.intersection(pairs[first_other:])
    shops = {shop.ref: shop for shop in folder.merchants}
    assert all(shops[sale.merchant].categories & sale.batch.categories for sale in sales)


def test_memory__that_grows_steadily__has_its_slope(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, resident = iter(range(100)), iter([0] * 10 + [at << 20 for at in range(90)])
    monkeypatch.setattr("time.perf_counter", lambda: float(next(seconds)))
    monkeypatch.setattr("bench.redemptions.processes._own", lambda _: next(resident))
    watch = MemoryWatch({"node": 1})
    assert watch.slope(30) == {}
    for _ in range(99):
        watch.look()
    assert watch.slope(30) == {"node": pytest.approx(60)}
    assert watch.slope(99)["node"] < 60


def test_traffic__neighbours__is_one_merchants_place_after_place(tmp_path: Path) -> None:
    folder = bend_folder(FOLDER, tmp_path / "import")
    sales = list(neighbouring_sales(folder))
    assert {(sale.roll, sale.merchant) for sale in sales} == {("meals-residents", "noodle-house")}
    places = [(sale.batch.ref, sale.place) for sale in sales]
    assert places == [(batch, place) for batch in ("meals-20", "drinks-5") for place in range(24)]


@pytest.mark.parametrize("what", ["mint", "single,", ""])
def test_bench__line_nobody_knows__is_refused(what: str) -> None:
    done = CliRunner().invoke(bench.main, ["--what", what])
    assert done.exit_code == 2
    assert (
        "there are single, batch, neighbours, fastapi, clocked, web3, start, index, issue, record, network, validators"
        in done.output
    )
