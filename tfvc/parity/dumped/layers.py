"""The layers of two dumps side by side: which is which, and what each took and gave while both models ran freely."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from tfvc.parity.dumped.header import Tensor
from tfvc.parity.dumped.pairs import LayerPair, lies_in, pair_up
from tfvc.parity.dumped.reading import Dumped
from tfvc.parity.findings.layer import UNPAIRED, Layer
from tfvc.parity.findings.not_compared import NotCompared, Reason
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import Phase, Stage
from tfvc.parity.four_of import FourOf
from tfvc.parity.judging.contract import Contract
from tfvc.parity.judging.in_part import Part, can_be_judged
from tfvc.parity.tracing.axes import Axes, in_torchs_layout, input_axes, layout_of, output_axes
from tfvc.parity.tracing.padding import padding_between
from tfvc.weights import Layout

INPUT, OUTPUT = "input", "output"


@dataclass
class Call:
    """One call of a layer on both sides, in one stage.

    Attributes:
        pair: the layer, and its finding.
        number: which of its calls.
        stage: in which.
        inputs, outputs, gradients: the rows, of the gradients that came back to outputs; None if not compared.
    """

    pair: LayerPair
    number: int
    stage: Stage
    finding: Layer
    inputs: list[Row] | None = None
    outputs: list[Row] | None = None
    gradients: list[Row] | None = None


@dataclass
class DumpedLayers:
    """The layers of two dumps.

    Attributes:
        theirs, ours: the dumps.
        pairs: by the reference's path, in its order.
        findings: by the reference's path and the number of the call.
        calls: of each stage, in the reference's order.
    """

    theirs: Dumped
    ours: Dumped
    pairs: dict[str, LayerPair] = field(init=False)
    findings: dict[tuple[str, int], Layer] = field(default_factory=dict)
    calls: dict[Stage, list[Call]] = field(default_factory=dict)

    def __post_init__(self):
        self.pairs = pair_up(self.theirs.header.layers, self.ours.header.layers)

    @property
    def unpaired(self) -> list[Layer]:
        """Layers that the other side has none for."""
        pairs = self.pairs.values()
        paired = {pair.ours.path for pair in pairs}
        theirs = [
            Layer(one.path, one.kind, verdict=UNPAIRED, note="the other side has no layer for it")
            for one in self.theirs.header.layers
            if one.path not in self.pairs and not any(other != one.path for other in self._inside(one.path))
        ]
        ours = [
            Layer(
                "", keras_path=one.path, keras_class=one.kind, verdict=UNPAIRED, note="no layer of the reference is it"
            )
            for one in self.ours.header.layers
            if one.path not in paired and one.keys and not any(set(one.keys) < set(pair.ours.keys) for pair in pairs)
        ]
        return theirs + ours

    def _inside(self, path: str) -> list[str]:
        return [other for other in self.pairs if lies_in(other, path)]

    def judge(self, stage: Stage, contract: Contract) -> list[Call]:
        """The calls of all pairs in one stage, with their rows."""
        theirs, ours = _by_call(self.theirs, stage), _by_call(self.ours, stage)
        found = []
        for (path, number), of_torch in theirs.items():
            pair = self.pairs.get(path)
            if pair is None:
                continue
            finding = self.findings.setdefault((path, number), _described(pair, number))
            call = Call(pair, number, stage, finding)
            found.append(call)
            counts = [sum(p == one for p, _ in of) for of, one in ((theirs, path), (ours, pair.ours.path))]
            # Keras's RNN calls its cell once more, before its loop, to see what it gives.
            probes = int(counts[1] == counts[0] + 1 and self._begins_twice(pair.ours.path, ours))
            if counts[1] != counts[0] + probes:
                finding.cannot_be_compared(NotCompared(Reason.CALLS, *counts))
                continue
            self._judge_call(call, of_torch, ours[pair.ours.path, number + probes], contract)
        self.calls[stage] = found
        return found

    def _begins_twice(self, path: str, calls: Mapping[tuple[str, int], Mapping[str, Tensor]]) -> bool:
        """Whether the second call of a layer gets what the first did."""
        first, second = (
            {name: _any((self.ours.array(x, True), self.ours.array(x, False))) for name, x in calls[path, n].items()}
            for n in (1, 2)
        )
        return all(np.array_equal(x, second.get(name)) for name, x in first.items() if _is(name, INPUT))

    def _judge_call(
        self, call: Call, of_torch: Mapping[str, Tensor], of_keras: Mapping[str, Tensor], contract: Contract
    ) -> None:
        first: Axes | None = None
        for kind, attribute in ((INPUT, "inputs"), (OUTPUT, "outputs"), (f"gradient of {OUTPUT}", "gradients")):
            names = [name for name in of_torch if _is(name, kind)]
            others = [name for name in of_keras if _is(name, kind)]
            if not names and not others:
                continue
            if len(names) != len(others):
                reason = Reason.INPUT_COUNT if kind == INPUT else Reason.OUTPUT_COUNT
                call.finding.cannot_be_compared(NotCompared(reason, len(names), len(others)))
                if kind == INPUT:
                    continue
            parts: dict[str, Part] = {}
            for name, other in zip(names, others, strict=False):
                pair = of_torch[name], of_keras[other]
                axes, crossed = self._crossed(call, pair, kind == INPUT, first)
                if crossed is None:
                    parts = {}
                    break
                first = axes if kind == INPUT and not parts else first
                parts[name] = crossed
            if parts:
                rows = rows_of(parts, call.stage, contract)
                setattr(call, attribute, rows)
                backward = call.stage.phase is Phase.BACKWARD
                (call.finding.propagated_backward if backward else call.finding.propagated_forward).extend(rows)

    def _crossed(
        self, call: Call, pair: tuple[Tensor, Tensor], is_input: bool, first: Axes | None
    ) -> tuple[Axes | None, Part | None]:
        """The order of a tensor's axes, and what there is of it in the reference's; the finding says why not."""
        part = part_of(self.theirs, self.ours, *pair)
        x, y = _any(part.torch), _any(part.keras)
        known = _by_names(pair[0].axes, pair[1].axes)
        axes = input_axes(known, x, y) if is_input else output_axes(known, x.shape, y.shape, first, call.pair.leaf)
        if axes is not None:
            return axes, _in_layout(part, layout_of(axes))
        # Where a kernel slides, one side may have padded in front of the layer.
        padded = (
            padding_between(layout_of(known), x, y) if is_input and known not in (None, (*range(x.ndim),)) else None
        )
        if padded is not None:
            layout, *padding = padded
            crop = [lambda a, p=p: None if a is None else p.without(a) for p in padding]
            return known, _in_layout(part, layout).map_each(*crop)
        reason = Reason.INPUT_SHAPE if is_input else Reason.OUTPUT_SHAPE
        call.finding.cannot_be_compared(NotCompared(reason, x.shape, y.shape))
        return None, None


def _in_layout(part: Part, layout: Layout) -> Part:
    return part.map_each(lambda a: a, lambda a: None if a is None else in_torchs_layout(a, layout))


def part_of(theirs: Dumped, ours: Dumped, one: Tensor | None, other: Tensor | None) -> Part:
    """What there is of one tensor on both sides."""
    return FourOf(
        *(
            None if tensor is None else side.array(tensor, float64)
            for float64 in (True, False)
            for side, tensor in ((theirs, one), (ours, other))
        )
    )


def rows_of(
    parts: Mapping[str, Part], stage: Stage, contract: Contract, precision: bool = False, refuse: bool = False
) -> list[Row]:
    """The rows of tensors of which some may be there in one precision only.

    Raises:
        ValueError: naming what cannot be judged at all, if it is to be refused; else it is left out.
    """
    whole = {key: part for key, part in parts.items() if all(x is not None for x in part)}
    others = {key: part for key, part in parts.items() if key not in whole and can_be_judged(part)}
    left_out = [key for key in parts if key not in whole and key not in others]
    if left_out and refuse:
        raise ValueError(left_out[0])
    sides = FourOf(*({key: side for key, side in zip(whole, of_side, strict=True)} for of_side in _turned(whole)))
    return [*contract.judge(stage, sides, precision), *contract.judge_in_part(stage, others)]


def _turned(parts: Mapping[str, Part]) -> list[list[np.ndarray]]:
    return [[part.named()[side] for part in parts.values()] for side in FourOf(*range(4)).named()]


def _described(pair: LayerPair, number: int) -> Layer:
    theirs, ours = pair.theirs, pair.ours
    return Layer(theirs.path, theirs.kind, ours.path, ours.kind, number, pair.parent, pair.paired_by)


def _by_call(side: Dumped, stage: Stage) -> dict[tuple[str, int], dict[str, Tensor]]:
    found: dict[tuple[str, int], dict[str, Tensor]] = defaultdict(dict)
    for one in side.header.tensors:
        if one.layer is not None and one.where == stage:
            found[one.layer, one.call][one.name] = one
    return found


def _is(name: str, kind: str) -> bool:
    return name == kind or name.startswith(f"{kind}.")


def _any(pair: tuple[np.ndarray | None, np.ndarray | None]) -> np.ndarray:
    return pair[0] if pair[0] is not None else pair[1]


def _by_names(theirs: str | None, ours: str | None) -> Axes | None:
    """The reference's axes in the other's order, if both name the same."""
    if theirs is None or ours is None or sorted(theirs.split()) != sorted(ours.split()):
        return None
    return tuple(theirs.split().index(name) for name in ours.split())


def stages_of_layers(side: Dumped) -> Iterator[Stage]:
    """The stages that have tensors of layers."""
    yield from dict.fromkeys(one.where for one in side.header.tensors if one.layer is not None)
