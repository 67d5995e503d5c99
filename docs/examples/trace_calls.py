import asyncio
import sys

from opentelemetry import context, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

from spacecall import Hooks, Space, SpaceError
from spacecall.hooks import CallEndDetails, CallStartDetails, ResponseDetails, RetryDetails

tracer = trace.get_tracer("workshop")


def start_span(details: CallStartDetails) -> None:
    attributes = {"call.id": str(details.call_id), "url.full": details.space}
    span = tracer.start_span(f"call {details.endpoint}", attributes=attributes)
    context.attach(trace.set_span_in_context(span))  # for the other hooks of the call


def add_response(details: ResponseDetails) -> None:
    if (span := trace.get_current_span()).is_recording():
        attributes: dict[str, str | int] = {
            "url.full": details.url,
            "http.response.status_code": details.status or 0,
        }
        span.add_event(details.method, attributes)


def add_retry(details: RetryDetails) -> None:
    if (span := trace.get_current_span()).is_recording():
        attributes: dict[str, str | int] = {
            "attempt": details.attempt,
            "error": details.error.message,
        }
        span.add_event(f"retry {details.operation}", attributes)


def end_span(details: CallEndDetails) -> None:
    span = trace.get_current_span()
    span.set_attribute("job.event_id", details.event_id or "")
    if details.error is not None:
        span.record_exception(details.error)
        span.set_status(trace.StatusCode.ERROR)
    span.end()


hooks = Hooks(
    on_call_start=start_span,
    on_response=add_response,
    on_retry=add_retry,
    on_call_end=end_span,
)


def describe(span: ReadableSpan) -> str:
    parent = "a child span" if span.parent else "a root span"
    return f"{span.name}: {parent}, {span.status.status_code.name}\n"


async def main(address: str) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=describe)))
    trace.set_tracer_provider(provider)
    async with Space(address, hooks=hooks) as space:
        with tracer.start_as_current_span("report"):
            await space.call("/greet", name="Ada")
            try:
                await space.call("/divide", a=1, b=0)
            except SpaceError as error:
                print(error.message)


asyncio.run(main(sys.argv[1]))
