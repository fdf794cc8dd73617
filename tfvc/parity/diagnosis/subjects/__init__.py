"""What a known difference is tried on: a layer, a tensor, a loss, an optimizer's step."""
