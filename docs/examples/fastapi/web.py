# pyright: basic
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request  # type: ignore[import-not-found]
from fastapi.testclient import TestClient  # type: ignore[import-not-found]

from spacecall import AppError, Space


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, Space], None]:
    async with Space(os.environ["APP"]) as space:
        yield {"space": space}


def workshop(request: Request) -> Space:
    space: Space = request.state.space
    return space


app = FastAPI(lifespan=lifespan)
Workshop = Annotated[Space, Depends(workshop)]


@app.get("/greet/{name}")  # type: ignore[untyped-decorator]
async def greet(name: str, space: Workshop) -> str:
    greeting: str = await space.call("/greet", name=name)
    return greeting


@app.get("/divide")  # type: ignore[untyped-decorator]
async def divide(a: float, b: float, space: Workshop) -> dict[str, float | str]:
    try:
        return {"quotient": await space.call("/divide", a=a, b=b)}
    except AppError as error:
        return {"error": error.message}


if __name__ == "__main__":
    os.environ["APP"] = sys.argv[1]
    with TestClient(app) as client:
        print(client.get("/greet/Ada").json())
        print(client.get("/divide", params={"a": 1, "b": 0}).json())
