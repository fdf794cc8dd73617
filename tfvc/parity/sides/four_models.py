"""The four models of a comparison: torch's and Keras's, each in float64 and in float32."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.parity.case import ParityCase, Turn, probe
from tfvc.parity.catching import Catching, SidesRaised, made_by
from tfvc.parity.findings.stage import StageKind
from tfvc.parity.four_of import FourOf, unzip_four
from tfvc.parity.sides.accepted import FLOAT32, accept
from tfvc.parity.sides.drop import Drop
from tfvc.parity.sides.initialization import given_state, initial_state
from tfvc.parity.sides.keras_side import KerasSide
from tfvc.parity.sides.lazy_arrays import LazyArrays
from tfvc.parity.sides.memory import give_back, return_large_blocks
from tfvc.parity.sides.slots import units_of
from tfvc.parity.sides.torch_side import TorchSide
from tfvc.weights import Entry, Tied
from tfvc.weights.torch_file import read_torch_file

# So many bytes of weights in float64 make a large model.
LARGE = 1 << 26


class FourModels:
    """The four models of a case, fed with the same numbers.

    Args:
        case: the pair.
        seed: of the inputs.

    Attributes:
        torch64, keras64, torch32, keras32: the models; `sides` has all four.
        initial: the weights that they start from, in torch's layout and under its keys; set before `load`.
        inputs: of the first step.
        unlike: outputs that only one side gives, or that are of other shapes: the default loss does not read them.

    Raises:
        TfvcError: if the weight entries do not cover both models exactly.
        SidesRaised: with what the first call of a Keras model raises that has no weights before.
    """

    initial: Mapping[str, np.ndarray]

    def __init__(self, case: ParityCase, seed: int = 0):
        self.case = case
        self.seed = seed
        self._with_units: set[str] = set()
        self.unlike: frozenset[str] = frozenset()
        self.restart()
        self.torch64, self.torch32 = TorchSide(case, "float64"), TorchSide(case, "float32")
        self.shapes = self.torch64.shapes()
        # Where there is little to give back, giving back would only take time.
        self._large = sum(8 * x.size for x in self.shapes.values()) >= LARGE
        if self._large:
            return_large_blocks()
        with Catching() as of_64:
            self.keras64 = KerasSide(case, "float64", self.inputs)
        with Catching() as of_32:
            self.keras32 = KerasSide(case, "float32", self.inputs)
        if of_64.raised or of_32.raised:
            raise SidesRaised([*of_64.raised, *of_32.raised]) from (of_64.error or of_32.error)
        self.sides = FourOf(self.torch64, self.keras64, self.torch32, self.keras32)
        joint = [entry for entry in self.keras64.entries if len(entry.keys) > 1]
        self.torch64.joint = self.torch32.joint = joint
        for side in (self.torch64, self.torch32):
            accept(case.accepted, side.module, joint)
        self.ignored = self._check_keys()
        self.torch64.ignored = self.torch32.ignored = self.ignored
        made = self.torch64.module.state_dict()
        self._own = {key: made[key].numpy().copy() for key in self.ignored}

    def _check_keys(self) -> list[str]:
        """The torch keys that the case ignores; all others must have an entry."""
        entered = {key for entry in self.keras64.entries for key in entry.keys}
        for key in sorted(entered - set(self.shapes)):
            raise TfvcError(f"parity case {self.case.name}: the torch module has no key {key}")
        missing = sorted(set(self.shapes) - entered - self.keras64.ignored)
        if missing:
            raise TfvcError(f"parity case {self.case.name}: no weight entry for {', '.join(missing)}")
        return sorted(self.keras64.ignored & set(self.shapes))

    def initial_state(self, mode: str, weights: Path | None = None) -> LazyArrays:
        """Weights to start from, see `initialization`, or those in a file; tied tensors have those of the first.

        What the case ignores stays as it was made: torch may compute with it, as with the causal mask of an attention.
        """
        if weights is not None:
            made = given_state(self.shapes, read_torch_file(weights), str(weights))
        else:
            own = {key: partial(self._own.__getitem__, key) for key in self._own}
            made = initial_state(self.shapes, mode, self.seed).and_also(own)
        return with_tied_alike(made, self.torch64.joint)

    def joined_initial(self) -> LazyArrays:
        """The initial weights under torch's own keys and under the names of the entries."""
        return joined_with_parts(self.initial, self.torch64.joint)

    def losses_and_gradients(self, inputs: Mapping[str, np.ndarray], turn: Turn) -> tuple[FourOf, FourOf]:
        """Of all sides; Keras's as a graph."""
        return unzip_four(self.each(lambda side: side.backward(inputs, turn)))

    def each(self, compute: Callable[[Any], Any], float32_first: bool = False) -> FourOf[Any]:
        """What a function gives for each side; torch's and Keras's are computed beside each other.

        Args:
            compute: the function.
            float32_first: where a side leaves less in memory than it finds, so that float64, the larger one, has room.

        Raises:
            SidesRaised: with all that the sides raised.
        """

        def both(*sides: Any) -> list[Any]:
            found = {}
            for side in reversed(sides) if float32_first else sides:
                found[id(side)] = self._attempt(compute, side)
                if self._large:
                    give_back()
            return [found[id(side)] for side in sides]

        with ThreadPoolExecutor(1) as pool:
            theirs = pool.submit(both, self.torch64, self.torch32)
            keras64, keras32 = both(self.keras64, self.keras32)
            torch64, torch32 = theirs.result()
        return _values(FourOf(torch64, keras64, torch32, keras32))

    def in_turn(self, compute: Callable[[Any], Any]) -> FourOf[Any]:
        """What a function gives for each side, one after the other.

        Raises:
            SidesRaised: with all that the sides raised.
        """
        return _values(self.sides.map(lambda side: self._attempt(compute, side)))

    def _attempt(self, compute: Callable[[Any], Any], side: Any) -> tuple[Any, Catching]:
        """What a function gives for a side, or what it raises there."""
        which = next(which for which, other in self.sides.named().items() if other is side)
        value = None
        with Catching(side=which, named=side.name_of) as caught:
            value = compute(side)
        return value, caught

    def slots(self, turn: Turn) -> FourOf[dict[StageKind, LazyArrays]]:
        """What the optimizers of a turn keep, in torch's units; of the first step they are found out."""
        theirs, ours = (side.slots(turn) for side in self.sides.float64)
        if turn.name not in self._with_units:
            self._with_units.add(turn.name)
            optimizer = self.keras64.optimizers[turn.name]
            units = {kind: units_of(optimizer, kind, theirs.get(kind, {}), of_kind) for kind, of_kind in ours.items()}
            for side in self.sides.keras:
                side.set_units(turn, units)
        return self.sides.map(lambda side: side.slots(turn))

    def take_over(self) -> None:
        """Keras's models get the weights and slots of torch's."""
        turns = self.case.all_turns
        for theirs, ours in (self.sides.float64, self.sides.float32):
            ours.take(theirs.state(), {turn.name: theirs.slots(turn) for turn in turns})

    @property
    def rounded(self) -> bool:
        """Whether the case accepts float64 errors of the size of float32's rounding."""
        return FLOAT32 in self.case.accepted

    @property
    def dropped(self) -> tuple[list[Drop], list[Drop]]:
        """What torch and what Keras would have dropped in their last forward passes, had they not been kept from it."""
        return list(self.torch32.drops), list(self.keras32.drops)

    def begin_step(self, inputs: Mapping[str, np.ndarray]) -> None:
        """Computes on all sides what the case keeps through a step, and what the default loss reads outputs by."""
        if any(turn.keras_losses is None for turn in self.case.all_turns) and not self.torch64.probes:
            found, caught = self._attempt(lambda side: side.infer(self.inputs), self.torch64)
            if caught.raised:
                raise SidesRaised(caught.raised) from caught.error
            real = {name: x for name, x in found.items() if np.issubdtype(x.dtype, np.floating)}
            probes = {name: probe(x.shape) for name, x in real.items() if name not in self.unlike}
            if not probes:
                raise ValueError("no output is of the same shape on both sides: the default loss has nothing to read")
            for side in self.sides:
                side.probes = probes
            self.torch64.load(self.initial)
        self.in_turn(lambda side: side.begin_step(inputs))

    def load(self, state: Mapping[str, np.ndarray] | None = None) -> None:
        """Puts weights, by default the initial ones, into all four models."""
        made = dict(self.initial if state is None else state)
        self._with_units.clear()
        for side in self.sides:
            side.load(made if isinstance(side, TorchSide) else joined_with_parts(made, self.torch64.joint))

    def restart(self) -> None:
        """Begins to draw inputs anew."""
        self.rng = np.random.default_rng(self.seed)
        self.inputs = self.draw()

    def draw(self) -> dict[str, np.ndarray]:
        return draw(self.case, self.rng)


