"""The benchmark of HTTP, for an instant.

run → redemptions are answered, and it says what each took, by single requests and in batches
"""

from __future__ import annotations

import re

from click.testing import CliRunner

from bench.http import __main__ as bench


def test_bench_http__for_an_instant__says_what_a_redemption_takes() -> None:
    done = CliRunner().invoke(bench.main, ["--count", "100", "--runs", "1"])
    assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"

    assert re.fullmatch(r"(single|batch): (\d+) µs .*\n(single|batch): (\d+) µs .*\n", done.output), done.output
