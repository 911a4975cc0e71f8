"""Text that others wrote, made harmless for a terminal."""

import unicodedata


def printable(text: str) -> str:
    """`text` with everything a terminal or an eye could be led by (controls, line breaks, directions) as escapes."""
    return "".join(
        one if one.isprintable() or unicodedata.category(one) == "Zs" else one.encode("unicode_escape").decode()
        for one in text
    )
