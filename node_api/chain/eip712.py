"""EIP-712 digests of everything that is signed, built by hand, and signatures over them by libsecp256k1.

The types stand in docs/storage.md, section 5; `Digests.sol` and `Signatures.sol` are their twins on chain. A test holds this
module equal to eth-account's `encode_typed_data`.
"""

from coincurve import PrivateKey, PublicKey
from eth_utils.address import to_checksum_address

from node_api.chain.hashing import keccak
from node_api.domain.abi import word
from node_api.domain.claims import Claim
from node_api.domain.ids import Address, Amount, Hash, MerchantId
from node_api.domain.items import Item, OpenCode, Spend
from node_api.domain.reservations import Capture, Release, Reservation
from node_api.domain.transfers import TransferOrder

NAME = "VoucherTrail"
VERSION = "1"
SPEND_TYPE = "Spend(uint256 voucher,uint256 amount,uint256 sequence)"
REDEMPTION_TYPE = (
    "Redemption(Spend[] spends,uint256 merchant,uint256 bill,bytes32 receipt,uint256 channel,uint256 deadline)"
    + SPEND_TYPE
)
OPEN_TYPE = "OpenRedemption(Spend[] spends,uint256 maxBill,uint256 channel,uint256 deadline)" + SPEND_TYPE
TRANSFER_TYPE = "Transfer(uint256 voucher,address to,uint256 deadline)"
CONSENT_TYPE = "Consent(bytes32 redemption)"
TERMINAL_BATCH_TYPE = "TerminalBatch(uint256 merchant,bytes32[] redemptions)"
BOOKING_TYPE = (
    "Booking(Spend[] spends,uint256 merchant,bytes32 service,uint256 channel,uint256 lapseAt,uint256 deadline)"
    + SPEND_TYPE
)
PART_TYPE = "Part(uint256 voucher,uint256 amount)"
CAPTURE_TYPE = "Capture(bytes32 booking,Part[] parts,uint256 bill,bytes32 receipt,uint256 deadline)" + PART_TYPE
RELEASE_TYPE = "Release(bytes32 booking,uint256[] vouchers,uint256 deadline)"
_CLAIM_FIELDS = {
    "programme": "uint256",
    "round": "uint256",
    "holder": "address",
    "nullifier": "bytes32",
    "deadline": "uint256",
}
_CASE_FIELDS = {"redemption": "bytes32", "voucher": "uint256", "reason": "bytes32", "deadline": "uint256"}

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half the order of secp256k1: a signature's s must not be above it."""

_DOMAIN_HASH = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_SPEND_HASH = keccak(SPEND_TYPE.encode())
_REDEMPTION_HASH = keccak(REDEMPTION_TYPE.encode())
_TERMINAL_BATCH_HASH = keccak(TERMINAL_BATCH_TYPE.encode())
_CLAIM_HASH = keccak(f"Claim({','.join(f'{kind} {name}' for name, kind in _CLAIM_FIELDS.items())})".encode())

