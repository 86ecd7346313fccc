"""What a client of AG-UI sends: ``RunAgentInput`` of protocol 1.0, as far as it is read here.

https://docs.ag-ui.com/spec/1.0/basic/run-input. Members that are not known are left aside, as the
protocol asks for.
"""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from daogou.server.conversation_schemas import CartLineIn
from daogou.server.schemas import MAX_ID, MAX_LINES, Identifier, LanguageCode

LEAST_THREAD: Final = 16
"""A shorter id could be guessed, and with it the conversation be read."""
MOST_THREAD: Final = 128


ThreadId = Annotated[Identifier, Field(min_length=LEAST_THREAD, max_length=MOST_THREAD)]


class Lenient(BaseModel):
    """camelCase outside, snake_case inside; what is not known is no error."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class AguiMessage(Lenient):
    """A message of the history; the last one counts, where it is the shopper's."""

    id: str = Field(max_length=MAX_ID)
    role: str = Field(max_length=MAX_ID, examples=["user"])
    content: Any = Field(
        default=None, description="A text, or parts: those of type `text`, and one `image` as data."
    )


class AguiProps(Lenient):
    """`forwardedProps`: what the page knows, by the names of a message to the assistant."""

    visitor_id: Identifier | None = Field(
        default=None, description="Whose history counts, in a conversation that begins."
    )
    language_code: LanguageCode = None
    product_id: Identifier | None = None
    cart: list[CartLineIn] | None = Field(default=None, max_length=MAX_LINES)


class RunBody(Lenient):
    """`POST /v1/agui`: `RunAgentInput`."""

    thread_id: ThreadId = Field(
        description="The conversation. One that is not known is begun under this id, which is its"
        " key: take one that nobody can guess, such as a UUID.",
        examples=["0f5c1d4e-6d0b-4a53-9d2b-0f1f0b8f3a11"],
    )
    run_id: Identifier = Field(examples=["b8f3a110-9d2b-4a53-8d0b-4e6d0f5c1d0f"])
    messages: list[AguiMessage] = Field(
        examples=[[{"id": "1", "role": "user", "content": "oat milk under $5"}]]
    )
    state: Any = Field(
        default=None,
        description="The last snapshot; what the page has changed in it of `goal`, `must`,"
        " `mustNot`, `prefer`, `budget`, `quantity` and `occasion` counts from now on.",
    )
    forwarded_props: Any = Field(
        default=None, examples=[{"visitorId": "visitor-1", "languageCode": "en"}]
    )
