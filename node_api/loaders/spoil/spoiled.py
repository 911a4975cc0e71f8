"""What spoiling gives: codes with the refusal they earn, and acts that have to come before."""

from dataclasses import dataclass

from node_api.loaders.folder_writer import Row


@dataclass(frozen=True, slots=True)
class SpoiledCode:
    """One signature with its rows.

    Attributes:
        kind: what was broken, in words; empty for a sound row added so that another can be refused.
        reason: the refusal expected; empty for such a sound row.
        repeats: the code whose signature it sends once more.
    """

    kind: str
    reason: str
    at: int
    rows: tuple[Row, ...]
    repeats: "SpoiledCode | None" = None


@dataclass(frozen=True, slots=True)
class SpoiledAct:
    """Something done before a code is refused: a row of acts.csv without its number and time.

    Attributes:
        of: the code it is about.
    """

    at: int
    row: Row
    of: SpoiledCode | None = None