def draw(case: ParityCase, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Inputs that float32 holds exactly, so that both precisions start from the same numbers."""
    drawn = made_by(f"parity case {case.name}: its inputs", lambda: case.inputs(rng))
    return {k: v.astype(np.float32) if np.issubdtype(v.dtype, np.floating) else v for k, v in drawn.items()}


def _values(attempts: FourOf[tuple[Any, Catching]]) -> FourOf[Any]:
    """What was computed. Raises SidesRaised if something was raised instead."""
    raised = [one for _, caught in attempts for one in caught.raised]
    if raised:
        raise SidesRaised(raised) from next(caught.error for _, caught in attempts if caught.error)
    return attempts.map(lambda attempt: attempt[0])


def with_tied_alike(state: LazyArrays, joint: Sequence[Entry]) -> LazyArrays:
    """Weights of which the tied ones are all the first."""
    tied = [entry.keys for entry in joint if isinstance(entry.keys_as, Tied)]
    return state.renamed({key: keys[0] for keys in tied for key in keys})


def joined_with_parts(state: Mapping[str, np.ndarray], joint: Sequence[Entry]) -> LazyArrays:
    """Torch's weights under its own keys and, those of several keys, also under the names of their entries."""

    def join(entry: Entry) -> np.ndarray:
        # In double: a sum of float32 numbers need not be one.
        return entry.join([state[key].astype(np.float64) for key in entry.keys])

    makers = {key: partial(state.__getitem__, key) for key in state}
    return LazyArrays({**makers, **{entry.name: partial(join, entry) for entry in joint}})


def is_statistic(key: str) -> bool:
    """Whether a state-dict key is of a running statistic rather than of a weight."""
    return key.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked")
