"""An answer's text, as its ids come one by one; what each of them is by itself.

Comes in:  ids.      Goes out: text that will not change any more, cut before the first stop string.
A character may be several ids, so text is given out only when it is whole; and what may be the beginning of a stop string is held
back until it is known. It imports no torch.
"""

from collections.abc import Callable, Sequence

BROKEN = "\N{REPLACEMENT CHARACTER}"  # what tokenizers make of bytes that are no whole character


class GrowingText:
    """The text of one row."""

    def __init__(self, decode: Callable[[list[int]], str], stop: Sequence[str] = ()):
        self.decode, self.stop, self.stopped = decode, [one for one in stop if one], False
        self.ids: list[int] = []
        self.held = ""  # text that is whole and not given out yet
        # The ids from `_since` on are decoded, those from `_told` on are new: a tokenizer may write an id otherwise behind others.
        self._since, self._told, self._behind = 0, 0, ""

    def add(self, token: int) -> str:
        """What can be given out now that this id has come; nothing comes any more once `stopped` is true."""
        self.ids.append(token)
        text = self.decode(self.ids[self._since :])
        if text.endswith(BROKEN) or len(text) <= len(self._behind):
            return ""
        self.held += text[len(self._behind) :]
        self._since, self._told = self._told, len(self.ids)
        self._behind = self.decode(self.ids[self._since : self._told])
        return self._give(whole=False)

    def end(self) -> str:
        """The rest, when no id comes any more."""
        if self.stopped:
            return ""
        self.held += self.decode(self.ids[self._since :])[len(self._behind) :]
        self._since = self._told = len(self.ids)
        self._behind = ""
        return self._give(whole=True)

    def _give(self, whole: bool) -> str:
        """Of the held text what is before a stop string; or what cannot be part of one any more, if there may be more."""
        found = [at for at in (self.held.find(stop) for stop in self.stop) if at >= 0]
        if found:
            self.stopped = True
            given, self.held = self.held[: min(found)], ""
            return given
        keep = 0 if whole else max((overlap(self.held, stop) for stop in self.stop), default=0)
        given, self.held = self.held[: len(self.held) - keep], self.held[len(self.held) - keep :]
        return given


def alone(decode: Callable[[list[int]], str], tokens: Sequence[int], behind: Sequence[int]) -> list[str]:
    """Each token's own text where it stands behind others: tokenizers of the Llama kind write no space where a text begins."""
    before = decode([*behind])
    wholes = [(token, decode([*behind, token])) for token in tokens]
    return [whole.removeprefix(before) if whole.startswith(before) else decode([token]) for token, whole in wholes]


def overlap(text: str, stop: str) -> int:
    """How many characters at the text's end may be the beginning of the stop string."""
    return next((num for num in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:num])), 0)
