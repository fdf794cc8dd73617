"""AutoVC in Keras 2: with batch normalisation on channels, and as the article first had it, on time."""

import tensorflow as tf

from parity_tests.legacy.forms import AUTOVC_FRAMES, EMBEDDING, FREQ, N_MELS, NECK
from parity_tests.legacy.keras2.dumping import Pair
from parity_tests.legacy.keras2.precision import in_both
from parity_tests.legacy.keras2.weights import fill
from parity_tests.legacy.values import draw

layers = tf.keras.layers
BATCH = 2


def block(x, filters: int, activation: str | None, over_time: bool):
    """Convolution of 5 frames, batch normalisation, activation."""
    x = layers.Conv1D(filters, 5, padding="same")(x)
    # Behind a transpose the last axis, which is the one that is normalised, is time.
    x = tf.transpose(x, (0, 2, 1)) if over_time else x
    x = layers.BatchNormalization()(x)
    x = tf.transpose(x, (0, 2, 1)) if over_time else x
    return layers.Activation(activation)(x) if activation else x


def create_encoder(frames: int, over_time: bool) -> tf.keras.Model:
    """Mel beside embedding `[batch, frames, 336]` to codes `[batch, frames / 22, 64]`."""
    x = inputs = tf.keras.Input((frames, N_MELS + EMBEDDING))
    for _ in range(3):
        x = block(x, 512, "relu", over_time)
    for _ in range(2):
        x = layers.Bidirectional(layers.LSTM(NECK, return_sequences=True))(x)
    forward, backward = x[:, :, :NECK], x[:, :, NECK:]
    codes = [tf.concat([forward[:, i + FREQ - 1], backward[:, i]], -1) for i in range(0, frames, FREQ)]
    return tf.keras.Model(inputs, tf.stack(codes, 1))


def create_decoder(frames: int, over_time: bool) -> tf.keras.Model:
    """Repeated codes beside embedding `[batch, frames, 320]` to a mel."""
    inputs = tf.keras.Input((frames, 2 * NECK + EMBEDDING))
    x = layers.LSTM(512, return_sequences=True)(inputs)
    for _ in range(3):
        x = block(x, 512, "relu", over_time)
    for _ in range(2):
        x = layers.LSTM(1024, return_sequences=True)(x)
    return tf.keras.Model(inputs, layers.Dense(N_MELS)(x))


def create_postnet(frames: int, over_time: bool) -> tf.keras.Model:
    """A mel to its correction."""
    x = inputs = tf.keras.Input((frames, N_MELS))
    for _ in range(4):
        x = block(x, 512, "tanh", over_time)
    return tf.keras.Model(inputs, block(x, N_MELS, None, over_time))


def create(frames: int, over_time: bool = False) -> dict[str, tf.keras.Model]:
    """The three networks, with the values of `weight`; the article's first version normalised over time."""
    networks = {
        "encoder": create_encoder(frames, over_time),
        "decoder": create_decoder(frames, over_time),
        "postnet": create_postnet(frames, over_time),
    }
    for name, network in networks.items():
        fill(network, f"autovc_{name}_over_time" if over_time else f"autovc_{name}")
    return networks


def goldens() -> dict[str, Pair]:
    """Outputs, losses and gradients, called as the article calls it, which is inference, and in training.

    In training also the moving statistics; a step encodes twice, so the encoder's have moved twice.
    """
    found = {}
    for mode in ("inference", "training"):
        both = in_both(lambda dtype, mode=mode: _run(dtype, mode == "training"))
        found |= {f"{mode}/{name}": value for name, value in both.items()}
    return found


def _run(dtype: str, training: bool) -> dict[str, tf.Tensor]:
    networks = create(AUTOVC_FRAMES)
    mode = {"training": True} if training else {}  # a bare call, as the article's, is inference
    mel = tf.constant(draw("autovc/mel", (BATCH, AUTOVC_FRAMES, N_MELS), 0.5, 0.5), dtype)
    source, target = (tf.constant(draw(f"autovc/{name}", (BATCH, EMBEDDING), 0.1), dtype) for name in ("own", "other"))

    def over_time(embedding):
        return tf.broadcast_to(embedding[:, None], (BATCH, AUTOVC_FRAMES, EMBEDDING))

    def encode(x):
        return networks["encoder"](tf.concat([x, over_time(source)], -1), **mode)

    with tf.GradientTape() as tape:
        codes = encode(mel)
        repeated = tf.repeat(codes, FREQ, axis=1)
        decoded = networks["decoder"](tf.concat([repeated, over_time(target)], -1), **mode)
        refined = decoded + networks["postnet"](decoded, **mode)
        losses = {
            "reconstruction": tf.reduce_mean(tf.square(mel - decoded)),
            "postnet": tf.reduce_mean(tf.square(mel - refined)),
            "content": tf.reduce_mean(tf.abs(codes - encode(refined))),
        }
        loss = tf.add_n(list(losses.values()))
    trained = {f"{name}/{w.name}": w for name, network in networks.items() for w in network.trainable_weights}
    gradients = tape.gradient(loss, trained)
    moved = [(n, w) for n, network in networks.items() for w in network.non_trainable_weights] if training else []
    return {
        "codes": codes,
        "decoded": decoded,
        "refined": refined,
        **{f"loss/{name}": value for name, value in losses.items()},
        **{f"gradient/{name}": value for name, value in gradients.items()},
        **{f"moved/{name}/{w.name}": w.value() for name, w in moved},
    }
