"""Quickly: a plugin of pytest that ends with the first example of a fault, whatever its size."""

from hypothesis import Phase, settings

settings.register_profile("quickly", phases=[Phase.generate], database=None)
settings.load_profile("quickly")
