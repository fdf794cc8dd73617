"""What one side of a `ParityCase` computes, stage by stage, as a run of one process does, and written."""

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.parity.case import ParityCase, Turn, probe
from tfvc.parity.catching import Catching, SidesRaised
from tfvc.parity.dumped.header import DropOf, RaisedOf, Settings
from tfvc.parity.dumped.traces import Traced, traces
from tfvc.parity.dumped.writing import Dump
from tfvc.parity.findings.raised import Raised
from tfvc.parity.findings.stage import LAYER_OUTPUTS, MODEL_OUTPUTS, Mode, Phase, Stage, StageKind
from tfvc.parity.four_of import Side
from tfvc.parity.sides.call import Call
from tfvc.parity.sides.four_models import draw, is_statistic

# What can be written: the other phases hold a model against itself.
PHASES = (Phase.FORWARD, Phase.BACKWARD, Phase.TRAIN)
Arrays = Mapping[str, np.ndarray]
# What a function gives in float64 and in float32.
Both = list[Any]


@dataclass
class OneSide:
    """The two models of one side, on their way into a dump.

    Attributes:
        case, settings: what is computed.
        dump: where to.
        models: in float64 and in float32.
        of_torch: whether they are torch's.
        initial: the weights that they start from.
        layers: to dump, in the order of computation, of each model.
        tracing: what `forward` and `traced_backward` of a model are given to record these layers.
        raised: what was raised.
    """

    case: ParityCase
    settings: Settings
    dump: Dump
    models: Sequence[Any]
    of_torch: bool
    initial: Arrays
    tracing: Callable[[Any], Any]
    layers: Sequence[Sequence[Traced]] = ((), ())
    raised: list[Raised] = field(default_factory=list)

    def run(self) -> None:
        """Computes and writes all phases; what is raised is written in place of what is missing."""
        self.rng = np.random.default_rng(self.settings.seed)
        self.inputs = draw(self.case, self.rng)
        self.dump.give(inputs=self.inputs)
        for one in self.layers[1]:
            self.dump.layer(one.layer.path, one.layer.kind, one.layer.beside, one.layer.keys)
        phases = self.settings.phases
        if Phase.FORWARD in phases:
            self._forward()
        self._learn_to_read_outputs()
        for turn in self.case.all_turns if Phase.BACKWARD in phases else ():
            self._guarded(
                Stage(Phase.BACKWARD, StageKind.GRADIENTS, turn.label), lambda turn=turn: self._backward(turn)
            )
        if Phase.TRAIN in phases:
            self._guarded(Stage(Phase.TRAIN, StageKind.OUTPUTS, step=1), self._train)
        self.dump.note(
            raised=tuple(map(_written, self.raised)),
            default_loss=any(turn.keras_losses is None for turn in self.case.all_turns),
        )

    def _guarded(self, stage: Stage, compute: Callable[[], None]) -> None:
        with Catching(stage) as caught:
            compute()
        self.raised += caught.raised

    def _each(self, compute: Callable[[Any], Any]) -> Both:
        """What a function gives for the float64 model and for the float32 model."""
        found, raised, error = [], [], None
        for model, precision in zip(self.models, ("float64", "float32"), strict=True):
            which = next(x for x in Side if str(x).endswith(precision) and x.is_keras is not self.of_torch)
            with Catching(side=which, named=model.name_of) as caught:
                found.append(compute(model))
            raised += caught.raised
            error = error or caught.error
        if raised:
            raise SidesRaised(raised) from error
        return found

    def _load(self) -> None:
        for model in self.models:
            model.load(self.initial)

    def _forward(self) -> None:
        for mode in Mode:
            self._guarded(Stage(Phase.FORWARD, MODEL_OUTPUTS[mode]), lambda mode=mode: self._in_mode(mode))

    def _in_mode(self, mode: Mode) -> None:
        if mode is Mode.INFERENCE or self.raised:
            self._load()
        training = mode is Mode.TRAINING
        outputs, calls = zip(
            *self._each(lambda model: model.forward(self.inputs, training, self.tracing(model))), strict=True
        )
        self.dump.add(Stage(Phase.FORWARD, MODEL_OUTPUTS[mode]), *outputs)
        self._add_layers(Stage(Phase.FORWARD, LAYER_OUTPUTS[mode]), calls)
        if training:
            statistics = self._each(lambda model: model.state().only(is_statistic))
            self.dump.add(Stage(Phase.FORWARD, StageKind.RUNNING_STATISTICS), *statistics)
            drops = self.models[1].drops
            self.dump.note(dropped=tuple(DropOf(rate=x.rate, size=x.size, path=x.path) for x in drops))

    def _learn_to_read_outputs(self) -> None:
        """The directions in which the default loss reads outputs, of which the other side takes the same."""
        if all(turn.keras_losses is not None for turn in self.case.all_turns):
            return
        self._load()
        with Catching() as caught:
            outputs, _ = self.models[0].forward(self.inputs, False)
            probes = {n: probe(x.shape) for n, x in outputs.items() if np.issubdtype(x.dtype, np.floating)}
            for model in self.models:
                model.probes = probes
        if caught.raised and Phase.FORWARD not in self.settings.phases:
            self.raised += caught.raised

    def _begin_step(self, inputs: Arrays) -> None:
        self._each(lambda model: model.begin_step(inputs))

    def _backward(self, turn: Turn) -> None:
        self._load()
        self._begin_step(self.inputs)
        losses, gradients, calls = zip(
            *self._each(lambda model: model.traced_backward(self.inputs, turn, self.tracing(model))), strict=True
        )
        self.dump.add(Stage(Phase.BACKWARD, StageKind.LOSSES, turn.label), *losses)
        stage = Stage(Phase.BACKWARD, StageKind.GRADIENTS, turn.label)
        self.dump.add(stage, *gradients)
        self._add_layers(stage, calls, only="gradient")

    def _train(self) -> None:
        self._load()
        turns = self.case.all_turns
        # A run of one process goes on from the backward pass, where there is one to go on from.
        outputs_first = Phase.BACKWARD not in self.settings.phases or len(turns) > 1
        for step in range(1, self.settings.steps + 1):
            inputs = self.inputs if step == 1 else draw(self.case, self.rng)
            if step > 1:
                self.dump.give(inputs=inputs, step=step)
            elif outputs_first:
                self._add(StageKind.OUTPUTS, step, None, lambda model, x=inputs: model.infer(x))
            self._begin_step(inputs)
            if self.case.simultaneous:
                for turn in turns:
                    self._gradients(turn, step, inputs)
                for turn in turns:
                    self._step(turn, step)
            else:
                for turn in turns:
                    self._gradients(turn, step, inputs)
                    self._step(turn, step)
            if self.of_torch:
                for model in self.models:
                    model.forget_gradients()
            self._add(
                StageKind.WEIGHTS, step, None, lambda model: model.state().only(lambda key: not is_statistic(key))
            )
            self._add(StageKind.RUNNING_STATISTICS, step, None, lambda model: model.state().only(is_statistic))
        self._add(StageKind.TRAINED_OUTPUTS, step, None, lambda model: model.infer(inputs))

    def _gradients(self, turn: Turn, step: int, inputs: Arrays) -> None:
        losses, gradients = zip(*self._each(lambda model: model.backward(inputs, turn)), strict=True)
        self.dump.add(Stage(Phase.TRAIN, StageKind.LOSSES, turn.label, step), *losses)
        self.dump.add(Stage(Phase.TRAIN, StageKind.GRADIENTS, turn.label, step), *gradients)

    def _step(self, turn: Turn, step: int) -> None:
        self._add(StageKind.CLIPPED_GRADIENTS, step, turn, lambda model: model.step(turn))
        slots = self._each(lambda model: model.slots(turn))
        for kind in slots[0]:
            self._add(kind, step, turn, lambda model, kind=kind: model.slots(turn)[kind])

    def _add(self, kind: StageKind, step: int, turn: Turn | None, compute: Callable[[Any], Arrays]) -> None:
        self.dump.add(Stage(Phase.TRAIN, kind, turn.label if turn else "", step), *self._each(compute))

    def _add_layers(self, stage: Stage, calls: Sequence[Sequence[Call]], only: str = "") -> None:
        of_64, of_32 = (
            {(x.path, x.number): x for x in traces(layers, of_model, self.of_torch)}
            for layers, of_model in zip(self.layers, calls, strict=True)
        )
        for place in (place for place in of_64 if place in of_32):
            kept = [{n: x for n, x in of[place].arrays.items() if n.startswith(only)} for of in (of_64, of_32)]
            path, number = place
            self.dump.add(stage, *kept, layer=path, call=number, axes=of_64[place].axes)


def versions(**more: str) -> dict[str, str]:
    """The packages that every side is computed with, and more."""
    return {"python": platform.python_version(), "numpy": np.__version__, **more}


def settings_of(case: ParityCase, phases: list[str] | None, init: str, seed: int, steps: int, layers: bool) -> Settings:
    """How a case is dumped. Raises TfvcError for a phase that cannot be."""
    for phase in phases or ():
        if phase not in PHASES:
            raise TfvcError(f"the phase {phase} cannot be dumped: it holds a model against itself; use tfvc parity run")
    chosen = tuple(phase for phase in PHASES if phases is None or phase in phases)
    return Settings(phases=chosen, init=init, seed=seed, steps=steps, layers=layers)


def _written(raised: Raised) -> RaisedOf:
    stage = raised.stage
    place = {"phase": stage.phase, "stage": stage.kind, "turn": stage.turn, "step": stage.step} if stage else {}
    precision = str(raised.side).rpartition(" ")[2] if raised.side else None
    return RaisedOf(
        exception=raised.exception,
        message=raised.message,
        precision=precision,
        layer=raised.layer,
        frame=raised.frame,
        **place,
    )
