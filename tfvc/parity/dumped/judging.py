"""Judges two dumps as a run of one process judges its four models."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.parity.diagnosis.dropout import diagnose_dropout
from tfvc.parity.dumped.agreeing import check_sides, stages_of, wrong_sizes
from tfvc.parity.dumped.culprits import backward_culprits, forward_culprits, step_culprit
from tfvc.parity.dumped.layers import DumpedLayers, part_of, rows_of, stages_of_layers
from tfvc.parity.dumped.reading import Dumped, read_dump
from tfvc.parity.findings.dumped import DumpedSide, Limit
from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.stage import SLOTS, SQUARES, Mode, Phase, Stage, StageKind
from tfvc.parity.findings.words import where_words
from tfvc.parity.judging.contract import Contract, StepSize
from tfvc.parity.judging.in_part import Part
from tfvc.parity.report import Report
from tfvc.parity.sides.accepted import DROPOUT, FLOAT32
from tfvc.parity.sides.drop import Drop
from tfvc.parity.sides.slots import shown_unit
from tfvc.parity.training import drift_of

# Nothing was drawn or made up by the harness.
GIVEN = "given"


def judge_dumps(
    reference: str | os.PathLike | Dumped, other: str | os.PathLike | Dumped, phases: Sequence[str] | None = None
) -> Report:
    """Compares what two processes have written.

    Args:
        reference: the dump that is right by definition, which a report calls torch.
        other: the one that is judged, which a report calls Keras.
        phases: which are judged; by default those that are there.

    Raises:
        TfvcError: in one line, if one is no dump, if they were computed from other inputs or weights, if one lacks a
            stage that the other has, or a tensor cannot be judged by what is there.
    """
    started = time.monotonic()
    theirs, ours = (one if isinstance(one, Dumped) else read_dump(one) for one in (reference, other))
    check_sides(theirs, ours)
    if phases is not None:
        theirs, ours = theirs.only(tuple(phases)), ours.only(tuple(phases))
    report = _Judging(theirs, ours).run()
    report.seconds = time.monotonic() - started
    return report


@dataclass
class _Judging:
    """Two dumps on their way to a report."""

    theirs: Dumped
    ours: Dumped
    report: Report = field(init=False)
    units: dict[tuple[str, StageKind], float] = field(default_factory=dict)

    def __post_init__(self):
        first, second = self.theirs.header, self.ours.header
        settings = first.settings or second.settings
        self.report = Report(
            first.case,
            settings.init if settings else GIVEN,
            settings.seed if settings else 0,
            description=first.description or second.description,
            ignored=list(first.ignored or second.ignored),
            accepted=list(second.accepted or first.accepted),
            held=list(second.held),
            sides=[_described("torch", self.theirs), _described("Keras", self.ours)],
        )
        for header, of_keras in ((first, False), (second, True)):
            self.report.add_raised([one.as_finding(of_keras) for one in header.raised])
        step_sizes = second.step_sizes or first.step_sizes
        self.contract = Contract(
            [StepSize(one.turn, one.learning_rate, one.epsilon, set(one.keys).__contains__) for one in step_sizes],
            second.decisions or first.decisions,
            FLOAT32 in self.report.accepted,
        )
        self.layers = DumpedLayers(self.theirs, self.ours)

    def run(self) -> Report:
        """The report."""
        report = self.report
        report.rows += wrong_sizes(self.theirs, self.ours)
        if report.rows:
            return report
        stages = stages_of(self.theirs, self.ours)
        of_layers = set(stages_of_layers(self.theirs)) & set(stages_of_layers(self.ours))
        for stage in stages_of_layers(self.theirs):
            if stage in of_layers:
                self.layers.judge(stage, self.contract)
        phases = {phase: [stage for stage in stages if stage.phase is phase] for phase in Phase}
        self._forward(phases[Phase.FORWARD])
        if phases[Phase.BACKWARD] and self._losses_compare():
            self._backward(phases[Phase.BACKWARD])
        if self._all_is_well_before(Phase.TRAIN):
            self._train(phases[Phase.TRAIN])
        for phase in (Phase.ROUND_TRIP, Phase.STEPWISE):
            for stage in phases[phase] if self._all_is_well_before(phase) else ():
                report.rows += self._judge(stage, precision=True)
        for layer in self.layers.findings.values():
            layer.settle()
        report.layers = [*self.layers.findings.values(), *self.layers.unpaired] if self.layers.findings else []
        if report.diagnoses:
            self._limit(Limit.CAUSE)
        if report.failures and not of_layers:
            self._limit(Limit.LAYERS)
        return report

    def _all_is_well_before(self, phase: Phase) -> bool:
        """Whether nothing differs, and nothing was raised in another phase."""
        raised = [one for one in self.report.raised if one.stage is None or one.stage.phase is not phase]
        return not self.report.failures and not raised

    def _forward(self, stages: Sequence[Stage]) -> None:
        for stage in stages:
            self.report.rows += self._judge(stage, precision=True)
        failed = [row for row in self.report.rows if row.failed]
        for mode in Mode:
            found = forward_culprits(self.layers, [row for row in failed if row.stage.mode is mode], mode)
            if found:
                self.report.diagnoses += found
                break
        dropped = [one.header.dropped for one in (self.theirs, self.ours)]
        if stages and None not in dropped and DROPOUT not in self.report.accepted:
            rows, diagnoses = diagnose_dropout(*([Drop(**dict(x)) for x in of_side] for of_side in dropped))
            self.report.rows += rows
            self.report.diagnoses += diagnoses

    def _losses_compare(self) -> bool:
        """Whether both losses read the same outputs; the default loss reads all that there are."""
        unlike = any(row.failure(FailureKind.MISSING) or row.failure(FailureKind.SHAPE) for row in self.report.rows)
        if unlike and self.theirs.header.default_loss:
            self._limit(Limit.LOSS)
            return False
        return True

    def _backward(self, stages: Sequence[Stage]) -> None:
        rows: dict[str, list[Row]] = {}
        for stage in stages:
            of_gradients = stage.kind is StageKind.GRADIENTS
            if of_gradients:
                self._limit(Limit.GRADIENT_PRECISION)
            rows.setdefault(stage.turn, []).extend(self._judge(stage, precision=not of_gradients))
        for turn, of_turn in rows.items():
            self.report.rows += of_turn
            if not self.report.diagnoses:
                gradients = Stage(Phase.BACKWARD, StageKind.GRADIENTS, turn)
                self.report.diagnoses += backward_culprits(self.layers, of_turn, gradients)

    def _train(self, stages: Sequence[Stage]) -> None:
        rows: list[Row] = []
        last = 0
        for stage in stages:
            found = self._judge(stage)
            rows += found
            if stage.kind is StageKind.WEIGHTS:
                self.report.drift.append(drift_of(stage.step, found, None))
            if any(row.failed for row in found):
                last = last or len(rows)
                if stage.step == 1:
                    break
        failed = next((row for row in rows if row.failed), None)
        if failed is not None:
            # What comes behind may only be a consequence.
            rows = rows[:last]
            found = step_culprit(failed)
            self.report.diagnoses += [found] if found else []
            if failed.stage.step > 1:
                self._limit(Limit.DRIFT)
        self.report.rows += rows

    def _judge(self, stage: Stage, precision: bool = False) -> list[Row]:
        """The rows of one stage of the whole models."""
        named = [
            {one.name: one for one in side.header.tensors if one.layer is None and one.where == stage}
            for side in (self.theirs, self.ours)
        ]
        # Of the slots of an optimizer those that the reference has.
        names = list(named[0]) if stage.kind in SLOTS else list(dict.fromkeys([*named[0], *named[1]]))
        parts = {name: part_of(self.theirs, self.ours, *(of.get(name) for of in named)) for name in names}
        missing = [name for name in names if not all(name in of for of in named)]
        if stage.kind in SLOTS:
            parts = self._in_units(stage, parts)
        for name in (name for name in names if name not in missing):
            parts[name] = self._crossed(parts[name], named[0][name].axes, named[1][name].axes, stage, name)
        present = {name: part for name, part in parts.items() if name not in missing}
        if any(x is None for part in present.values() for x in part):
            self._limit(Limit.NOISE)
        try:
            rows = rows_of(present, stage, self.contract, precision, refuse=True)
        except ValueError as error:
            where = where_words(stage, str(error))
            raise TfvcError(
                f"{where}: neither {self.theirs.where} nor {self.ours.where} has it in float64, or they have no "
                "precision in common: there is no noise to judge it by"
            ) from None
        return [*rows, *(_missing(stage, name, parts[name]) for name in missing)]

    def _crossed(self, part: Part, theirs: str | None, ours: str | None, stage: Stage, name: str) -> Part:
        """The other's tensor with its axes in the reference's order, if both are named."""
        if theirs is None or ours is None or theirs == ours:
            return part
        if sorted(theirs.split()) != sorted(ours.split()):
            where = where_words(stage, name)
            raise TfvcError(
                f"{where}: its axes are {theirs!r} in {self.theirs.where} and {ours!r} in {self.ours.where}"
            )
        axes = [ours.split().index(axis) for axis in theirs.split()]
        return part.map_each(lambda x: x, lambda x: None if x is None else np.transpose(x, axes))

    def _in_units(self, stage: Stage, parts: Mapping[str, Part]) -> dict[str, Part]:
        """Slots in the reference's units, squares as their roots."""
        place = stage.turn, stage.kind
        sizes = next((one for one in self.ours.header.step_sizes if one.turn == stage.turn), None)
        possible = sizes.units.get(stage.kind, (1.0,)) if sizes else (1.0,)
        if place not in self.units:
            both = {name: part.float64 for name, part in parts.items() if all(x is not None for x in part.float64)}
            theirs, ours = ({name: pair[i] for name, pair in both.items()} for i in range(2))
            self.units[place] = shown_unit(possible, theirs, ours)
        unit = self.units[place]
        root = np.sqrt if stage.kind in SQUARES else lambda x: x
        return {
            name: part.map_each(
                lambda x: None if x is None else root(x), lambda x: None if x is None else root(x / unit)
            )
            for name, part in parts.items()
        }

    def _limit(self, limit: Limit) -> None:
        if limit not in self.report.limits:
            self.report.limits.append(limit)


def _missing(stage: Stage, name: str, part: Part) -> Row:
    theirs, ours = (next((x.shape for x in pair if x is not None), None) for pair in (part.torch, part.keras))
    return Row(stage, name, Verdict.FAIL, (Failure(FailureKind.MISSING, theirs, ours),))


def _described(name: str, side: Dumped) -> DumpedSide:
    found = {"float64": side.float64, "float32": side.float32}
    return DumpedSide(name, side.where, dict(side.header.versions), tuple(p for p, x in found.items() if x))
