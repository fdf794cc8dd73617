"""KEY=VALUE on the command line."""

import json
from collections.abc import Iterable
from typing import Any

from tfvc.cli.console import say
from tfvc.common.config import Config
from tfvc.common.errors import TfvcError


def parse_value(text: str) -> Any:
    """A value as JSON has it, else the text itself."""
    try:
        return json.loads(text.lower() if text in ("True", "False") else text)
    except ValueError:
        return text


def override(assignments: list[str], *configs):
    """Applies `key=value` to whichever of the configurations has that field.

    Raises:
        TfvcError: for an unknown key, listing the known ones, a value of another type, or values that do not go
            together.
    """
    changes: list[dict[str, Any]] = [{} for _ in configs]
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        owner = next((i for i, config in enumerate(configs) if key in config.to_dict()), None)
        if not equals or owner is None:
            known = ", ".join(name for config in configs for name in config.to_dict())
            raise TfvcError(f"--set {assignment}: expected KEY=VALUE with one of the keys {known}")
        changes[owner][key] = parse_value(text)
    return tuple(
        type(config).from_dict(config.to_dict() | changed, "--set")
        for config, changed in zip(configs, changes, strict=True)
    )


def say_assumptions(config: Config, fields: Iterable[str], assignments: list[str]) -> None:
    """Says what was taken for those of the fields that were not set."""
    given = {assignment.partition("=")[0] for assignment in assignments}
    for name in fields:
        if name not in given:
            say(
                f"assumed {name} = {getattr(config, name)}, which no file tells; "
                f"--set {name}=... if it was trained with another"
            )
