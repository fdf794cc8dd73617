"""The Keras half of a comparison, everything it gives named and laid out as the torch half names it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from tfvc.errors import TfvcError
from tfvc.parity.case import ParityCase, Turn
from tfvc.parity.precision import precision


class KerasSide:
    """A Keras model of one precision: its outputs, gradients, slots and weights as arrays in torch's layout.

    Args:
        case: what is compared.
        dtype: "float32" or "float64"; the factory runs under it.
        inputs: one set of inputs, to build the model with.

    Raises:
        TfvcError: if a variable of the model has no entry, or two.
    """

    def __init__(self, case: ParityCase, dtype: str, inputs: dict[str, np.ndarray]):
        self.case = case
        self.dtype = dtype
        self._graphs: dict[Any, Any] = {}
        with precision(dtype):
            self.model = case.keras_model()
            if not getattr(self.model, "built", False):
                self._outputs(self._tensors(inputs), training=False)
        self.entries = list(case.entries(self.model))
        self.trainable = {
            turn.name: [entry for entry in self.entries if entry.variable.trainable and turn.owns(entry.key)]
            for turn in case.all_turns
        }
        self.probes: dict[str, np.ndarray] = {}
        self._gradients: dict[str, list[tf.Tensor]] = {}
        self._optimizers: dict[str, Any] = {}
        self._check_every_variable_has_one_entry()

    def _check_every_variable_has_one_entry(self) -> None:
        entered = [id(entry.variable) for entry in self.entries]
        for variable in self.model.weights:
            if entered.count(id(variable)) != 1:
                raise TfvcError(
                    f"parity case {self.case.name}: variable {variable.path} has "
                    f"{entered.count(id(variable))} weight entries, it needs exactly one"
                )

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Takes the weights of a torch state dict and forgets the optimizers."""
        for entry in self.entries:
            if entry.key not in state:
                raise TfvcError(f"parity case {self.case.name}: the torch module has no key {entry.key}")
            entry.variable.assign(entry.to_keras(state[entry.key]))
        if len(self.entries) != len(state):
            missing = sorted(set(state) - {entry.key for entry in self.entries})
            raise TfvcError(f"parity case {self.case.name}: no weight entry for {', '.join(missing)}")
        self._optimizers = {}

    def state(self) -> dict[str, np.ndarray]:
        return {entry.key: entry.to_torch(_array(entry.variable.value)) for entry in self.entries}

    def forward(self, inputs: dict[str, np.ndarray], training: bool) -> dict[str, np.ndarray]:
        outputs = self._run(partial(self._outputs, training=training), training, inputs)
        return {name: _array(value) for name, value in outputs.items()}

    def begin_step(self, inputs: dict[str, np.ndarray]) -> None:
        """Computes what the case keeps through a step."""
        self._kept = self._run(partial(self.case.keras_kept, self.model), "kept", inputs)

    def backward(
        self, inputs: dict[str, np.ndarray], turn: Turn
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """A turn's losses and gradients in training mode; gradients of inputs are named `input.<name>`."""
        compute = partial(self._losses_and_gradients, turn=turn)
        losses, gradients, of_inputs = self._run(compute, turn.name, inputs, self._kept)
        self._gradients[turn.name] = gradients
        named = self._by_key(gradients, turn) | {f"input.{name}": _array(value) for name, value in of_inputs.items()}
        return {name: _array(value) for name, value in losses.items()}, named

    def step(self, turn: Turn) -> dict[str, np.ndarray]:
        """Applies the gradients of the turn's last `backward`; the gradients as clipped, empty without clipping."""
        from tfvc.training.optimizers import clip_by_global_norm

        settings, gradients = turn.optimizer, self._gradients[turn.name]
        variables = [entry.variable for entry in self.trainable[turn.name]]
        with precision(self.dtype):
            if turn.name not in self._optimizers:
                optimizer = settings.keras_factory(settings.learning_rate, settings.clip_grad_norm)
                optimizer.build(variables)
                self._optimizers[turn.name] = optimizer
            clipped = {}
            if settings.clip_grad_norm is not None:
                clipped = self._by_key(clip_by_global_norm(gradients, settings.clip_grad_norm), turn)
            elif settings.clip_each is not None:
                clipped = self._by_key([tf.clip_by_norm(g, settings.clip_each) for g in gradients], turn)
            self._optimizers[turn.name].apply(gradients, variables)
        return clipped

    def slots(self, turn: Turn) -> dict[str, dict[str, np.ndarray]]:
        optimizer = self._optimizers[turn.name]
        return {
            "momentum": self._by_key([slot.value for slot in optimizer.momentums], turn),
            "velocity": self._by_key([slot.value for slot in optimizer.velocities], turn),
        }

    def _run(self, function: Callable, name: Any, inputs: dict[str, np.ndarray], *more: Any) -> Any:
        """Runs a function of the inputs (and more) as a graph, traced once for each name and set of shapes."""
        with precision(self.dtype):
            tensors = self._tensors(inputs)
            key = name, *(tuple(x.shape) for x in tensors.values())
            if key not in self._graphs:
                # A closure, because TensorFlow takes the methods of all models for one function that is traced
                # again and again, and warns of it.
                self._graphs[key] = tf.function(lambda *x: function(*x))
            return self._graphs[key](tensors, *more)

    def _outputs(self, inputs: dict[str, tf.Tensor], training: bool) -> dict[str, tf.Tensor]:
        return dict(self.case.keras_forward(self.model, inputs, training))

    def _losses(self, inputs: dict[str, tf.Tensor], turn: Turn) -> dict[str, tf.Tensor]:
        if turn.keras_losses is not None:
            return dict(turn.keras_losses(self.model, inputs, True))
        terms = [
            tf.reduce_mean(output * (tf.constant(self.probes[name], output.dtype) + output / 2))
            for name, output in self._outputs(inputs, True).items()
        ]
        return {"loss": tf.add_n(terms)}

    def _losses_and_gradients(
        self, inputs: dict[str, tf.Tensor], kept: dict[str, tf.Tensor], turn: Turn
    ) -> tuple[Any, Any, Any]:
        real = {name: value for name, value in inputs.items() if value.dtype.is_floating}
        with tf.GradientTape() as tape:
            tape.watch(real)
            losses = self._losses({**inputs, **kept}, turn)
        variables = [entry.variable.value for entry in self.trainable[turn.name]]
        gradients, of_inputs = tape.gradient(losses[turn.name], (variables, real), unconnected_gradients="zero")
        return losses, [tf.convert_to_tensor(g) for g in gradients], of_inputs

    def _tensors(self, inputs: dict[str, np.ndarray]) -> dict[str, tf.Tensor]:
        return {
            name: tf.constant(x, self.dtype if np.issubdtype(x.dtype, np.floating) else x.dtype)
            for name, x in inputs.items()
        }

    def _by_key(self, tensors: list[tf.Tensor], turn: Turn) -> dict[str, np.ndarray]:
        entries = self.trainable[turn.name]
        return {entry.key: entry.to_torch(_array(tensor)) for entry, tensor in zip(entries, tensors, strict=True)}


def _array(tensor: tf.Tensor) -> np.ndarray:
    return np.asarray(tensor)
