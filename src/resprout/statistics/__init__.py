"""Statistical estimates: arrays in, estimates with their uncertainty out; knows nothing of the model."""
