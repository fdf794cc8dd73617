"""Layer by layer: what two models that run freely make of the same inputs, and what each layer makes by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfvc.parity.findings.layer import Layer
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import Mode, Phase, Stage, StageKind
from tfvc.parity.four_of import FourOf, zip_four
from tfvc.parity.judging.judgement import Sample, judge
from tfvc.parity.layer_table import LayerTable
from tfvc.parity.sides.call import Call
from tfvc.parity.sides.four_models import FourModels
from tfvc.parity.sides.keras_side import KerasSide
from tfvc.parity.sides.torch_side import TorchSide
from tfvc.parity.tracing import isolated
from tfvc.parity.tracing.arguments import aligned
from tfvc.parity.tracing.pairing import Pair, keras_path, pair_up
from tfvc.parity.tracing.passage import Passage, cotangents, passage_of
from tfvc.parity.tracing.projections import Projection, projection_of
from tfvc.parity.tracing.windows import Windows

Group = Sequence[Pair] | None


class LayerViews:
    """The layers of one comparison.

    Args:
        models: with weights in them; they run once, on their inputs, to find out what calls what.

    Attributes:
        models: the four.
        pairing: which layer is which.
        layers: what has been found so far, by torch's path and the number of the call.
        windows: the pairs in groups that fit into memory.
    """

    def __init__(self, models: FourModels):
        self.models = models
        entries = models.case.entries
        table = entries if isinstance(entries, LayerTable) else None
        torch32, keras32 = models.sides.float32
        modules = dict(torch32.module.named_modules())
        _, torch_calls = torch32.forward(models.inputs, False, modules)
        _, keras_calls = keras32.forward(models.inputs, False, None)
        self.pairing = pair_up(torch32.module, keras32.model, keras32.entries, table, torch_calls, keras_calls)
        self.layers: dict[tuple[str, int], Layer] = {}
        weights = sum(p.nbytes for p in torch32.module.parameters())
        self.windows = Windows(self.pairing.pairs, self._modules(torch32, None), torch_calls, weights)

    @property
    def wrong(self) -> bool:
        """Whether something is wrong with any layer."""
        return any(layer.wrong for layer in self.layers.values())

    def forget(self) -> None:
        """Begins anew."""
        self.layers = {}

    def settle(self) -> None:
        """Gives every layer its verdict."""
        for layer in self.layers.values():
            layer.settle()

    def traced(self, group: Group) -> Callable[[Any], Any]:
        """What is recorded of a side: the modules or layers of a group of pairs, or of all."""
        return lambda side: (
            self._modules(side, group) if isinstance(side, TorchSide) else self._keras_layers(side, group)
        )

    def _modules(self, side: TorchSide, group: Group) -> dict[str, Any]:
        modules = dict(side.module.named_modules())
        return {pair.path: modules[pair.path] for pair in group or self.pairing.pairs}

    def _keras_layers(self, side: KerasSide, group: Group) -> list[Any]:
        return [side.layers[i] for i in dict.fromkeys(i for pair in group or self.pairing.pairs for i in pair.layers)]

    def passages(self, calls: FourOf[list[Call]]) -> list[Passage]:
        """The calls of all four sides put side by side, in torch's order."""
        paths = {id(module): path for path, module in self._modules(self.models.torch32, None).items()}
        grouped = zip_four(self._grouped, self.models.sides, calls)
        found = []
        for call in calls.torch32:
            pair = self.pairing.find(paths[id(call.owner)])
            chains = grouped.map(lambda of_side, key=(pair.path, call.number): of_side.get(key))
            if all(chains):
                for theirs, ours in (chains.float64, chains.float32):
                    theirs[0], ours[0] = aligned(theirs[0], ours[0])
                found.append(passage_of(pair, call.number, chains, self._projection(pair)))
        return found

    def _projection(self, pair: Pair) -> Projection | None:
        layers = [self.models.keras32.layers[i] for i in pair.layers]
        return projection_of(layers[0], self.models.keras32.entries) if len(layers) == 1 else None

    def _grouped(self, side: Any, calls: list[Call]) -> dict[tuple[str, int], list[Call]]:
        """(path, number) -> the calls of its layers."""
        if isinstance(side, TorchSide):
            paths = {id(module): path for path, module in self._modules(side, None).items()}
            return {(paths[id(c.owner)], c.number): [c] for c in calls}
        by_layer = {(id(c.owner), c.number): c for c in calls}
        grouped = {}
        for pair in self.pairing.pairs:
            chain = [side.layers[i] for i in pair.layers]
            for number in {n for layer, n in by_layer if layer == id(chain[0])}:
                found = [by_layer.get((id(layer), number)) for layer in chain]
                if all(found):
                    grouped[pair.path, number] = found
        return grouped

    def layer(self, passage: Passage) -> Layer:
        """The finding of a passage, made at its first mention."""
        if passage.call not in self.layers:
            pair = passage.pair
            layers = [self.models.keras64.layers[i] for i in pair.layers]
            self.layers[passage.call] = Layer(
                pair.path,
                type(passage.calls.torch64.owner).__name__,
                " + ".join(keras_path(layer) for layer in layers),
                " + ".join(type(layer).__name__ for layer in layers),
                passage.number,
                pair.parent,
                pair.paired_by,
                note=passage.why_not,
            )
        return self.layers[passage.call]

    def propagate_forward(self, passages: Sequence[Passage], stage: Stage) -> None:
        """Judges the inputs and outputs of all calls in a free run."""
        found = [(p, name, x) for p in passages for name, x in {**p.inputs, **p.outputs}.items()]
        for passage, row in _judged(found, stage):
            self.layer(passage).propagated_forward.append(row)

    def propagate_backward(self, passages: Sequence[Passage], stage: Stage) -> None:
        """Judges the gradients that came back to the outputs of all calls in a free run."""
        found = [(p, f"gradient of {name}", x) for p in passages for name, x in cotangents(p).items()]
        for passage, row in _judged(found, stage):
            self.layer(passage).propagated_backward.append(row)

    def feed(self, passage: Passage, backward: bool) -> isolated.Feed | None:
        """Torch's own float32 inputs (and cotangents) of a call, or None if it cannot be run by itself."""
        if passage.why_not or not passage.output_layouts:
            return None
        given = None
        if backward:
            found = cotangents(passage)
            given = [found[name].torch32 for name in passage.outputs if name in found]
            if len(given) != len(passage.outputs):
                return None
        inputs = [x.torch32 for x in passage.inputs.values()]
        layouts = passage.input_layouts, passage.output_layouts
        return isolated.Feed(inputs, given, passage.chains, *layouts)

    def locally(self, passage: Passage, stage: Stage, precise: bool) -> None:
        """Judges one call of one pair by itself: outputs and running statistics, or backward the gradients.

        Args:
            passage: the call.
            stage: outputs or gradients.
            precise: whether the noises of the two frameworks are held against each other.
        """
        backward = stage.phase is Phase.BACKWARD
        feed = self.feed(passage, backward)
        if feed is None:
            return
        pair, layer, sides = passage.pair, self.layer(passage), self.models.sides
        if passage.number == 1:
            self.reset_statistics(pair)
        results = sides.map_each(
            lambda side: isolated.run_torch(side, side.module.get_submodule(pair.path), feed),
            lambda side: isolated.run_keras(side, pair, feed),
        )
        if backward:
            layer.local_backward += judge(self._gradients(pair, results), stage, precision=precise)
            return
        outputs = {name: results.map(lambda r, n=name: r.outputs[n]) for name in results.torch64.outputs}
        layer.local_forward += judge(outputs, stage, precision=precise)
        if stage.mode is Mode.TRAINING:
            moved = Stage(Phase.FORWARD, StageKind.RUNNING_STATISTICS)
            layer.local_forward += judge(self.statistics(pair), moved)

    def _gradients(self, pair: Pair, results: FourOf[isolated.Result]) -> dict[str, Sample]:
        """The gradients that all sides give."""
        gradients = results.map_each(lambda r: self.joined(r.gradients, pair), lambda r: r.gradients)
        shared = [name for name in gradients.torch64 if all(name in of_side for of_side in gradients)]
        return {name: gradients.map(lambda of_side, n=name: of_side[n]) for name in shared}

    def joined(self, gradients: Mapping[str, np.ndarray], pair: Pair) -> dict[str, np.ndarray]:
        """Gradients of torch's parameters, as one where they are one in Keras."""
        found = dict(gradients)
        joint = self.models.torch64.joint
        for entry in (entry.inside(pair.path) for entry in joint if entry.lies_in(pair.keys)):
            if entry.keys_as.suffices([key in found for key in entry.keys], gradient=True):
                found[entry.name] = entry.join([found.pop(key, None) for key in entry.keys], gradient=True)
        return found

    def reset_statistics(self, pair: Pair) -> None:
        """Puts back what a training pass moves in a pair, on all sides."""
        state = self.models.joined_initial()
        for torch_side, keras_side in (self.models.sides.float64, self.models.sides.float32):
            isolated.reset_statistics(torch_side, keras_side, pair, state)

    def statistics(self, pair: Pair) -> dict[str, Sample]:
        """The running statistics of a pair on all sides, as they are now."""
        return isolated.statistics(self.models.sides, pair)


def _judged(found: Sequence[tuple[Passage, str, Sample]], stage: Stage) -> list[tuple[Passage, Row]]:
    """The rows of tensors of several passages, each with its passage; judged together, as one stage."""
    rows = judge(dict(enumerate(sample for _, _, sample in found)), stage)
    return [(passage, replace(row, key=name)) for (passage, name, _), row in zip(found, rows, strict=True)]
