"""Figures of many recordings in few, for people and for programs."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from tfvc.common.atomic import atomic_file
from tfvc.metrics.equal_error_rate import equal_error_rate

Figures = Mapping[str, float]


def means(rows: Sequence[Figures]) -> dict[str, float]:
    """The mean of each figure over the rows in which it was measured; NaN if it was in none.

    Where cosines to target and to source are known, also `nearer_to_target`, the share of rows in which the first is
    the higher, and `equal_error_rate` of the two sets.
    """
    result = {}
    for key in dict.fromkeys(key for row in rows for key in row):
        values = measured(rows, key)
        result[key] = float(np.mean(values)) if values else math.nan
    both = [row for row in rows if "speaker_cosine_source" in row]
    if both:
        target, source = (np.array([row[key] for row in both]) for key in ("speaker_cosine", "speaker_cosine_source"))
        result["nearer_to_target"] = float(np.mean(target > source))
        result["equal_error_rate"] = equal_error_rate(target, source)
    return result


def measured(rows: Sequence[Figures], key: str) -> list[float]:
    """The values of a figure, without the rows that have none."""
    return [row[key] for row in rows if key in row and not math.isnan(row[key])]


def table(rows: Sequence[Figures]) -> Table:
    """A line a figure: its mean, and if there are several rows its spread."""
    result = Table(
        "figure", "mean" if len(rows) > 1 else "value", title=f"{len(rows)} pairs" if len(rows) > 1 else None
    )
    if len(rows) > 1:
        for column in ("s.d.", "lowest", "highest", "of"):
            result.add_column(column, justify="right")
    for key, mean in means(rows).items():
        values = measured(rows, key)
        spread = [f"{x:.3f}" for x in (np.std(values), min(values), max(values))] if values else [""] * 3
        result.add_row(key, f"{mean:.3f}", *([*spread, str(len(values) or "")] if len(rows) > 1 else []))
    return result


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Writes figures, all or nothing; NaN becomes null, as JSON has none."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(_without_nan(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
