"""Batches are published while others read: nobody fails, and nobody sees two at once."""

import asyncio
import threading

import httpx

from serving.api import create_app


def test_no_request_fails_and_none_is_mixed_while_batches_and_models_change(publishing):
    workspace = publishing(batch_id="b000", model="m000", risk=0)
    ended = threading.Event()

    def publisher() -> None:
        for number in range(1, 16):
            name = f"{number:03}"
            publishing(batch_id=f"b{name}", model=f"m{name}", risk=number / 1000)
        ended.set()

    async def reader(client: httpx.AsyncClient) -> list[tuple[str, str, float]]:
        seen = []
        while not ended.is_set():
            one = (await client.get("/v1/accounts/acct-3/risk")).raise_for_status().json()
            many = (
                (
                    await client.post(
                        "/v1/risk:lookup", json={"account_ids": ["acct-1", "acct-2", "acct-3"]}
                    )
                )
                .raise_for_status()
                .json()
            )
            told = [one["account"], *(found["account"] for found in many["results"])]
            batches = [one["batch"], *[many["batch"]] * 3]
            for account, batch in zip(told, batches, strict=True):
                assert (batch["batch_id"], batch["model_version"]) == (
                    *(account["batch_id"], account["model_version"]),
                )
                seen.append((batch["batch_id"], batch["model_version"], account["risk"]))
        return seen

    async def run() -> list[list[tuple[str, str, float]]]:
        transport = httpx.ASGITransport(create_app(workspace))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await asyncio.gather(*(reader(client) for _ in range(3)))

    thread = threading.Thread(target=publisher)
    thread.start()
    read = asyncio.run(run())
    thread.join()
    for seen in read:
        assert [name for name, *_ in seen] == sorted(name for name, *_ in seen)
    told = {one for seen in read for one in seen}
    assert len(told) > 5
    assert all(
        (model, risk) == (f"m{name[1:]}", int(name[1:]) / 1000) for name, model, risk in told
    )
