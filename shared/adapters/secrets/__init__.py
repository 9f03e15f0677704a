"""Secrets: credentials from AWS Secrets Manager, by name."""

from shared.adapters.secrets.secrets_manager import secret_json

__all__ = ["secret_json"]
