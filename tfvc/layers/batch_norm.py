"""Batch normalisation with torch's constants and torch's running variance."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tfvc")
class BatchNorm(keras.layers.Layer):
    """Equals `torch.nn.BatchNorm1d`, channels last: `[batch, time, channels]` or `[batch, channels]`.

    Differs from `keras.layers.BatchNormalization` in three ways: `momentum` is the weight of the *new*
    statistics, epsilon is 1e-5, and the running variance is the unbiased one, N / (N - 1) times the variance
    that normalises the batch. `num_batches_tracked` is kept, so that a state dict comes back whole.

    Variables: `gamma`, `beta`, `moving_mean`, `moving_variance` `[channels]`, `num_batches_tracked` (int64).

    Args:
        momentum: weight of the batch's statistics in the running ones.
        epsilon: added to the variance, before the root.
        gamma_initializer: a Keras initializer; torch starts from ones.

    Raises:
        ValueError: in training, if a channel has a single value (torch refuses that too).
    """

    def __init__(self, momentum: float = 0.1, epsilon: float = 1e-5, gamma_initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon
        self.gamma_initializer = keras.initializers.get(gamma_initializer)

    def build(self, input_shape):
        shape = (input_shape[-1],)
        # Statistics stay in the variables' own precision under mixed precision: no autocast.
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer=self.gamma_initializer, autocast=False)
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros", autocast=False)
        running = {"shape": shape, "trainable": False, "autocast": False, "aggregation": "mean"}
        self.moving_mean = self.add_weight(name="moving_mean", initializer="zeros", **running)
        self.moving_variance = self.add_weight(name="moving_variance", initializer="ones", **running)
        self.num_batches_tracked = self.add_weight(
            name="num_batches_tracked",
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )

    def call(self, x, training=False):
        outputs_dtype = x.dtype
        x = tf.cast(x, self.variable_dtype)
        if training:
            mean, variance = self._batch_statistics(x)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        scale = self.gamma * tf.math.rsqrt(variance + self.epsilon)
        return tf.cast((x - mean) * scale + self.beta, outputs_dtype)

    def _batch_statistics(self, x):
        """Mean and biased variance of the batch; moves the running statistics towards them."""
        count = self._values_per_channel(x)
        axes = list(range(x.shape.rank - 1))
        mean, variance = tf.nn.moments(x, axes)
        unbiased = variance * (count / (count - 1))
        for running, batch in ((self.moving_mean, mean), (self.moving_variance, unbiased)):
            running.assign(running * (1 - self.momentum) + tf.stop_gradient(batch) * self.momentum)
        self.num_batches_tracked.assign_add(1)
        return mean, variance

    def _values_per_channel(self, x):
        static = x.shape[:-1].num_elements()
        if static == 1:
            raise ValueError(
                f"{self.name}: expected more than 1 value per channel when training, received shape {x.shape}"
            )
        if static is not None:
            return tf.constant(static, x.dtype)
        count = tf.reduce_prod(tf.shape(x)[:-1])
        tf.debugging.assert_greater(count, 1, f"{self.name}: expected more than 1 value per channel")
        return tf.cast(count, x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "gamma_initializer": keras.initializers.serialize(self.gamma_initializer),
        }
