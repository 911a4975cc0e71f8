"""The page of errors: docs/errors.md and `GET /errors` are its output."""

from collections.abc import Mapping

from node_api.api.problems import status_of
from node_api.domain import errors
from node_api.domain.claim_refusals import ClaimRefusal
from node_api.domain.errors import DomainError
from node_api.domain.refusals import NodeRefusal, RuleRefusal
from node_api.domain.reverts import RULES_AND_REMEDIES

_HEAD = """# Errors

Every error names a value, the rule it breaks and a remedy. Over HTTP it is an RFC 9457 problem whose `type` is an anchor on this
page, and whose `reason` is the name below. The statuses stand in one file, `node_api/api/problems.py`; this page is written by
`vouchertrail openapi`, and a test holds it current.

400: the request does not fit. 401, 403: who asks may not. 404: nothing has that id. 422: the request fits, and the rules say no.
429: too many requests of this API key; `Retry-After` says when to go on.
502: the chain refused the call. 503: try again later, with the same Idempotency-Key; where it passes
by itself, `Retry-After` says when.
"""


_RULES = """
## Refusals of a redemption

In the order in which they are checked. The contract's reason is the selector of the error named.

| Reason | Selector | Contract error | Status | Rule | Remedy |
|---|---|---|---|---|---|"""
_NODE = """
What only the node can see, checked after them:

| Reason | Status | Rule | Remedy |
|---|---|---|---|"""
_CLAIMS = """
## Refusals of a claim

In the order in which they are checked. The contract's reason is the selector of the error named.

| Reason | Selector | Contract error | Status | Rule | Remedy |
|---|---|---|---|---|---|"""
_API = """
## Errors of the API

| Reason | Status | Rule | Remedy |
|---|---|---|---|"""
_REVERTS = """
## Errors of the contracts

A call that meets one of these takes no effect.

| Error | Selector | Rule | Remedy |
|---|---|---|---|"""


def errors_page(selectors: Mapping[str, str]) -> str:
    """The page, Markdown.

    Args:
        selectors: 0x-hex selector of every custom error of the contracts, by the error's name.
    """
    rules = [_rule_row(reason, f"Vouchers_{reason.__name__}", selectors) for reason in RuleRefusal.__subclasses__()]
    claims = [_rule_row(reason, f"CaseDesk_{reason.__name__}", selectors) for reason in ClaimRefusal.__subclasses__()]
    node = [_row(reason) for reason in NodeRefusal.__subclasses__()]
    api = [_row(kind) for kind in api_errors()]
    reverts = [
        f"| {_anchor(name)} | `{selectors[name]}` | {rule} | {remedy} |"
        for name, (rule, remedy) in RULES_AND_REMEDIES.items()
    ]
    return "\n".join([_HEAD, _RULES, *rules, _NODE, *node, _CLAIMS, *claims, _API, *api, _REVERTS, *reverts]) + "\n"


def api_errors() -> list[type[DomainError]]:
    """Every leaf that is neither a refusal nor a contract's."""
    kinds: list[type[DomainError]] = [errors.CallFailed]
    for branch in (errors.Unknown, errors.Misuse, errors.Denied, errors.Unavailable):
        kinds += branch.__subclasses__()
    return kinds


def _rule_row(reason: type[DomainError], error: str, selectors: Mapping[str, str]) -> str:
    name, status = _anchor(reason.__name__), int(status_of(reason))
    return f"| {name} | `{selectors[error]}` | `{error}` | {status} | {reason.rule} | {reason.remedy} |"


def _row(kind: type[DomainError]) -> str:
    return f"| {_anchor(kind.__name__)} | {int(status_of(kind))} | {kind.rule} | {kind.remedy} |"


def _anchor(name: str) -> str:
    return f'<a id="{name.lower()}"></a>`{name}`'
