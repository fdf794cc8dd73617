"""Weight and spectral normalisation around the convolution of another case."""

from dataclasses import replace

from tfvc import layers
from tfvc.cases.reference import reference
from tfvc.parity.case import ParityCase, keras_call


def weight_norm(of: ParityCase) -> ParityCase:
    """The convolution of another case under weight normalisation, on both sides."""

    def torch_module():
        return reference("melgan").weight_norm(of.torch_module())

    return replace(
        of,
        name="weight_norm",
        keras_model=lambda: layers.WeightNorm(of.keras_model()),
        torch_module=torch_module,
        description="WeightNorm and weight_norm around a convolution",
    )


def spectral_norm(of: ParityCase) -> ParityCase:
    """The convolution of another case under spectral normalisation, on both sides."""

    def torch_module():
        import torch

        return torch.nn.utils.spectral_norm(of.torch_module())

    return replace(
        of,
        name="spectral_norm",
        keras_model=lambda: layers.SpectralNorm(of.keras_model()),
        torch_module=torch_module,
        keras_forward=keras_call,
        description="SpectralNorm and spectral_norm around a convolution",
    )
