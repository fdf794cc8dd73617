"""AutoVC beside `torch_ref.autovc.Generator`, in the network's own scale of the mel."""

from typing import Any

import numpy as np
import tensorflow as tf

from tfvc.cases.reference import reference
from tfvc.models.autovc import AutoVC, AutoVCConfig, autovc_losses
from tfvc.parity.case import ParityCase, Tensors
from tfvc.weights import entries


def autovc(config: AutoVCConfig, frames: int = 176, batch: int = 2, upstream_broadcast: bool = False) -> ParityCase:
    """An AutoVC on mels of `frames` frames; both embeddings have length 1.

    `upstream_broadcast` makes both sides train on the loss of upstream's solver_encoder.py, which compares each
    utterance with every one of the batch, instead of the intended loss.
    """

    def torch_module() -> Any:
        return reference("autovc").Generator(
            neck=config.neck,
            freq=config.freq,
            n_mels=config.n_mels,
            dim_emb=config.embedding,
            conv_channels=config.conv_channels,
            decoder_lstm1=config.decoder_lstm1,
            decoder_lstm2=config.decoder_lstm2,
        )

    def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
        return {
            "mel": rng.uniform(0, 1, (batch, frames, config.n_mels)),
            "source": _unit_vectors(rng, batch, config.embedding),
            "target": _unit_vectors(rng, batch, config.embedding),
        }

    def keras_losses(model: AutoVC, x: Tensors, training: bool) -> Tensors:
        if not upstream_broadcast:
            return model.compute_losses(x["mel"], x["source"], training=training)
        decoded, refined, codes = model((x["mel"], x["source"], x["source"]), training=training)
        codes_again = model.encode(refined, x["source"], training=training)
        every_pair = decoded[:, tf.newaxis], refined[:, tf.newaxis]  # [batch, 1, time, mel]
        return autovc_losses(x["mel"], *every_pair, codes, codes_again, config.content_weight, config.absolute)

    def torch_losses(module: Any, x: Tensors) -> Tensors:
        return module.losses(x["mel"], x["source"], config.content_weight, upstream_broadcast, config.absolute)

    return ParityCase(
        "autovc",
        lambda: AutoVC(config),
        torch_module,
        entries,
        inputs,
        keras_forward=lambda model, x, training: _named(model(tuple(x.values()), training=training)),
        torch_forward=lambda module, x: _named(module(*x.values())),
        keras_losses=keras_losses,
        torch_losses=torch_losses,
        description=f"AutoVC, neck {config.neck}, freq {config.freq}, and its PyTorch reference",
    )


def _named(outputs: tuple[Any, Any, Any]) -> Tensors:
    return dict(zip(("decoded", "refined", "codes"), outputs, strict=True))


def _unit_vectors(rng: np.random.Generator, batch: int, size: int) -> np.ndarray:
    vectors = rng.standard_normal((batch, size))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


CASES = {
    # 50 frames are no multiple of freq.
    "autovc_small": lambda: autovc(AutoVCConfig.from_name("small"), frames=50),
    "autovc_article": lambda: autovc(AutoVCConfig.from_name("article")),
    # 120 frames are no multiple of freq, and short enough for five steps in a minute or so.
    "autovc_official": lambda: autovc(AutoVCConfig.from_name("official"), frames=120),
}
