"""The wheel, built and installed as a user would.

wheel
├── carries contracts' artifacts, migrations, pages and type information, and nothing of the tools
├── installed without compiler, Node and development tools
│   ├── runs the console command
│   ├── runs the demonstration, anvil being named, and says how to go on from there
│   └── finds its artifacts and migrations
└── names the version once
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from node_api import __version__
from node_api.chain.anvil import find_anvil

ROOT = Path(__file__).resolve().parents[2]
UV = str(Path(sys.prefix) / "bin" / "uv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    constraint = f"--build-constraint={ROOT / 'requirements' / 'build.lock'}"
    subprocess.run([UV, "build", "--quiet", "--wheel", constraint, f"--out-dir={out}", str(ROOT)], check=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that has the wheel and its locked dependencies alone."""
    home = tmp_path_factory.mktemp("installed")
    subprocess.run([UV, "venv", "--quiet", f"--python={sys.executable}", str(home)], check=True)
    chosen = [f"--python={home / 'bin' / 'python'}", f"--constraint={ROOT / 'requirements' / 'run.lock'}", str(wheel)]
    subprocess.run([UV, "pip", "install", "--quiet", *chosen], check=True)
    return home / "bin"


def run_alone(installed: Path, *command: str, anvil: Path | None = None) -> str:
    """Standard output of a command that sees nothing but the environment: no Node, no compiler, no checkout."""
    environment = {"PATH": str(installed), "HOME": str(installed.parent), "LANG": os.environ.get("LANG", "C.UTF-8")}
    if anvil is not None:
        environment["VOUCHERTRAIL_ANVIL"] = str(anvil)
    program = [str(installed / command[0]), *command[1:]]
    done = subprocess.run(program, env=environment, cwd=installed.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_wheel__when_built__then_carries_what_a_node_needs_and_no_tools(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = [*(ROOT / "node_api" / "chain" / "artifacts").glob("*.json"), *(ROOT / "migrations").rglob("*.py")]
    expected = {path.relative_to(ROOT).as_posix().replace("migrations/", "node_api/migrations/") for path in shipped}
    assert expected <= names
    assert "node_api/py.typed" in names
    assert {name.split("/")[0] for name in names} == {"node_api", f"vouchertrail-{__version__}.dist-info"}


@pytest.mark.slow
def test_installed__when_run_without_tools__then_prints_its_version(installed: Path) -> None:
    for asked in ("version", "--version"):
        assert run_alone(installed, "vouchertrail", asked).strip() == __version__


@pytest.mark.slow
def test_installed__when_asked_for_help__then_every_command_loads(installed: Path) -> None:
    ask_all = (
        "from node_api.__main__ import cli\n"
        "for name in cli.list_commands(None):\n"
        "    cli.main([name, '--help'], prog_name='vouchertrail', standalone_mode=False)\n"
        "    print('asked', name)\n"
    )
    told = run_alone(installed, "python", "-c", ask_all)
    assert told.count("Usage") == told.count("asked ") > 10


@pytest.mark.slow
def test_installed__when_the_demonstration_runs__then_it_needs_no_compiler(installed: Path) -> None:
    folder = ROOT / "tests" / "e2e" / "folder"
    told = run_alone(installed, "vouchertrail", "demo", "--no-serve", f"--folder={folder}", anvil=find_anvil(None))
    assert f"{installed / 'vouchertrail'} audit reconcile" in told


@pytest.mark.slow
def test_installed__when_looked_into__then_has_no_development_tool(installed: Path) -> None:
    listed = run_alone(
        installed, "python", "-c", "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"
    )
    assert not {"eth-ape", "pytest", "mypy", "slither-analyzer", "pandas"} & set(listed.lower().split())
