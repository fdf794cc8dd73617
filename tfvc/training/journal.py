"""Figures of a run, a line of JSON a step."""

import json
from pathlib import Path
from typing import Any

from tfvc.common.atomic import atomic_file


class Journal:
    """A file of lines `{"step": 1, "loss": 0.5, ...}` with ascending steps.

    Args:
        path: the file; it need not exist yet.
    """

    def __init__(self, path: Path):
        self.path = path

    def entries(self) -> list[dict[str, Any]]:
        """All lines; a last one that was cut short by the end of a process is left out."""
        return [json.loads(line) for line in self._whole_lines()]

    def forget_after(self, step: int) -> None:
        """Takes away the lines of later steps: they will be written again."""
        kept = [line for line in self._whole_lines() if json.loads(line)["step"] <= step]
        with atomic_file(self.path) as temporary:
            temporary.write_text("".join(kept))

    def append(self, step: int, values: dict[str, float]) -> None:
        """Adds a line. The file is opened for each: whatever ends the run, every step so far is on disk."""
        with self.path.open("a") as stream:
            stream.write(json.dumps({"step": step, **values}) + "\n")

    def _whole_lines(self) -> list[str]:
        text = self.path.read_text() if self.path.exists() else ""
        return [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
