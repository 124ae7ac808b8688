"""Serving: the house behind uvicorn, with a graceful stop, and what `podo up` tells the newcomer."""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn

from podo.app import house as houses
from podo.app.demo import story
from podo.app.settings import ServerSettings
from podo.kernel.errors import N_, Unavailable
from podo.kernel.settings import Settings


class PortTaken(Unavailable):
    """Another program listens there."""

    code = "app.port_taken"
    so = N_("{host}:{port} is taken by another program.")
    do = N_("End it, or choose another port with PODO_SERVER_PORT.")


async def serve(settings: Settings) -> int:
    """Run until a signal comes; open requests get `server.stop_seconds` to end."""
    house = houses.build(settings)
    listening = _listen(settings[ServerSettings])
    async with houses.running(house) as running:
        link = await story.first_link(house)
        print(f"Podo listens on {address(settings)}", file=sys.stderr)
        if link:
            print(f"The first administrator signs in once at {address(settings)}{link}", file=sys.stderr)
        await _web(running, settings, listening)
    return 0


async def up(settings: Settings, *, clusters: str, seed: bool) -> int:
    """The demo: as `serve`, with the example organisation and the main job done before the newcomer's eyes."""
    server = settings[ServerSettings]
    listening = _listen(server)
    if seed:
        story.unpack(server.directory)
    house = houses.build(settings)
    await story.prepare(house, clusters=clusters)
    async with houses.running(house) as running:
        telling = asyncio.create_task(story.tell(running, address(settings), clusters=clusters, seed=seed))
        await _web(running, settings, listening)
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    return 0


def address(settings: Settings) -> str:
    """The address under which people reach this Podo."""
    server = settings[ServerSettings]
    return server.url.rstrip("/") or f"http://{server.host}:{server.port}"


def _listen(server: ServerSettings) -> socket.socket:
    try:
        listening = socket.create_server((server.host, server.port), reuse_port=False)
    except OSError:
        raise PortTaken(host=server.host, port=server.port) from None
    listening.set_inheritable(True)
    return listening


async def _web(running: houses.Running, settings: Settings, listening: socket.socket) -> None:
    config = uvicorn.Config(
        running.app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=settings[ServerSettings].stop_seconds,
        server_header=False,
    )
    server = uvicorn.Server(config)
    watching = asyncio.create_task(_say_goodbye(server, running))
    await server.serve(sockets=[listening])
    watching.cancel()


async def _say_goodbye(server: uvicorn.Server, running: houses.Running) -> None:
    # Open event streams would hold a graceful stop until its limit: end them as soon as it begins.
    while not server.should_exit:  # noqa: ASYNC110 - uvicorn tells nobody else
        await asyncio.sleep(0.1)
    running.app.state.hub.closing.set()
