"""`vouchertrail claims`, as people and programs call it, on one world.

claims
├── list .................. a root, and a private file with each one's nullifier, salt and proof
│   ├── byte order mark ..... no part of the first person
│   └── faults .............. each told with line, rule and remedy → 2; no file is made
├── a root ................ proposed, approved, withdrawn: each by its role, twice is once; unknown → 1
├── open, rounds .......... opened with an approved list; another root → 1; shown
└── close ................. running → 1; over: once
"""

from __future__ import annotations

import json
from pathlib import Path

from node_api.chain.claim_lists import leaf, root_of
from node_api.domain.ids import Hash, ProgrammeId
from tests.cli.test_staff_commands import Run, once, refused, run, told, world
from tests.world import DAY, ENDS_AT, STARTS_AT, World

__all__ = ["run", "world"]

WHY = ("--reason", "residents of the district")
TIMES = ("--from", str(STARTS_AT), "--until", str(STARTS_AT + 5 * DAY))


def test_claims_list__byte_order_mark_and_blank_lines__same_root(run: Run, tmp_path: Path) -> None:
    plain, marked, out = tmp_path / "plain", tmp_path / "marked", tmp_path / "list.jsonl"
    plain.write_bytes(b"person-1\nperson-2\n")
    marked.write_bytes(b"\xef\xbb\xbfperson-1\r\n\r\n person-2")
    first, second = (
        told(run("claims", "list", "1", str(file), "--out", str(out), "--json")) for file in (plain, marked)
    )
    assert first == second
    assert [json.loads(line)["person"] for line in out.read_text().splitlines()] == ["person-1", "person-2"]


def test_claims_list__faults__tells_each_and_makes_nothing(run: Run, tmp_path: Path) -> None:
    people, out = tmp_path / "people.csv", tmp_path / "list.jsonl"
    people.write_text("\ufeffHolder\nperson-1\nperson 2\n\n0x12\nperson-1\nholder\n", encoding="utf-8")
    wanted = ("claims", "list", "1", str(people), "--out", str(out))
    result = run(*wanted, "--json")
    assert result.exit_code == 2
    found = [(fault["line"], fault["value"]) for fault in json.loads(result.output)["faults"]]
    assert found == [(1, "Holder"), (3, "person 2"), (5, "0x12"), (6, "person-1")]
    refused(run(*wanted), "people.csv:3: 'person 2': a reference is 1 to 64 characters", 2)
    refused(run(*wanted), "line 2 has this person; take one out", 2)
    people.write_bytes(b"person-\xe9\n")
    refused(run(*wanted), "the file is UTF-8 text", 2)
    people.write_text("\n", encoding="utf-8")
    refused(run(*wanted), "names at least one person", 2)
    assert not out.exists()


def test_claims__from_the_list_to_the_end_of_a_round(run: Run, world: World, tmp_path: Path) -> None:
    people, out = tmp_path / "people.txt", tmp_path / "list.jsonl"
    people.write_text("".join(f"person-{number}\n" for number in range(5)), encoding="utf-8")
    made = told(run("claims", "list", "programme-Meals", str(people), "--out", str(out), "--json"))
    assert (made["people"], out.stat().st_mode & 0o777) == (5, 0o600)
    for line in map(json.loads, out.read_text(encoding="utf-8").splitlines()):
        start = leaf(ProgrammeId(1), Hash(line["nullifier"]), Hash(line["salt"]))
        assert root_of(start, [Hash(beside) for beside in line["proof"]]) == made["root"]

    root = str(made["root"])
    refused(run("claims", "approve-root", "1", root), "NothingProposed")
    once(run, "claims", "propose-root", "programme-Meals", root, *WHY)
    once(run, "claims", "withdraw-root", "1", root, "--reason", "a wrong list")
    once(run, "claims", "propose-root", "1", root, *WHY)
    once(run, "claims", "approve-root", "1", root)
    refused(run("claims", "propose-root", "1", "0x12", *WHY), "a root is 0x and 64", 2)

    wanted = ("claims", "open", "1", "--places", "7", "--batch", "2", *TIMES)
    refused(run(*wanted, "--root", "0x" + "12" * 32), "CaseDesk_RootNotApproved")
    once(run, *wanted, "--root", root)
    (shown,) = json.loads(run("claims", "rounds", "1", "--json").output)["rounds"]
    assert (shown["number"], shown["places"], shown["given"], shown["root"]) == (1, 7, 0, root)
    refused(run("claims", "close", "1", "9"), "RoundUnknown")
    refused(run("claims", "close", "1", "1"), "CaseDesk_RoundRunning")
    assert told(run(*wanted, "--root", root, "--another", "--json"))["done"]
    assert len(json.loads(run("claims", "rounds", "1", "--json").output)["rounds"]) == 2
    world.at(ENDS_AT)
    world.mine()
    once(run, "claims", "close", "1", "1")
