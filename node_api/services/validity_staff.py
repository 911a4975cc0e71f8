"""Steps of validity policies and exceptions, planned on the record as it stands: what was done before is not done again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from node_api.domain.ids import Hash
from node_api.domain.importing import values
from node_api.domain.importing.faults import BadValue
from node_api.domain.validity import DAY, ValidityPolicy, ValidityRow
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.life_commands import (
    ApprovePolicy,
    GrantException,
    ProposeException,
    ProposePolicy,
    RejectException,
    RejectPolicy,
    WithdrawPolicy,
)
from node_api.services.ports.treasury_terms import BatchTerms
from node_api.services.programme_staff import Plan

COLUMNS = ("category", "face_from", "condition_from", "shortest_days", "longest_days")
_MOST_DAYS = 49_710  # 32 bits of seconds
_CATEGORY = values.whole(0, 63)
_FACE = values.money(0, values.FACE_MAX)
_CONDITION = values.whole(0, 2**32 - 1, "percent")
_DAYS = values.whole(0, _MOST_DAYS, "days")


class TableFault(Exception):
    """A table of a policy cannot be read: which row, and why."""


def policy_of(table: Sequence[Mapping[str, str | None]]) -> ValidityPolicy:
    """The policy of a table. A row holds from its face value and condition on, until another row of its category begins; where
    both a higher face value and a higher condition begin, the face value decides.

    Args:
        table: one mapping a row, by the names of `COLUMNS`; an empty number of days bounds nothing.

    Raises:
        TableFault: a column or a value is missing or outside its bound, or two rows begin at the same place.
    """
    rows = [_row(number, row) for number, row in enumerate(table, start=2)]
    found: dict[tuple[int, int, int], tuple[int, int]] = {}
    for number, (category, face, condition, shortest, longest) in enumerate(rows, start=2):
        if (category, face, condition) in found:
            raise TableFault(f"line {number}: a row before it is for the same category, face value and condition")
        found[category, face, condition] = (shortest * DAY, longest * DAY)
    faces = sorted({0} | {face for _, face, _ in found})
    conditions = sorted({0} | {condition for _, _, condition in found})
    cells = (
        (category, face, condition)
        for category in sorted({category for category, _, _ in found})
        for face in faces
        for condition in conditions
    )
    return ValidityPolicy(
        tuple(faces[1:]),
        tuple(conditions[1:]),
        tuple(
            ValidityRow(category, faces.index(face), conditions.index(condition), *found[begun])
            for category, face, condition in cells
            if (begun := _begun(found, category, face, condition)) is not None
        ),
    )


def _begun(
    found: Iterable[tuple[int, int, int]], category: int, face: int, condition: int
) -> tuple[int, int, int] | None:
    """The row that holds here."""
    return max((one for one in found if one[0] == category and one[1] <= face and one[2] <= condition), default=None)


def _row(number: int, row: Mapping[str, str | None]) -> tuple[int, int, int, int, int]:
    if set(row) != set(COLUMNS) or None in row.values():
        raise TableFault(f"line {number}: the columns are {', '.join(COLUMNS)}, each once")
    cells = {name: (value or "").strip() for name, value in row.items()}
    try:
        return (
            _CATEGORY(cells["category"]),
            _FACE(cells["face_from"] or "0"),
            _CONDITION(cells["condition_from"] or "0"),
            _DAYS(cells["shortest_days"] or "0"),
            _DAYS(cells["longest_days"] or "0"),
        )
    except BadValue as bad:
        raise TableFault(f"line {number}: {bad.rule}; {bad.remedy}") from bad


def policy_proposed(policy: ValidityPolicy, reason: str) -> Plan:
    """Proposes a policy, unless the one that waits is the same with the same reason."""

    def plan(reader: AuditReader) -> ProposePolicy | None:
        waiting = [one for one in reader.policies() if one.approved is None and one.withdrawn is None]
        same = any(one.policy == policy and one.proposed.reason == reason for one in waiting)
        return None if same else ProposePolicy(policy, reason)

    return plan


def policy_approved(number: int) -> Plan:
    """Approves a policy, unless it was approved."""

    def plan(reader: AuditReader) -> ApprovePolicy | None:
        done = any(one.number == number and one.approved is not None for one in reader.policies())
        return None if done else ApprovePolicy(number)

    return plan


def policy_ended(number: int, reason: str, *, by_treasurer: bool) -> Plan:
    """Withdraws a policy, or turns it down, unless that was done."""

    def plan(reader: AuditReader) -> WithdrawPolicy | RejectPolicy | None:
        if any(one.number == number and one.withdrawn is not None for one in reader.policies()):
            return None
        return (WithdrawPolicy if by_treasurer else RejectPolicy)(number, reason)

    return plan


def exception_asked(exception: Hash, ref: str, terms: BatchTerms, reason: str) -> Plan:
    """Asks for an exception, unless one for this batch waits or was granted; `exception` is the hash of `ref` and `terms`."""

    def plan(reader: AuditReader) -> ProposeException | None:
        asked = any(
            one.id == exception and (one.decided is None or one.decided.name == "granted")
            for one in reader.validity_exceptions()
        )
        return None if asked else ProposeException(ref, terms, reason)

    return plan


def exception_decided(exception: Hash, rejected_for: str | None) -> Plan:
    """Grants an exception, or rejects it for a reason, unless that was done."""

    def plan(reader: AuditReader) -> GrantException | RejectException | None:
        newest = next((one for one in reversed(reader.validity_exceptions()) if one.id == exception), None)
        name = "granted" if rejected_for is None else "rejected"
        if newest is not None and newest.decided is not None and newest.decided.name == name:
            return None
        return GrantException(exception) if rejected_for is None else RejectException(exception, rejected_for)

    return plan
