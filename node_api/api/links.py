"""Where an answer leads: its ids as parameters and bodies of other operations, for the OpenAPI description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_DONE, _TAKEN = "200", "202"


@dataclass(frozen=True, slots=True)
class Link:
    """From an answer to an operation.

    Attributes:
        parameters: name of a parameter → expression that gives it from request or answer.
        body: the request's body, likewise.
    """

    source: str
    target: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] | None = None
    statuses: tuple[str, ...] = (_DONE,)


def _same(source: str, targets: tuple[str, ...], name: str, expression: str) -> list[Link]:
    """One id that several operations take."""
    return [Link(source, target, {name: expression}) for target in targets]


_OF_PROGRAMME = tuple(
    f"GET /v1/programmes/{{programme}}{rest}" for rest in ("/rules", "/life", "/rounds", "/budget-moves")
)
_OF_VOUCHER = ("GET /v1/vouchers/{voucher}", "GET /v1/audit/vouchers/{voucher}/trace")
_OF_MERCHANT = ("GET /v1/merchants/{merchant}/statement", "GET /v1/merchants/{merchant}/redemptions")
_WEBHOOK = "/v1/webhooks/{name}"
_BOOKING = "/v1/bookings/{booking}"
_SIGNED = ("spends", "merchant", "service", "channel", "lapse_at", "deadline", "signature")

LINKS: tuple[Link, ...] = (
    *(
        Link("POST /v1/wallet/codes", f"POST /v1/redemptions{rest}", body={"code": "$response.body#/code"})
        for rest in ("", "/check")
    ),
    *(
        Link(
            f"POST /v1/redemptions{rest}",
            "GET /v1/operations/{operation}",
            {"operation": "$response.body#/id"},
            statuses=(_DONE, _TAKEN),
        )
        for rest in ("", "/batch")
    ),
    *_same("POST /v1/redemptions", _OF_VOUCHER, "voucher", "$response.body#/items/0/signed_vouchers/0"),
    *_same("GET /v1/wallet/vouchers", _OF_VOUCHER, "voucher", "$response.body#/vouchers/0/id"),
    *_same("GET /v1/wallet/vouchers", ("GET /v1/holders/{address}/vouchers",), "address", "$response.body#/holder"),
    *_same("GET /v1/holders/{address}/vouchers", _OF_VOUCHER, "voucher", "$response.body#/vouchers/0/id"),
    *_same("GET /v1/vouchers/{voucher}", _OF_VOUCHER[1:], "voucher", "$response.body#/id"),
    *_same("GET /v1/vouchers/{voucher}", ("GET /v1/holders/{address}/vouchers",), "address", "$response.body#/holder"),
    *_same(
        "GET /v1/programmes",
        ("GET /v1/programmes/{programme}",),
        "programme",
        "$response.body#/programmes/0/id",
    ),
    *_same("GET /v1/programmes/{programme}", _OF_PROGRAMME, "programme", "$response.body#/id"),
    *_same(
        "GET /v1/programmes/{programme}",
        ("GET /v1/audit/programmes/{programme}/reconciliation",),
        "programme",
        "$response.body#/id",
    ),
    *_same("GET /v1/merchants/{merchant}", _OF_MERCHANT, "merchant", "$request.path.merchant"),
    *_same("GET /v1/merchants/{merchant}/redemptions", _OF_VOUCHER, "voucher", "$response.body#/redemptions/0/voucher"),
    Link(
        "POST /v1/wallet/bookings",
        "POST /v1/bookings",
        body={name: f"$response.body#/{name}" for name in _SIGNED},
    ),
    *_same(
        "POST /v1/wallet/bookings",
        (f"GET {_BOOKING}", f"POST {_BOOKING}/capture", f"POST {_BOOKING}/release"),
        "booking",
        "$response.body#/digest",
    ),
    Link("POST /v1/claims", "GET /v1/claims/{claim}", {"claim": "$response.body#/id"}, statuses=(_DONE, _TAKEN)),
    *_same("GET /v1/settlements", ("GET /v1/settlements/{run}",), "run", "$response.body#/runs/0/run"),
    *_same(
        "POST /v1/disputes",
        ("GET /v1/disputes/{dispute}", "POST /v1/disputes/{dispute}/decision"),
        "dispute",
        "$response.body#/id",
    ),
    *_same(
        f"PUT {_WEBHOOK}",
        (f"DELETE {_WEBHOOK}", f"POST {_WEBHOOK}/replay", f"POST {_WEBHOOK}/secret"),
        "name",
        "$request.path.name",
    ),
)


def add_links(schema: dict[str, Any]) -> None:
    """Writes the links into a description."""
    for link in LINKS:
        target = _operation(schema, link.target)
        told: dict[str, object] = {"operationId": target["operationId"]}
        if link.parameters:
            told["parameters"] = dict(link.parameters)
        if link.body is not None:
            told["requestBody"] = dict(link.body)
        for status in link.statuses:
            links = _operation(schema, link.source)["responses"][status].setdefault("links", {})
            links[target["operationId"]] = told


def _operation(schema: dict[str, Any], name: str) -> dict[str, Any]:
    method, path = name.split()
    found: dict[str, Any] = schema["paths"][path][method.lower()]
    return found
