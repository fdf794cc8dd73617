"""What the layers of a model are called with and give, without touching the model; and which layer is which."""
