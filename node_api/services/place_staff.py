"""What a step about a roll's place takes: the command, or nothing where it is so already."""

from __future__ import annotations

from node_api.domain.ids import Address, Place, RollId
from node_api.services.ports import staff_commands as s
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.treasury import Command


def proposal(reader: AuditReader, roll: RollId, place: Place, account: Address, reason: str) -> Command | None:
    """Proposes a place for another holder, unless it is theirs or on its way to them."""
    if account in (_given_to(reader, roll, place), _on_its_way(reader, roll, place)):
        return None
    return s.ProposePlace(roll, place, account, reason, len(reader.batches()))


def approval(reader: AuditReader, roll: RollId, place: Place, account: Address) -> Command | None:
    """Gives a place to exactly this holder, unless it is theirs."""
    if _given_to(reader, roll, place) == account:
        return None
    return s.ApprovePlace(roll, place, account, len(reader.batches()))


def withdrawal(reader: AuditReader, roll: RollId, place: Place, reason: str) -> Command | None:
    """Takes back what is proposed for a place, if anything is."""
    return None if _on_its_way(reader, roll, place) is None else s.WithdrawPlace(roll, place, reason)


def _on_its_way(reader: AuditReader, roll: RollId, place: Place) -> Address | None:
    changes = reader.place_changes(roll, place)
    return changes[-1].receiver if changes and changes[-1].name == "proposed" else None


def _given_to(reader: AuditReader, roll: RollId, place: Place) -> Address | None:
    given = [change.receiver for change in reader.place_changes(roll, place) if change.name == "reassigned"]
    return given[-1] if given else None
