"""Receipts that somebody was told already.

take .......... once, by whoever comes first
take_block .... all of a block's, or none of them: one is missing, or is of another block
keep .......... the newest, and no more
"""

from __future__ import annotations

from node_api.chain.receipts_in_hand import ReceiptsInHand, Told


def receipt(transaction: str, block: str = "0xb1") -> Told:
    return {"transactionHash": transaction, "blockHash": block}


def in_hand(*receipts: Told) -> ReceiptsInHand:
    held = ReceiptsInHand()
    for one in receipts:
        held.keep(one)
    return held


def test_take__what_is_kept__is_given_once() -> None:
    held = in_hand(receipt("0xa"))
    assert "0xa" in held
    assert held.take("0xa") == receipt("0xa")
    assert "0xa" not in held
    assert held.take("0xa") is None


def test_take_block__all_of_its_receipts__are_given_once_in_the_order_asked() -> None:
    held = in_hand(receipt("0xa"), receipt("0xc"), receipt("0xb"))
    assert held.take_block("0xb1", ["0xa", "0xb"]) == [receipt("0xa"), receipt("0xb")]
    assert held.take_block("0xb1", ["0xa", "0xb"]) is None
    assert "0xc" in held


def test_take_block__one_missing_or_of_another_block__leaves_the_others() -> None:
    held = in_hand(receipt("0xa"), receipt("0xb", "0xb2"))
    assert held.take_block("0xb1", ["0xa", "0xc"]) is None
    assert held.take_block("0xb1", ["0xa", "0xb"]) is None
    assert "0xa" in held
    assert "0xb" in held


def test_keep__more_than_it_holds__forgets_the_oldest() -> None:
    held = in_hand(*(receipt(f"0x{number}") for number in range(9)))
    assert "0x0" not in held
    assert all(f"0x{number}" in held for number in range(1, 9))
