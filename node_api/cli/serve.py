"""`vouchertrail serve`: the API of this node."""

from __future__ import annotations

import errno
import functools
import ipaddress
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import rich_click as click

from node_api.cli.deploy import open_deployed_chain
from node_api.cli.keys import key_ring
from node_api.cli.options import CHAIN_FAULT, FAULT, SETTINGS_FAULT, Shared, fail, shared_options
from node_api.domain.errors import ChainUnavailable, IndexNotReady
from node_api.logs import configure_logs

if TYPE_CHECKING:
    from fastapi import FastAPI

    from node_api.app import RunningNode

DEFAULT_PORT = 8088
_NO_ADDRESS = {errno.EADDRINUSE, errno.EADDRNOTAVAIL}

F = TypeVar("F", bound=Callable[..., object])


def listening_options(command: F) -> F:
    """Adds `--host`, `--port` and `--public`."""
    host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
    port = click.option(
        "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 for any free one."
    )
    public = click.option("--public", is_flag=True, help="Allow an address that others can reach. Put TLS in front.")
    return host(port(public(command)))


@click.command(name="serve")
@listening_options
@click.option(
    "--intake",
    default=0,
    show_default=True,
    type=click.IntRange(0, 64),
    help="Processes that only take redemptions in, beside the one that sends them; 0: that one does both.",
)
@shared_options
def cli(shared: Shared, host: str, port: int, public: bool, intake: int) -> None:
    """Serve the API until told to stop; the embedded chain is started where it does not run."""
    require_fit(shared, host, public=public)
    from node_api.app import build_node

    with (
        starting_faults(shared),
        build_node(shared.settings, open_deployed_chain(shared.settings), key_ring(shared.settings)) as node,
    ):
        if intake:
            from node_api.serving import listen_together

            _serve_together(shared, node, listen_together(host, port, intake))
        else:
            serve_until_told(shared, node.api, host, port)


def _serve_together(shared: Shared, node: RunningNode, listeners: list[socket.socket]) -> None:
    """Serves until SIGINT or SIGTERM, with a process that takes in behind each listener."""
    from node_api.intakes import Intakes, kept
    from node_api.serving import serve_socket, url_of

    intakes = Intakes(shared.settings, listeners, node.ears())
    node.tell(intakes)

    def told() -> None:
        if intakes.wait_ready():
            _tell_url(shared, url_of(listeners[0]))

    with kept(intakes):
        threading.Thread(target=told, daemon=True).start()
        serve_socket(node.api, intakes.socket, intakes.stop)


def require_fit(shared: Shared, host: str, *, public: bool) -> None:
    """Ends the command where the address can be reached from outside and should not, or signatures would take too long."""
    require_loopback(shared, host, public=public)
    try:
        import coincurve
    except ImportError:
        told = "coincurve is missing: signatures would take twelve times as long"
        fail(told, SETTINGS_FAULT, as_json=shared.as_json)
    del coincurve
    configure_logs(logging.INFO)


def require_loopback(shared: Shared, host: str, *, public: bool) -> None:
    """Ends the command where the address can be reached from outside and should not."""
    if not (public or is_loopback(host)):
        fail(
            f"{host} can be reached from outside: give --public if you mean it, and put TLS in front",
            SETTINGS_FAULT,
            as_json=shared.as_json,
        )


def serve_until_told(shared: Shared, api: FastAPI, host: str, port: int) -> None:
    """Serves until SIGINT or SIGTERM."""
    from node_api.serving import serve

    serve(api, host, port, functools.partial(_tell_url, shared))


def _tell_url(shared: Shared, url: str) -> None:
    shared.tell({"url": url}, f"serving at {url}, documented at {url}/docs")


@contextmanager
def starting_faults(shared: Shared) -> Iterator[None]:
    """Turns what keeps a node from starting into exit codes."""
    from node_api.app import NotStarted

    try:
        yield
    except (ChainUnavailable, IndexNotReady) as error:
        fail(str(error), CHAIN_FAULT, kind=error.name, as_json=shared.as_json)
    except NotStarted as error:
        fail(str(error), FAULT, kind="NotStarted", as_json=shared.as_json)
    except OSError as error:
        if error.errno not in _NO_ADDRESS:
            raise
        told = f"{error.strerror}; what to do: end what listens there, or give another --host or --port"
        fail(told, FAULT, kind="NotStarted", as_json=shared.as_json)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
