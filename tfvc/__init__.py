"""Voice conversion in Keras, provably equal to PyTorch."""

__version__ = "0.1.0"
