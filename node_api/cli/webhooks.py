"""`vouchertrail webhooks`: who is told of events by signed messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import rich_click as click

from node_api.cli.options import FAULT, SETTINGS_FAULT, USAGE, Shared, fail, shared_options
from node_api.domain.errors import AddressRefused, PlaceAhead, SubscriberUnknown, WebhookKeyUnfit
from node_api.domain.ids import MERCHANT_IDS, MerchantId, ProgrammeId
from node_api.domain.subscribers import NAME_PATTERN, Subscriber
from node_api.domain.told import Wanted
from node_api.services.subscribing import Subscribing
from node_api.telling import opened_subscribing


@click.group(name="webhooks")
def cli() -> None:
    """Put, list, replay and remove subscribers to events. They are told by `vouchertrail serve`."""


@cli.command()
@click.argument("name")
@click.argument("url")
@click.option("--programme", type=click.IntRange(1, (1 << 24) - 1), help="Only events of this programme.")
@click.option("--merchant", type=click.IntRange(1, MERCHANT_IDS - 1), help="Only events that concern this merchant.")
@click.option("--after", help="A new one is told what follows this place (0: everything); without it, from now on.")
@shared_options
def put(shared: Shared, name: str, url: str, programme: int | None, merchant: int | None, after: str | None) -> None:
    """Have messages sent to URL, and print the secret they are signed with."""
    if not re.fullmatch(NAME_PATTERN, name):
        rule = "a subscriber's name has 1 to 40 small letters, digits and dashes, the first of them no dash"
        fail(f"{name!r}; the rule: {rule}; what to do: choose another one", USAGE, as_json=shared.as_json)
    wanted = Wanted(
        None if programme is None else ProgrammeId(programme), None if merchant is None else MerchantId(merchant)
    )
    with _opened(shared) as subscribing:
        kept, secret = subscribing.put(name, url, wanted, after)
    shared.tell({**_fields(kept), "secret": secret}, secret)


@cli.command(name="list")
@shared_options
def list_subscribers(shared: Shared) -> None:
    """List subscribers, how far each has been told, and what keeps one from being told."""
    with _opened(shared) as subscribing:
        found = subscribing.all()
    lines = "\n".join(map(_line, found)) or "there are no subscribers yet"
    shared.tell({"subscribers": [_fields(one) for one in found]}, lines)


@cli.command()
@click.argument("name")
@click.option("--after", required=True, help="A place: block, or block-log; 0 for everything.")
@shared_options
def replay(shared: Shared, name: str, after: str) -> None:
    """Have NAME told again what follows a place."""
    with _opened(shared) as subscribing:
        moved = subscribing.replay(name, after)
    shared.tell(_fields(moved), f"{name} is told again what follows {moved.upto}")


@cli.command()
@click.argument("name")
@shared_options
def rotate(shared: Shared, name: str) -> None:
    """Give NAME a new secret and print it; for a day the one before signs, too."""
    with _opened(shared) as subscribing:
        kept, secret = subscribing.rotate(name)
    shared.tell({**_fields(kept), "secret": secret}, secret)


@cli.command()
@click.argument("name")
@shared_options
def remove(shared: Shared, name: str) -> None:
    """Forget NAME."""
    with _opened(shared) as subscribing:
        subscribing.remove(name)
    shared.tell({"removed": name}, f"{name} is told nothing any more")


@contextmanager
def _opened(shared: Shared) -> Iterator[Subscribing]:
    try:
        with opened_subscribing(shared.settings) as subscribing:
            yield subscribing
    except (AddressRefused, PlaceAhead, SubscriberUnknown) as error:
        fail(str(error), FAULT, kind=error.name, as_json=shared.as_json)
    except WebhookKeyUnfit as error:
        fail(str(error), SETTINGS_FAULT, kind=error.name, as_json=shared.as_json)
    except ValueError as error:
        fail(str(error), USAGE, as_json=shared.as_json)


def _fields(one: Subscriber) -> dict[str, object]:
    shown = asdict(one)
    del shown["salt"], shown["old_salt"]
    return {**shown, "upto": str(one.upto)}


def _line(one: Subscriber) -> str:
    state = "gone" if one.gone else f"waits: {one.fault}" if one.fault else "well"
    return f"{one.name:20} {one.url}  told {one.told:,} up to {one.upto}  {state}"
