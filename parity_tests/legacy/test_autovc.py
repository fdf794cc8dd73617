"""AutoVC with imported weights beside Keras 2's: outputs, losses, gradients, moving statistics."""

import numpy as np
import pytest
import tensorflow as tf

from parity_tests.legacy.forms import AUTOVC_FRAMES, EMBEDDING, N_MELS
from parity_tests.legacy.imported import Imported
from parity_tests.legacy.judging import committed, require_equal
from parity_tests.legacy.values import draw, weight
from tfvc.models.autovc import AutoVC
from tfvc.models.autovc.losses import autovc_losses
from tfvc.weights.keras2.kinds import KERAS_EPSILON

BATCH = 2
MOMENTUM = float(np.float32(0.01))  # of the new statistics; Keras 2 rounds it to float32 for float64 as well
pytestmark = pytest.mark.slow


def run(saved, dtype: str, training: bool) -> dict[str, tf.Tensor]:
    model = AutoVC.from_name("article")
    if training:
        # In training epsilon stands beside the variance of the batch, where no stored variance makes up for it.
        for network in (model.encoder, model.decoder, model.postnet):
            for block in network.convolutions:
                block.norm.epsilon, block.norm.momentum = KERAS_EPSILON, MOMENTUM
    imported = Imported(model, {name: saved(f"autovc_{name}") for name in ("encoder", "decoder", "postnet")})
    mel = tf.constant(draw("autovc/mel", (BATCH, AUTOVC_FRAMES, N_MELS), 0.5, 0.5), dtype)
    source, target = (tf.constant(draw(f"autovc/{name}", (BATCH, EMBEDDING), 0.1), dtype) for name in ("own", "other"))

    @tf.function
    def computed():
        with tf.GradientTape() as tape:
            decoded, refined, codes = model((mel, source, target), training=training)
            again = model.encode(refined, source, training=training)
            losses = autovc_losses(mel, decoded, refined, codes, again, 1.0, False)
        outputs = {"codes": codes, "decoded": decoded, "refined": refined}
        outputs |= {f"loss/{name}": losses[name] for name in ("reconstruction", "postnet", "content")}
        return outputs | imported.gradients(tape, losses["loss"])

    found = computed()
    if training:
        moved = imported.places.keys() - imported.trained.keys()
        for name in moved:
            value = np.asarray(imported.places[name].variable.value)
            found[f"moved/{name}"] = biased(name, value) if name.endswith("variance:0") else value
    return found


def biased(name: str, variance: np.ndarray) -> np.ndarray:
    """Keras moves its variance towards the biased one of the batch, torch and ours to N / (N - 1) times that."""
    network, _, rest = name.partition("/")
    values = BATCH * AUTOVC_FRAMES
    steps = 2 if network == "encoder" else 1  # a training step encodes twice
    kept = (1 - MOMENTUM) ** steps * weight(f"autovc_{network}/{rest}", variance.shape).astype("float64")
    return (kept + (variance - kept) * (values - 1) / values).astype(variance.dtype)


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_autovc_with_imported_weights_is_the_articles(saved, mode):
    """The article calls its model without `training=True`: its own training was in inference mode."""
    require_equal(committed("autovc").below(mode), lambda dtype: run(saved, dtype, mode == "training"))
