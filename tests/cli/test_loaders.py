"""`vouchertrail loaders`: output for people and for programs, and faults as exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from node_api.cli.loaders import cli
from node_api.loaders.completejourney import source
from node_api.services.import_folder import ImportFolder, check_folder
from tests.folders import write_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "journey"
    result = CliRunner().invoke(cli, ["completejourney", str(out), "--to-today", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert (report["vouchers"], report["codes"]) == (800_226, 1_150)
    assert report["weeks"] > 400
    return out


def test_spoil__when_for_programs__then_json(folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["spoil", str(folder), str(tmp_path), "--seed", "3", "--each", "2", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["reasons"]["SignatureInvalid"] == 10


def test_spoil__when_for_people__then_table(folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["spoil", str(folder), str(tmp_path), "--seed", "3", "--each", "1"])
    assert result.exit_code == 0, result.output
    assert "SelfRedemption" in result.output
    assert "2,102" in result.output


def test_spoil__when_folder_is_too_small__then_fault(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        cli, ["spoil", str(write_folder(tmp_path / "in")), str(tmp_path / "out"), "--seed", "3"]
    )
    assert result.exit_code == 1
    assert "CannotSpoil: " in result.output


def test_spoil__when_folder_is_too_small_for_programs__then_json(tmp_path: Path) -> None:
    arguments = ["spoil", str(write_folder(tmp_path / "in")), str(tmp_path / "out"), "--seed", "3", "--json"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1
    assert json.loads(result.output)["error"] == "CannotSpoil"


def test_completejourney__when_for_people__then_table(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["completejourney", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "800,226" in result.output
    assert "because no-basket" in result.output


def test_completejourney__when_data_is_not_installed__then_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PACKAGE", "no_such_package_here")
    result = CliRunner().invoke(cli, ["completejourney", str(tmp_path)])
    assert result.exit_code == 1
    assert "extra demo" in result.output


@pytest.mark.parametrize("weeks", ["-2401", "416001", "100000000000000"])
def test_completejourney__when_weeks_leave_the_years_there_are__then_wrong_use(tmp_path: Path, weeks: str) -> None:
    result = CliRunner().invoke(cli, ["completejourney", str(tmp_path / "out"), "--weeks", weeks])
    assert result.exit_code == 2, result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("weeks", ["-2400", "416000"])
def test_completejourney__when_weeks_reach_the_first_or_last_years__then_a_sound_folder(
    tmp_path: Path, weeks: str
) -> None:
    result = CliRunner().invoke(cli, ["completejourney", str(tmp_path), "--weeks", weeks])
    assert result.exit_code == 0, result.output
    assert isinstance(check_folder(tmp_path), ImportFolder)


def test_loaders__when_the_disk_is_full__then_say_that_the_folder_is_not_whole(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "holders.csv").symlink_to("/dev/full")
    for arguments in (["completejourney", str(tmp_path)], ["spoil", str(folder), str(tmp_path), "--seed", "3"]):
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 1, result.output
        told = json.loads(result.output)
        assert told["error"] == "OSError"
        assert "No space left on device" in told["message"]
        assert "the folder is not whole" in told["message"]
