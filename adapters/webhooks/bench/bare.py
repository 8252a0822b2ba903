"""Posting with nothing but httpx: the same bodies to the same receiver, each sender one after another."""

import asyncio
from collections.abc import Sequence

import httpx


async def post_bare(url: str, bodies: Sequence[bytes], senders: int) -> None:
    """Every sender posts every body. Raises HTTPError."""
    async with httpx.AsyncClient(trust_env=False) as client:

        async def send() -> None:
            for body in bodies:
                (await client.post(url, content=body)).raise_for_status()

        async with asyncio.TaskGroup() as group:
            for _ in range(senders):
                group.create_task(send())
