"""The runner of README's commands.

readme
├── only sh blocks count, comments dropped, continued lines joined
├── README has the two commands
└── a failing command ends the run with its exit code
"""

from pathlib import Path

import pytest

from tools import readme


def test_commands__when_read__then_only_sh_blocks_count() -> None:
    text = "```sh\nmake demo  # all of it\n# alone\n\necho a \\\n  b\n```\n\n```text\nrm -r x\n```\n\n```sh\nmake test\n```\n"
    assert readme.commands(text) == ["make demo", "echo a    b", "make test"]


def test_readme__when_read__then_shows_the_two_commands_first() -> None:
    assert readme.commands((readme.ROOT / "README.md").read_text())[:2] == ["make demo", "make test"]


@pytest.mark.parametrize(("script", "code"), [("true", 0), ("false; true", 1), ("exit 7", 7)])
def test_run__when_a_command_fails__then_its_code_is_kept(script: str, code: int, tmp_path: Path) -> None:
    assert readme.run(script, tmp_path) == code


def test_run__when_a_command_runs__then_it_does_not_serve_and_has_its_own_data(tmp_path: Path) -> None:
    assert (
        readme.run(f'[ "$SERVE" = no ] && [ "$VOUCHERTRAIL_DATA" = "{tmp_path}" ] && command -v vouchertrail', tmp_path)
        == 0
    )
