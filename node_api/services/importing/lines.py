"""The lines of a file as text, with what the CSV reader must not see taken out and told as a fault."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from node_api.domain.importing.faults import Fault
from node_api.services.importing.report import Faults

LINE_MAX = 1 << 20
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CUT_OFF = "the last line ends like the others: a file that was cut off does not"
_EVERY = 1 << 16  # lines between two calls of the progress callback


def text_lines(
    stream: BinaryIO, file: str, faults: Faults, progress: Callable[[int], None] = lambda _: None
) -> Iterator[str]:
    """Every line of `stream`, decoded, one string for each physical line whatever is wrong with it.

    `progress` is told the bytes read, every 65,536 lines and at the end. A line of more than 1 MiB is a fault and comes
    out empty. So is a last line without an end: a file cut off within its last field would otherwise pass for a whole one.
    """
    number, last = 0, b"\n"
    while line := stream.readline(LINE_MAX):
        number += 1
        if number == 1:
            if line.startswith(_UTF16):
                faults.add([_fault(file, 1, "the file is UTF-16; import files are UTF-8", "save it as UTF-8")])
                return
            line = line.removeprefix(_BOM)
        last = line
        yield _checked(line, stream, file, number, faults)
        if number % _EVERY == 0:
            progress(stream.tell())
    progress(stream.tell())
    if not last.endswith(b"\n") and len(last) < LINE_MAX:
        faults.add([_fault(file, number, _CUT_OFF, "if the row is whole, end its line; else get the whole file again")])


def _checked(raw: bytes, stream: BinaryIO, file: str, number: int, faults: Faults) -> str:
    if len(raw) >= LINE_MAX and not raw.endswith(b"\n"):
        faults.add([_fault(file, number, "a line has at most 1 MiB", "check that lines end in LF or CRLF")])
        while (rest := stream.readline(LINE_MAX)) and not rest.endswith(b"\n"):
            pass
        return "\n"
    if b"\0" in raw:
        faults.add([_fault(file, number, "a line holds no NUL bytes", "save the file as plain UTF-8 text")])
        raw = raw.replace(b"\0", b"?")
    try:
        return raw.decode()
    except UnicodeDecodeError as bad:
        rule = f"byte {bad.start + 1} of the line is not UTF-8"
        faults.add([_fault(file, number, rule, "save the file as UTF-8")])
        return raw.decode(errors="replace")


def _fault(file: str, line: int, rule: str, remedy: str) -> Fault:
    return Fault(file, line, "", "", rule, remedy)
