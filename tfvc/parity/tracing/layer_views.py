"""Layer by layer: what two models that run freely make of the same inputs, and what each layer makes by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfvc.parity.case import Turn
from tfvc.parity.findings.layer import Layer
from tfvc.parity.findings.row import Row
from tfvc.parity.judging.judgement import judge
from tfvc.parity.judging.samples import Samples
from tfvc.parity.layer_table import LayerTable
from tfvc.parity.sides.call import Call
from tfvc.parity.sides.keras_side import KerasSide
from tfvc.parity.sides.torch_side import TorchSide
from tfvc.parity.tracing import axes as axes_of
from tfvc.parity.tracing import local
from tfvc.parity.tracing.arguments import in_order_of
from tfvc.parity.tracing.axes import Axes
from tfvc.parity.tracing.pairing import Pair, Pairing, keras_path, pair_up

# So many bytes may be recorded of any model.
SMALL = 1 << 26


@dataclass
class Passage:
    """One call of one pair in one pass of all four models.

    Attributes:
        pair, number: which pair, and which of its calls.
        calls: of torch in float64, Keras in float64, torch in float32, Keras in float32; of a chain of Keras layers the
            last's.
        chain: the Keras calls of a chain in float32, from the first.
        input_axes, output_axes: torch's axes in Keras's order; empty where they cannot be known.
        inputs, outputs: by name the four arrays, all in torch's layout.
        why_not: why it cannot be compared by itself; empty if it can.
    """

    pair: Pair
    number: int
    calls: tuple[Call, Call, Call, Call]
    chain: list[Call]
    input_axes: list[Axes]
    output_axes: list[Axes]
    inputs: dict[str, tuple[np.ndarray, ...]]
    outputs: dict[str, tuple[np.ndarray, ...]]
    why_not: str = ""


class LayerViews:
    """The layers of one comparison.

    Args:
        sides: torch in float64, Keras in float64, torch in float32, Keras in float32.
        table: the case's table of layers, if it has one.
        inputs: to find out with what the two models call.
    """

    def __init__(self, sides: Sequence[Any], table: LayerTable | None, inputs: Mapping[str, np.ndarray]):
        self.torch64, self.keras64, self.torch32, self.keras32 = sides
        self.sides = sides
        modules = dict(self.torch32.module.named_modules())
        _, torch_calls = self.torch32.forward(inputs, False, modules)
        _, keras_calls = self.keras32.forward(inputs, False, None)
        self.pairing: Pairing = pair_up(
            self.torch32.module, self.keras32.model, self.keras32.entries, table, torch_calls, keras_calls
        )
        self.layers: dict[tuple[str, int], Layer] = {}
        self._sizes = self._sizes_of(torch_calls)

    def torch_modules(self, side: TorchSide, pairs: Sequence[Pair] | None = None) -> dict[str, Any]:
        """The modules of a torch side that are in these pairs, or in any."""
        modules = dict(side.module.named_modules())
        return {pair.path: modules[pair.path] for pair in pairs or self.pairing.pairs}

    def keras_layers(self, side: KerasSide, pairs: Sequence[Pair] | None = None) -> list[Any]:
        """The layers of a Keras side that are in these pairs, or in any."""
        return [side.layers[i] for i in dict.fromkeys(i for pair in pairs or self.pairing.pairs for i in pair.layers)]

    def _sizes_of(self, torch_calls: Sequence[Call]) -> dict[str, int]:
        """Path -> float32 bytes of what a pair takes and gives in one pass; under None, of all pairs together."""
        named = {id(module): path for path, module in self.torch_modules(self.torch32).items()}
        tensors: dict[str | None, dict[int, int]] = {None: {}}
        for call in torch_calls:
            if id(call.owner) in named:
                for x in (*call.inputs, *call.outputs):
                    of_pair = tensors.setdefault(named[id(call.owner)], {})
                    of_pair[x.data_ptr()] = tensors[None][x.data_ptr()] = x.nbytes
        return {path: sum(found.values()) for path, found in tensors.items()}

    def windows(self, backward: bool) -> list[list[Pair]]:
        """The pairs in groups, such that what is recorded of one group needs no more memory than the models do.

        The models need their weights on all sides, and what one of them keeps in float64 for its backward pass. What is
        recorded lies there on all sides in both precisions, six times the bytes of torch in float32, and backward once
        more as gradients.
        """
        weights = sum(p.nbytes for p in self.torch32.module.parameters())
        room = max(6 * weights + 2 * self._sizes[None], SMALL)
        groups: list[list[Pair]] = [[]]
        taken = 0
        for pair in self.pairing.pairs:
            size = (12 if backward else 6) * self._sizes.get(pair.path, 0)
            if groups[-1] and taken + size > room:
                groups.append([])
                taken = 0
            groups[-1].append(pair)
            taken += size
        return groups

    def passages(self, calls: Sequence[list[Call]]) -> list[Passage]:
        """The calls of all four sides put side by side, in torch's order.

        Args:
            calls: of each side, in the order of the sides.
        """
        named = {id(m): path for path, m in self.torch_modules(self.torch32).items()}
        grouped = [self._grouped(side, side_calls) for side, side_calls in zip(self.sides, calls, strict=True)]
        found = []
        for call in calls[2]:
            pair = self.pairing.find(named[id(call.owner)])
            four = [group.get((pair.path, call.number)) for group in grouped]
            if all(four):
                for theirs, ours in (four[:2], four[2:]):
                    ours[0] = in_order_of(theirs[0], ours[0])
                found.append(self._passage(pair, call.number, four))
        return found

    def _grouped(self, side: Any, calls: list[Call]) -> dict[tuple[str, int], list[Call]]:
        """(path, number) -> the calls of its layers."""
        if isinstance(side, TorchSide):
            named = {id(m): path for path, m in self.torch_modules(side).items()}
            return {(named[id(c.owner)], c.number): [c] for c in calls}
        by_layer = {(id(c.owner), c.number): c for c in calls}
        grouped = {}
        for pair in self.pairing.pairs:
            chain = [side.layers[i] for i in pair.layers]
            for number in {n for layer, n in by_layer if layer == id(chain[0])}:
                found = [by_layer.get((id(layer), number)) for layer in chain]
                if all(found):
                    grouped[pair.path, number] = found
        return grouped

    def _passage(self, pair: Pair, number: int, four: list[list[Call]]) -> Passage:
        calls = tuple(of_side[-1] for of_side in four)
        chain = four[3]
        passage = Passage(pair, number, calls, chain, [], [], {}, {})
        firsts = [of_side[0] for of_side in four]
        module = calls[2].owner
        theirs, ours = firsts[0].inputs, firsts[1].inputs
        if len(theirs) != len(ours):
            passage.why_not = f"torch takes {len(theirs)} tensors, Keras {len(ours)}"
            return passage
        for x, y in zip(theirs, ours, strict=True):
            found = axes_of.of_input(module, x.numpy(), np.asarray(y))
            if found is None:
                passage.why_not = f"inputs of shape {tuple(x.shape)} in torch and {tuple(y.shape)} in Keras"
                return passage
            passage.input_axes.append(found)
        arrays = [[np.asarray(x) for x in first.inputs] for first in firsts]
        passage.inputs = self._by_name("input", arrays, passage.input_axes)
        outputs = [local.compared_outputs(calls[i].owner, calls[i].outputs, calls[1].outputs) for i in (0, 2)]
        if outputs[0] is None:
            passage.why_not = f"torch gives {len(calls[0].outputs)} tensors, Keras {len(calls[1].outputs)}"
            return passage
        ours = calls[1].outputs[: len(outputs[0])]
        for x, y in zip(outputs[0], ours, strict=True):
            first_axes = passage.input_axes[0] if passage.input_axes else None
            found = axes_of.of_output(module, tuple(x.shape), tuple(y.shape), first_axes, pair.leaf)
            if found is None:
                passage.why_not = f"outputs of shape {tuple(x.shape)} in torch and {tuple(y.shape)} in Keras"
                passage.output_axes = []
                return passage
            passage.output_axes.append(found)
        given = [outputs[0], calls[1].outputs, outputs[1], calls[3].outputs]
        arrays = [[np.asarray(x) for x in side[: len(outputs[0])]] for side in given]
        passage.outputs = self._by_name("output", arrays, passage.output_axes)
        return passage

    @staticmethod
    def _by_name(kind: str, arrays: list[list[np.ndarray]], axes: list[Axes]) -> dict[str, tuple[np.ndarray, ...]]:
        """The arrays of all sides by name, Keras's transposed to torch's layout."""
        named = {}
        for i, name in enumerate(local.names(kind, len(axes))):
            back = np.argsort(axes[i])
            of_sides = [side[i] for side in arrays]
            named[name] = tuple(
                np.transpose(x, back) if j % 2 and x.ndim == len(back) else x for j, x in enumerate(of_sides)
            )
        return named

    def layer(self, passage: Passage) -> Layer:
        """The finding of a passage, made at its first mention."""
        pair = passage.pair
        key = pair.path, passage.number
        if key not in self.layers:
            layers = [self.keras64.layers[i] for i in pair.layers]
            self.layers[key] = Layer(
                pair.path,
                type(passage.calls[0].owner).__name__,
                " + ".join(keras_path(layer) for layer in layers),
                " + ".join(type(layer).__name__ for layer in layers),
                passage.number,
                pair.parent,
                pair.paired_by,
                note=passage.why_not,
            )
        return self.layers[key]

    def propagate_forward(self, passages: list[Passage], stage: str) -> None:
        """Judges the inputs and outputs of all calls in a free run."""
        found = {}
        for i, passage in enumerate(passages):
            for name, arrays in {**passage.inputs, **passage.outputs}.items():
                found[f"{i} {name}"] = arrays
        for row in _judge_arrays(found, "forward", stage):
            i, name = row.key.split(" ", 1)
            self.layer(passages[int(i)]).propagated_forward.append(replace(row, key=name))

    def propagate_backward(self, passages: list[Passage], stage: str) -> None:
        """Judges the gradients that came back to the outputs of all calls in a free run."""
        found = {}
        for i, passage in enumerate(passages):
            for name, arrays in cotangents(passage).items():
                found[f"{i} {name}"] = arrays
        for row in _judge_arrays(found, "backward", stage):
            i, name = row.key.split(" ", 1)
            self.layer(passages[int(i)]).propagated_backward.append(replace(row, key=f"gradient of {name}"))

    def feed(self, passage: Passage, backward: bool) -> local.Feed | None:
        """Torch's own float32 inputs (and cotangents) of a call, or None if it cannot be run by itself."""
        if passage.why_not or not passage.output_axes:
            return None
        given = None
        if backward:
            found = cotangents(passage)
            given = [found[name][2] for name in passage.outputs if name in found]
            if len(given) != len(passage.outputs):
                return None
        inputs = [arrays[2] for arrays in passage.inputs.values()]
        return local.Feed(inputs, given, passage.calls[2], passage.chain, passage.input_axes, passage.output_axes)

    def locally(
        self,
        passage: Passage,
        mode: str,
        state: Mapping[str, np.ndarray],
        backward: bool,
        precise: bool,
        turn: str = "",
    ) -> None:
        """Judges one call of one pair by itself: outputs and running statistics, or backward the gradients."""
        feed = self.feed(passage, backward)
        if feed is None:
            return
        pair, layer = passage.pair, self.layer(passage)
        modules = [side.module.get_submodule(pair.path) for side in (self.torch64, self.torch32)]
        if passage.number == 1:
            for i, module in ((0, modules[0]), (2, modules[1])):
                local.reset_statistics(self.sides[i], self.sides[i + 1], pair, module, state)
        results = [
            local.run_torch(self.torch64, modules[0], feed),
            local.run_keras(self.keras64, pair, feed),
            local.run_torch(self.torch32, modules[1], feed),
            local.run_keras(self.keras32, pair, feed),
        ]
        if backward:
            gradients = [r.gradients for r in results]
            for i in (0, 2):
                gradients[i] = self.joined(gradients[i], pair)
            shared = {k for k in gradients[0] if all(k in g for g in gradients)}
            found = {k: tuple(g[k] for g in gradients) for k in gradients[0] if k in shared}
            layer.local_backward += _judge_arrays(found, "backward", f"{turn}gradients", precise)
            return
        found = {name: tuple(r.outputs[name] for r in results) for name in results[0].outputs}
        layer.local_forward += _judge_arrays(found, "forward", f"{mode} outputs", precise)
        if mode == "training":
            layer.local_forward += _judge_arrays(self.statistics(pair, modules), "forward", "running statistics")

    def joined(self, gradients: dict[str, np.ndarray], pair: Pair) -> dict[str, np.ndarray]:
        """Gradients of torch's parameters, as one where they are one in Keras."""
        found = dict(gradients)
        for entry in (entry.inside(pair.path) for entry in self.torch64.joint if entry.lies_in(pair.keys)):
            if entry.keys_as.suffices([key in found for key in entry.keys], gradient=True):
                found[entry.name] = entry.join([found.pop(key, None) for key in entry.keys], gradient=True)
        return found

    def statistics(self, pair: Pair, modules: Sequence[Any]) -> dict[str, tuple[np.ndarray, ...]]:
        """The running statistics of a pair on all sides, as they are now."""
        found = {}
        entries = zip(local.statistics(self.keras64, pair), local.statistics(self.keras32, pair), strict=True)
        for of_64, of_32 in entries:
            here = of_64.inside(pair.path)
            buffers = [dict(module.named_buffers()) for module in modules]
            theirs = [here.join([of_module[key].numpy() for key in here.keys]) for of_module in buffers]
            ours = [entry.value() for entry in (of_64, of_32)]
            found[here.name] = (theirs[0], ours[0], theirs[1], ours[1])
        return found


