"""JSON files that hold one object."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfvc.common.atomic import atomic_file
from tfvc.common.errors import TfvcError


def read_object(path: str | os.PathLike, what: str) -> dict[str, Any]:
    """The object in a JSON file.

    Args:
        path: the file.
        what: what it should be, for messages: "a preset's configuration".

    Raises:
        TfvcError: in one line, if the file is missing, cannot be read, or holds anything else.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TfvcError(f"{path}: missing; expected {what}") from None
    except OSError as error:
        raise TfvcError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise TfvcError(f"{path}: not {what}, no JSON ({error})") from None
    if not isinstance(content, dict):
        raise TfvcError(f"{path}: not {what}, which is one JSON object")
    return content


def write_object(path: str | os.PathLike, content: Mapping[str, Any]) -> None:
    """Writes an object, indented, all or nothing."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
