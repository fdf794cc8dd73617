"""Adam and AdamW that take torch's steps, and the schedule of HiFi-GAN.

Keras's own Adam adds epsilon before the bias correction ("epsilon hat"). For a gradient of 1e-8 the first
step is then -3.1e-5 where torch's is -5.0e-4 (learning rate 1e-3, epsilon 1e-8): biases behind a BatchNorm,
whose gradients are all rounding, drift apart at once.
"""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tfvc")
class Adam(keras.optimizers.Optimizer):
    """Equals `torch.optim.Adam`, with `torch.nn.utils.clip_grad_norm_` in front if asked for.

    Slots: `momentums` (torch's `exp_avg`) and `velocities` (`exp_avg_sq`), in the order of the variables.

    Args:
        learning_rate: number or schedule.
        beta_1: decay of the gradient's running mean.
        beta_2: decay of the squared gradient's running mean.
        epsilon: added to the root *after* the bias correction.
        clip_grad_norm: largest global norm of the gradient, or None. As in torch the factor is
            clip / (norm + 1e-6), never above 1.
    """

    def __init__(
        self,
        learning_rate=1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        clip_grad_norm: float | None = None,
        name: str = "adam",
        **kwargs,
    ):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.clip_grad_norm = clip_grad_norm

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momentums, self.velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])

    def apply(self, grads, trainable_variables=None):
        if self.clip_grad_norm is not None:
            grads = clip_by_global_norm(grads, self.clip_grad_norm)
        # 1 - beta ** t loses five digits in float32; torch computes it in double, and so do we: here, once for all
        # variables.
        step = tf.cast(self.iterations + 1, tf.float64)
        first, second = (1 - tf.pow(tf.constant(beta, tf.float64), step) for beta in (self.beta_1, self.beta_2))
        self._corrections = first, tf.sqrt(second)
        super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        momentum, velocity, dtype = self.momentums[index], self.velocities[index], variable.dtype
        first, second = self._corrections
        learning_rate = tf.cast(learning_rate, tf.float64)
        gradient = tf.cast(gradient, dtype)
        self.shrink(variable, tf.cast(learning_rate, dtype))
        # In float32 the operation below would take 1 - 0.999 for 0.00099999; so this slot is moved here.
        self.assign(velocity, velocity * self.beta_2 + tf.square(gradient) * (1 - self.beta_2))
        # The rest in TensorFlow's one pass over the variable and its slots, which with a beta2 of 1 leaves the velocity
        # as it is, and with powers of 0 corrects nothing. Its epsilon is added to the uncorrected root, torch's to the
        # corrected one: root / second + epsilon is (root + epsilon second) / second.
        numbers = {
            "beta1_power": 0.0,
            "beta2_power": 0.0,
            "lr": learning_rate * second / first,
            "beta1": self.beta_1,
            "beta2": 1.0,
            "epsilon": self.epsilon * second,
        }
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(momentum),
            v=_handle(velocity),
            grad=gradient,
            # A bare `cast` would take a Python number through float32.
            **{name: tf.cast(tf.convert_to_tensor(number, tf.float64), dtype) for name, number in numbers.items()},
        )

    def shrink(self, variable, learning_rate):
        """Weight decay, before the step; here none."""

    def get_config(self):
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "clip_grad_norm": self.clip_grad_norm,
        }


@keras.saving.register_keras_serializable("tfvc")
class AdamW(Adam):
    """Equals `torch.optim.AdamW`: each step starts from (1 - learning_rate * decay) times the weights.

    Args:
        decay: torch's `weight_decay` (torch's default 1e-2; Keras's is 4e-3), applied to every variable.
        learning_rate, beta_1, beta_2, epsilon, clip_grad_norm: as for `Adam`.
    """

    def __init__(self, learning_rate=1e-3, decay: float = 1e-2, name: str = "adamw", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.decay = decay

    def shrink(self, variable, learning_rate):
        self.assign(variable, variable * (1 - learning_rate * self.decay))

    def get_config(self):
        return {**super().get_config(), "decay": self.decay}


@keras.saving.register_keras_serializable("tfvc")
class ExponentialByEpoch(keras.optimizers.schedules.LearningRateSchedule):
    """Equals `torch.optim.lr_scheduler.ExponentialLR`, stepped at the end of every epoch.

    Keras's `ExponentialDecay(staircase=True)` computes in float32, even for a model in float64.

    Args:
        learning_rate: of the first epoch.
        steps: in an epoch.
        decay: each epoch has this times the rate of the one before.
    """

    def __init__(self, learning_rate: float, steps: int, decay: float):
        self.learning_rate = learning_rate
        self.steps = steps
        self.decay = decay

    def __call__(self, step):
        epoch = tf.cast(tf.convert_to_tensor(step) // self.steps, tf.float64)
        return self.learning_rate * tf.pow(tf.constant(self.decay, tf.float64), epoch)

    def get_config(self):
        return {"learning_rate": self.learning_rate, "steps": self.steps, "decay": self.decay}


def _handle(variable: keras.Variable | tf.Variable) -> tf.Tensor:
    """What an operation that updates in place is given; inside a strategy's update that of the replica at hand."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle


def clip_by_global_norm(gradients, max_norm: float):
    """Equals `torch.nn.utils.clip_grad_norm_`: gradients times min(1, max_norm / (norm + 1e-6))."""
    present = [g for g in gradients if g is not None]
    factor = tf.minimum(max_norm / (tf.linalg.global_norm(present) + 1e-6), 1.0)
    return [None if g is None else g * tf.cast(factor, g.dtype) for g in gradients]
