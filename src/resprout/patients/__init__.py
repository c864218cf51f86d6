"""People of a clinic or of a trial: their own tables in; checked data, posteriors, predictions and forecasts out."""
