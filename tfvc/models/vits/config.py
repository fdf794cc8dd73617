"""What defines a VITS."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le, MinLen

from tfvc.common.config import Config, ShareBelowOne, Size, Sizes
from tfvc.common.errors import TfvcError
from tfvc.models.hifigan.config import HiFiGANConfig

SizeOrNone = Annotated[int, Ge(0), Le(1 << 16)]


@dataclass(frozen=True)
class ConversionConfig(Config):
    """Sizes of what conversion takes, by upstream's names: posterior encoder, flow, decoder.

    Attributes:
        spec_channels: bins of the spectrogram that the posterior encoder reads.
        inter_channels: of the latent z; even, since the flow works on halves.
        hidden_channels: width of all hidden layers in front of the decoder.
        gin_channels: of the condition g, by which speakers differ; 0: there is none.
        posterior_layers: of the posterior encoder's WaveNet.
        flow_layers: of the WaveNet of each coupling.
        n_flows: couplings.
        wavenet_kernel_size: taps in both, odd.
        resblock, resblock_kernel_sizes, resblock_dilation_sizes, upsample_rates, upsample_kernel_sizes,
            upsample_initial_channel: of the decoder, as in `HiFiGANConfig`.
    """

    spec_channels: Size = 513
    inter_channels: Size = 192
    hidden_channels: Size = 192
    gin_channels: SizeOrNone = 0
    posterior_layers: Size = 16
    flow_layers: Size = 4
    n_flows: Size = 4
    wavenet_kernel_size: Size = 5
    resblock: Literal["1", "2"] = "1"
    resblock_kernel_sizes: Sizes = (3, 7, 11)
    resblock_dilation_sizes: Annotated[tuple[Sizes, ...], MinLen(1)] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    upsample_rates: Sizes = (8, 8, 2, 2)
    upsample_kernel_sizes: Sizes = (16, 16, 4, 4)
    upsample_initial_channel: Size = 512

    def __post_init__(self):
        super().__post_init__()
        if self.inter_channels % 2:
            raise TfvcError(f"inter_channels must be even, received {self.inter_channels}")
        if self.wavenet_kernel_size % 2 == 0:
            raise TfvcError(f"wavenet_kernel_size must be odd, received {self.wavenet_kernel_size}")
        _ = self.decoder

    @property
    def decoder(self) -> HiFiGANConfig:
        """Of the decoder, to which z is what a mel is to HiFi-GAN. Raises TfvcError for sizes that do not fit."""
        return HiFiGANConfig(
            n_mels=self.inter_channels,
            upsample_rates=self.upsample_rates,
            upsample_kernel_sizes=self.upsample_kernel_sizes,
            upsample_initial_channel=self.upsample_initial_channel,
            resblock=self.resblock,
            resblock_kernel_sizes=self.resblock_kernel_sizes,
            resblock_dilation_sizes=self.resblock_dilation_sizes,
        )

    @property
    def hop(self) -> int:
        """Samples for each frame."""
        return self.decoder.hop

    @property
    def n_mels(self) -> int:
        """Channels of the front-end, as its spec counts them."""
        return self.spec_channels


@dataclass(frozen=True)
class VITSConfig(ConversionConfig):
    """Sizes of a VITS, by upstream's names.

    Speakers, if there are several, are rows of a table (`n_speakers`) or embeddings that an encoder makes
    (`embedding_size`), which are the condition itself or go through a linear layer first.

    Attributes:
        n_vocab: symbols.
        filter_channels: width within the FFNs of the text encoder.
        n_heads, n_layers: of its attention; layers.
        kernel_size: taps in its FFNs.
        window_size: distance up to which its attention tells positions apart.
        p_dropout: in the text encoder, in training.
        n_speakers: rows of the table of speakers; 0: none.
        embedding_size: of the speaker embeddings that are given; 0: none.
        project_embedding: whether they go through a linear layer; without, their size is `gin_channels`.
        use_sdp: durations by a flow of noise, rather than by a regression.
        duration_filters: width within the regression.
        duration_flows: couplings of that flow.
    """

    n_vocab: Size = 178
    filter_channels: Size = 768
    n_heads: Size = 2
    n_layers: Size = 6
    kernel_size: Size = 3
    window_size: Size = 4
    p_dropout: ShareBelowOne = 0.1
    n_speakers: SizeOrNone = 0
    embedding_size: SizeOrNone = 0
    project_embedding: bool = False
    use_sdp: bool = True
    duration_filters: Size = 256
    duration_flows: Size = 4

    mels = dict.fromkeys(("ljs", "ljs_nosdp", "vctk", "piper_medium"), "vits_22k")
    named = {  # noqa: RUF012
        "ljs": dict(),
        "ljs_nosdp": dict(use_sdp=False),
        "vctk": dict(n_speakers=109, gin_channels=256),
        # Voices of rhasspy/piper of medium quality that have one speaker.
        "piper_medium": dict(
            n_vocab=256,
            resblock="2",
            resblock_kernel_sizes=(3, 5, 7),
            resblock_dilation_sizes=((1, 2), (2, 6), (3, 12)),
            upsample_rates=(8, 8, 4),
            upsample_kernel_sizes=(16, 16, 8),
            upsample_initial_channel=256,
        ),
    }

    def __post_init__(self):
        super().__post_init__()
        if self.hidden_channels % self.n_heads:
            raise TfvcError(f"hidden_channels = {self.hidden_channels} cannot be split into n_heads = {self.n_heads}")
        if self.n_speakers and self.embedding_size:
            raise TfvcError("n_speakers and embedding_size both say what speakers are; set one of them to 0")
        if (self.n_speakers or self.embedding_size) and not self.gin_channels:
            raise TfvcError("gin_channels = 0, but there are speakers; give the condition a size")
        if self.project_embedding and not self.embedding_size:
            raise TfvcError("project_embedding without embedding_size; say how large the embeddings are")
        if self.embedding_size not in (0, self.gin_channels) and not self.project_embedding:
            raise TfvcError(
                f"embedding_size = {self.embedding_size} is not gin_channels = {self.gin_channels}; make them equal, "
                "or set project_embedding"
            )
