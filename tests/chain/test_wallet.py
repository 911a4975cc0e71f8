"""The custodial wallet: one key a person and programme, always the same, unlike any other."""

import pytest
from eth_hash.auto import keccak

from node_api.chain.eip712 import recover
from node_api.chain.wallet import CustodialWallet

MASTER = bytes(range(32))
VECTOR = "0x02891f0a46d53F25fb902D432BDB3694b4115D15"  # funded holders depend on it: it must never change


def test_address__same_references__is_the_same_for_ever() -> None:
    assert CustodialWallet(MASTER).address("campaign-18", "household-1") == VECTOR


def test_address__other_person_programme_split_or_master__is_another() -> None:
    wallet = CustodialWallet(MASTER)
    addresses = {
        wallet.address("ab", "c"),
        wallet.address("a", "bc"),
        wallet.address("ab", "d"),
        wallet.address("abc", ""),
        CustodialWallet(bytes(32)).address("ab", "c"),
    }

    assert len(addresses) == 5


def test_sign__any_digest__recovers_to_the_address() -> None:
    wallet, digest = CustodialWallet(MASTER), keccak(b"digest")

    assert recover(digest, wallet.sign("p", "h", digest)) == wallet.address("p", "h")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_wallet__master_of_another_size__is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"not {size}"):
        CustodialWallet(bytes(size))
