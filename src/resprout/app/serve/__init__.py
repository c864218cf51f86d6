"""The page: a browser in, one patient's path, trials, drugs, figures and the model out."""
