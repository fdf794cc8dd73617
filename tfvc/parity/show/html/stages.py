"""The rows of a report, stage by stage and step by step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from tfvc.parity.findings.findings import Findings
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.stage import Phase, Stage
from tfvc.parity.findings.words import stage_words


@dataclass(frozen=True)
class StageRows:
    """The tensors of one stage and the worst of their figures; cancelling ones have errors of another meaning."""

    stage: Stage
    rows: list[Row]

    @property
    def name(self) -> str:
        """In words, without the phase."""
        return stage_words(self.stage)

    @property
    def largest(self) -> Row | None:
        return largest(self.rows)

    @property
    def ratio(self) -> float | None:
        return max((row.ratio for row in self.rows if row.ratio is not None), default=None)

    @property
    def ulps(self) -> float | None:
        return max((row.ulps for row in self.rows if row.ulps is not None), default=None)

    @property
    def cancelling(self) -> int:
        return sum(row.cancelling for row in self.rows)

    @property
    def failed(self) -> int:
        return sum(row.failed for row in self.rows)

    @property
    def drifted(self) -> int:
        return sum(row.verdict is Verdict.DRIFT for row in self.rows)

    @property
    def verdict(self) -> Verdict:
        return Verdict.FAIL if self.failed else Verdict.DRIFT if self.drifted else Verdict.PASS


def stages(rows: Iterable[Row]) -> list[StageRows]:
    """The stages in the order in which they were computed."""
    return [StageRows(stage, list(group)) for stage, group in groupby(rows, key=lambda row: row.stage)]


def largest(rows: Sequence[Row]) -> Row | None:
    """Of several rows what has no figure because it is refused outright; else the largest float64 error."""
    refused = next((row for row in rows if row.failed and row.error64 is None), None)
    measured = [row for row in rows if row.error64 is not None]
    strict = [row for row in measured if not row.cancelling] or measured
    return refused or max(strict, key=lambda row: row.error64, default=None)


def steps(report: Findings) -> dict[int | None, list[Row]]:
    """The rows of each training step."""
    rows = of_phase(report, "train")
    return {
        step: [row for row in rows if row.stage.step == step] for step in dict.fromkeys(row.stage.step for row in rows)
    }


def of_phase(report: Findings, phase: Phase) -> list[Row]:
    return [row for row in report.rows if row.stage.phase == phase]
