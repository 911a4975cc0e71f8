"""Why Vouchers refuses captures and releases of bookings: its custom errors, with rule and remedy."""

BOOKINGS: dict[str, tuple[str, str]] = {
    "Vouchers_NotBooked": (
        "a voucher is captured or released once, while the signature named has it booked",
        "look at the booking with GET /v1/bookings/{digest}",
    ),
    "Vouchers_NotTheMerchant": (
        "a booking is captured by a key or active terminal of its merchant",
        "have the merchant sign Capture with the domain and types of GET /v1/eip712",
    ),
    "Vouchers_BookingLapsed": (
        "a booking is captured before it lapses",
        "have the holder pay with a code, or book anew; the voucher can be released",
    ),
    "Vouchers_ReleaseNotAllowed": (
        "a booking is released by its merchant or its holder, and by anybody once it has lapsed",
        "have one of them sign Release with the domain and types of GET /v1/eip712, or wait until it lapses",
    ),
}
"""Custom error → (rule, remedy)."""
