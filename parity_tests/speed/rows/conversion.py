"""`VoiceConverter.convert` from file to waveform, with the bundled models."""

from pathlib import Path

import numpy as np
import torch

import tfvc
from parity_tests.speed.row import Row
from torch_ref import hifigan
from torch_ref.autovc import Generator
from torch_ref.melgan import remove_weight_norm
from torch_ref.speaker_encoder import GE2E

SOURCE, TARGET = (str(Path(tfvc.__file__).parent / "demo" / name) for name in ("source.wav", "target.wav"))


def rows():
    yield "conversion of a file, networks loaded (autovc_small, hifigan_small)", _row


def _row():
    ours, theirs = (tfvc.VoiceConverter.from_preset("autovc_small", vocoder="hifigan_small") for _ in range(2))
    _give_torch_networks(theirs)
    wave, sample_rate = ours.convert(SOURCE, [TARGET])
    return Row(
        lambda: ours.convert(SOURCE, [TARGET]),
        lambda: theirs.convert(SOURCE, [TARGET]),
        audio_s=len(wave) / sample_rate,
        note="both read, resample and make mels with the same NumPy code; only the networks are torch's",
    )


def _give_torch_networks(converter: tfvc.VoiceConverter) -> None:
    """Puts torch's networks in place of the three; untrained, they take as long as trained ones."""
    config, sound = converter.model.config, converter.vocoder.generator.config
    widths = {
        name: getattr(config, name) for name in ("neck", "freq", "conv_channels", "decoder_lstm1", "decoder_lstm2")
    }
    autovc, encoder = Generator(**widths).eval(), GE2E().eval()
    generator = hifigan.Generator(**{name: getattr(sound, name) for name in hifigan.CONFIGS["v1"]})
    generator = remove_weight_norm(generator).eval()
    converter.voice._network = _run(lambda mel, source, target: autovc(mel, source, target)[1])
    converter.speaker_encoder._embed_windows = _run(encoder)
    converter.vocoder._generate = _run(lambda mel: generator(mel.transpose(1, 2))[0, 0])


def _run(network):
    """Takes the arrays and tensors that TensorFlow's function takes; what it gives has a `numpy()` too."""

    def run(*inputs):
        with torch.inference_mode():
            return network(*(torch.from_numpy(np.array(x)) for x in inputs))

    return run
