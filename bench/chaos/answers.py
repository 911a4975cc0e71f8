"""What tills asked for is what the database keeps, and what they were told is what it holds, field by field.

How an answer tells an operation is written here once more, on purpose: by the node's own words for it, what they leave out or
say wrongly would be missing, or wrong, on both sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.chaos.evidence import Evidence
from bench.chaos.found import Found
from bench.chaos.tills import Asked
from bench.redemptions.traffic import Json
from node_api.domain.models import BlockRef
from node_api.domain.operations import FINAL_STATES, ItemOutcome, Operation

_FINAL = {state.value for state in FINAL_STATES}
_SIGNED = ("merchant", "digest", "holder", "bill", "receipt", "deadline", "signed_vouchers")


def check_answers(found: Found, evidence: Evidence) -> None:
    """Every key has its one operation, of exactly what was asked with it, and every answer to it said what became of that."""
    kept = {(one.owner, one.key): one for one in evidence.operations}
    keys = {(one.owner, one.key) for one in evidence.asked}
    found.require(kept.keys() <= keys, f"nobody asked for {sorted(kept.keys() - keys)}")
    found.require(len(kept) == len(evidence.operations), f"{len(kept)} keys, {len(evidence.operations)} operations")
    for asked in evidence.asked:
        operation = kept.get((asked.owner, asked.key))
        if operation is None:
            found.faults.append(f"{asked.key} of {asked.owner} was taken in and is gone")
            continue
        _check_asked(found, asked, operation)
        _check_final(found, evidence, asked, operation)
        for answer in asked.underway:
            _check_underway(found, asked.key, answer, operation)
        found.checked["keys"] += 1
        found.checked["final answers compared"] += len(asked.told)
        found.checked["answers on the way compared"] += len(asked.underway)


def _check_asked(found: Found, asked: Asked, operation: Operation) -> None:
    """The operation keeps what was signed, all of it, in order."""
    wanted = [(digest, one.item, one.holder.lower()) for digest, one in zip(asked.digests, asked.signed, strict=True)]
    keeps = [(one.work.digest, one.work.item, (one.work.holder or "").lower()) for one in operation.items]
    found.require(keeps == wanted, f"{asked.key} asked for {wanted}, {operation.id} is of {keeps}")
    batch = asked.path.endswith("/batch")
    found.require(
        operation.batch is batch, f"{asked.key} asked at {asked.path}, {operation.id} is kept as another kind"
    )


def _check_final(found: Found, evidence: Evidence, asked: Asked, operation: Operation) -> None:
    found.require(bool(asked.told), f"{asked.key} was never told an end")
    holds = _operation(operation)
    for told in asked.told:
        whole = "history" in told  # else the problem of a single redemption, which says less
        differences = _differences(told, holds, "", whole=whole)
        found.require(not differences, f"{asked.key} was told what the database does not hold: {differences}")
        for item, outcome in zip(_items(told), operation.items, strict=False):
            _check_block(found, evidence, asked.key, item, outcome)


def _check_underway(found: Found, key: str, told: Json, operation: Operation) -> None:
    """It was not final yet, and what it called final of its items stayed so."""
    holds = _operation(operation)
    found.require(told["state"] not in _FINAL, f"{key} was told {told['state']} by an answer that is not final")
    found.require(told["finality"] != "final", f"{key} was told that it is final, and {told['state']}")
    history, whole = told["history"], holds["history"]
    assert isinstance(history, list)
    assert isinstance(whole, list)
    found.require(history == whole[: len(history)], f"{key} was told the history {history}, the database holds {whole}")
    items, kept = _items(told), _items(holds)
    found.require(len(items) == len(kept), f"{key} was told of {len(items)} items, the database holds {len(kept)}")
    for item, held in zip(items, kept, strict=False):
        final = item["state"] in _FINAL
        wanted = held if final else {name: held[name] for name in _SIGNED}
        differences = _differences(item, wanted, "", whole=True)
        found.require(not differences, f"{key} was told on the way what did not stay: {differences}")


def _operation(operation: Operation) -> Json:
    """What an answer must say of it; blocks of transactions, which may move, left out."""
    return {
        "id": operation.id,
        "kind": "redemption-batch" if operation.batch else "redemption",
        "state": operation.state.value,
        "finality": "final" if any(item.transaction for item in operation.items) else None,
        "history": [{"state": change.state.value, "at": change.at} for change in operation.history],
        "items": [_item(item) for item in operation.items],
    }


def _item(outcome: ItemOutcome) -> Json:
    work, item, refusal = outcome.work, outcome.work.item, outcome.refusal
    said: Json = {
        "state": outcome.state.value,
        "merchant": item.merchant,
        "digest": work.digest,
        "holder": work.holder,
        "bill": str(item.bill),
        "receipt": item.receipt,
        "deadline": str(item.deadline),
        "signed_vouchers": [str(spend.voucher) for spend in item.spends],
        "vouchers": [{"id": str(one.voucher), "amount": one.amount, "number": one.number} for one in outcome.spent],
        "refusal": None
        if refusal is None
        else {
            "reason": refusal.reason,
            "value": refusal.value,
            "voucher": None if refusal.voucher is None else str(refusal.voucher),
            "on_chain": refusal.on_chain,
        },
        "fault": outcome.fault,
        "transaction": outcome.transaction,
    }
    return said if outcome.transaction else {**said, "block": _block(work.judged)}


def _block(block: BlockRef) -> Json:
    return {"number": block.number, "hash": block.hash, "timestamp": block.timestamp}


def _check_block(found: Found, evidence: Evidence, key: str, told: Json, outcome: ItemOutcome) -> None:
    """The block that a transaction was said to stand in: it does, or did before the chain took that block back.

    A block told that the chain still has must be the one that the transaction stands in. One that it has no more must be one of
    those that it had.
    """
    block = told.get("block")
    if outcome.transaction is None or outcome.block is None or block == _block(outcome.block):
        return
    if not isinstance(block, dict):
        return  # a fault of `CallFailed`, which names none
    fine = evidence.had(BlockRef(block["number"], block["hash"], block["timestamp"]))
    found.require(fine, f"{key} was told block {block}, it stands in {outcome.block}")
    found.checked["blocks told that were taken back"] += fine


def _items(answer: Json) -> list[Json]:
    items = answer["items"]
    assert isinstance(items, list)
    return items


def _differences(told: object, holds: object, where: str, *, whole: bool) -> list[str]:
    """Where an answer says something else than what is held; `whole`: or leaves something out."""
    if isinstance(told, Mapping) and isinstance(holds, Mapping):
        names = holds.keys() if whole else holds.keys() & told.keys()
        pairs = [(f"{where}.{name}", told.get(name, "left out"), holds[name]) for name in names]
    elif _is_list(told) and _is_list(holds) and len(told) == len(holds):  # type: ignore[arg-type]
        both = zip(told, holds, strict=True)  # type: ignore[call-overload]
        pairs = [(f"{where}[{at}]", one, other) for at, (one, other) in enumerate(both)]
    else:
        return [] if told == holds else [f"{where}: {told}, not {holds}"]
    return [found for name, one, other in pairs for found in _differences(one, other, name, whole=whole)]


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
