"""Server-sent events.

Comes in:  a dictionary.      Goes out: the line that a browser's or OpenAI's client reads it from.
"""

import json
from typing import Any


def sse(content: dict[str, Any]) -> str:
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n"
