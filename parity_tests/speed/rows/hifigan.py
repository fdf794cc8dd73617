"""HiFi-GAN's largest and fastest generator: speech."""

from parity_tests.speed import stock
from parity_tests.speed.vocoders import inference
from tfvc.models.hifigan import HiFiGANGenerator
from torch_ref import hifigan as reference
from torch_ref.melgan import remove_weight_norm

FRAMES = 200


def rows():
    for preset in ("v1", "v3"):
        yield f"HiFi-GAN {preset.upper()} inference, {FRAMES} frames", lambda p=preset: _inference(p)


def _inference(preset):
    ours = HiFiGANGenerator.from_name(preset).fuse()
    theirs = remove_weight_norm(reference.Generator(**reference.CONFIGS[preset])).eval()
    return inference(ours, theirs, stock.hifigan_generator(ours.config), FRAMES)
