import asyncio
import json
import sys
from typing import Any

from spacecall.chat import MessageInput
from spacecall.inference import HuggingFaceInference

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "get_temperature",
            "description": "Return the temperature in a city, in °C.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
]


def get_temperature(city: str) -> float:
    return {"Oslo": 11.5, "Paris": 19.0}[city]


async def main(address: str) -> None:
    async with HuggingFaceInference.connect(address, model="openai/gpt-oss-120b") as hf:
        reply = await hf.chat("Is it warmer in Oslo or in Paris?", tools=TOOLS)
        while reply.tool_calls:
            results: list[MessageInput] = []
            for call in reply.tool_calls:
                temperature = get_temperature(**json.loads(call.arguments))
                print(call.name, call.arguments, temperature)
                results.append(
                    {"role": "tool", "tool_call_id": call.id, "content": str(temperature)}
                )
            reply = await hf.chat(results, conversation=reply.conversation, tools=TOOLS)
        print(reply.text)


asyncio.run(main(sys.argv[1]))
