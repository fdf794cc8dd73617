"""The page: one article for each report, those that failed first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from tfvc import __version__
from tfvc.common.atomic import atomic_file
from tfvc.parity.findings.layer import CULPRIT, FINE, UNPAIRED, VICTIM, Layer, worst
from tfvc.parity.findings.report import Report
from tfvc.parity.findings.row import Row
from tfvc.parity.judging.judgement import NOISE_FACTOR
from tfvc.parity.show.html import figures
from tfvc.parity.show.html.chart import Chart, Group, chart
from tfvc.parity.show.html.tree import tree

VERDICTS = {CULPRIT: "✕", VICTIM: "▲", FINE: "✓", UNPAIRED: "○"}
VIEWS = {
    "local_forward": ("local", "forward"),
    "propagated_forward": ("propagated", "forward"),
    "local_backward": ("local", "gradients"),
    "propagated_backward": ("propagated", "gradients"),
}
PHASES = {"forward": "Forward", "backward": "Backward", "train": "Training"}


def write_html(reports: Sequence[Report], path: str | Path) -> None:
    """Writes reports as one page; the file appears whole or not at all."""
    page = to_html(reports)
    with atomic_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def to_html(reports: Sequence[Report]) -> str:
    """The page: no scripts, styles, fonts or pictures but those in it."""
    environment = Environment(
        loader=PackageLoader("tfvc.parity.show", "html"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "number": figures.number,
        "times": figures.times,
        "count": figures.count,
        "duration": figures.duration,
        "error": figures.error,
        "describe": figures.describe,
        "verdict": figures.verdict,
        "worst": worst,
    }
    ordered = sorted(reports, key=lambda report: report.passed)
    return environment.get_template("page.html.jinja").render(
        reports=ordered,
        failed=sum(not report.passed for report in reports),
        version=__version__,
        verdicts=VERDICTS,
        views=VIEWS,
        phases=PHASES,
        noise_factor=NOISE_FACTOR,
        tree=tree,
        stages=stages,
        steps=steps,
        culprit=culprit,
        of_phase=of_phase,
        worst_in=worst_in,
        whole_model=whole_model,
        single_layers=single_layers,
        training_step=training_step,
    )


@dataclass(frozen=True)
class Stage:
    """The tensors of one stage and the worst of their figures; cancelling ones have errors of another meaning."""

    place: tuple[str, str]
    rows: list[Row]

    @property
    def largest(self) -> Row | None:
        """What has no figure because it is refused outright; else the largest float64 error."""
        refused = next((row for row in self.rows if row.failed and row.error64 is None), None)
        measured = [row for row in self.rows if row.error64 is not None]
        strict = [row for row in measured if not row.cancelling] or measured
        return refused or max(strict, key=lambda row: row.error64, default=None)

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
        return sum(row.verdict == "drift" for row in self.rows)

    @property
    def verdict(self) -> str:
        return "fail" if self.failed else "drift" if self.drifted else "pass"


def stages(rows: Iterable[Row]) -> list[Stage]:
    """The stages in the order in which they were computed."""
    return [Stage(place, list(group)) for place, group in groupby(rows, key=lambda row: row.place)]


def steps(report: Report) -> dict[int | None, list[Row]]:
    """The rows of each training step."""
    rows = of_phase(report, "train")
    return {step: [row for row in rows if row.step == step] for step in dict.fromkeys(row.step for row in rows)}


def of_phase(report: Report, phase: str) -> list[Row]:
    return [row for row in report.rows if row.phase == phase]


def worst_in(report: Report, phase: str) -> Row | None:
    """The row to show for a phase."""
    return Stage((phase, ""), of_phase(report, phase)).largest


def culprit(report: Report) -> Layer | None:
    """The layer where everything starts, if it is a layer."""
    named = report.diagnosis.culprit if report.diagnosis else None
    return next((layer for layer in report.culprits if named in (None, layer.path, layer.name)), None)


def whole_model(report: Report) -> Chart | None:
    """Every tensor of the forward and the backward phase."""
    return _chart(_groups(row for row in report.rows if row.step is None))


def training_step(rows: Sequence[Row]) -> Chart | None:
    """Every tensor of a training step."""
    return _chart(_groups(rows))


def single_layers(report: Report) -> Chart | None:
    """The worst tensor of every layer in each view: what stands out locally is a culprit, all after it are victims."""
    groups = [
        Group(label, [(f"{layer.name}: {row.key} ({label[0]}, {row.stage})", row) for layer, row in rows])
        for view, label in VIEWS.items()
        if (rows := [(layer, row) for layer in report.layers if (row := worst(getattr(layer, view)))])
    ]
    return _chart(groups)


def _chart(groups: Sequence[Group]) -> Chart | None:
    return chart(groups) if groups else None


def _groups(rows: Iterable[Row]) -> list[Group]:
    return [Group(stage.place, [(row.where, row) for row in stage.rows]) for stage in stages(rows)]
