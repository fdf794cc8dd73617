"""Runs a comparison: forward, backward, training steps, and on the way the layers."""

import gc
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tfvc.common.errors import TfvcError
from tfvc.parity.case import ParityCase
from tfvc.parity.catching import Catching
from tfvc.parity.diagnosis import diagnose_backward, diagnose_forward, diagnose_sizes, diagnose_step
from tfvc.parity.diagnosis.dropout import diagnose_dropout
from tfvc.parity.findings.diagnosis import Diagnosis
from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.raised import Activity
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.stage import Phase, Stage, StageKind
from tfvc.parity.private_parts import whole_tracebacks
from tfvc.parity.report import Report
from tfvc.parity.sides.accepted import DROPOUT
from tfvc.parity.sides.computed import Computed
from tfvc.parity.sides.drop import Drop
from tfvc.parity.sides.four_models import FourModels
from tfvc.parity.sides.machine import environment
from tfvc.parity.tracing.backward import run_backward, run_backward_with_layers
from tfvc.parity.tracing.consistency import run_round_trip, run_stepwise
from tfvc.parity.tracing.forward import run_forward
from tfvc.parity.tracing.layer_views import LayerViews
from tfvc.parity.training import train

PHASES = tuple(Phase)
_CONSISTENCY = {Phase.ROUND_TRIP: run_round_trip, Phase.STEPWISE: run_stepwise}
# Stages of a training step that come before its optimizer: a layer is behind what goes wrong there.
_BEFORE_THE_OPTIMIZER = (StageKind.OUTPUTS, StageKind.LOSSES, StageKind.GRADIENTS, StageKind.RUNNING_STATISTICS)


def compare(
    case: ParityCase,
    phases: Sequence[str] | None = None,
    init: str = "coded",
    steps: int = 5,
    seed: int = 0,
    layers: bool = False,
    weights: str | os.PathLike | None = None,
) -> Report:
    """Compares the two models of a case; see `judgement` for what counts as equal.

    - `forward`: outputs in inference and in training mode, and the running statistics that training mode leaves.
    - `backward`: losses and every gradient, inputs included, in training mode.
    - `train`: `steps` optimizer steps on fresh inputs, see `training`.
    - `roundtrip`: a flow's inverse beside torch's, and beside the inputs; of cases that have one.
    - `stepwise`: outputs made step by step beside torch's, and beside the whole at once; of cases that have a cache.

    Args:
        case: the pair.
        phases: which of `PHASES`, by default those that the case has functions for; they run in that order. Those
            behind `backward` run if nothing has failed before.
        init: initial weights, see `initialization`.
        steps: optimizer steps of the `train` phase.
        seed: of the inputs, and of `random` weights.
        layers: whether layers are compared one by one even if the models are equal. Where the models differ they are.
        weights: a file that torch wrote, or a `.safetensors`, with the state dict of the torch module; both sides
            start from it in place of `init`.

    What a model, a loss, an optimizer or a hypothesis raises meanwhile is in the report, `Report.raised`, which then
    has not passed.

    Raises:
        TfvcError: for a phase that is unknown or that the case has no functions for, an unknown init, a case whose
            models cannot be made, or weight entries that do not cover both models exactly.
    """
    started = time.monotonic()
    with whole_tracebacks(), Catching(Stage(Phase.FORWARD, StageKind.OUTPUTS)) as caught:
        comparison = Comparison(case, seed)
    if caught.raised:  # a Keras model that has no weights before its first call, which it does not survive
        report = Report(case.name, init, seed, description=case.description, environment=environment())
        report.add_raised(caught.raised)
        report.seconds = time.monotonic() - started
        return report
    report = comparison.run(phases, init, steps, layers, weights)
    # Graphs hold their models in cycles; the next case should not find four old models in memory.
    gc.collect()
    return report


