"""The Keras half of a comparison, everything it gives named and laid out as the torch half names it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfvc.parity.case import ParityCase, Turn
from tfvc.parity.catching import Catching, SidesRaised, made_by
from tfvc.parity.findings.stage import StageKind
from tfvc.parity.four_of import Side
from tfvc.parity.noise import building
from tfvc.parity.private_parts import fresh_layer_names, slot_variables, sublayers
from tfvc.parity.sides.accepted import CLIPPING
from tfvc.parity.sides.call import Call
from tfvc.parity.sides.drop import Drop
from tfvc.parity.sides.keras_dropout import without_dropout
from tfvc.parity.sides.keras_trace import traced
from tfvc.parity.sides.lazy_arrays import LazyArrays
from tfvc.parity.sides.lengths import keras_without_padding
from tfvc.parity.sides.precision import precision
from tfvc.weights import Constant, Entry, Ignored
from tfvc.weights.entry import check_cover

Arrays = Mapping[str, np.ndarray]


class KerasSide:
    """A Keras model of one precision: its outputs, gradients, slots and weights as arrays in torch's layout.

    Args:
        case: what is compared.
        dtype: "float32" or "float64"; the factory runs under it.
        inputs: one set of inputs, to build the model with.

    Raises:
        TfvcError: if a variable of the model has no entry, or two.
        SidesRaised: with what its first call raises, if it has no weights before.
    """

    def __init__(self, case: ParityCase, dtype: str, inputs: Arrays):
        self.case = case
        self.dtype = dtype
        self._graphs: dict[Any, Any] = {}
        self.drops: list[Drop] = []
        with self.computing(), fresh_layer_names():
            self.model = made_by(f"parity case {case.name}: its keras_model", case.keras_model)
            if not getattr(self.model, "built", False):
                which = Side.KERAS64 if dtype == "float64" else Side.KERAS32
                with Catching(side=which, named=self.name_of) as caught, building():
                    self._outputs(self.tensors(inputs), training=False)
                if caught.raised:
                    raise SidesRaised(caught.raised) from caught.error
        declared = list(made_by(f"parity case {case.name}: its entries", lambda: case.entries(self.model)))
        check_cover(self.model.weights, declared, f"parity case {case.name}")
        self.entries = [item for item in declared if isinstance(item, Entry)]
        self.ignored = {item.key for item in declared if isinstance(item, Ignored)}
        self.constants = [item for item in declared if isinstance(item, Constant)]
        self.layers = sublayers(self.model)
        self.trainable = {
            turn.name: [entry for entry in self.entries if entry.trainable and all(map(turn.owns, entry.keys))]
            for turn in case.all_turns
        }
        self.probes: dict[str, np.ndarray] = {}
        self._gradients: dict[str, list[tf.Tensor]] = {}
        self.optimizers: dict[str, Any] = {}
        self._units: dict[tuple[str, str], float] = {}

    def load(self, state: Arrays) -> None:
        """Takes weights under the entries' names, in torch's layout, and forgets the optimizers."""
        for entry in self.entries:
            entry.assign(state[entry.name])
        for constant in self.constants:
            constant.assign()
        self.optimizers, self._units = {}, {}

    def take(self, state: Arrays, slots: Mapping[str, Mapping[str, Arrays]]) -> None:
        """Takes torch's weights and optimizer slots (turn -> slot -> name -> array); the step count stays.

        A slot that torch has not stays as it is.
        """
        for entry in self.entries:
            entry.assign(state[entry.name])
        for turn, of_turn in slots.items():
            for name, variables in slot_variables(self.optimizers[turn]).items():
                theirs, unit = of_turn.get(name, {}), self._units.get((turn, name), 1.0)
                for entry, of_entry in self._by_entry(variables, turn):
                    arrays = entry.scatter(theirs[entry.name] * unit) if entry.name in theirs else ()
                    for variable, array in zip(of_entry, arrays, strict=bool(arrays)):
                        variable.assign(array)

    def state(self) -> LazyArrays:
        return LazyArrays({entry.name: entry.value for entry in self.entries})

    def name_of(self, layer: keras.layers.Layer) -> str | None:
        """The path of a layer; None if it is not of this side, or the whole."""
        inside = layer is not self.model and any(other is layer for other in sublayers(self.model))
        return (getattr(layer, "path", None) or layer.name) if inside else None

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Inside, what Keras computes is of this side's precision, and nothing is dropped at random."""
        with precision(self.dtype), without_dropout(self.drops):
            yield

    def forward(
        self,
        inputs: Arrays,
        training: bool,
        layers: Collection[keras.layers.Layer] | None = (),
        calls: list[Call] | None = None,
    ) -> tuple[dict[str, np.ndarray], list[Call]]:
        """Outputs, and the calls of these layers (None: of all); see `TorchSide.forward`."""
        self.drops.clear()
        with self.computing(), traced(layers, calls) as made:
            outputs = self._outputs(self.tensors(inputs), training)
        return {name: _array(value) for name, value in outputs.items()}, made

    def inverse(
        self, inputs: Arrays, outputs: Arrays, layers: Collection[keras.layers.Layer] | None = ()
    ) -> tuple[dict[str, np.ndarray], list[Call]]:
        """What the case's inverse makes of outputs, and the calls of these layers."""
        return self._calling(self.case.keras_inverse, inputs, [outputs], layers)

    def stepwise(
        self, inputs: Arrays, layers: Collection[keras.layers.Layer] | None = ()
    ) -> tuple[dict[str, np.ndarray], list[Call]]:
        """Outputs made step by step, and the calls of these layers."""
        return self._calling(self.case.keras_stepwise, inputs, [], layers)

    def _calling(
        self, function: Any, inputs: Arrays, given: Sequence[Arrays], layers: Collection[keras.layers.Layer] | None
    ) -> tuple[dict[str, np.ndarray], list[Call]]:
        with self.computing(), traced(layers) as calls:
            of_inputs = self.tensors(inputs)
            found = function(self.model, *map(self.tensors, given), of_inputs)
            lengths = {name: sources for name, sources in self.case.lengths.items() if name in found}
            found = keras_without_padding(found, of_inputs, lengths)
        return {name: _array(value) for name, value in found.items()}, calls

    def infer(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """Outputs in inference mode, as a graph."""
        outputs = self._run(partial(self._outputs, training=False), "inference", inputs)
        return {name: _array(value) for name, value in outputs.items()}

    def begin_step(self, inputs: Arrays) -> None:
        """Computes what the case keeps through a step."""
        with self.computing():
            self._kept = dict(self.case.keras_kept(self.model, self.tensors(inputs)))

    def backward(self, inputs: Arrays, turn: Turn) -> tuple[Arrays, Arrays]:
        """A turn's losses and gradients in training mode; gradients of inputs are named `input.<name>`."""
        compute = partial(self._losses_and_gradients, turn=turn, calls=[])
        losses, gradients, of_inputs, _ = self._run(compute, turn.name, inputs, self._kept)
        return self._named(turn, losses, gradients, of_inputs)

    def traced_backward(
        self, inputs: Arrays, turn: Turn, layers: Collection[keras.layers.Layer]
    ) -> tuple[Arrays, Arrays, list[Call]]:
        """The same without a graph, and the calls of these layers with the gradients of what they gave."""
        with self.computing(), traced(layers) as calls:
            losses, gradients, of_inputs, of_calls = self._losses_and_gradients(
                self.tensors(inputs), self._kept, turn, calls
            )
        for call, cotangents in zip(calls, of_calls, strict=True):
            call.cotangents = cotangents
        return *self._named(turn, losses, gradients, of_inputs), calls

    def _named(self, turn: Turn, losses: Any, gradients: Any, of_inputs: Any) -> tuple[Arrays, Arrays]:
        self._gradients[turn.name] = gradients
        makers = {f"input.{name}": partial(_array, value) for name, value in of_inputs.items()}
        named = self._named_tensors(gradients, turn).and_also(makers)
        return {name: _array(value) for name, value in losses.items()}, named

    def step(self, turn: Turn) -> Arrays:
        """Applies the gradients of the turn's last `backward`; the gradients as clipped, empty without clipping."""
        from tfvc.optimizers.adam import clip_by_global_norm

        settings, gradients = turn.optimizer, self._gradients.pop(turn.name)
        variables = self._variables(turn)
        with self.computing():
            if turn.name not in self.optimizers:
                optimizer = settings.keras_factory(settings.learning_rate, settings.clip_grad_norm)
                optimizer.build(variables)
                self.optimizers[turn.name] = optimizer
            clipped = {}
            if settings.clip_grad_norm is not None:
                exactly = CLIPPING in self.case.accepted
                clip = (lambda *given: tf.clip_by_global_norm(*given)[0]) if exactly else clip_by_global_norm
                clipped = self._named_tensors(clip(gradients, settings.clip_grad_norm), turn)
            elif settings.clip_each is not None:
                clipped = self._named_tensors([tf.clip_by_norm(g, settings.clip_each) for g in gradients], turn)
            elif settings.clip_value is not None:
                bound = tf.constant(settings.clip_value, self.dtype)
                clipped = self._named_tensors([tf.clip_by_value(g, -bound, bound) for g in gradients], turn)
            self.optimizers[turn.name].apply(gradients, variables)
        return clipped

    def slots(self, turn: Turn) -> dict[str, LazyArrays]:
        """The optimizer's slots under common names, as far as it has them and in torch's units as far as these are set;
        none before its first step."""
        found = {}
        for name, variables in slot_variables(self.optimizers.get(turn.name)).items():
            unit = self._units.get((turn.name, name), 1.0)
            slot = self._named_tensors([variable.value for variable in variables], turn)
            found[StageKind(name)] = slot if unit == 1 else slot.map(lambda x, unit=unit: x / unit)
        return found

    def set_units(self, turn: Turn, units: Mapping[str, float]) -> None:
        """Says by what torch's slots are multiplied here."""
        self._units.update({(turn.name, name): unit for name, unit in units.items()})

    def _run(self, function: Any, name: Any, inputs: Arrays, *more: Any) -> Any:
        """Runs a function of the inputs (and more) as a graph, traced once for each name and set of shapes."""
        with self.computing():
            tensors = self.tensors(inputs)
            key = name, *(tuple(x.shape) for x in tensors.values())
            if key not in self._graphs:
                # A closure, because TensorFlow takes the methods of all models for one function that is traced
                # again and again, and warns of it.
                self._graphs[key] = tf.function(lambda *x: function(*x))
            return self._graphs[key](tensors, *more)

    def _outputs(self, inputs: dict[str, tf.Tensor], training: bool) -> dict[str, tf.Tensor]:
        outputs = self.case.keras_forward(self.model, inputs, training)
        return keras_without_padding(outputs, inputs, self.case.lengths)

    def _losses(self, inputs: dict[str, tf.Tensor], turn: Turn) -> dict[str, tf.Tensor]:
        if turn.keras_losses is not None:
            return dict(turn.keras_losses(self.model, inputs, True))
        terms = [
            tf.reduce_mean(output * (tf.constant(self.probes[name], output.dtype) + output / 2))
            for name, output in self._outputs(inputs, True).items()
            if name in self.probes
        ]
        return {"loss": tf.add_n(terms)}

    def _losses_and_gradients(
        self, inputs: dict[str, tf.Tensor], kept: dict[str, tf.Tensor], turn: Turn, calls: Sequence[Call]
    ) -> tuple[Any, Any, Any, Any]:
        real = {name: value for name, value in inputs.items() if value.dtype.is_floating}
        with tf.GradientTape() as tape:
            tape.watch(real)
            losses = self._losses({**inputs, **kept}, turn)
        variables = [variable.value for variable in self._variables(turn)]
        gradients, of_inputs, of_calls = tape.gradient(
            losses[turn.name],
            (variables, real, [call.outputs for call in calls]),
            unconnected_gradients="zero",
        )
        return losses, [tf.convert_to_tensor(g) for g in gradients], of_inputs, of_calls

    def tensors(self, inputs: Arrays) -> dict[str, tf.Tensor]:
        return {name: self.tensor(x) for name, x in inputs.items()}

    def tensor(self, x: np.ndarray) -> tf.Tensor:
        """An array as a tensor of this side's precision."""
        return tf.constant(x, self.dtype if np.issubdtype(x.dtype, np.floating) else x.dtype)

    def _variables(self, turn: Turn) -> list[keras.Variable]:
        """What a turn trains."""
        return [variable for entry in self.trainable[turn.name] for variable in entry.variables]

    def _by_entry(self, of_variables: Sequence[Any], turn: str) -> Iterator[tuple[Entry, list[Any]]]:
        """What there is of each variable that a turn trains, by entry."""
        left = iter(of_variables)
        for entry in self.trainable[turn]:
            yield entry, list(islice(left, len(entry.variables)))

    def _named_tensors(self, tensors: list[tf.Tensor], turn: Turn) -> LazyArrays:
        """Gradients or slots of a turn's variables, under the names of its entries and in torch's layout."""
        return LazyArrays({e.name: partial(_gathered, e, found) for e, found in self._by_entry(tensors, turn.name)})


def _gathered(entry: Entry, tensors: Sequence[tf.Tensor]) -> np.ndarray:
    return entry.gather([_array(tensor) for tensor in tensors], gradient=True)


def _array(tensor: tf.Tensor) -> np.ndarray:
    return np.asarray(tensor)
