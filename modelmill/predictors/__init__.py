"""Loaded models: what evaluation measures and what serving calls is one and the same class, so there is no skew."""
