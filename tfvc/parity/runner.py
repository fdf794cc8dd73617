"""Runs a comparison: forward, backward, training steps, and on the way the layers."""

import gc
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.parity.case import ParityCase, Turn
from tfvc.parity.diagnosis import ForwardPass, diagnose_backward, diagnose_forward, diagnose_sizes
from tfvc.parity.findings.environment import environment
from tfvc.parity.findings.layer import CULPRIT, FINE, UNPAIRED, VICTIM, Layer
from tfvc.parity.findings.report import Report
from tfvc.parity.findings.row import Row
from tfvc.parity.judging.judgement import judge
from tfvc.parity.judging.samples import Samples
from tfvc.parity.layer_table import LayerTable
from tfvc.parity.sides.four_models import FourModels
from tfvc.parity.sides.torch_side import TorchSide
from tfvc.parity.tracing.layer_views import LayerViews, Passage, of_turn
from tfvc.parity.tracing.pairing import Pair
from tfvc.parity.training import is_statistic, train

PHASES = ("forward", "backward", "train")
# How many inputs a loss of precision in a gradient must show on.
DRAWS = 3


def compare(
    case: ParityCase,
    phases: Sequence[str] = PHASES,
    init: str = "coded",
    steps: int = 5,
    seed: int = 0,
    layers: bool = False,
) -> Report:
    """Compares the two models of a case; see `judgement` for what counts as equal.

    - `forward`: outputs in inference and in training mode, and the running statistics that training mode leaves.
    - `backward`: losses and every gradient, inputs included, in training mode.
    - `train`: `steps` optimizer steps on fresh inputs, see `training`.

    Args:
        case: the pair.
        phases: which of `PHASES`; they run in that order.
        init: initial weights, see `initialization`.
        steps: optimizer steps of the `train` phase.
        seed: of the inputs, and of `random` weights.
        layers: whether layers are compared one by one even if the models are equal. Where the models differ they are.

    Raises:
        TfvcError: for an unknown phase or init, or weight entries that do not cover both models exactly.
    """
    report = Comparison(case, seed).run(phases, init, steps, layers)
    # Graphs hold their models in cycles; the next case should not find four old models in memory.
    gc.collect()
    return report


