"""One folder a family of models, and what families share."""
