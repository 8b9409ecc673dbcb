"""Serving: rows with prefixes of their own, side by side in every step over one frozen model.

http/      what is said over HTTP: OpenAI's API, prefixes, health, the page
tenants/   who may ask, how much, and which prefix a name means to them
service    one model, its library and its engine: what HTTP, files of requests (batch) and Ray (replicas) ask
runner     the thread that the engine has to itself
engine     one step at a time: scheduler and pool say what, the backbone's slots do it, choosing and text make answers of it
"""
