"""How long to wait before a chain is asked again for a transaction's block."""

_FIRST, _LONGEST = 0.002, 0.1
_STEADY_LOOKS = 16
_SLOWER = 1.5
_MOST_GROWTH = 16  # by then the longest is reached: a power of many more would not fit a float


def pause(looks: int) -> float:
    """Seconds to wait after so many looks that found nothing, at least one.

    A block comes within some 5 to 30 ms where every transaction gets its own: look often at first, then ever more seldom.
    """
    return min(_FIRST * _SLOWER ** min(max(0, looks - _STEADY_LOOKS), _MOST_GROWTH), _LONGEST)
