"""`.env.example` beside the settings it describes.

.env.example
├── names every setting, and no other
├── shows the default where there is one
└── its placeholders refuse to start
"""

import re

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from node_api.config import Settings
from tools.readme import ROOT

EXAMPLES = dict(re.findall(r"^#?VOUCHERTRAIL_([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_example__when_read__then_names_every_setting_and_no_other() -> None:
    assert {name.lower() for name in EXAMPLES} == Settings.model_fields.keys()


def test_example__when_a_setting_has_a_default__then_it_is_shown() -> None:
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    shown = {name: str(value) for name, value in defaults.items() if value not in (None, PydanticUndefined)}
    assert {name: EXAMPLES[name.upper()] for name in shown} == shown


def test_example__when_a_placeholder_is_left_in__then_it_refuses_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCHERTRAIL_KEY_PASSWORD", EXAMPLES["KEY_PASSWORD"])
    with pytest.raises(ValidationError, match="placeholder"):
        Settings()
