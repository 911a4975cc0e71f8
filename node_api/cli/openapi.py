"""`vouchertrail openapi`: the API's description, and the page of errors, as files."""

from __future__ import annotations

from pathlib import Path

import orjson
import rich_click as click

from node_api.cli.options import Shared, shared_options


@click.command(name="openapi")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("docs"))
@shared_options
def cli(shared: Shared, folder: Path) -> None:
    """Write openapi.json and errors.md into FOLDER (docs, where none is named)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in described().items():
        (folder / name).write_text(content, encoding="utf-8")
    shared.tell({"written": sorted(described())}, f"written to {folder}: {', '.join(sorted(described()))}")


def described() -> dict[str, str]:
    """The files by name."""
    from node_api.api.application import describe_api
    from node_api.api.errors_page import errors_page
    from node_api.app import error_selectors

    schema = orjson.dumps(describe_api(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"
    return {"openapi.json": schema, "errors.md": errors_page(error_selectors())}
