import asyncio
import json
import sys
from pathlib import Path

from spacecall import Space
from spacecall.batch import Batch, run_batch

ROWS = Path("rows.csv")
BATCH = Batch(
    endpoint="/divide",
    input=ROWS,
    output=Path("results.jsonl"),
    columns={"a": "dividend"},
    id_column="name",
)


async def main(address: str) -> None:
    async with Space(address) as space:
        summary = await run_batch(space, BATCH)
    print(summary.done, "done,", summary.failed, "failed")


ROWS.write_text("name,dividend,b\nfirst,12,4\nsecond,12,0\n")
asyncio.run(main(sys.argv[1]))
for line in BATCH.results.read_text().splitlines():
    result = json.loads(line)
    print(result["id"], result.get("value"), result.get("error", {}).get("type"))
