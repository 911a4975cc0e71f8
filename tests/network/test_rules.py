"""Rules of a plan: what is refused, and that both sides of each bound are.

sound plans → pass, without weaknesses
parameters: block time, gas limit, chain id at their bounds, public chains
organisations: names, twice, roles, nobody makes blocks, no account on Besu
validators: QBFT 3 | 4, Clique 2 | 3, even | odd; accepted by name, and recorded
addresses: no host, mixed loopback, ports at their bounds and taken, ports that count up
RPC that others reach: a validator's, geth's, Besu's with and without a key; on loopback
public keys handed in: lacking, shared with another
every fault of a plan → named at once, each with value, rule and remedy
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from node_api.domain.ids import Address
from node_api.network.faults import PlanRefused, Refusal
from node_api.network.plan import Engine, Organisation, OwnKeys, Parameters, Role, seats
from node_api.network.rules import EVEN_SIGNERS, NO_FAULT_TOLERATED, WEAKNESSES, require_sound
from tests.network.conftest import MEMBERS, SENDER, organisations, parameters

GETH, BESU = Engine.GETH_CLIQUE, Engine.BESU_QBFT
Members = tuple[Organisation, ...]


def refused(members: Members, given: Parameters | None = None) -> list[Refusal]:
    with pytest.raises(PlanRefused) as caught:
        require_sound(given or parameters(), members, ())
    assert all(one.value and one.rule and one.remedy for one in caught.value.refusals)
    return caught.value.refusals


def only(members: Members, given: Parameters | None = None) -> str:
    (refusal,) = refused(members, given)
    return str(refusal)


def changed(**fields: object) -> Members:
    """Five organisations, the second one with an observer and these fields."""
    first, second, *rest = organisations()
    return (first, replace(second, **fields), *rest)  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", Engine)
def test_plan__when_sound__then_passes(engine: Engine) -> None:
    assert require_sound(parameters(engine), organisations(), ()) == ()


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [("block_time", 1, 60), ("gas_limit", 30_000_000, 2**53 - 1), ("chain_id", 2, 2**53 - 1)],
)
def test_parameter__when_at_its_bounds__then_taken_and_beyond_refused(field: str, least: int, most: int) -> None:
    for value in (least, most):
        require_sound(parameters(GETH, **{field: value}), organisations(), ())
    for value in (least - 1, most + 1):
        assert str(value) in only(organisations(), parameters(GETH, **{field: value}))


def test_chain_id__when_nought__then_refused() -> None:
    assert "must be from 1" in only(organisations(), parameters(chain_id=0))


@pytest.mark.parametrize("name", ["", "Treasury", "1st", "a b", "a/b", "..", "a" * 31, "shared"])
def test_name__when_of_another_form__then_refused(name: str) -> None:
    assert "small letters" in only(changed(name=name))


def test_name__when_there_twice__then_refused() -> None:
    assert "must be there once" in only(changed(name=MEMBERS[0]))


@pytest.mark.parametrize("roles", [(), (Role.OBSERVER, Role.OBSERVER)])
def test_roles__when_none_or_twice__then_refused(roles: tuple[Role, ...]) -> None:
    first, second, third, *_ = organisations()
    assert "each once" in only((first, replace(second, roles=roles), third, *organisations()[3:4]))


def test_validators__when_there_are_none__then_refused() -> None:
    assert "somebody must make blocks" in only((replace(organisations()[0], roles=(Role.OBSERVER,)),))


def test_accounts__when_besu_has_none__then_refused() -> None:
    nobody = tuple(replace(one, accounts=()) for one in organisations())
    assert "allow-list" in only(nobody, parameters(BESU))
    assert require_sound(parameters(GETH), nobody, ()) == ()


@pytest.mark.parametrize(
    ("engine", "count", "weak"),
    [
        (BESU, 1, {NO_FAULT_TOLERATED}),
        (BESU, 3, {NO_FAULT_TOLERATED}),
        (BESU, 4, set()),
        (GETH, 1, {NO_FAULT_TOLERATED}),
        (GETH, 2, {NO_FAULT_TOLERATED, EVEN_SIGNERS}),
        (GETH, 3, set()),
        (GETH, 4, {EVEN_SIGNERS}),
        (GETH, 5, set()),
    ],
)
def test_validators__when_so_many__then_weaknesses_are_refused_until_accepted(
    engine: Engine, count: int, weak: set[str]
) -> None:
    members = organisations(count)
    assert set(require_sound(parameters(engine), members, WEAKNESSES)) == weak
    if weak:
        texts = list(map(str, refused(members, parameters(engine))))
        assert len(texts) == len(weak)
        assert all(any(f"--accept {name}" in text for text in texts) for name in weak)
    if weak == {NO_FAULT_TOLERATED, EVEN_SIGNERS}:
        with pytest.raises(PlanRefused, match="even number"):
            require_sound(parameters(engine), members, [NO_FAULT_TOLERATED])


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "Über.example", "a_b", "-a", "a..b", "10.0.0.1:30303"])  # noqa: S104
def test_host__when_nobody_can_reach_it__then_refused(host: str) -> None:
    assert "the others reach" in only(organisations(host=host))


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "node-1.example.org", "localhost"])
def test_host__when_others_reach_it__then_taken(host: str) -> None:
    assert require_sound(parameters(), organisations(host=host), ()) == ()


def test_rpc_host__when_it_is_no_address_but_a_command__then_refused() -> None:
    members = organisations()
    hostile = replace(
        members[1], rpc_host="::1%$(id)"
    )  # a zone of IPv6 may be any text, and is written into gateway.sh
    with pytest.raises(PlanRefused, match="geth does not ask callers who they are"):
        require_sound(parameters(), (members[0], hostile, *members[2:]), ())


def test_hosts__when_some_are_on_loopback__then_refused() -> None:
    assert "cannot be reached" in only(changed(host="192.0.2.1"))


@pytest.mark.parametrize(("port", "good"), [(1023, False), (1024, True), (65534, True), (65535, False)])
def test_port__when_at_its_bounds__then_of_every_node(port: int, good: bool) -> None:
    members = changed(p2p_port=port)  # its observer has the next one
    if good:
        assert require_sound(parameters(), members, ()) == ()
    else:
        assert "must be from 1024 to 65535" in only(members)


@pytest.mark.parametrize(
    ("engine", "fields", "taken"),
    [
        (BESU, {"p2p_port": 30303}, {"P2P of treasury-validator"}),
        (BESU, {"rpc_port": 30302}, {"P2P of treasury-validator"}),
        (GETH, {"rpc_port": 9544}, {"engine API of treasury-validator"}),
    ],
)
def test_port__when_taken_at_that_host__then_refused(
    engine: Engine, fields: dict[str, object], taken: set[str]
) -> None:
    texts = list(map(str, refused(changed(**fields), parameters(engine))))
    assert all(any(f"is taken at 127.0.0.1: {one}" in text for text in texts) for one in taken)


def test_port__when_engine_api_is_not_there__then_free() -> None:
    assert require_sound(parameters(BESU), changed(rpc_port=9545), ()) == ()


def test_port__when_at_other_hosts__then_the_same_may_be_used() -> None:
    members = tuple(replace(one, host=f"192.0.2.{at}") for at, one in enumerate(organisations(), 1))
    assert require_sound(parameters(), members, ()) == ()
    assert [seat.p2p_port for seat in seats(members)] == [30303, 30303, 30304, 30303, 30303, 30303]


def test_ports__when_not_given__then_count_up_at_a_host() -> None:
    assert [seat.rpc_port for seat in seats(organisations())] == [8545, 8546, 8547, 8548, 8549, 8550]


@pytest.mark.parametrize(
    ("engine", "fields", "why"),
    [
        (GETH, {}, "does not ask callers"),
        (BESU, {}, "nothing asks them"),
        (BESU, {"rpc_jwt": "callers.pem", "roles": (Role.VALIDATOR,)}, "its own machine only"),
        (BESU, {"rpc_jwt": "callers.pem"}, ""),
        (BESU, {"rpc_host": "127.0.0.2"}, ""),
    ],
)
def test_rpc__when_others_can_reach_it__then_only_with_authentication(
    engine: Engine, fields: dict[str, object], why: str
) -> None:
    members = changed(**({"rpc_host": "192.0.2.9"} | fields))
    if why:
        assert why in only(members, parameters(engine))
    else:
        assert require_sound(parameters(engine), members, ()) == ()


def own(letter: str, **nodes: str) -> OwnKeys:
    return OwnKeys(SENDER, {Role(role): node_id for role, node_id in nodes.items()}, Address("0x" + letter * 40))


def test_keys__when_handed_in__then_all_that_the_roles_need() -> None:
    whole = own("1", validator="a" * 128, observer="b" * 128)
    assert require_sound(parameters(), changed(keys=whole), ()) == ()
    assert "lack observer" in only(changed(keys=own("1", validator="a" * 128)))
    assert "lack signer" in only(changed(keys=replace(whole, signer=None)))
    assert require_sound(parameters(BESU), changed(keys=replace(whole, signer=None)), ()) == ()


def test_keys__when_anothers__then_refused() -> None:
    first, second, *rest = changed(keys=own("1", validator="a" * 128, observer="b" * 128))
    thief = replace(first, keys=replace(own("2", validator="a" * 128), account=Address("0x" + "3" * 40)))
    assert "treasury's, too" in only((thief, second, *rest))


def test_plan__when_much_is_wrong__then_all_is_named() -> None:
    texts = list(map(str, refused(changed(name="A B", rpc_host="192.0.2.9", p2p_port=80), parameters(block_time=0))))
    assert len(texts) == 5
