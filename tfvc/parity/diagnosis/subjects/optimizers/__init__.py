"""What optimizers of both frameworks do, as rules whose settings are where they differ."""
