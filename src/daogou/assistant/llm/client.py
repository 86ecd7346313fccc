"""A language model behind an OpenAI-compatible endpoint, through pydantic-ai.

The requests run on an event loop in a thread of its own, so that whoever waits for them can
stop waiting at the very second, whatever the endpoint does.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Generator, Mapping
from typing import Any, Final

from openai import APIError, AsyncOpenAI
from pydantic_ai.direct import model_request_stream
from pydantic_ai.exceptions import (
    AgentRunError,
    ModelAPIError,
    ModelConnectionError,
    ModelHTTPError,
    ModelTimeoutError,
    UnexpectedModelBehavior,
)
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    SystemPromptPart,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from daogou.assistant.llm.asking import Asked, Counts, Failed, Reason, Spent, Tool
from daogou.assistant.llm.config import LlmConfig

TEMPERATURE: Final = 0.2
CHARACTERS_A_TOKEN: Final = 8
"""No tokenizer packs more on average: an answer that is longer than its tokens is stopped."""
_LOG: Final = logging.getLogger("daogou.llm")


class Client:
    """One model; safe to share between threads.

    Parameters
    ----------
    model
        Of pydantic-ai.
    """

    def __init__(self, config: LlmConfig, model: Model) -> None:
        self.config = config
        self.counts = Counts()
        self._model = model
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="llm", daemon=True)
        self._thread.start()

    def write(self, asked: Asked, spent: Spent, seconds: float) -> Generator[str, None, None]:
        """As :meth:`~daogou.assistant.llm.asking.LanguageModel.write` says."""
        end = time.monotonic() + seconds
        pieces: queue.SimpleQueue[str | Failed | None] = queue.SimpleQueue()
        running = asyncio.run_coroutine_threadsafe(self._run(asked, spent, pieces), self._loop)
        try:
            while True:
                try:
                    piece = pieces.get(timeout=max(end - time.monotonic(), 0.001))
                except queue.Empty:
                    raise Failed("time") from None
                if piece is None:
                    return
                if isinstance(piece, Failed):
                    raise piece
                yield piece
        finally:
            running.cancel()

    def count(self, outcome: str, cut: Mapping[str, int], spent: Spent) -> None:
        """Count a turn."""
        tokens = {"prompt": spent.prompt_tokens, "completion": spent.completion_tokens}
        with self._lock:
            for counted, more in (
                (self.counts.turns, {outcome: 1}),
                (self.counts.cut, cut),
                (self.counts.tokens, tokens),
            ):
                for key, number in more.items():
                    counted[key] = counted.get(key, 0) + number

    def close(self) -> None:
        """Stop the thread and close the connections."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if isinstance(self._model, OpenAIChatModel):
            await self._model.client.close()
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()

    async def _run(
        self, asked: Asked, spent: Spent, pieces: "queue.SimpleQueue[str | Failed | None]"
    ) -> None:
        try:
            await self._converse(asked, spent, pieces)
        except Failed as failed:
            pieces.put(failed)
        except Exception as error:  # whatever a library raises: the default engine answers
            reason = _reason(error)
            _LOG.warning("the language model failed (%s): %s", reason, type(error).__name__)
            pieces.put(Failed(reason))
        else:
            pieces.put(None)

    async def _converse(
        self, asked: Asked, spent: Spent, pieces: "queue.SimpleQueue[str | Failed | None]"
    ) -> None:
        tools = {tool.name: tool for tool in asked.tools}
        messages: list[ModelMessage] = [
            ModelRequest(
                parts=[SystemPromptPart(content=asked.instructions), UserPromptPart(asked.data)]
            )
        ]
        sent = asked.instructions + asked.data + "".join(_told(tool) for tool in asked.tools)
        while True:
            if spent.tokens + tokens_in(sent) > self.config.tokens:
                raise Failed("tokens")
            response = await self._request(messages, asked.tools, pieces)
            self._add(response, sent, spent)
            calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
            if not calls:
                if asked.tools:
                    pieces.put(response.text or "")
                return
            returned = []
            for call in calls:
                spent.tool_calls += 1
                if spent.tool_calls > self.config.tool_calls:
                    raise Failed("tools")
                if call.tool_name not in tools:
                    raise Failed("unknown tool")
                told = await asyncio.to_thread(_call, tools[call.tool_name], call)
                sent += told
                returned.append(
                    ToolReturnPart(
                        tool_name=call.tool_name, content=told, tool_call_id=call.tool_call_id
                    )
                )
            messages += [response, ModelRequest(parts=returned)]

    async def _request(
        self,
        messages: list[ModelMessage],
        tools: tuple[Tool, ...],
        pieces: "queue.SimpleQueue[str | Failed | None]",
    ) -> ModelResponse:
        offered = [
            ToolDefinition(
                name=tool.name,
                description=tool.description,
                parameters_json_schema=dict(tool.schema),
            )
            for tool in tools
        ]
        limit = self.config.answer_tokens
        length = 0
        async with model_request_stream(
            self._model,
            messages,
            model_settings=ModelSettings(max_tokens=limit, temperature=TEMPERATURE),
            model_request_parameters=ModelRequestParameters(function_tools=offered),
        ) as stream:
            async for event in stream:
                text = _text(event)
                length += len(text)
                if length > limit * CHARACTERS_A_TOKEN:
                    raise Failed("tokens")
                if text and not tools:
                    pieces.put(text)
            return stream.get()

    def _add(self, response: ModelResponse, sent: str, spent: Spent) -> None:
        usage = response.usage
        spent.requests += 1
        spent.estimated |= not usage.output_tokens
        written = "".join(
            part.content if isinstance(part, TextPart) else str(getattr(part, "args", ""))
            for part in response.parts
        )
        spent.prompt_tokens += usage.input_tokens or tokens_in(sent)
        spent.completion_tokens += usage.output_tokens or tokens_in(written)


def connect(config: LlmConfig, key: str | None) -> Client:
    """A client of the endpoint of ``config``; nothing is sent yet.

    Parameters
    ----------
    key
        None where the endpoint needs none.
    """
    client = AsyncOpenAI(
        base_url=config.endpoint,
        api_key=key or "none",
        timeout=config.seconds,
        max_retries=0,  # a second attempt would come too late: the default engine answers
    )
    provider = OpenAICompatibleProvider("shop", openai_client=client)
    return Client(config, OpenAIChatModel(config.model, provider=provider))


def tokens_in(text: str) -> int:
    """About how many tokens a text has: four ASCII characters each, one of any others."""
    ascii_characters = sum(c.isascii() for c in text)
    return ascii_characters // 4 + len(text) - ascii_characters + 1


def _told(tool: Tool) -> str:
    return f"{tool.name} {tool.description} {dict(tool.schema)}"


def _text(event: Any) -> str:
    if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
        return event.part.content
    if isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
        return event.delta.content_delta
    return ""


def _call(tool: Tool, call: ToolCallPart) -> str:
    try:
        arguments = call.args_as_dict()
    except (ValueError, TypeError, AssertionError):
        return "Not done: the arguments are no JSON object."
    return tool.run(arguments)


def _reason(error: Exception) -> Reason:
    if isinstance(error, ModelTimeoutError | TimeoutError):
        return "time"
    if isinstance(error, ModelHTTPError):
        return "status"
    if isinstance(error, ModelConnectionError | OSError):
        return "unreachable"
    if isinstance(error, ModelAPIError):
        return "status"
    if isinstance(error, UnexpectedModelBehavior | AgentRunError | APIError | ValueError):
        return "garbled"
    return "broken"
