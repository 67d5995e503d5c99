import logging
import sys
from collections import Counter

from spacecall import Hooks, SyncSpace
from spacecall.hooks import ResponseDetails, RetryDetails

responses: Counter[int | None] = Counter()
log = logging.getLogger("workshop")


def count_response(details: ResponseDetails) -> None:
    responses[details.status] += 1


def log_retry(details: RetryDetails) -> None:
    log.warning("%s failed: %s", details.operation, details.error.message)


hooks = Hooks(on_response=count_response, on_retry=log_retry)
with SyncSpace(sys.argv[1], hooks=hooks) as space:
    print(space.call("/greet", name="Ada").result())
print(set(responses))
