# pyright: basic
import sys

import ray.data  # type: ignore[import-not-found]

from spacecall.batch.ray import map_space


def main(address: str) -> None:
    ds = ray.data.from_items([{"dividend": 12, "b": 4}, {"dividend": 12, "b": 0}])
    results = map_space(
        ds,
        address,
        "/divide",
        columns={"a": "dividend"},
        concurrency=(1, 4),  # actors
        per_actor=8,  # calls at once in each
        rate=20,  # calls per second, all actors together
    )
    for row in results.sort("b").take_all():
        print(row["dividend"], row["b"], row["value"], row["error"] and row["error"]["type"])


if __name__ == "__main__":
    main(sys.argv[1])
