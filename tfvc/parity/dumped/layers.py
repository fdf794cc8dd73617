"""The layers of two dumps side by side: which is which, and what each took and gave while both models ran freely."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tfvc.parity.dumped.header import LayerOf, Tensor
from tfvc.parity.dumped.reading import Dumped
from tfvc.parity.findings.layer import UNPAIRED, Layer
from tfvc.parity.findings.not_compared import NotCompared, Reason
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import Phase, Stage
from tfvc.parity.four_of import FourOf
from tfvc.parity.judging.contract import Contract
from tfvc.parity.judging.in_part import Part, can_be_judged
from tfvc.parity.tracing.axes import Axes, in_torchs_layout, input_axes, layout_of, output_axes

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

    pair: "LayerPair"
    number: int
    stage: Stage
    finding: Layer
    inputs: list[Row] | None = None
    outputs: list[Row] | None = None
    gradients: list[Row] | None = None


@dataclass(frozen=True)
class LayerPair:
    """The reference's layer and the other side's.

    Attributes:
        theirs, ours: the two.
        paired_by: as a finding has it.
        parent: path of the smallest pair around it.
        leaf: whether no other pair lies in it.
    """

    theirs: LayerOf
    ours: LayerOf
    paired_by: str
    parent: str | None = None
    leaf: bool = True

    def holds(self, key: str) -> bool:
        """Whether a weight is the layer's."""
        return key in self.theirs.keys if self.theirs.keys else key.startswith(f"{self.theirs.path}.")


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
        paired = {pair.ours.path for pair in self.pairs.values()}
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
            if one.path not in paired and one.keys
        ]
        return theirs + ours

    def _inside(self, path: str) -> list[str]:
        return [other for other in self.pairs if _lies_in(other, path)]

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
            of_keras = ours.get((pair.ours.path, number))
            if of_keras is None:
                counts = (sum(p == one for p, _ in of) for of, one in ((theirs, path), (ours, pair.ours.path)))
                finding.cannot_be_compared(NotCompared(Reason.CALLS, *counts))
                continue
            self._judge_call(call, of_torch, of_keras, contract)
        self.calls[stage] = found
        return found

    def _judge_call(
        self, call: Call, of_torch: Mapping[str, Tensor], of_keras: Mapping[str, Tensor], contract: Contract
    ) -> None:
        first: Axes | None = None
        for kind, attribute in ((INPUT, "inputs"), (OUTPUT, "outputs"), (f"gradient of {OUTPUT}", "gradients")):
            names = [name for name in of_torch if _is(name, kind)]
            others = [name for name in of_keras if _is(name, kind)]
            if not names and not others:
                continue
            if kind == INPUT and len(names) != len(others):
                call.finding.cannot_be_compared(NotCompared(Reason.INPUT_COUNT, len(names), len(others)))
                continue
            if len(names) != len(others):
                call.finding.cannot_be_compared(NotCompared(Reason.OUTPUT_COUNT, len(names), len(others)))
            parts: dict[str, Part] = {}
            why: NotCompared | None = None
            for name, other in zip(names, others, strict=False):
                part = self._part(of_torch[name], of_keras[other])
                x, y = _any(part.torch), _any(part.keras)
                known = _by_names(of_torch[name].axes, of_keras[other].axes)
                if kind == INPUT:
                    axes = input_axes(known, x, y)
                    first = axes if name == names[0] else first
                else:
                    axes = output_axes(known, x.shape, y.shape, first, call.pair.leaf)
                if axes is None:
                    reason = Reason.INPUT_SHAPE if kind == INPUT else Reason.OUTPUT_SHAPE
                    why = NotCompared(reason, x.shape, y.shape)
                    break
                layout = layout_of(axes)
                parts[name] = part.map_each(
                    lambda a: a, lambda a, layout=layout: None if a is None else in_torchs_layout(a, layout)
                )
            if why is not None:
                call.finding.cannot_be_compared(why)
                continue
            rows = rows_of(parts, call.stage, contract)
            setattr(call, attribute, rows)
            backward = call.stage.phase is Phase.BACKWARD
            (call.finding.propagated_backward if backward else call.finding.propagated_forward).extend(rows)

    def _part(self, theirs: Tensor, ours: Tensor) -> Part:
        return part_of(self.theirs, self.ours, theirs, ours)


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


def pair_up(theirs: Sequence[LayerOf], ours: Sequence[LayerOf]) -> dict[str, LayerPair]:
    """The pairs: those that are named, then those that hold the same weights, then those of the same path."""
    known = {one.path: one for one in theirs}
    pairs: dict[str, LayerPair] = {}
    taken: set[str] = set()

    def pair(one: LayerOf, other: LayerOf, paired_by: str) -> None:
        if one.path not in pairs and other.path not in taken:
            pairs[one.path] = LayerPair(one, other, paired_by)
            taken.add(other.path)

    for other in ours:
        if other.beside in known:
            pair(known[other.beside], other, "table")
    by_keys = {frozenset(other.keys): other for other in ours if other.keys}
    for one in theirs:
        if one.keys and frozenset(one.keys) in by_keys:
            pair(one, by_keys[frozenset(one.keys)], "weights")
    for one, other in ((one, other) for one in theirs for other in ours if one.path == other.path):
        pair(one, other, "table")
    return {one.path: _placed(pairs[one.path], pairs) for one in theirs if one.path in pairs}


def _placed(pair: LayerPair, pairs: Mapping[str, LayerPair]) -> LayerPair:
    around = [other for other in pairs.values() if _contains(other, pair)]
    parent = min(around, key=lambda other: (len(other.theirs.keys), -len(other.theirs.path)), default=None)
    leaf = not any(_contains(pair, other) for other in pairs.values())
    return replace(pair, parent=parent.theirs.path if parent else None, leaf=leaf)


def _contains(outer: LayerPair, inner: LayerPair) -> bool:
    mine, others = set(outer.theirs.keys), set(inner.theirs.keys)
    return (bool(others) and others < mine) or _lies_in(inner.theirs.path, outer.theirs.path)


def _lies_in(path: str, outer: str) -> bool:
    return path != outer and path.startswith((f"{outer}.", f"{outer}/") if outer else "")


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
