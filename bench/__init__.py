"""Benchmarks a user can run: ``python -m bench``. What they measure is said in ``report``."""
