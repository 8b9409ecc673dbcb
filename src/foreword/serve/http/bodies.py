"""What may stand in a request's body: OpenAI's fields, and those of vLLM that go beyond them.

Comes in:  JSON.      Goes out: checked bodies; the Settings of each answer that is asked for.
A field that nobody knows is refused, and so is one that would have no effect: nothing is silently ignored. It imports no torch.
"""

from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from foreword.serve.asking import Settings

MOST_ROWS = 128  # answers to one request
MOST_STOPS = 16

Token = Annotated[int, Field(ge=0, le=2**31)]
Stop = Annotated[str, Field(min_length=1, max_length=200)]


class Body(BaseModel):
    """A part of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Given(Body):
    """One in which null means that a field is not given, as in OpenAI's own."""

    @model_validator(mode="before")
    @classmethod
    def null_is_not_given(cls, told: Any) -> Any:
        return {key: value for key, value in told.items() if value is not None} if isinstance(told, dict) else told


class StreamOptions(Given):
    include_usage: bool = Field(default=False, description="a last chunk says how many tokens there were")


class Written(Given):
    """How an answer is written, whatever it is asked by."""

    model: Annotated[str, Field(min_length=1, max_length=300)] = Field(
        description="BASE for the untouched model; BASE:NAME, BASE:NAME@VERSION or BASE:ALIAS for a prefix, with or without 'BASE:'"
    )
    n: Annotated[int, Field(ge=1, le=MOST_ROWS)] = Field(default=1, description="answers to each prompt")
    stream: bool = Field(default=False, description="send the answer as it is written")
    stream_options: StreamOptions | None = Field(default=None, description="only with stream")
    temperature: Annotated[float, Field(ge=0, le=2)] | None = Field(
        default=None, description="0: the likeliest tokens; not given: as the prefix was measured"
    )
    top_p: Annotated[float, Field(gt=0, le=1)] | None = Field(default=None, description="share of the likeliest tokens")
    top_k: Annotated[int, Field(ge=0)] | None = Field(default=None, description="the k likeliest tokens; 0: all")
    min_tokens: Annotated[int, Field(ge=0)] | None = Field(default=None, description="an answer ends no earlier")
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] = Field(default=0, description="of tokens the answer has")
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = Field(default=0, description="for each time it has them")
    repetition_penalty: Annotated[float, Field(gt=0, le=100)] = Field(default=1, description="of prompt and answer")
    logit_bias: dict[Annotated[str, Field(pattern=r"^\d{1,9}$")], Annotated[float, Field(ge=-100, le=100)]] | None = (
        Field(default=None, max_length=1000, description="token id -> what is added to its logit")
    )
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = Field(default=None, description="of the tokens drawn")
    stop: Stop | Annotated[list[Stop], Field(max_length=MOST_STOPS)] | None = Field(
        default=None, description="an answer ends before any of these"
    )
    ignore_eos: bool = Field(default=False, description="go on behind the end marker, up to max_tokens")

    @model_validator(mode="after")
    def every_field_has_an_effect(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options needs stream = true")
        return self

    def settings(self, max_new_tokens: int | None, num_logprobs: int | None) -> Settings:
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        return Settings(
            max_new_tokens=max_new_tokens,
            min_new_tokens=self.min_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            repetition_penalty=self.repetition_penalty,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            bias={int(token): added for token, added in (self.logit_bias or {}).items()},
            seed=self.seed,
            num_logprobs=num_logprobs,
            stop=stop,
            ignores_end=self.ignore_eos,
        )

    @property
    def wants_usage(self) -> bool:
        """Of a streamed answer."""
        return self.stream_options is not None and self.stream_options.include_usage


class CompletionBody(Written):
    """POST /v1/completions"""

    prompt: str | list[Token] | list[str] | list[list[Token]] = Field(description="a text or its tokens; or several")
    best_of: Literal[1] = Field(default=1, description="as many are written as are asked for")
    echo: Literal[False] = Field(default=False, description="the prompt does not come back")
    max_tokens: Annotated[int, Field(ge=1)] | None = Field(default=None, description="an answer is cut here")
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = Field(default=None, description="of so many likeliest tokens")

    @property
    def prompts(self) -> list[str | list[int]]:
        several = isinstance(self.prompt, list) and bool(self.prompt) and not isinstance(self.prompt[0], int)
        return list(self.prompt) if several else [self.prompt]  # type: ignore[list-item]

    @model_validator(mode="after")
    def not_too_many(self) -> Self:
        if not self.prompt:
            raise ValueError("prompt is empty")
        if len(self.prompts) * self.n > MOST_ROWS:
            raise ValueError(f"{len(self.prompts)} prompts with n = {self.n} are more than {MOST_ROWS} answers")
        return self

    def told(self) -> Settings:
        return self.settings(self.max_tokens, self.logprobs)


class Part(Body):
    type: Literal["text"]
    text: str


class Message(Body):
    role: Annotated[str, Field(min_length=1, max_length=40)]
    content: str | list[Part]

    def plain(self) -> dict[str, Any]:
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return {"role": self.role, "content": text}


class ChatBody(Written):
    """POST /v1/chat/completions"""

    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    max_tokens: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="max_completion_tokens, as it was called"
    )
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = Field(default=None, description="an answer is cut here")
    logprobs: bool = Field(default=False, description="of the tokens written")
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = Field(
        default=None, description="and of so many likeliest"
    )

    @model_validator(mode="after")
    def once(self) -> Self:
        if self.max_tokens is not None and self.max_completion_tokens is not None:
            raise ValueError("max_tokens and max_completion_tokens are the same; give one")
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs = true")
        return self

    def told(self) -> Settings:
        most = self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens
        told = self.settings(most, (self.top_logprobs or 0) if self.logprobs else None)
        return replace(told, fills_row=True)


class AliasBody(Body):
    """PUT /v1/aliases/ALIAS"""

    prefix: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="NAME@VERSION, or NAME for its newest of now"
    )
