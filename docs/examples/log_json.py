import json
import logging
import sys

from spacecall import SyncSpace


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        names = ("levelname", "name", "call_id", "endpoint", "event_id")
        values = {name: getattr(record, name, None) for name in names}
        return json.dumps({**values, "message": record.getMessage()})


handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(JsonFormatter())
logging.getLogger("spacecall.client").addHandler(handler)
logging.getLogger("spacecall.client").setLevel(logging.DEBUG)

with SyncSpace(sys.argv[1]) as space, space.call("/greet", name="Ada") as job:
    print(job.call_id, job.result())
