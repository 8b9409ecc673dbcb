"""The libraries' own bars and hints, which would stand between ours.

Comes in, goes out: nothing.
"""

from transformers.utils import logging


def quiet_libraries() -> None:
    """From now on transformers says nothing but what is wrong."""
    logging.disable_progress_bar()
    logging.set_verbosity_error()
