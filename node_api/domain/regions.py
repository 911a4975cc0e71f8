"""Administrative codes of up to nine digits, matched by prefix; the packed form of `RegionCode.sol`."""

EVERYWHERE = 0
MAX_DIGITS = 9


def pack_region(code: str) -> int:
    """The 40-bit form of a region code of 0 to 9 ASCII digits; the empty code covers everywhere.

    Raises:
        ValueError: not ASCII digits, or more than nine.
    """
    if len(code) > MAX_DIGITS or not all("0" <= digit <= "9" for digit in code):
        raise ValueError(f"region {code!r} must be at most {MAX_DIGITS} digits 0-9")
    return (int(code.ljust(MAX_DIGITS, "0"), 16) << 4 | len(code)) if code else EVERYWHERE


def unpack_region(packed: int) -> str:
    """The digits of a packed region; empty for everywhere."""
    return f"{packed >> 4:09x}"[: packed & 0xF]


def region_covers(outer: int, inner: int) -> bool:
    """Whether the packed region `outer` covers the packed region `inner`: its digits are the first digits of `inner`."""
    digits = outer & 0xF
    return digits <= inner & 0xF and (outer ^ inner) >> (40 - 4 * digits) == 0
