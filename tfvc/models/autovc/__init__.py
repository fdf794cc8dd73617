"""AutoVC: zero-shot voice conversion by an autoencoder whose bottleneck lets content through, not the voice."""

from tfvc.models.autovc.config import AutoVCConfig
from tfvc.models.autovc.losses import autovc_losses
from tfvc.models.autovc.model import AutoVC
from tfvc.models.autovc.network import Decoder, Encoder, Postnet
from tfvc.models.autovc.scaling import mel_scaling

__all__ = ["AutoVC", "AutoVCConfig", "Decoder", "Encoder", "Postnet", "autovc_losses", "mel_scaling"]
