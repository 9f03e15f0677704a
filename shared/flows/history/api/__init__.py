"""The history API: questions about the past over HTTP."""
