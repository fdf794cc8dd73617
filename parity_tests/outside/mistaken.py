"""The port as somebody writes it who takes the factors for what is added to one; used from the folder it lies in."""

from wavenext.cases import wavenext
from wavenext.config import WaveNeXtConfig
from wavenext.layers import LayerScale

LayerScale.call = lambda self, x: x * (1 + self.gamma)

case = wavenext(WaveNeXtConfig.from_name("small"))
