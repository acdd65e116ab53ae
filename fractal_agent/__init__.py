"""Solve programming problems with model-driven roles, and replay any run without the model."""

__version__ = "0.1.0"
