"""Routes that are answered once a block has what they did: they wait on threads of their own, and keep nobody else waiting."""

from collections.abc import Callable
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi.routing import APIRoute

from node_api.domain.errors import ChainUnavailable

MOST = 200
"""Requests of a process that wait for blocks at once; one more is answered 503."""
_threads: RunVar[CapacityLimiter] = RunVar("_threads")


class PatientRoute(APIRoute):
    """A route whose POST waits for a block."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **told: Any) -> None:
        """See FastAPI, which makes a route anew from the endpoint of another one where routers are joined."""
        waits = "POST" in (told.get("methods") or ()) and not iscoroutinefunction(endpoint)
        super().__init__(path, _patient(endpoint) if waits else endpoint, **told)


def _patient(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(endpoint)
    async def patient(*given: Any, **named: Any) -> Any:
        threads = _own_threads()
        if threads.borrowed_tokens >= MOST:
            raise ChainUnavailable(f"{MOST} requests wait for blocks already")
        return await to_thread.run_sync(partial(endpoint, *given, **named), limiter=threads)

    return patient


def _own_threads() -> CapacityLimiter:
    """Those of the event loop."""
    found = _threads.get(None)
    if found is None:
        found = CapacityLimiter(MOST)
        _threads.set(found)
    return found
