from pathlib import Path

from spacecall import SyncSpace
from spacecall.testing import FakeSpace

SCHEMAS = Path(__file__).parents[1] / "project/schemas/spaces/workshop"

with FakeSpace(SCHEMAS, seed=7) as fake, SyncSpace("http://127.0.0.1:7860") as space:
    print(space.call("/greet", name="Ada").result())

    fake.returns("/greet", "Hi!")
    print(space.call("/greet", name="Ada").result())

    fake.returns("/greet", lambda call: f"Hi, {call.arguments['name']}!")
    print(space.call("/greet", name="Grace").result())

    fake.streams("/count", ["1", "1 2", "1 2 3"])
    with space.call("/count") as job:
        print(list(job.outputs))

    print([call.endpoint for call in fake.calls])
