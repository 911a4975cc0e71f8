"""What becomes of the small world's merchants and budgets: terms, payouts, terminals and lines that change, runs that skip."""

from __future__ import annotations

from node_api.chain.keys import KeyRole
from node_api.domain.ids import Address, line_id
from tests.world import CATERING, DAY, FACE_A, FACE_B, STARTS_AT, TILL_ONLY, World

FIRST_LINE, SECOND_LINE = line_id(1, 1), line_id(1, 2)  # type: ignore[arg-type]
NEW_PAYOUT = Address("0x" + "77" * 20)
NEW_TERMINAL = Address("0x" + "78" * 20)
REGION = 0x1101000004
LIMIT = 2**64 - 5
MOVED, MOVED_LATER = 500_000, 400_000


def move_budgets(world: World) -> None:
    """Three moves from the first line to the second: one with its money, one with what is there, one taken back."""
    for amount in (MOVED, MOVED_LATER, 1):
        world.send(KeyRole.TREASURER, "Treasury", "proposeMove", FIRST_LINE, SECOND_LINE, amount, "more demand")
    for move in (1, 2):
        world.send(KeyRole.APPROVER, "Treasury", "approveMove", move)
    world.send(KeyRole.TREASURER, "Treasury", "withdrawMove", 3, "not needed")


def change_merchants(world: World, now: int) -> None:
    """Merchant 1 gets other terms, another payout account, another terminal with a limit; 2 is removed, 3 rejected."""
    registrar, approver, registry = KeyRole.REGISTRAR, KeyRole.APPROVER, "MerchantRegistry"
    payout = world.roles.address(KeyRole.ARBITER)
    terms = (CATERING, REGION, TILL_ONLY, payout)
    world.send(registrar, registry, "enter", ["shop-3"], [terms])
    world.send(approver, registry, "reject", 3, "no licence")
    world.send(registrar, registry, "proposeChange", 1, terms)
    world.send(approver, registry, "change", 1, terms)
    world.send(registrar, registry, "limitTerminal", 1, world.address_of(world.terminal), LIMIT)
    world.send(registrar, registry, "replaceTerminal", 1, world.address_of(world.terminal), NEW_TERMINAL)
    world.send(registrar, registry, "addKey", 2, payout)
    world.send(registrar, registry, "proposeRemoval", 2, "closed")
    world.send(approver, registry, "remove", 2, "shop closed")
    world.send(registrar, registry, "proposePayout", 1, Address("0x" + "79" * 20))
    world.send(registrar, registry, "withdrawPayout", 1, "a forged letter")
    world.send(registrar, registry, "proposePayout", 1, NEW_PAYOUT)
    world.at(now)
    world.send(approver, registry, "approvePayout", 1, NEW_PAYOUT)


def settle_with_skips(world: World) -> None:
    """A run of four entries: paid, another amount, a removed merchant's, nothing there; and a run nobody released."""
    first = world.day(STARTS_AT + 100)
    entries = [
        (FIRST_LINE, 1, first, FACE_A),
        (SECOND_LINE, 1, first, FACE_B + 1),
        (FIRST_LINE, 2, first, FACE_A),
        (FIRST_LINE, 1, first + 5, 7),
    ]
    world.send(KeyRole.TREASURER, "Treasury", "prepareSettlement", entries)
    world.send(KeyRole.TREASURER, "Treasury", "prepareSettlement", entries[1:2])
    world.send(KeyRole.APPROVER, "Treasury", "releaseSettlement", 1, entries)


def changed(world: World) -> World:
    """The world's story with all of this in it, up to its settlement."""
    world.fund()
    world.issue()
    world.spend()
    move_budgets(world)
    change_merchants(world, STARTS_AT + 8 * DAY)
    settle_with_skips(world)
    token = world.addresses["SettlementToken"]
    world.send(KeyRole.APPROVER, "Treasury", "disallowToken", token)
    world.send(KeyRole.APPROVER, "Treasury", "allowToken", token)
    return world
