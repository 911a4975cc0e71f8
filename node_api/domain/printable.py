"""Text for people: what others wrote, made harmless for a terminal; numbers with what they count."""

import unicodedata


def printable(text: str) -> str:
    """`text` with everything a terminal or an eye could be led by (controls, line breaks, directions) as escapes."""
    return "".join(
        one if one.isprintable() or unicodedata.category(one) == "Zs" else one.encode("unicode_escape").decode()
        for one in text
    )


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number and what it counts: `1 fault`, `2,000 faults`; `many` where the plural is not made by an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
