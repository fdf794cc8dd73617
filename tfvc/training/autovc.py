"""Training AutoVC on a prepared feature set."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from tfvc.audio.pictures import mel_figure, to_pixels
from tfvc.common.errors import TfvcError
from tfvc.data import Crops, FeatureSet, Middle, batches
from tfvc.data.columns import SPEAKER_EMBEDDING
from tfvc.models.autovc import AutoVC, AutoVCConfig, mel_scaling
from tfvc.optimizers.adam import Adam
from tfvc.training.base import Training
from tfvc.training.config import TrainingConfig
from tfvc.training.warping import add_warped


@dataclass(frozen=True)
class AutoVCTraining(Training):
    """A run of AutoVC: see `Training`.

    The `model`'s mel scaling should be that of the feature set's mels (`mel_scaling`).
    """

    name = "autovc"
    headline = ("loss",)
    wants = ("mel", SPEAKER_EMBEDDING)

    model: AutoVCConfig
    settings: TrainingConfig

    @classmethod
    def defaults(cls, preset, spec):
        # The mels decide their scaling, unless it is set by hand.
        model = dataclasses.replace(AutoVCConfig.from_name(preset), **mel_scaling(spec))
        return model, TrainingConfig.from_name(preset)

    def check(self, features):
        n_mels, wanted = features.spec.n_mels, self.model.n_mels
        if n_mels != wanted:
            raise TfvcError(f"{self.data}: mels have {n_mels} channels, the model wants {wanted}")
        features.require("embedding")
        (size,) = features.schema["embedding"].shape
        if size != self.model.embedding:
            raise TfvcError(
                f"{self.data}: speaker embeddings, made by {features.speaker_encoder}, have {size} values, the model "
                f"wants {self.model.embedding}; prepare the recordings with another --speaker-encoder or --set "
                f"embedding={size}"
            )

    def fresh_model(self, corpus):
        features = corpus.features
        model = AutoVC(self.model, features.spec, speaker_encoder=features.speaker_encoder, dtype=self.policy())
        # The decoder starts at the corpus's mean mel, not at zero: hundreds of steps would go into finding it.
        model.decoder.linear_projection.bias.assign(model.normalize(mean_mel(features, corpus.training)))
        schedule = keras.optimizers.schedules.CosineDecay(
            self.settings.learning_rate,
            self.steps,
            alpha=self.settings.final_learning_rate / self.settings.learning_rate,
        )
        model.compile(optimizer=Adam(schedule, clip_grad_norm=self.settings.clip_grad_norm))
        model.optimizer.build(model.trainable_variables)
        return model

    def optimizers(self, model):
        return {"learning_rate": model.optimizer}

    def batches(self, corpus, start):
        plan = Crops(self.settings.frames, self.batch_size, self.seed)
        crops = batches(corpus.features, self.wants, plan, start, self.steps - start, corpus.training)
        if not self.settings.warp:
            return crops
        return add_warped(crops, self.seed, start, self.settings.warp, self.model.mel_scale)

    def validation(self, corpus):
        if not corpus.validation:
            return None
        plan = Middle(self.settings.frames, self.batch_size)
        crops = batches(corpus.features, self.wants, plan, speakers=corpus.validation)
        pictures = conversion_pictures(corpus.features, corpus.validation)

        def measure(model):
            return model.evaluate(crops, verbose=0, return_dict=True)

        def show(model):
            for name, image in pictures(model).items():
                tf.summary.image(name, image[None])

        return measure, show

    def presets(self, model):
        return {"preset": model}


def mean_mel(features: FeatureSet, speakers: list[str]) -> np.ndarray:
    """The mean `[n_mels]` over all frames of these speakers."""
    wanted = set(speakers)
    indices = [i for i, utterance in enumerate(features.utterances) if utterance.speaker in wanted]
    total = np.sum([features.array(i, "mel").sum(axis=0, dtype=np.float64) for i in indices], axis=0)
    return (total / sum(features.utterances[i].steps("mel") for i in indices)).astype(np.float32)


def conversion_pictures(features: FeatureSet, speakers: list[str]) -> Callable[[AutoVC], dict[str, np.ndarray]]:
    """A function of the model: an utterance of the first speaker as it is, reconstructed, and in the last's voice."""
    index = next(i for i, utterance in enumerate(features.utterances) if utterance.speaker == speakers[0])
    mel = features.array(index, "mel")[None]
    own, other = (features.speaker_embedding(name)[None] for name in (speakers[0], speakers[-1]))

    def draw(model: AutoVC) -> dict[str, np.ndarray]:
        mels = {
            speakers[0]: mel[0],
            f"{speakers[0]}, reconstructed": model.convert(mel, own, own)[0].numpy(),
            f"{speakers[0]} as {speakers[-1]}": model.convert(mel, own, other)[0].numpy(),
        }
        return {"conversion": to_pixels(mel_figure(mels, features.spec.hop / features.spec.sample_rate))}

    return draw
