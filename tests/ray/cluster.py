"""A map on two nodes, of which one is killed; prints the outcomes as JSON.

The arguments are the address of the app, the number of rows, and the calls per second.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from importlib import import_module
from typing import Any

from spacecall import Space
from spacecall.batch.ray import map_space

os.environ.update(RAY_DISABLE_IMPORT_WARNING="1", RAY_USAGE_STATS_ENABLED="0")

NODE = {"object_store_memory": 120_000_000, "include_dashboard": False}


def create_space(app: str) -> Space:
    """Return a Space whose requests say from which node they come."""
    node = import_module("ray").get_runtime_context().get_node_id()
    return Space(app, headers={"X-Node": node})


def main(app: str, count: int, rate: float) -> None:
    """Start two nodes, map, and kill the second one when a third of the rows has an outcome."""
    ray, data = import_module("ray"), import_module("ray.data")
    cluster_utils = import_module("ray.cluster_utils")
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 2, **NODE})
    node = cluster.add_node(num_cpus=2, **NODE)
    data.DataContext.get_current().enable_progress_bars = False
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    outcomes: list[dict[str, Any]] = []
    try:
        rows = data.from_items([{"text": f"row {number}"} for number in range(count)])
        ds = map_space(
            rows,
            partial(create_space, app),
            "/echo",
            concurrency=4,
            per_actor=2,
            max_calls=16,
            rate=rate,
        )
        is_killed = False
        for outcome in ds.iter_rows():
            outcomes.append(outcome)
            if not is_killed and len(outcomes) > count / 3:
                cluster.remove_node(node, allow_graceful=False)
                is_killed = True
    finally:
        ray.shutdown()
        cluster.shutdown()
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
