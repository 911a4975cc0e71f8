"""Events of freezes, revocations and the emergency lane: their arguments by name to domain events."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from node_api.domain.standing_events import FOR_EVER, EmergencyStep, FreezeStep, VoucherRevoked

Args = dict[str, object]
StandingEvent = FreezeStep | VoucherRevoked | EmergencyStep
StandingReader = Callable[[Args], tuple[StandingEvent, ...]]

_VOUCHER, _HOLDER = 1, 4


def _number(args: Args, name: str) -> int:
    value = args.get(name, 0)
    assert isinstance(value, int)
    return value


def _bytes(args: Args, name: str) -> bytes:
    value = args.get(name, b"")
    if isinstance(value, str):
        return bytes.fromhex(value[2:])
    assert isinstance(value, bytes)
    return value


def _text(args: Args, name: str) -> str:
    """See `event_readers`: what is not UTF-8, and NUL, is escaped."""
    return _bytes(args, name).decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def _freeze(kind: str) -> StandingReader:
    def reader(args: Args) -> tuple[StandingEvent, ...]:
        subject, number = _number(args, "subject"), _number(args, "id")
        holder = b""
        if subject == _HOLDER:
            number, holder = number >> 160, (number & (1 << 160) - 1).to_bytes(20, "big")
        until = _number(args, "until")
        if kind == "confirmed" and subject != _VOUCHER:
            until = FOR_EVER
        step = FreezeStep(
            kind, subject, number, holder, until, _bytes(args, "by"), _bytes(args, "appeal"), _text(args, "reason")
        )
        return (step,)

    return reader


def _revoked(args: Args) -> tuple[StandingEvent, ...]:
    voucher, line, amount = _number(args, "voucher"), _number(args, "line"), _number(args, "amount")
    return (VoucherRevoked(voucher, line, amount, _bytes(args, "by"), _text(args, "reason")),)


def _lane(kind: str) -> StandingReader:
    def reader(args: Args) -> tuple[StandingEvent, ...]:
        step = EmergencyStep(
            kind=kind,
            programme=_number(args, "programme"),
            batch=_number(args, "batch"),
            channels=_number(args, "channels"),
            old_until=_number(args, "oldUntil"),
            until=_number(args, "newUntil") or _number(args, "until"),
            actor=_bytes(args, "by"),
            reason=_text(args, "reason"),
        )
        return (step,)

    return reader


READERS: Mapping[str, StandingReader] = {
    "Frozen": _freeze("frozen"),
    "FreezeAppealed": _freeze("appealed"),
    "FreezeLifted": _freeze("lifted"),
    "FreezeConfirmed": _freeze("confirmed"),
    "VoucherRevoked": _revoked,
    "BatchExtended": _lane("extended"),
    "ChannelsWidened": _lane("widened"),
    "ProgrammePaused": _lane("paused"),
    "ProgrammeResumed": _lane("resumed"),
}
