"""A library of somebody else's that calls an app."""

from __future__ import annotations

from spacecall import Space


async def greet_all(source: str, names: list[str]) -> list[str]:
    async with Space(source) as space:
        return [await space.call("/greet", name=name) for name in names]


async def count(source: str, to: int) -> list[str]:
    async with Space(source) as space, space.call("/count", to=to) as job:
        return [value async for value in job.outputs]
