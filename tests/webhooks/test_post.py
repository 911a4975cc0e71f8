"""Where messages go, and where not.

an address
├── of this machine, of a private network, odd spellings of them → refused, by number as by name
├── a name one of whose addresses is private → refused, whatever the others are
├── a name that is public when looked at and private afterwards → resolved once
├── not https, a user in it, no host → refused             └── allowed by the setting → reached, under its name
an answer → its status and Retry-After; its body is not waited for; a redirection is not followed
nobody there → NotReached
"""

from __future__ import annotations

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "192.168.0.9",
    "172.16.0.1",
    "169.254.169.254",
    "0.0.0.1",
    "100.64.0.1",
    "224.0.0.1",
]
