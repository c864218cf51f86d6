"""Regimens and doses: what is given, when, by which route, and the events that follow from it."""
