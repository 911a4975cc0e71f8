"""Makes the environment find the compiler launcher, Node, anvil and forge whichever way it is entered.

ape and forge look these up by environment variable and on PATH. A `.pth` line sets both at the start of every Python
of .venv, so `ape compile` works in an activated shell and as `.venv/bin/ape compile` alike.
"""

import os
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "node_modules" / "@foundry-rs"


def write_startup_line() -> None:
    """Writes the `.pth` line; running it again changes nothing."""
    line = (
        "import os; "
        f"os.environ.setdefault('SOLCX_BINARY_PATH', {str(ROOT / 'tools' / 'solc')!r}); "
        f"b = {str(Path(sys.prefix) / 'bin')!r}; p = os.environ.get('PATH', os.defpath); "
        "p.split(os.pathsep)[0] == b or os.environ.update(PATH=b + os.pathsep + p)\n"
    )
    (Path(sysconfig.get_path("purelib")) / "vouchertrail_toolchain.pth").write_text(line)


def link_native(name: str) -> None:
    """Puts `anvil` or `forge` of node_modules beside the environment's commands; on other systems PATH must have it."""
    link = Path(sys.prefix) / "bin" / name
    link.unlink(missing_ok=True)
    for binary in sorted(NATIVE.glob(f"{name}-*/bin/{name}")):
        link.symlink_to(os.path.relpath(binary, link.parent))


def main() -> None:
    """Sets up the environment that runs this."""
    write_startup_line()
    for name in ("anvil", "forge"):
        link_native(name)


if __name__ == "__main__":
    main()
