"""Column types that hold the same value on SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, TypeDecorator

# SQLite makes only an INTEGER primary key its row number, which saves an index.
Key = BigInteger().with_variant(Integer(), "sqlite")
Money = BigInteger()

_SIGN = 1 << 63
_WORD = 1 << 64


class Mask(TypeDecorator[int]):
    """64 bits without a sign, kept as the signed number of the same bits."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To the signed number."""
        return value - _WORD if value is not None and value >= _SIGN else value

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Back to the mask."""
        return value + _WORD if value is not None and value < 0 else value


class Raw(TypeDecorator[bytes]):
    """Addresses, hashes and selectors as bytes, whatever the driver hands out."""

    impl = LargeBinary
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:  # noqa: ARG002
        """Bytes go to both drivers as they are: to wrap each of them is a twentieth of taking a redemption in."""
        return

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """To plain bytes."""
        return value if value is None else bytes(value)