class Comparison(FourModels):
    """The four models of a case, compared as they go.

    `compare` makes one for a single run; one that is kept serves several runs, and saves tracing its graphs anew.

    Args:
        case: the pair.
        seed: of the inputs, and of `random` weights.
    """

    def __init__(self, case: ParityCase, seed: int = 0):
        super().__init__(case, seed)
        self._views: LayerViews | None = None

    def run(self, phases: Sequence[str] = PHASES, init: str = "coded", steps: int = 5, layers: bool = False) -> Report:
        """Compares from one kind of initial weights; the arguments are those of `compare`."""
        unknown = sorted(set(phases) - set(PHASES))
        if unknown:
            raise TfvcError(f"unknown parity phase {unknown[0]!r}: choose from {', '.join(PHASES)}")
        started = time.monotonic()
        # Losses and gradients of the backward phase are those of a first training step, if one follows.
        self.carried: tuple[list[Any], list[Any]] | None = None
        self.restart()
        self.initial = self.initial_state(init)
        self.report = Report(
            self.case.name,
            init,
            self.seed,
            description=self.case.description,
            ignored=self.ignored,
            accepted=list(self.case.accepted),
            environment=environment(),
        )
        if self._same_sizes():
            self._run_phases(phases, steps, layers)
        self.report.seconds = time.monotonic() - started
        return self.report

    def _same_sizes(self) -> bool:
        """Whether every weight has a place; one of another size is reported and ends the comparison."""
        state = self.torch64.joined(self.torch64.module.state_dict())
        for entry in self.keras64.entries:
            theirs, ours = state[entry.name].shape, entry.shape
            if theirs != ours:
                reason = f"torch has {theirs}, Keras {ours} in torch's layout"
                self.report.rows.append(Row("forward", "sizes", None, entry.name, "fail", reason))
        if self.report.rows:
            diagnose_sizes(self.report, self.torch64.module, self.keras64)
        return not self.report.rows

    def _run_phases(self, phases: Sequence[str], steps: int, layers: bool) -> None:
        views = self.views() if layers else None
        if views:
            views.layers = {}
        if "forward" in phases:
            views = self._forward(views)
        if "backward" in phases:
            views = self._backward(views)
        if "train" in phases and (self.report.passed or set(phases) == {"train"}):
            train(self, steps)
            if self.report.failures and set(phases) == {"train"}:
                views = self._look_closer(views)
        if views:
            self.report.layers = [*views.layers.values(), *views.pairing.unpaired]

    def _look_closer(self, views: LayerViews | None) -> LayerViews | None:
        """Looks for the layer behind a training step that failed before its optimizer came to it."""
        stage = self.report.first_failure.stage.rpartition(": ")[2]
        if stage in ("outputs", "losses", "gradients", "running statistics"):
            rows, self.report.rows = self.report.rows, []
            self.restart()
            views = self._backward(self._forward(views))
            self.report.rows = rows
        return views

    def views(self) -> LayerViews:
        """The layers of the four models, paired."""
        if self._views is None:
            self.load(self.initial_state("coded"))
            entries = self.case.entries
            table = entries if isinstance(entries, LayerTable) else None
            self._views = LayerViews(self.sides, table, self.inputs)
        return self._views

    def _forward(self, views: LayerViews | None, at_once: bool = False) -> LayerViews | None:
        """Outputs in both modes and running statistics; the layers too, if asked for or if something differs.

        Layers that are right are recorded group by group, the models running once for each; `at_once` records all
        together, as is needed to explain what is wrong.
        """
        self.load()
        rows: list[Row] = []
        passes: list[ForwardPass] = []
        groups = [None] if views is None or at_once else views.windows(backward=False)
        for mode in ("inference", "training"):
            failed: list[Row] = []
            for index, group in enumerate(groups):
                if index:
                    self.load()
                outputs, passages = self._free_forward(views, mode == "training", group)
                if not index:
                    of_mode = self._judge_forward(outputs, mode)
                    failed = [row for row in of_mode if row.failed]
                    rows += of_mode
                if views is None and failed:
                    self.views().layers = {}
                    return self._forward(self.views(), at_once=True)
                if views is None:
                    continue
                self._layers_forward(views, passages, mode, failed)
                wrong = failed or any(layer.wrong for layer in views.layers.values())
                if wrong and len(groups) > 1:
                    views.layers = {}
                    return self._forward(views, at_once=True)
                # Tensors are kept only where something is to be explained.
                if wrong or not index:
                    passes.append(ForwardPass(mode, passages if wrong else [], failed, Samples(outputs)))
                del passages
        self.report.rows += rows
        if views is not None:
            self._settle(views)
            diagnose_forward(self.report, views, passes, self.joined_initial())
        return views

    def _judge_forward(self, outputs: list[Any], mode: str) -> list[Row]:
        """What one free pass gave and, in training, what it has moved."""
        stage = "outputs" if mode == "inference" else "training outputs"
        rows = judge(Samples(outputs), "forward", stage, precision=True)
        if mode == "training":
            statistics = [side.state().only(is_statistic) for side in self.sides]
            rows += judge(Samples(statistics), "forward", "running statistics", precision=True)
        return rows

    def _layers_forward(self, views: LayerViews, passages: list[Passage], mode: str, failed: list[Row]) -> None:
        """The layers of one forward pass, in both views."""
        imprecise = any(row.only_imprecise for row in failed)
        views.propagate_forward(passages, f"{mode} outputs")
        for passage in passages:
            if passage.pair.leaf and (failed or _knows_mode(passage, mode)):
                views.locally(passage, mode, self.joined_initial(), backward=False, precise=imprecise)

    def _free_forward(
        self, views: LayerViews | None, training: bool, group: Sequence[Pair] | None
    ) -> tuple[list[Any], list[Passage]]:
        outputs, calls = [], []
        found = self.each(lambda side: side.forward(self.inputs, training, self._traced(views, side, group)))
        for of_side, calls_of_side in found:
            outputs.append(of_side)
            calls.append(calls_of_side)
        return outputs, views.passages(calls) if views is not None else []

    def _traced(self, views: LayerViews | None, side: Any, group: Sequence[Pair] | None) -> Any:
        """The modules or layers of a group of pairs, or of all."""
        if views is None:
            return {}
        return views.torch_modules(side, group) if isinstance(side, TorchSide) else views.keras_layers(side, group)

    def _backward(self, views: LayerViews | None) -> LayerViews | None:
        """Losses and gradients; the layers too, if asked for or if something differs."""
        rows: list[Row] = []
        for turn in self.case.all_turns:
            found = self._turn_backward(turn, views)
            if views is None and any(row.failed for row in found):
                views = self.views()
                views.layers = {}
                found = self._turn_backward(turn, views, at_once=True)
            rows += found
        self.report.rows += rows
        if views is not None:
            self._settle(views)
        return views

    def _turn_backward(self, turn: Turn, views: LayerViews | None, at_once: bool = False) -> list[Row]:
        if views is None:
            self.load()
            self.begin_step(self.inputs)
            losses, gradients = self.losses_and_gradients(self.inputs, turn)
            self.carried = (losses, gradients) if len(self.case.all_turns) == 1 else None
            return [row for rows in self._judge_backward(losses, gradients, turn) for row in rows]
        groups = views.windows(backward=True)
        if at_once or len(groups) == 1 or any(layer.wrong for layer in views.layers.values()):
            return self._layers_backward(turn, views, None, explain=True)
        rows, *_ = [self._layers_backward(turn, views, group, explain=False) for group in groups]
        if any(row.failed for row in rows) or any(layer.wrong for layer in views.layers.values()):
            for layer in views.layers.values():
                layer.forget_backward(f"{of_turn(turn)}gradients")
            rows = self._layers_backward(turn, views, None, explain=True)
        return rows

    def _judge_backward(self, losses: list[Any], gradients: list[Any], turn: Turn) -> tuple[list[Row], list[Row]]:
        of_losses = judge(Samples(losses), "backward", f"{of_turn(turn)}losses", precision=True)
        return of_losses, self._judge_gradients(Samples(gradients), turn)

    def _layers_backward(self, turn: Turn, views: LayerViews, group: Sequence[Pair] | None, explain: bool) -> list[Row]:
        """The layers of a group of pairs (None: of all) in one backward pass, and the rows of the whole models.

        Args:
            turn: whose losses.
            views: the layers.
            group: those that are recorded.
            explain: whether what is wrong is explained, for which all must be recorded.
        """
        self.load()
        self.begin_step(self.inputs)
        found = self.each(lambda side: side.traced_backward(self.inputs, turn, self._traced(views, side, group)))
        losses, gradients, calls = ([of_side[i] for of_side in found] for i in range(3))
        del found
        passages = views.passages(calls)
        name = of_turn(turn)
        of_losses, of_gradients = self._judge_backward(losses, gradients, turn)
        imprecise = any(row.only_imprecise for row in of_gradients)
        views.propagate_backward(passages, f"{name}gradients")
        for passage in passages:
            if passage.pair.leaf:
                state = self.joined_initial()
                views.locally(passage, "training", state, backward=True, precise=imprecise, turn=name)
        self._settle(views)
        if explain and not self.report.diagnoses:
            samples = Samples(losses), Samples(gradients)
            failed = [row for row in [*of_losses, *of_gradients] if row.failed]
            diagnose_backward(
                self.report, views, passages, failed, *samples, self.joined_initial(), turn, self._of_terms
            )
        return [*of_losses, *of_gradients]

    def _of_terms(self, turn: Turn, path: str, number: int) -> dict[str, np.ndarray]:
        """What each term of torch's loss sends back to the output of one call of a module."""
        side, found = self.torch64, {}
        self.load()
        self.begin_step(self.inputs)
        modules = {path: side.module.get_submodule(path)}
        losses, _, _ = side.traced_backward(self.inputs, turn, {})
        for term in losses:
            if term != turn.name:
                _, _, calls = side.traced_backward(self.inputs, replace(turn, name=term), modules)
                given = next(call.cotangents for call in calls if call.number == number)
                if given[0] is not None:
                    found[term] = given[0].numpy()
        return found

    def _judge_gradients(self, samples: Samples, turn: Turn) -> list[Row]:
        """Rows of gradients; one that is only imprecise must be so for several inputs."""
        stage = f"{of_turn(turn)}gradients"
        rows = judge(samples, "backward", stage, precision=True)
        for _ in range(DRAWS - 1):
            if not any(row.only_imprecise for row in rows):
                break
            self.load()
            self.carried = None
            inputs = self.draw()
            self.begin_step(inputs)
            _, gradients = self.losses_and_gradients(inputs, turn)
            again = judge(Samples(gradients), "backward", stage, precision=True)
            rows = [b if a.only_imprecise else a for a, b in zip(rows, again, strict=True)]
        return rows

    def _settle(self, views: LayerViews) -> None:
        """Gives every layer its verdict."""
        for layer in views.layers.values():
            layer.verdict = _verdict(layer)


def _knows_mode(passage: Passage, mode: str) -> bool:
    """Whether a layer is run by itself in this mode: in training, or if it does something else in inference."""
    kinds = {type(module).__name__ for module in passage.calls[0].owner.modules()}
    return mode == "training" or any("Norm" in kind or "Dropout" in kind for kind in kinds)


def _verdict(layer: Layer) -> str:
    if layer.verdict == UNPAIRED:
        return UNPAIRED
    if layer.verdict == CULPRIT or layer.wrong_locally:
        return CULPRIT
    return VICTIM if layer.wrong else FINE
