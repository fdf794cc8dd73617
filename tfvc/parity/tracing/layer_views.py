"""Layer by layer: what two models that run freely make of the same inputs, and what each layer makes by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfvc.parity.catching import Catching
from tfvc.parity.findings.layer import Layer
from tfvc.parity.findings.not_compared import NotCompared, Reason
from tfvc.parity.findings.raised import Activity
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
from tfvc.parity.tracing.grouping import Grouped, aligned_calls, of_keras, of_torch
from tfvc.parity.tracing.pairing import Pair, Pairing, keras_path, pair_up
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
        torch_calls: list[Call] = []
        keras_calls: list[Call] = []
        # What is raised here, the passes themselves tell; what was called before it is known all the same.
        with Catching() as of_torch:
            torch32.forward(models.inputs, False, modules, torch_calls)
        with Catching() as of_keras:
            keras32.forward(models.inputs, False, None, keras_calls)
        complete = not of_torch.raised and not of_keras.raised
        self.pairing = pair_up(torch32.module, keras32.model, keras32.entries, table, torch_calls, keras_calls)
        self.layers: dict[tuple[str, int], Layer] = {}
        weights = sum(p.nbytes for p in torch32.module.parameters())
        self._orders = [_order(self.pairing, keras32.layers, keras_calls), _order(self.pairing, modules, torch_calls)]
        self._unseen = _unseen(self.pairing, *self._orders) if complete else {}
        self.windows = Windows(self.pairing.pairs, self._modules(torch32, None), torch_calls, weights)

    @property
    def wrong(self) -> bool:
        """Whether something is wrong with any layer."""
        return any(layer.wrong for layer in self.layers.values())

    def forget(self) -> None:
        """Begins anew."""
        self.layers = {}

    def settle(self) -> None:
        """Gives every layer its verdict; a pair of which no call is seen on a side was not compared."""
        seen = {path for path, _ in self.layers}
        self.layers |= {(path, 1): self._unseen_layer(path) for path in self._unseen if path not in seen}
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

    def passages(self, calls: FourOf[list[Call]], complete: bool = True) -> list[Passage]:
        """The calls of all four sides put side by side, in torch's order.

        Args:
            calls: of each side.
            complete: whether the passes came to their end; a layer that both then do not call equally often is not
                compared.
        """
        grouped, unlike = aligned_calls(zip_four(self._grouped, self.models.sides, calls))
        for path, counts in unlike.items() if complete else ():
            layer = self.layers.setdefault((path, 1), self._described(self.pairing.find(path), 1))
            layer.cannot_be_compared(NotCompared(Reason.CALLS, *counts))
        found = []
        for path, number in grouped.torch32:
            chains = grouped.map(lambda of_side, key=(path, number): of_side.get(key))
            if all(chains) and not (complete and path in unlike):
                for theirs, ours in (chains.float64, chains.float32):
                    theirs[0], ours[0] = aligned(theirs[0], ours[0])
                pair = self.pairing.find(path)
                found.append(passage_of(pair, number, chains, self._projection(pair)))
        return found

    def _grouped(self, side: Any, calls: list[Call]) -> Grouped:
        if isinstance(side, TorchSide):
            return of_torch({id(module): path for path, module in self._modules(side, None).items()}, calls)
        return of_keras(self.pairing.pairs, side.layers, calls)

    def _projection(self, pair: Pair) -> Projection | None:
        layers = [self.models.keras32.layers[i] for i in pair.layers]
        return projection_of(layers[0], self.models.keras32.entries) if len(layers) == 1 else None

    def layer(self, passage: Passage) -> Layer:
        """The finding of a passage, made at its first mention."""
        if passage.call not in self.layers:
            self.layers[passage.call] = self._described(passage.pair, passage.number)
        layer = self.layers[passage.call]
        # What holds pairs is not run by itself: its outputs are all that is compared, and those of the whole have rows.
        for why in passage.why_not if passage.pair.leaf or not (passage.outputs or not passage.pair.path) else ():
            layer.cannot_be_compared(why)
        return layer

    def _unseen_layer(self, path: str) -> Layer:
        layer = self._described(self.pairing.find(path), 1)
        layer.cannot_be_compared(self._unseen[path])
        return layer

    def unseen_between(self, first: Passage | None, last: Passage | None) -> list[Layer]:
        """Pairs of which a side's calls are not seen, and that the other calls between two calls, in its order."""
        found = []
        for path in self._unseen:
            order = next(order for order in self._orders if path in order)
            start = order.get(first.pair.path, -1) if first else -1
            end = order.get(last.pair.path, len(order)) if last else len(order)
            if start < order[path] < end:
                found.append((order[path], path))
        return [self._unseen_layer(path) for _, path in sorted(found)]

    def counterpart_of(self, paths: Sequence[str]) -> str:
        """Torch's module for the last of these Keras layers, each in the one before, that has any; else empty."""
        known = {
            keras_path(self.models.keras64.layers[i]): pair.path for pair in self.pairing.pairs for i in pair.layers
        }
        return next((known[path] for path in reversed(paths) if path in known), "")

    def _described(self, pair: Pair, number: int) -> Layer:
        """A finding in which nothing has been found yet."""
        layers = [self.models.keras64.layers[i] for i in pair.layers]
        return Layer(
            pair.path,
            type(self.models.torch64.module.get_submodule(pair.path)).__name__,
            " + ".join(keras_path(layer) for layer in layers),
            " + ".join(type(layer).__name__ for layer in layers),
            number,
            pair.parent,
            pair.paired_by,
        )

    def propagate_forward(self, passages: Sequence[Passage], stage: Stage) -> None:
        """Judges the inputs and outputs of all calls in a free run."""
        found = [(p, name, x) for p in passages for name, x in {**p.inputs, **p.outputs}.items()]
        for passage, row in self._judged(found, stage):
            self.layer(passage).propagated_forward.append(row)

    def propagate_backward(self, passages: Sequence[Passage], stage: Stage) -> None:
        """Judges the gradients that came back to the outputs of all calls in a free run."""
        found = [(p, f"gradient of {name}", x) for p in passages for name, x in cotangents(p).items()]
        for passage, row in self._judged(found, stage):
            self.layer(passage).propagated_backward.append(row)

    def _judged(self, found: Sequence[tuple[Passage, str, Sample]], stage: Stage) -> list[tuple[Passage, Row]]:
        """The rows of tensors of several passages, each with its passage; judged together, as one stage."""
        rows = self._judge(dict(enumerate(sample for _, _, sample in found)), stage)
        return [(passage, replace(row, key=name)) for (passage, name, _), row in zip(found, rows, strict=True)]

    def feed(self, passage: Passage, backward: bool) -> isolated.Feed | None:
        """Torch's own float32 inputs (and cotangents) of a call, or None if it cannot be run by itself."""
        if not passage.runs_alone:
            return None
        given = None
        if backward:
            found = cotangents(passage)
            given = [found[name].torch32 for name in passage.outputs if name in found]
            if len(given) != len(passage.outputs):
                return None
        inputs = [x.torch32 for x in passage.inputs.values()]
        layouts = passage.input_layouts, passage.output_layouts
        return isolated.Feed(inputs, given, passage.chains, *layouts, passage.torch_padding, passage.keras_padding)

    def locally(self, passage: Passage, stage: Stage, precise: bool) -> None:
        """Judges one call of one pair by itself: outputs and running statistics, or backward the gradients.

        Args:
            passage: the call.
            stage: outputs or gradients.
            precise: whether the noises of the two frameworks are held against each other.
        """
        with Catching(stage, Activity.LAYERS) as caught:
            self._run_alone(passage, stage, precise)
        for one in caught.raised:
            self.layer(passage).cannot_be_compared(NotCompared(Reason.RAISED, raised=one))

    def _run_alone(self, passage: Passage, stage: Stage, precise: bool) -> None:
        backward = stage.phase is Phase.BACKWARD
        feed = self.feed(passage, backward)
        if feed is None:
            return
        pair, layer = passage.pair, self.layer(passage)
        if passage.number == 1:
            self.reset_statistics(pair)

        def run(side: TorchSide | KerasSide) -> isolated.Result:
            if isinstance(side, TorchSide):
                return isolated.run_torch(side, side.module.get_submodule(pair.path), feed)
            return isolated.run_keras(side, pair, feed)

        results = self.models.in_turn(run)
        if backward:
            layer.local_backward += self._judge(self._gradients(pair, results), stage, precise)
            return
        outputs = {name: results.map(lambda r, n=name: r.outputs[n]) for name in results.torch64.outputs}
        layer.local_forward += self._judge(outputs, stage, precise)
        if stage.mode is Mode.TRAINING:
            moved = Stage(Phase.FORWARD, StageKind.RUNNING_STATISTICS)
            layer.local_forward += self._judge(self.statistics(pair), moved)

    def _judge(self, samples: Mapping[str, Sample], stage: Stage, precise: bool = False) -> list[Row]:
        return judge(samples, stage, precision=precise, rounded=self.models.rounded)

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


def _order(pairing: Pairing, owners: Any, calls: Sequence[Call]) -> dict[str, int]:
    """The pairs without pairs in them that are called, by their first calls: torch's path -> place.

    Args:
        pairing: the pairs.
        owners: torch's modules by their paths, or the list of Keras's layers.
        calls: of one of the two models.
    """
    first = {id(call.owner): i for i, call in reversed(list(enumerate(calls)))}
    keys = {
        pair.path: pair.path if isinstance(owners, Mapping) else pair.layers[-1] for pair in pairing.pairs if pair.leaf
    }
    called = {path: first[id(owners[key])] for path, key in keys.items() if id(owners[key]) in first}
    return {path: i for i, path in enumerate(sorted(called, key=called.get))}


def _unseen(pairing: Pairing, ours: Mapping[str, int], theirs: Mapping[str, int]) -> dict[str, NotCompared]:
    """The pairs without pairs in them that only one of the two models is seen to call.

    The other runs them without Python or in a graph, or takes their weights itself.
    """
    seen = {pair.path: (int(pair.path in theirs), int(pair.path in ours)) for pair in pairing.pairs}
    return {path: NotCompared(Reason.CALLS, *both) for path, both in seen.items() if sum(both) == 1}
