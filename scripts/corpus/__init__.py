"""Invented tables with sentences that say them: the pretraining text of the small backbone. Front door: `tables.py`."""
