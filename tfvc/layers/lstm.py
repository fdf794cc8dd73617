"""Long short-term memory, as torch has it."""

import keras
import tensorflow as tf

from tfvc.layers.initializers import FanInUniform
from tfvc.layers.lstm_cudnn import cudnn_lstm, cudnn_takes, gpu_is_there
from tfvc.layers.lstm_sequence import lstm_sequence


@keras.saving.register_keras_serializable("tfvc")
class LSTMDirection(keras.layers.Layer):
    """One layer and one direction of an `LSTM`: one `*_l{layer}{_reverse}` group of torch's parameters.

    Time major: `[time, batch, in] -> [time, batch, units]`.

    Variables: `kernel` `[in, 4 units]` (torch's `weight_ih` transposed), `recurrent_kernel`
    `[units, 4 units]` (`weight_hh` transposed), `bias` (`bias_ih`) and, unless `recurrent_bias` is False,
    `recurrent_bias` (`bias_hh`), each `[4 units]`. Gates in torch's order i, f, g, o, which is Keras's i, f, c, o.
    """

    def __init__(self, units: int, reverse: bool = False, recurrent_bias: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reverse = reverse
        self.use_recurrent_bias = recurrent_bias

    def build(self, input_shape):
        gates = 4 * self.units
        uniform = FanInUniform(self.units)
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], gates), initializer=uniform)
        self.recurrent_kernel = self.add_weight(name="recurrent_kernel", shape=(self.units, gates), initializer=uniform)
        self.bias = self.add_weight(name="bias", shape=(gates,), initializer=uniform)
        if self.use_recurrent_bias:
            self.recurrent_bias = self.add_weight(name="recurrent_bias", shape=(gates,), initializer=uniform)

    def call(self, x):
        return run_directions([self], x)

    def project(self, x):
        """What the gates get from the inputs, in the order of this direction's steps: `[time, batch, 4 units]`."""
        return tf.nn.bias_add(tf.tensordot(self.in_order(x), self.kernel, 1), sum(self.biases))

    @property
    def biases(self) -> list[tf.Tensor]:
        """torch's one or two."""
        variables = [self.bias, self.recurrent_bias] if self.use_recurrent_bias else [self.bias]
        return [tf.convert_to_tensor(variable) for variable in variables]

    def in_order(self, x):
        """From the order of time to that of this direction's steps, or back."""
        return tf.reverse(x, [0]) if self.reverse else x

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "reverse": self.reverse,
            "recurrent_bias": self.use_recurrent_bias,
        }


def run_directions(directions: list[LSTMDirection], x: tf.Tensor) -> tf.Tensor:
    """One layer: `[time, batch, in] -> [time, batch, directions * units]`; not on a GPU, all directions in one loop."""
    kernels = [tf.convert_to_tensor(direction.recurrent_kernel) for direction in directions]
    if cudnn_takes(x):
        hidden = [
            cudnn_lstm(direction.in_order(x), tf.convert_to_tensor(direction.kernel), recurrent, direction.biases)
            for direction, recurrent in zip(directions, kernels, strict=True)
        ]
    else:
        projected = tf.stack([direction.project(x) for direction in directions], axis=2)
        hidden = tf.unstack(lstm_sequence(projected, tf.stack(kernels)), axis=2)
    return tf.concat([direction.in_order(h) for direction, h in zip(directions, hidden, strict=True)], axis=-1)


@keras.saving.register_keras_serializable("tfvc")
class LSTM(keras.layers.Layer):
    """Equals `torch.nn.LSTM(batch_first=True)` from a zero state: `[batch, time, in] -> [batch, time, out]`.

    out is `units`, or 2 `units` when bidirectional (forward half first). Both of torch's biases are trained:
    one summed bias would give the same outputs, but would move twice as far in a step of SGD and would change
    the global norm of the gradient. `recurrent_bias=False` is the single-bias form for models born in Keras.

    Args:
        units: hidden size.
        num_layers: stacked layers; each of them sees both directions of the one below.
        bidirectional: whether each layer also runs backwards in time.
        recurrent_bias: whether there are two biases, as in torch.
    """

    def __init__(
        self,
        units: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        recurrent_bias: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = units
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.use_recurrent_bias = recurrent_bias
        self.supports_jit = not gpu_is_there()  # cuDNN is no part of a graph that XLA compiles
        # In the order of torch's parameters: l0, l0_reverse, l1, l1_reverse, ...
        self.directions = [
            LSTMDirection(
                units,
                reverse=reverse,
                recurrent_bias=recurrent_bias,
                name=f"l{layer}_reverse" if reverse else f"l{layer}",
                dtype=self.dtype_policy,
            )
            for layer in range(num_layers)
            for reverse in ((False, True) if bidirectional else (False,))
        ]

    @property
    def _stack(self) -> list[list[LSTMDirection]]:
        """The directions of each layer, from the bottom."""
        width = 2 if self.bidirectional else 1
        return [self.directions[i : i + width] for i in range(0, len(self.directions), width)]

    def build(self, input_shape):
        channels = input_shape[-1]
        for layer in self._stack:
            for direction in layer:
                direction.build((None, None, channels))
            channels = self.units * len(layer)

    def call(self, x):
        x = tf.transpose(x, [1, 0, 2])  # time major: a step is then contiguous
        for layer in self._stack:
            x = run_directions(layer, x)
        return tf.transpose(x, [1, 0, 2])

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units * (2 if self.bidirectional else 1))

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "num_layers": self.num_layers,
            "bidirectional": self.bidirectional,
            "recurrent_bias": self.use_recurrent_bias,
        }
