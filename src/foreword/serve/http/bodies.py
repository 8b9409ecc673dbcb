"""What may stand in a request's body: OpenAI's fields, and those of vLLM that go beyond them.

Comes in:  JSON.      Goes out: checked bodies; the Settings of each answer that is asked for.
A field that nobody knows is refused, and so is one that would have no effect: nothing is silently ignored. It imports no torch.
"""

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from foreword.serve.asking import Settings

MOST_ROWS = 128  # answers to one request
MOST_STOPS = 16
MOST_FIELDS = 64  # of an object; each one too many would be told of, one by one
MOST_BIASED = 1000

Token = Annotated[int, Field(ge=0, le=2**31)]


def writable(text: str) -> str:
    """Raises ValueError: half of a character, which JSON can hold and no text."""
    if not text.isascii():
        text.encode()
    return text


Text = Annotated[str, AfterValidator(writable)]
TokenId = Annotated[str, Field(pattern=r"^\d{1,9}$")]
Stop = Annotated[Text, Field(min_length=1, max_length=200)]


def few(told: Any, most: int = MOST_FIELDS) -> Any:
    """Raises ValueError: an object of more fields, none of which is looked at."""
    if isinstance(told, dict) and len(told) > most:
        raise ValueError(f"has {len(told)} fields, of at most {most}")
    return told


def kind_of_prompt(told: Any) -> str | None:
    """Which of its types a prompt is to be held against, by its first part: against all of them, each part would be told of."""
    if isinstance(told, str):
        return "a text"
    if not isinstance(told, list):
        return None
    return {str: "texts", int: "a list of ids", list: "lists of ids"}.get(type(told[0] if told else ""))


Prompt = Annotated[
    Annotated[Text, Tag("a text")]
    | Annotated[list[Token], Field(fail_fast=True), Tag("a list of ids")]
    | Annotated[list[Text], Field(fail_fast=True), Tag("texts")]
    | Annotated[list[Annotated[list[Token], Field(fail_fast=True)]], Field(fail_fast=True), Tag("lists of ids")],
    Discriminator(
        kind_of_prompt,
        custom_error_type="prompt",
        custom_error_message="must be a text, a list of texts, a list of token ids, or a list of such lists",
    ),
]


class Body(BaseModel):
    """A part of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def few_fields(cls, told: Any) -> Any:
        return few(told)


class Given(Body):
    """One in which null means that a field is not given, as in OpenAI's own."""

    @model_validator(mode="before")
    @classmethod
    def null_is_not_given(cls, told: Any) -> Any:
        return {key: value for key, value in told.items() if value is not None} if isinstance(told, dict) else told


class StreamOptions(Given):
    include_usage: bool = Field(default=False, description="a last chunk says how many tokens there were")
    include_obfuscation: Literal[False] = Field(default=False, description="nothing is added to hide lengths")


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
    min_tokens: Annotated[int, Field(ge=0)] | None = Field(default=None, description="the end marker comes no earlier")
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] = Field(default=0, description="of tokens the answer has")
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = Field(default=0, description="for each time it has them")
    repetition_penalty: Annotated[float, Field(gt=0, le=100)] = Field(default=1, description="of prompt and answer")
    logit_bias: (
        Annotated[
            dict[TokenId, Annotated[float, Field(ge=-100, le=100)]], BeforeValidator(partial(few, most=MOST_BIASED))
        ]
        | None
    ) = Field(default=None, max_length=MOST_BIASED, description="token id -> what is added to its logit")
    user: Annotated[str, Field(max_length=1000)] | None = Field(default=None, description="for your own records")
    metadata: Annotated[dict[str, str], BeforeValidator(few)] | None = Field(
        default=None, description="for your own records"
    )
    service_tier: Literal["auto", "default"] | None = Field(default=None, description="there is one")
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = Field(default=None, description="of the tokens drawn")
    stop: Stop | Annotated[list[Stop], Field(max_length=MOST_STOPS, fail_fast=True)] | None = Field(
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

    prompt: Prompt = Field(description="a text or its tokens; or several")
    best_of: int | None = Field(default=None, description="as many are written as are asked for, n")
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
        if self.best_of not in (None, self.n):
            raise ValueError(f"best_of = {self.best_of} and n = {self.n}: as many are written as are asked for")
        if len(self.prompts) * self.n > MOST_ROWS:
            raise ValueError(f"{len(self.prompts)} prompts with n = {self.n} are more than {MOST_ROWS} answers")
        return self

    def told(self) -> Settings:
        return self.settings(self.max_tokens, self.logprobs)


class Part(Given):
    type: Literal["text"]
    text: Text


class ResponseFormat(Body):
    type: Literal["text"]


class Message(Given):
    role: Annotated[str, Field(min_length=1, max_length=40)]
    content: Text | Annotated[list[Part], Field(fail_fast=True)]
    name: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="who speaks, for templates that tell it"
    )

    def plain(self) -> dict[str, Any]:
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return {"role": self.role, "content": text, **({} if self.name is None else {"name": self.name})}


class ChatBody(Written):
    """POST /v1/chat/completions"""

    messages: Annotated[list[Message], Field(min_length=1, max_length=1000, fail_fast=True)]
    response_format: ResponseFormat | None = Field(default=None, description="text, and no other")
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
        if len({self.max_tokens, self.max_completion_tokens} - {None}) > 1:
            raise ValueError("max_tokens and max_completion_tokens are the same, and differ here; give one")
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
