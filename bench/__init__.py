"""Figures, each beside its limit: `make bench`, or `python -m bench --only pages --json`. It judges nothing; it shows."""
