"""The front: OpenAI's API, prefixes, health and the page, over one Service; nothing here knows a model."""
