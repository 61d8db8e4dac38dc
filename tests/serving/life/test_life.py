from __future__ import annotations

import asyncio
import time

from serving.life.life import Queue

LATE = 0.2


async def stopped(queue: Queue, times: int) -> float:
    """What a queue says at once after the loop stood still so many times in succession."""
    for _ in range(times):
        time.sleep(Queue.TICK_SECONDS + LATE)
        await asyncio.sleep(0)  # what is due is done
        await asyncio.sleep(0)
    return queue.seconds()


def test_one_stop_is_no_queue_and_two_in_succession_are_at_once():
    async def run() -> list[bool]:
        queue = Queue()
        said = [queue.seconds() >= LATE]
        for times in (1, 2):
            said.append(await stopped(queue, times) >= LATE)
            await asyncio.sleep(3 * Queue.TICK_SECONDS)
            said.append(queue.seconds() >= LATE)
        return said

    assert asyncio.run(run()) == [False, False, False, True, False]