class Comparison:
    """The four models of a case, and what compares them.

    `compare` makes one for a single run; one that is kept serves several runs, and saves tracing its graphs anew.

    Args:
        case: the pair.
        seed: of the inputs, and of `random` weights.
    """

    def __init__(self, case: ParityCase, seed: int = 0):
        self.models = FourModels(case, seed)
        self._views: LayerViews | None = None

    def run(
        self,
        phases: Sequence[str] | None = None,
        init: str = "coded",
        steps: int = 5,
        layers: bool = False,
        weights: str | os.PathLike | None = None,
    ) -> Report:
        """Compares from one kind of initial weights; the arguments are those of `compare`."""
        with whole_tracebacks():
            return self._run(phases, init, steps, layers, weights)

    def _run(
        self, phases: Sequence[str] | None, init: str, steps: int, layers: bool, weights: str | os.PathLike | None
    ) -> Report:
        started = time.monotonic()
        models = self.models
        phases = _chosen(phases, models.case)
        models.restart()
        weights = None if weights is None else Path(weights)
        models.initial = models.initial_state(init, weights)
        report = Report(
            models.case.name,
            init if weights is None else weights.name,
            models.seed,
            _wrong_sizes(models),
            description=models.case.description,
            ignored=models.ignored,
            accepted=list(models.case.accepted),
            held=[item.variable.path for item in models.keras64.constants if item.variable.trainable],
            environment=environment(),
        )
        if report.rows:
            with self._diagnosing(report):
                report.layers, report.diagnoses = diagnose_sizes(models, report.rows)
        else:
            self._run_phases(report, phases, steps, layers)
        report.seconds = time.monotonic() - started
        return report

    def _run_phases(self, report: Report, phases: set[str], steps: int, layers: bool) -> None:
        views = self._looked_at(report) if layers else None
        computed = Computed()
        if Phase.FORWARD in phases:
            views = self._forward(report, views)
        elif not phases.isdisjoint((Phase.BACKWARD, Phase.TRAIN)):
            self._compare_dropouts(report, views, run_forward(self.models, None).dropped)
        if Phase.BACKWARD in phases:
            views, computed = self._backward(report, views)
        if Phase.TRAIN in phases and (report.passed or phases == {Phase.TRAIN}):
            self._train(report, steps, computed)
            if report.failures and phases == {Phase.TRAIN}:
                views = self._look_closer(report, views)
        for phase, run in _CONSISTENCY.items():
            if phase in phases and (report.passed or phases == {phase}):
                views = self._consistency(report, views, run)
        report.unexercised = self.models.torch64.exercised.missing
        if views:
            views.settle()
            report.layers = [*views.layers.values(), *views.pairing.unpaired]

    def _forward(self, report: Report, views: LayerViews | None) -> LayerViews | None:
        """Outputs in both modes and running statistics; the layers too, if asked for or if something differs."""
        found = run_forward(self.models, views)
        if found.cut_short:
            views = self._looked_at(report)
            found = run_forward(self.models, views, together=True) if views is not None else found
        report.rows += found.rows
        self.models.unlike = frozenset(
            row.key for row in found.rows if row.failure(FailureKind.MISSING) or row.failure(FailureKind.SHAPE)
        )
        report.add_raised(found.raised)
        self._diagnose(report, views, lambda: diagnose_forward(views, found.passes))
        self._compare_dropouts(report, views, found.dropped)
        return views

    def _compare_dropouts(
        self, report: Report, views: LayerViews | None, dropped: tuple[Sequence[Drop], Sequence[Drop]]
    ) -> None:
        """What both models drop in training, unless the case accepts that they do not drop the same."""
        if DROPOUT not in self.models.case.accepted:
            rows, diagnoses = diagnose_dropout(*dropped, lambda: views or self._looked_at(report))
            report.rows += rows
            report.diagnoses += diagnoses

    def _backward(self, report: Report, views: LayerViews | None) -> tuple[LayerViews | None, Computed]:
        """Losses and gradients of each turn; the layers too, if asked for or if something differs.

        Returns:
            The layers that were looked at, and what a training step may go on from.
        """
        turns = self.models.case.all_turns
        for turn in turns:
            found = run_backward(self.models, turn) if views is None else None
            if found is not None and found.failed:
                views = self._looked_at(report)
            if views is not None:
                found = run_backward_with_layers(self.models, turn, views, together=found is not None)
            report.rows += found.rows
            report.add_raised(found.raised)
            if not report.diagnoses:
                self._diagnose(report, views, lambda views=views, found=found: diagnose_backward(views, found))
        return views, found.computed if len(turns) == 1 else Computed()

    def _train(self, report: Report, steps: int, computed: Computed) -> None:
        trained = train(self.models, steps, computed)
        report.rows += trained.rows
        report.drift += trained.drift
        report.add_raised(trained.raised)
        if trained.before is not None:
            with self._diagnosing(report):
                report.diagnoses.append(diagnose_step(self.models, trained.failed, trained.before))

    def _consistency(self, report: Report, views: LayerViews | None, run: Callable) -> LayerViews | None:
        """One of the phases in which a model stands beside itself; the layers too, if something differs."""
        found = run(self.models, views)
        if found.failed and views is None:
            views = self._looked_at(report)
            found = run(self.models, views) if views is not None else found
        report.rows += found.rows
        report.add_raised(found.raised)
        self._diagnose(report, views, lambda: diagnose_forward(views, found.passes))
        return views

    def _look_closer(self, report: Report, views: LayerViews | None) -> LayerViews | None:
        """Looks for the layer behind a training step that failed before its optimizer came to it."""
        if report.first_failure.stage.kind not in _BEFORE_THE_OPTIMIZER:
            return views
        closer = replace(report, rows=[], diagnoses=[], raised=[])
        self.models.restart()
        views, _ = self._backward(closer, self._forward(closer, views))
        report.diagnoses += closer.diagnoses
        report.add_raised(closer.raised)
        return views

    def _diagnose(self, report: Report, views: LayerViews | None, diagnose: Callable[[], list[Diagnosis]]) -> None:
        """Adds what the layers say of a phase."""
        if views is None:
            return
        views.settle()
        with self._diagnosing(report):
            report.diagnoses += diagnose()

    @contextmanager
    def _diagnosing(self, report: Report) -> Iterator[None]:
        """What is raised inside is a finding too."""
        with Catching(activity=Activity.DIAGNOSIS) as caught:
            yield
        report.add_raised(caught.raised)

    def _looked_at(self, report: Report) -> LayerViews | None:
        """The layers; None if they cannot be put side by side."""
        with Catching(activity=Activity.LAYERS) as caught:
            return self.views()
        report.add_raised(caught.raised)
        return None

    def views(self) -> LayerViews:
        """The layers of the four models, paired, of which nothing is known yet."""
        if self._views is None:
            self.models.load(self.models.initial_state("coded"))
            self._views = LayerViews(self.models)
        self._views.forget()
        return self._views


def _chosen(phases: Sequence[str] | None, case: ParityCase) -> set[str]:
    """The phases that run. Raises TfvcError for one that is unknown, or that the case has no functions for."""
    if phases is None:
        return set(case.phases)
    for phase in phases:
        if phase not in PHASES:
            raise TfvcError(f"unknown parity phase {phase!r}: choose from {', '.join(PHASES)}")
        if phase not in case.phases:
            raise TfvcError(f"parity case {case.name} cannot run {phase}: it has no functions for it, see ParityCase")
    return set(phases)


def _wrong_sizes(models: FourModels) -> list[Row]:
    """A row for each weight that is of another size in Keras: it has no place, and nothing can be compared."""
    state = models.torch64.joined(models.torch64.module.state_dict())
    rows = []
    for entry in models.keras64.entries:
        theirs, ours = state[entry.name].shape, entry.shape
        if theirs != ours:
            failure = Failure(FailureKind.SIZE, theirs, ours)
            rows.append(Row(Stage(Phase.FORWARD, StageKind.SIZES), entry.name, Verdict.FAIL, (failure,)))
    return rows
