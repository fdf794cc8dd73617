"""KEY=VALUE on the command line."""

import json
from typing import Any


def parse_value(text: str) -> Any:
    """A value as JSON has it, else the text itself."""
    try:
        return json.loads(text.lower() if text in ("True", "False") else text)
    except ValueError:
        return text
