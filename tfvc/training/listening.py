"""What a vocoder sounds and looks like on a few fixed utterances."""

import tensorflow as tf

from tfvc.audio import extract_mel
from tfvc.audio.pictures import mel_figure, to_pixels
from tfvc.models.preset import PresetModel
from tfvc.training.base import Corpus

_SPEAKERS = 2
_SECONDS = 4.0


class Listening:
    """Excerpts of up to four seconds, for TensorBoard: recorded and generated, as sound and as mels.

    They are the middles of the first utterances of two speakers: of those held out, or else of those trained on.

    Args:
        corpus: where they are taken from.
    """

    def __init__(self, corpus: Corpus):
        self._features = corpus.features
        self._spec = corpus.features.spec
        self._speakers = (corpus.validation or corpus.training)[:_SPEAKERS]
        self._excerpts = {speaker: self._excerpt(speaker) for speaker in self._speakers}
        self._recorded_are_written = False

    def write(self, generator: PresetModel) -> None:
        """Writes them to TensorBoard's default writer; the recordings the first time only.

        Args:
            generator: mel `[batch, frames, n_mels]` to wave `[batch, samples, 1]`.
        """
        for speaker, (mel, wave) in self._excerpts.items():
            generated = generator(mel[None])[0, :, 0].numpy()
            if not self._recorded_are_written:
                self._write_sound(f"{speaker}/recorded", wave)
            self._write_sound(f"{speaker}/generated", generated)
            mels = {f"{speaker}, recorded": mel, f"{speaker}, generated": extract_mel(generated, self._spec)}
            picture = to_pixels(mel_figure(mels, self._spec.hop / self._spec.sample_rate))
            tf.summary.image(f"{speaker}/mel", picture[None])
        self._recorded_are_written = True

    def _excerpt(self, speaker):
        """The mel `[frames, n_mels]` and the wave `[samples]`."""
        index, utterance = next((i, u) for i, u in enumerate(self._features.utterances) if u.speaker == speaker)
        frames = min(utterance.steps("mel"), round(_SECONDS * self._spec.sample_rate / self._spec.hop))
        start = (utterance.steps("mel") - frames) // 2
        wave = self._features.array(index, "waveform", start * self._spec.hop, frames * self._spec.hop)
        return self._features.array(index, "mel", start, frames), wave

    def _write_sound(self, name, wave):
        tf.summary.audio(name, wave[None, :, None], self._spec.sample_rate)
