"""Functions: starts a stage's Lambda functions."""
