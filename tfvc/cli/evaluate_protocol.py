"""`tfvc evaluate --protocol`."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from tfvc.benchmark import load_protocol, run_protocol
from tfvc.benchmark.run import FIGURES, TABLE
from tfvc.cli.assignments import parse_value
from tfvc.cli.bounds import Bounds
from tfvc.cli.console import progress, say
from tfvc.common.errors import TfvcError


def evaluate_protocol(
    path: Path, out: Path, data: Path | None, assignments: Sequence[str], json: Path | None, bounds: Bounds
) -> None:
    """Runs a protocol, prints its table and says where everything is; arguments are those of the command."""
    protocol = load_protocol(path, [_assignment(text) for text in assignments])
    named = data or (Path(os.environ["TFVC_REAL_DATA"]) if os.environ.get("TFVC_REAL_DATA") else None)
    if named is None or not named.is_dir():
        raise TfvcError(f"{named or 'the corpora'}: no such folder; name it by --data or $TFVC_REAL_DATA")
    for key in (*bounds.under, *bounds.over):  # now, and not when everything is done
        if key.partition(".")[0] not in protocol.sections:
            raise TfvcError(
                f"no bound can be set on {key}: it must begin with a section, {', '.join(protocol.sections)}"
            )
    with progress("evaluating") as update:
        results = run_protocol(protocol, named, out, report=update)
    figures = flatten(results["figures"])
    Console().print(Markdown((out / TABLE).read_text(encoding="utf-8")))
    for file in sorted(out.iterdir()):
        say(f"wrote {file}")
    if json is not None:
        shutil.copyfile(out / FIGURES, json)
        say(f"wrote {json}")
    bounds.check_known(figures)
    bounds.finish(figures)


def flatten(figures: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Nested figures by dotted keys: {"unseen": {"pairs": 3}} is {"unseen.pairs": 3}; lists and texts are left out."""
    flat: dict[str, float] = {}
    for key, value in figures.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        elif isinstance(value, int | float):
            flat[f"{prefix}{key}"] = float(value)
    return flat


def _assignment(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise TfvcError(f"--set {text}: expected KEY=VALUE, as in unseen.pairs=20")
    return key, parse_value(value)
