"""Models of the articles in Keras 2, tensorflow-addons and tensorflow-io. Runs in an environment of its own."""
