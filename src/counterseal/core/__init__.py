"""Nouns of the office. Standard library only."""
