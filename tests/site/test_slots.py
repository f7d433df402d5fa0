"""Costly requests take turns, so that no visitor keeps the others waiting."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.serving import a_plugin

PATIENCE = 60


def slots(**bounds: Any) -> Any:
    plugin = a_plugin("isolation")
    return plugin.Slots(
        plugin.Config(**{"slots": 2, "queue": 2, "wait_seconds": PATIENCE, **bounds})
    )


async def asked(visitors: str, queue: Any) -> list[asyncio.Task[None]]:
    """A request by each of `visitors`, each a letter, in turn."""
    tasks = []
    for visitor in visitors:
        tasks.append(asyncio.create_task(queue.take(visitor)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    return tasks


def outcomes(tasks: list[asyncio.Task[None]]) -> str:
    """A `.` for each request that runs, a `w` for one that waits and an `x` for one refused."""
    return "".join(
        "w" if not task.done() else "x" if task.cancelled() or task.exception() else "."
        for task in tasks
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("visitors", "now", "after_one"),
    [
        ("a", ".", "."),
        ("aa", "..", ".."),
        ("aaaa", "..ww", "...w"),
        ("aaaaa", "..wwx", "...wx"),  # the queue is full
        ("aab", "..w", "..."),
        ("aaaab", "..wxw", "..wx."),  # who waits twice makes room, and who runs nothing is next
        ("aaabb", "..wwx", "..w.x"),
        ("aaabc", "..wwx", "..w.x"),
    ],
)
async def test_slots_go_to_who_has_the_fewest(visitors: str, now: str, after_one: str) -> None:
    queue = slots()
    tasks = await asked(visitors, queue)
    assert outcomes(tasks) == now
    queue.give_back("a")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert outcomes(tasks) == after_one


@pytest.mark.asyncio
async def test_who_waits_too_long_is_refused() -> None:
    queue = slots(wait_seconds=0.01)
    await asked("aa", queue)
    with pytest.raises(Exception, match="running") as refusal:
        await queue.take("b")
    assert (refusal.value.status, refusal.value.type) == (503, "busy")  # type: ignore[attr-defined]
    assert queue.waiting == []


@pytest.mark.asyncio
async def test_who_leaves_the_queue_takes_no_slot() -> None:
    queue = slots()
    tasks = await asked("aab", queue)
    tasks[2].cancel()
    await asyncio.sleep(0)
    queue.give_back("a")
    queue.give_back("a")
    assert queue.running.total() == 0
    # Given a slot at the same moment, who leaves gives it back.
    tasks = await asked("aab", queue)
    queue.give_back("a")
    tasks[2].cancel()
    await asyncio.wait(tasks)
    assert queue.running.total() == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("leaving", ["cancelled", "too late", "made room for"])
async def test_a_slot_that_is_free_when_others_leave_is_not_lost(leaving: str) -> None:
    queue = slots(wait_seconds=0.05 if leaving == "too late" else PATIENCE)
    tasks = await asked("aabb", queue)
    if leaving == "cancelled":
        for task in tasks[2:]:
            task.cancel()
    elif leaving == "too late":
        for _, place in queue.waiting:
            place.cancel()  # as `asyncio.timeout` does
    else:
        queue.make_room("c")
    # Before those who leave have run.
    queue.give_back("a")
    queue.give_back("a")
    await asyncio.sleep(0.1)
    if leaving == "made room for":
        assert queue.running.total() == 1
        queue.give_back("b")
    assert queue.running.total() == 0
    assert queue.waiting == []
    assert outcomes(await asked("cc", queue)) == ".."
