"""Numbers and bytes in 32-byte words, as the contract ABI has them."""

WORD = 32


def word(number: int) -> bytes:
    """A uint256."""
    return number.to_bytes(WORD)


def counted_bytes(content: bytes) -> bytes:
    """Bytes of any length: how many, and the bytes filled up with zeros."""
    return word(len(content)) + content + bytes(-len(content) % WORD)
