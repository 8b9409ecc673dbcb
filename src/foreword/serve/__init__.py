"""Serving: rows with prefixes of their own, side by side in every step over one frozen model."""
