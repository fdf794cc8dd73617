"""The initial weights that torch modules and the upstream AutoVC start from."""

import math

import keras


@keras.saving.register_keras_serializable("tfvc")
class FanInUniform(keras.initializers.Initializer):
    """Uniform within +-1/sqrt(fan_in): what `torch.nn.Linear`, `Conv1d` and `LSTM` start from.

    torch writes it as Kaiming uniform with a = sqrt(5), which is the same interval.

    Args:
        fan_in: inputs of one output unit (for a convolution in_channels / groups * kernel_size, for an
            LSTM the hidden size).
        seed: integer or `keras.random.SeedGenerator`; None draws one.
    """

    def __init__(self, fan_in: int, seed: int | keras.random.SeedGenerator | None = None):
        self.fan_in = fan_in
        self.seed = seed if seed is not None else keras.random.SeedGenerator()

    def __call__(self, shape, dtype=None):
        bound = 1.0 / math.sqrt(self.fan_in)
        return keras.random.uniform(shape, -bound, bound, dtype=dtype, seed=self.seed)

    def get_config(self):
        return {"fan_in": self.fan_in, "seed": self.seed if isinstance(self.seed, int) else None}


@keras.saving.register_keras_serializable("tfvc")
class XavierUniform(keras.initializers.VarianceScaling):
    """Glorot uniform with a gain: equals `torch.nn.init.xavier_uniform_(w, gain)`.

    Keras kernels are `[k, in, out]` and torch's `[out, in, k]`; fan_in + fan_out is the same for both.

    Args:
        gain: torch's `calculate_gain`: "linear" 1, "relu" sqrt(2), "tanh" 5/3, or the number itself.
        seed: integer; None draws one.
    """

    gains = {"linear": 1.0, "relu": math.sqrt(2.0), "tanh": 5.0 / 3.0}  # noqa: RUF012

    def __init__(self, gain: str | float = "linear", seed: int | None = None):
        self.gain = self.gains[gain] if isinstance(gain, str) else float(gain)
        # VarianceScaling draws within sqrt(3 scale / fan_avg) = gain sqrt(6 / (fan_in + fan_out)).
        super().__init__(scale=self.gain**2, mode="fan_avg", distribution="uniform", seed=seed)

    def get_config(self):
        return {"gain": self.gain, "seed": self._init_seed}
