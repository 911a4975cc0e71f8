"""What the runs of the state machine reached together, against the ABIs.

reach
├── every function that an account may call went through
├── every named error occurred
└── nothing is excepted (tools/reach.py) that is not there, or was reached
"""

from collections import Counter

import pytest

from tests.forge import MACHINE_REPORTS, Done
from tools.reach import ELSEWHERE, callable_functions, counted, named_errors


@pytest.fixture(scope="module")
def reached(forge_test: Done) -> Counter[str]:
    """How often each function went through and each error occurred, over all runs."""
    assert forge_test.code == 0, f"{forge_test.out[-4000:]}\n{forge_test.err}"
    return counted(sorted(MACHINE_REPORTS.glob("machine-*.txt")))


@pytest.mark.slow
def test_functions__over_all_runs__went_through(reached: Counter[str]) -> None:
    wanted = {key: name for key, name in callable_functions().items() if name not in ELSEWHERE}
    for key, name in sorted(wanted.items(), key=lambda item: item[1]):
        print(f"{reached[key]:>8} {key.partition(' ')[0]}.{name}")
    assert not [name for key, name in wanted.items() if not reached[key]]


@pytest.mark.slow
def test_errors__over_all_runs__occurred(reached: Counter[str]) -> None:
    wanted = {key: name for key, name in named_errors().items() if name not in ELSEWHERE}
    for key, name in sorted(wanted.items(), key=lambda item: item[1]):
        print(f"{reached[key]:>8} {name}")
    assert not [name for key, name in wanted.items() if not reached[key]]


@pytest.mark.slow
def test_exceptions__over_all_runs__are_needed(reached: Counter[str]) -> None:
    known = callable_functions() | named_errors()
    assert not ELSEWHERE.keys() - set(known.values())
    assert not [name for key, name in known.items() if name in ELSEWHERE and reached[key]]
