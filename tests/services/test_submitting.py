"""Redemptions handed in together, of which some are known by their keys.

submit
├── with the chain gone, or the queue full → the known ones are answered, the new ones are told
└── with both well → the known ones are answered, the new ones are taken in
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.errors import ChainUnavailable, QueueFull
from node_api.domain.ids import UnixSeconds
from node_api.domain.operations import Operation, OperationState
from node_api.services.operations import Redemptions, Submission

STAFF = ApiKey("key", ApiRole.OPERATOR, None, "hash", UnixSeconds(0))
KNOWN = Operation("op_known", STAFF.owner, "known", "body", False, OperationState.SUCCEEDED, (), ())


class Node:
    """What a node takes redemptions in with, and what is wrong with it."""

    def __init__(self, gone: ChainUnavailable | None = None, full: QueueFull | None = None) -> None:
        self._gone, self._full = gone, full

    def require_moving(self) -> None:
        """Of the chain's pace."""

    def wake(self) -> None:
        """Of the carrier."""

    def fault(self) -> QueueFull | None:
        return self._full

    def judge_all(self, requests: Sequence[Any], *, claims: bool) -> list[Any]:
        assert claims is False
        if self._gone is not None:
            raise self._gone
        return []

    def find(self, asked: Sequence[tuple[str, str]]) -> list[Operation | None]:
        return [KNOWN if key == KNOWN.key else None for _, key in asked]

    def add(self, operations: Sequence[Operation]) -> list[Operation]:
        return list(operations)


def submitted(node: Any) -> list[Operation | Exception]:
    keys = "new-1", "known", "new-2"
    asked = [Submission(STAFF, key, "body", [], batch=True) for key in keys]
    return Redemptions(node, node, node, node, node).submit(asked)


@pytest.mark.parametrize("fault", [{"gone": ChainUnavailable("gone")}, {"full": QueueFull("full")}])
def test_submit__where_nothing_new_is_taken_in__known_keys_are_answered(fault: dict[str, Any]) -> None:
    (wrong,) = fault.values()
    assert submitted(Node(**fault)) == [wrong, KNOWN, wrong]


def test_submit__where_all_is_well__new_keys_are_taken_in() -> None:
    first, known, second = submitted(Node())
    assert isinstance(first, Operation)
    assert isinstance(second, Operation)
    assert (first.key, known, second.key) == ("new-1", KNOWN, "new-2")
