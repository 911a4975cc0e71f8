"""A folder's own redemptions and acts with the spoiled ones sorted in among them, numbered anew."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from node_api.domain.importing import values
from node_api.domain.importing.acts import ACTS
from node_api.domain.importing.parse_redemption import REDEMPTIONS
from node_api.loaders.folder_writer import Row, iso
from node_api.loaders.spoil.rewrite import read_rows
from node_api.loaders.spoil.spoiled import SpoiledAct, SpoiledCode


class Merged:
    """Streams both files; the redemptions first, since acts name codes by their new numbers."""

    def __init__(self, folder: Path, codes: Sequence[SpoiledCode], acts: Sequence[SpoiledAct]) -> None:
        self._folder = folder
        self._codes = codes
        self._acts = acts
        self._own: dict[str, int] = {}  # new numbers by the folder's own
        self._spoiled: dict[int, int] = {}  # and by the identity of a spoiled code

    def redemptions(self) -> Iterator[Row]:
        """All rows in the order of their times; at the same second the folder's own come first."""
        entries: list[tuple[int, int, list[Row], SpoiledCode | None]] = []
        for _, group in groupby(read_rows(self._folder, REDEMPTIONS), itemgetter("code")):
            own: list[Row] = list(group)
            entries.append((values.time(str(own[0]["redeemed_at"])), 0, own, None))
        entries += (
            (code.at, 1, [{**row, "redeemed_at": iso(code.at)} for row in code.rows], code) for code in self._codes
        )
        number = 0
        for code_number, (_, _, rows, spoiled) in enumerate(sorted(entries, key=itemgetter(0, 1)), 1):
            repeats = self._take(code_number, rows, spoiled)
            for row in rows:
                number += 1
                yield {**row, "row": number, "code": code_number, **repeats}

    def acts(self) -> Iterator[Row]:
        """All acts in the order of their times; at the same second the folder's own come first."""
        entries: list[tuple[int, int, Row]] = []
        if (self._folder / ACTS.file).exists():
            for own in read_rows(self._folder, ACTS):
                code = self._own.get(str(own.get("code", "")), "")
                entries.append((values.time(str(own["at"])), 0, {**own, "code": code}))
        for act in self._acts:
            about = {} if act.of is None else {"code": self._spoiled[id(act.of)]}
            entries.append((act.at, 1, {**act.row, **about, "at": iso(act.at)}))
        for number, (_, _, row) in enumerate(sorted(entries, key=itemgetter(0, 1)), 1):
            yield {**row, "act": number}

    def _take(self, number: int, rows: Sequence[Row], spoiled: SpoiledCode | None) -> Row:
        """Remembers a code's new number; gives the number of the code that it repeats."""
        if spoiled is None:
            self._own[str(rows[0]["code"])] = number
            before = self._own.get(str(rows[0].get("repeats", "")))
            return {} if before is None else {"repeats": before}
        self._spoiled[id(spoiled)] = number
        return {} if spoiled.repeats is None else {"repeats": self._spoiled[id(spoiled.repeats)]}
