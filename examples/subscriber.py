"""Reads the event log of Spoor over plain NATS: pip install nats-py, then NATS_URL=... python subscriber.py

At least once and in order. The last sequence is kept in a file behind the handler; a service would keep it with its rows, together with
the stream's creation time: a stream that was made anew begins at 1 again.
"""

import asyncio
import gzip
import json
import os
import pathlib

import nats
from nats.js.api import ConsumerConfig, DeliverPolicy

STREAM = "SPOOR_EVENTS_0"
CHECKPOINT = pathlib.Path("subscriber.checkpoint.json")


def event_of(message):
    headers = message.headers or {}
    payload = message.data
    if headers.get("Content-Encoding") == "gzip":
        payload = gzip.decompress(payload)
    return headers.get("ce-type", ""), json.loads(payload)


def handle(seq, event_type, data):
    # Whole long lists may lie beside the event: data["$blob"] then names chunks in SPOOR_BLOBS_0.
    print(seq, event_type, data.get("statusCode"), data.get("url"), flush=True)


async def main():
    client = await nats.connect(os.environ.get("NATS_URL", "nats://127.0.0.1:4222"))
    stream = client.jetstream()
    created = str((await stream.stream_info(STREAM)).created)
    last = 0
    if CHECKPOINT.exists():
        found = json.loads(CHECKPOINT.read_text())
        if found["created"] != created:
            raise SystemExit("the log is another one than was read; remove the checkpoint to begin anew")
        last = found["seq"]
    config = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=last + 1)
    subscription = await stream.subscribe(
        "spoor.events.0.>", stream=STREAM, ordered_consumer=True, config=config
    )
    async for message in subscription.messages:
        seq = message.metadata.sequence.stream
        handle(seq, *event_of(message))
        CHECKPOINT.write_text(json.dumps({"created": created, "seq": seq}))


if __name__ == "__main__":
    asyncio.run(main())
