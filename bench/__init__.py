"""`make bench`: Rowline measured beside other readers, in one run, on one binlog. See
docs/bench.md.
"""