def cotangents(passage: Passage) -> dict[str, tuple[np.ndarray, ...]]:
    """By output the gradients that came back to it on all sides, in torch's layout; none where torch got none."""
    found = {}
    theirs, ours = passage.calls[0], passage.calls[1]
    if not ours.cotangents or len(theirs.outputs) != len(passage.outputs):
        whole = theirs.outputs and len(passage.outputs) == 1 and theirs.outputs[0].ndim == ours.outputs[0].ndim
        if not (ours.cotangents and whole):
            return {}
    for i, name in enumerate(passage.outputs):
        of_sides = [call.cotangents[i] for call in passage.calls]
        if any(g is None for g in of_sides):
            continue
        back = np.argsort(passage.output_axes[i])
        arrays = [np.asarray(g) for g in of_sides]
        found[name] = tuple(np.transpose(g, back) if j % 2 and g.ndim == len(back) else g for j, g in enumerate(arrays))
    return found


def of_turn(turn: Turn) -> str:
    """What stages of a turn are called in front."""
    return "" if turn.name == "loss" else f"{turn.name}: "


def _judge_arrays(
    found: Mapping[str, tuple[np.ndarray, ...]], phase: str, stage: str, precise: bool = False
) -> list[Row]:
    sides = [{key: arrays[i] for key, arrays in found.items()} for i in range(4)]
    return judge(Samples(sides), phase, stage, precision=precise)
