"""What happens between layers, activations first."""

import keras
import tensorflow as tf

from parity_tests.mutations.network import with_between as between
from parity_tests.mutations.planted.mutation import BACKWARD, FORWARD, Mutation
from tfvc import layers
from tfvc.cases.layers import normal_inputs, without_training
from tfvc.parity import LayerTable, ParityCase


def leaky_relu_layer() -> ParityCase:
    """LeakyReLU as a layer, with Keras's slope."""

    def torch_module():
        from torch import nn

        return nn.Sequential(nn.Linear(80, 512), nn.LeakyReLU(), nn.Linear(512, 80))

    def keras_model():
        return keras.Sequential(
            [
                keras.Input((12, 80)),
                keras.layers.Dense(512, name="first"),
                keras.layers.LeakyReLU(name="act"),
                keras.layers.Dense(80, name="second"),
            ]
        )

    return ParityCase(
        "leaky relu",
        keras_model,
        torch_module,
        LayerTable({"0": "first", "2": "second"}),
        normal_inputs(2, 12, 80),
        keras_forward=without_training,
    )


MUTATIONS = [
    Mutation("LeakyReLU: slope of the layer", "LeakyReLU", leaky_relu_layer, FORWARD, "1", "LeakyReLU slope"),
    Mutation(
        "LeakyReLU: slope between layers",
        "LeakyReLU",
        lambda: between("leaky", lambda x: layers.leaky_relu(x, 0.2)),
        FORWARD,
        "the whole model",
        "function",
    ),
    Mutation(
        "ReLU forgotten", "activation", lambda: between("relu", lambda x: x), FORWARD, "the whole model", "function"
    ),
    Mutation(
        "frames shifted by one between layers",
        "shift",
        lambda: between("frames", lambda x: tf.pad(x[:, :-1], [[0, 0], [1, 0], [0, 0]])),
        FORWARD,
        "the whole model",
        "shift",
    ),
    Mutation(
        "reshape for transpose",
        "layout",
        lambda: between("frames", lambda x: tf.reshape(tf.transpose(x, [0, 2, 1]), tf.shape(x))),
        FORWARD,
        "the whole model",
        "reshape",
    ),
    Mutation(
        "halves of a concatenation exchanged",
        "bidirectional",
        lambda: between("residual", lambda x: tf.roll(x, 32, -1)),
        FORWARD,
        "the whole model",
        "permutation",
    ),
    Mutation(
        "gradient stopped between layers",
        "stop_gradient",
        lambda: between("residual", tf.stop_gradient),
        BACKWARD,
        "the whole model",
        "gradient stopped",
    ),
]
