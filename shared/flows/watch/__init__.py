"""The watch: what a stage does each minute beside relaying and consuming."""
