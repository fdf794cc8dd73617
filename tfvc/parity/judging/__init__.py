"""When two tensors are equal."""
