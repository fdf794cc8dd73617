"""What defines an AutoVC."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from tfvc.common.config import Config, Number, Size, Weight


@dataclass(frozen=True)
class AutoVCConfig(Config):
    """Sizes of an AutoVC and the scaling of its mel.

    Attributes:
        n_mels: mel channels, in and out.
        embedding: size of the speaker embedding.
        neck: units of the encoder's LSTM in each direction; a code has 2 * neck values.
        freq: frames for which one code stands.
        conv_channels: width of the convolutions in encoder, decoder and postnet.
        decoder_lstm1: units of the decoder's first LSTM.
        decoder_lstm2: units of the decoder's two last LSTMs.
        mel_offset, mel_scale: the network sees (mel + mel_offset) * mel_scale, about [0, 1].
        content_weight: weight of the content loss (upstream's lambda_cd).
        absolute: train on the absolute errors of the mels. Upstream squares them, which smears what is uncertain.
        zero_init_postnet: start the postnet's last BatchNorm gamma at 0, so that the postnet adds nothing
            at first. Upstream starts it at 1: noise of standard deviation 1 that the decoder then learns to
            cancel. Only the start of training differs.
    """

    neck: Size = 32
    freq: Size = 32
    n_mels: Size = 80
    embedding: Size = 256
    conv_channels: Size = 512
    decoder_lstm1: Size = 512
    decoder_lstm2: Size = 1024
    mel_offset: Number = 0.0
    mel_scale: Annotated[float, Ge(1e-6), Le(1e6)] = 1.0
    content_weight: Weight = 1.0
    absolute: bool = False
    zero_init_postnet: bool = False

    # The speaker encoder whose embeddings they are used with. Upstream's make_metadata.py makes them with its D_VECTOR
    # (3000000-BL.ckpt), and the article reads upstream's data.
    encoders = {"official": "dvector", "article": "dvector", "small": "ge2e"}  # noqa: RUF012
    mels = {"official": "autovc_16k", "article": "autovc_16k", "small": "hifigan_22k"}  # noqa: RUF012
    named = {  # noqa: RUF012
        # The released checkpoint, on `autovc_16k` mels, which are in [0, 1] already.
        "official": dict(neck=32, freq=32),
        # The articles' second version: 176 frames are 8 codes of 22 frames.
        "article": dict(neck=32, freq=22),
        # For two CPU cores, on `hifigan_22k` mels; the scaling is `mel_scaling` of that spec. At upstream's content
        # weight of 1 and this learning rate the codes collapse: after 6,000 steps 3 of 32 dimensions were alive.
        # README, "Evaluate", has what neck, freq and absolute errors are worth.
        "small": dict(
            neck=8,
            freq=16,
            conv_channels=384,
            decoder_lstm2=512,
            mel_offset=11.513,
            mel_scale=0.07335,
            content_weight=0.02,
            absolute=True,
            zero_init_postnet=True,
        ),
    }
