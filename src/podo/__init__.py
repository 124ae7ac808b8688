"""Podo: one place to register a project, ship it to every region, see it run and know who owns it."""

__version__ = "0.1.0"