TYPES: dict[str, list[dict[str, str]]] = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    "Spend": [
        {"name": "voucher", "type": "uint256"},
        {"name": "amount", "type": "uint256"},
        {"name": "sequence", "type": "uint256"},
    ],
    "Redemption": [
        {"name": "spends", "type": "Spend[]"},
        {"name": "merchant", "type": "uint256"},
        {"name": "bill", "type": "uint256"},
        {"name": "receipt", "type": "bytes32"},
        {"name": "channel", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ],
    "OpenRedemption": [
        {"name": "spends", "type": "Spend[]"},
        {"name": "maxBill", "type": "uint256"},
        {"name": "channel", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ],
    "TerminalBatch": [
        {"name": "merchant", "type": "uint256"},
        {"name": "redemptions", "type": "bytes32[]"},
    ],
    "Booking": [
        {"name": "spends", "type": "Spend[]"},
        {"name": "merchant", "type": "uint256"},
        {"name": "service", "type": "bytes32"},
        {"name": "channel", "type": "uint256"},
        {"name": "lapseAt", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ],
    "Part": [{"name": "voucher", "type": "uint256"}, {"name": "amount", "type": "uint256"}],
    "Capture": [
        {"name": "booking", "type": "bytes32"},
        {"name": "parts", "type": "Part[]"},
        {"name": "bill", "type": "uint256"},
        {"name": "receipt", "type": "bytes32"},
        {"name": "deadline", "type": "uint256"},
    ],
    "Release": [
        {"name": "booking", "type": "bytes32"},
        {"name": "vouchers", "type": "uint256[]"},
        {"name": "deadline", "type": "uint256"},
    ],
    "Consent": [{"name": "redemption", "type": "bytes32"}],
    "Reversal": [{"name": name, "type": kind} for name, kind in _CASE_FIELDS.items()],
    "Dispute": [{"name": name, "type": kind} for name, kind in _CASE_FIELDS.items()],
    "Claim": [{"name": name, "type": kind} for name, kind in _CLAIM_FIELDS.items()],
    "Transfer": [
        {"name": "voucher", "type": "uint256"},
        {"name": "to", "type": "address"},
        {"name": "deadline", "type": "uint256"},
    ],
}
"""The types in use, as JSON-RPC's eth_signTypedData_v4 and eth-account take them."""


def domain_separator(chain_id: int, contract: Address) -> bytes:
    """The separator of everything signed for the `Vouchers` contract at this address."""
    name, version = keccak(NAME.encode()), keccak(VERSION.encode())
    return keccak(_DOMAIN_HASH + name + version + word(chain_id) + bytes(12) + bytes.fromhex(contract[2:]))


def holder_digest(domain: bytes, item: Item) -> bytes:
    """The 32 bytes that the item's holder signed."""
    return redemption_digest(domain, item) if item.max_bill is None else open_digest(domain, item, item.max_bill)


def open_digest(domain: bytes, code: Item | OpenCode, max_bill: Amount) -> bytes:
    """The 32 bytes a holder signs for bills up to `max_bill`, at any merchant."""
    struct = keccak(
        keccak(OPEN_TYPE.encode())
        + _spends_hash(code.spends)
        + word(max_bill)
        + word(code.channel)
        + word(code.deadline)
    )
    return keccak(b"\x19\x01" + domain + struct)


def redemption_digest(domain: bytes, item: Item) -> bytes:
    """The 32 bytes a holder signs for this item at its merchant; of an open code, what its terminal names it by."""
    struct = keccak(
        _REDEMPTION_HASH
        + _spends_hash(item.spends)
        + word(item.merchant)
        + word(item.bill)
        + bytes.fromhex(item.receipt[2:])
        + word(item.channel)
        + word(item.deadline)
    )
    return keccak(b"\x19\x01" + domain + struct)


def booking_digest(domain: bytes, reservation: Reservation) -> bytes:
    """The 32 bytes a holder signs to book; they name the booking."""
    struct = keccak(
        keccak(BOOKING_TYPE.encode())
        + _spends_hash(reservation.spends)
        + word(reservation.merchant)
        + bytes.fromhex(reservation.service[2:])
        + word(reservation.channel)
        + word(reservation.lapse_at)
        + word(reservation.deadline)
    )
    return keccak(b"\x19\x01" + domain + struct)


def capture_digest(domain: bytes, capture: Capture) -> bytes:
    """The 32 bytes a merchant's key or terminal signs for what was served."""
    part = keccak(PART_TYPE.encode())
    parts = b"".join(keccak(part + word(one.voucher) + word(one.amount)) for one in capture.parts)
    struct = keccak(
        keccak(CAPTURE_TYPE.encode())
        + bytes.fromhex(capture.booking[2:])
        + keccak(parts)
        + word(capture.bill)
        + bytes.fromhex(capture.receipt[2:])
        + word(capture.deadline)
    )
    return keccak(b"\x19\x01" + domain + struct)


def release_digest(domain: bytes, release: Release) -> bytes:
    """The 32 bytes a merchant's key or terminal, or the holder, signs to give vouchers free."""
    vouchers = b"".join(map(word, release.vouchers))
    struct = keccak(
        keccak(RELEASE_TYPE.encode()) + bytes.fromhex(release.booking[2:]) + keccak(vouchers) + word(release.deadline)
    )
    return keccak(b"\x19\x01" + domain + struct)


def consent_digest(domain: bytes, digest: Hash) -> bytes:
    """The 32 bytes a step-up attestor signs to consent to a redemption or booking, by its digest."""
    return keccak(b"\x19\x01" + domain + keccak(keccak(CONSENT_TYPE.encode()) + bytes.fromhex(digest[2:])))


def terminal_batch_digest(domain: bytes, merchant: MerchantId, digests: list[bytes]) -> bytes:
    """The 32 bytes a terminal signs for redemptions of its merchant, in their order."""
    struct = keccak(_TERMINAL_BATCH_HASH + word(merchant) + keccak(b"".join(digests)))
    return keccak(b"\x19\x01" + domain + struct)


def case_digest(domain: bytes, kind: str, redemption: Hash, voucher: int, reason: Hash, deadline: int) -> bytes:
    """The 32 bytes a party signs to reverse (`Reversal`) or dispute (`Dispute`) a redemption."""
    fields = ",".join(f"{of} {name}" for name, of in _CASE_FIELDS.items())
    struct = keccak(
        keccak(f"{kind}({fields})".encode())
        + bytes.fromhex(redemption[2:])
        + word(voucher)
        + bytes.fromhex(reason[2:])
        + word(deadline)
    )
    return keccak(b"\x19\x01" + domain + struct)


def claim_digest(domain: bytes, claim: Claim) -> bytes:
    """The 32 bytes a holder signs to claim a place."""
    struct = keccak(
        _CLAIM_HASH
        + word(claim.programme)
        + word(claim.number)
        + bytes(12)
        + bytes.fromhex(claim.holder[2:])
        + bytes.fromhex(claim.nullifier[2:])
        + word(claim.deadline)
    )
    return keccak(b"\x19\x01" + domain + struct)


def transfer_digest(domain: bytes, order: TransferOrder) -> bytes:
    """The 32 bytes a holder signs to pass a voucher on."""
    receiver = bytes(12) + bytes.fromhex(order.receiver[2:])
    struct = keccak(keccak(TRANSFER_TYPE.encode()) + word(order.voucher) + receiver + word(order.deadline))
    return keccak(b"\x19\x01" + domain + struct)


def sign(key: PrivateKey, digest: bytes) -> bytes:
    """A 65-byte signature (r, s, v) of a digest; deterministic, s in the lower half.

    Whoever calls this signs whatever the digest stands for: never hand it a digest that came from outside.
    """
    compact = key.sign_recoverable(digest, hasher=None)
    return compact[:64] + bytes([compact[64] + 27])


def recover(digest: bytes, signature: bytes) -> Address | None:
    """Whose key signed the digest, EIP-55; None for anything that is not a signature."""
    raw = recover_raw(digest, signature)
    return None if raw is None else Address(to_checksum_address(raw))


def recover_raw(digest: bytes, signature: bytes) -> bytes | None:
    """The account that signed, exactly as `Signatures.recover` on chain; None for anything that is not a signature."""
    if len(signature) == 64:  # ERC-2098: the parity stands in the top bit of s
        parity = signature[32] >> 7
        compact = signature[:32] + bytes([signature[32] & 0x7F]) + signature[33:]
    elif len(signature) == 65:
        parity, compact = signature[64] - 27, signature[:64]
    else:
        return None
    if parity not in (0, 1) or int.from_bytes(compact[32:]) > HALF_ORDER:
        return None
    try:
        key = PublicKey.from_signature_and_message(compact + bytes([parity]), digest, hasher=None)
    except Exception:  # noqa: BLE001  libsecp256k1 has no narrower error for points that do not exist
        return None
    return _account(key)


def address_of(key: PublicKey) -> Address:
    """The account of a public key, EIP-55."""
    return Address(to_checksum_address(_account(key)))


def _account(key: PublicKey) -> bytes:
    return keccak(key.format(compressed=False)[1:])[12:]


def as_hash(value: bytes) -> Hash:
    """32 bytes as text."""
    return Hash("0x" + value.hex())


def _spends_hash(spends: tuple[Spend, ...]) -> bytes:
    return keccak(
        b"".join(
            keccak(_SPEND_HASH + word(spend.voucher) + word(spend.amount) + word(spend.sequence)) for spend in spends
        )
    )
