"""What the AccessManager logged, as notices: roles given and taken, and everything else that changes who may do what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from node_api.chain.contracts import contract
from node_api.chain.roles import ROLE_IDS
from node_api.chain.rpc_values import Json, rows, text
from node_api.domain.council import Notice
from node_api.domain.findings import FindingKind

_ROLES = {number: role.name for role, number in ROLE_IDS.items()}
_MEMBERS = {"RoleGranted": FindingKind.ROLE_GRANTED, "RoleRevoked": FindingKind.ROLE_REVOKED}
_PASSED_OVER = frozenset({"RoleLabel"})


def permission_notices(logs: Iterable[dict[str, Json]]) -> list[Notice]:
    """The notices of a block's logs: each role given or taken, and the rest by event and transaction."""
    names = {"0x" + topic.hex(): name for name, topic in contract("AccessManager").topics.items()}
    found: list[Notice] = []
    others: Counter[tuple[str, str, str]] = Counter()
    for log in logs:
        topics = [text(topic) for topic in rows(log["topics"])]
        name, transaction = names.get(topics[0], topics[0]), text(log["transactionHash"])
        if name in _MEMBERS:
            role = int(topics[1], 16)
            found.append(
                (_MEMBERS[name], "0x" + topics[2][26:].lower(), f"{_ROLES.get(role, f'role {role}')} in {transaction}")
            )
        elif name not in _PASSED_OVER:
            others[name, _subject(name, topics), transaction] += 1
    for (name, subject, transaction), count in others.items():
        times = f"{count} times " if count > 1 else ""
        found.append((FindingKind.PERMISSIONS_CHANGED, subject, f"{name} {times}in {transaction}"))
    return found


def _subject(name: str, topics: list[str]) -> str:
    """The contract whose functions are concerned; none where a role itself is, or an operation that waits."""
    return "0x" + topics[1][26:].lower() if name.startswith("Target") else ""
