"""All that a new sink takes: one Python file, one plugin file, one entry of the conformance suite.

`tests/unit/test_new_sink.py` adds them to a copy of the repository.
"""
