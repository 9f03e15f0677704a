"""The folder that a stage is deployed from."""
