"""OpenTelemetry traces: a span for a request, beneath it one for each stage of its answer.

Nothing of OpenTelemetry is imported unless its own variables ask for traces:
``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``..._TRACES_ENDPOINT``), or ``OTEL_TRACES_EXPORTER``. The SDK
reads all others itself: ``OTEL_SERVICE_NAME``, ``OTEL_TRACES_SAMPLER``, and so on. A span has no
query, no id of a visitor and no address, only what a route is called and how it ended.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Final

from daogou import __version__
from daogou.errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, TracerProvider

SERVICE: Final = "daogou"
_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_EXPORTER: Final = "OTEL_TRACES_EXPORTER"
_CARRIED: Final = (b"traceparent", b"tracestate", b"baggage")


class Tracing:
    """Makes the spans of one application.

    Parameters
    ----------
    provider
        Where they go.
    """

    def __init__(self, provider: "TracerProvider") -> None:
        self._tracer = provider.get_tracer(SERVICE, __version__)

    @contextmanager
    def request(
        self, method: str, headers: list[tuple[bytes, bytes]]
    ) -> Iterator["tuple[Span, str]"]:
        """The span of a request and its trace's id, within the trace that the caller names."""
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind, format_trace_id

        carrier: dict[str, str] = {}
        for name, value in headers:
            if name in _CARRIED:
                key, text = name.decode(), value.decode("latin-1")
                carrier[key] = f"{carrier[key]},{text}" if key in carrier else text
        with self._tracer.start_as_current_span(
            method,
            extract(carrier),
            SpanKind.SERVER,
            {"http.request.method": method},
            record_exception=False,  # its text may name what a shopper sent
            set_status_on_exception=False,
        ) as span:
            yield span, format_trace_id(span.get_span_context().trace_id)

    def ended(self, span: "Span", method: str, route: str, status: int) -> None:
        """Say which route it was and how it ended."""
        from opentelemetry.trace import StatusCode

        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        if status >= 500:
            span.set_status(StatusCode.ERROR)

    def stage(self, route: str, stage: str) -> "AbstractContextManager[Any]":
        """The span of a part of an answer."""
        return self._tracer.start_as_current_span(
            stage,
            attributes={"daogou.route": route},
            record_exception=False,
            set_status_on_exception=False,
        )


def tracing_from(environ: Mapping[str, str] = os.environ) -> Tracing | None:
    """Traces as OpenTelemetry's variables want them; None where they want none.

    Raises
    ------
    ConfigError
        They want what is not installed or not known.
    """
    wanted = environ.get(_EXPORTER, "").strip().lower()
    if not wanted and any(environ.get(name) for name in _ENDPOINTS):
        wanted = "otlp"
    if wanted in ("", "none") or environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        return Tracing(_provider(wanted, environ))
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"Traces are asked for, and {error.name} is not installed. Install with"
            " pip install 'daogou[otel]', or set OTEL_SDK_DISABLED=true."
        ) from error


def _provider(wanted: str, environ: Mapping[str, str]) -> "TracerProvider":
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = {} if environ.get("OTEL_SERVICE_NAME") else {"service.name": SERVICE}
    provider = TracerProvider(resource=Resource.create({**named, "service.version": __version__}))
    # Sent by a thread of its own, a batch at a time; what cannot be sent is dropped.
    provider.add_span_processor(BatchSpanProcessor(_exporter(wanted, environ)))
    return provider


def _exporter(wanted: str, environ: Mapping[str, str]) -> "SpanExporter":
    if wanted == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    protocol = next((environ[name] for name in _PROTOCOLS if environ.get(name)), "http/protobuf")
    if wanted != "otlp" or protocol != "http/protobuf":
        asked = f"{_EXPORTER}={wanted}" if wanted != "otlp" else f"the protocol {protocol}"
        raise ConfigError(
            f"Traces are asked for by {asked}; expected {_EXPORTER}=otlp over http/protobuf,"
            " console, or none."
        )
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
