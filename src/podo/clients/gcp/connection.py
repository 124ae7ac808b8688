"""Calls of GCP: Google's client of the asset inventory, and plain JSON for the services, in threads, with patience."""

from __future__ import annotations

import asyncio
import functools
import json
import random
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import quote

import google.auth
from google.api_core import exceptions as answers
from google.auth import exceptions as auth
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import asset_v1
from google.cloud.asset_v1.services.asset_service.transports.rest import AssetServiceRestTransport

from podo.clients.gcp.errors import (
    GcpChanged,
    GcpCredentials,
    GcpGone,
    GcpInvalid,
    GcpRefused,
    GcpThrottled,
    GcpUnreachable,
)
from podo.clients.gcp.pace import Pace
from podo.kernel.errors import PodoError, Unavailable

T = TypeVar("T")
SEARCHES_A_MINUTE = 400
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_ASSET = "cloudasset.googleapis.com"
_PAGE = 500


class Connection:
    """One way to GCP, by the default chain of credentials.

    `endpoint` (`http://127.0.0.1:8080`) answers for all services instead, each under its host's name, without credentials: tests.
    `timeout` bounds one call in seconds; `pauses` are those before another try of what passes. At most `at_once` calls are under
    way.
    """

    def __init__(
        self,
        *,
        endpoint: str = "",
        timeout: float = 30,
        at_once: int = 8,
        pauses: tuple[float, ...] = (0.5, 1, 2, 4, 8),
        searches: Pace | None = None,
        before_call: Callable[[], None] | None = None,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._timeout = timeout
        self._pauses = pauses
        self._before_call = before_call
        self._searches = searches or Pace(SEARCHES_A_MINUTE, 60)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="gcp")
        self._making = threading.Lock()
        self._session: AuthorizedSession | None = None
        self._assets: asset_v1.AssetServiceClient | None = None

    async def search(self, project: str, token: str) -> asset_v1.SearchAllResourcesResponse:
        """A page of all resources of a project. Each try counts against the quota."""
        request = asset_v1.SearchAllResourcesRequest(scope=f"projects/{project}", page_size=_PAGE, page_token=token)

        def work() -> asset_v1.SearchAllResourcesResponse:
            pager = self._inventory().search_all_resources(request=request, retry=None, timeout=self._timeout)
            return next(iter(pager.pages))

        async def once() -> asset_v1.SearchAllResourcesResponse:
            await self._searches.wait()
            try:
                return await self._run(work, _ASSET, "")
            except GcpThrottled:
                self._searches.drain()
                raise

        return await self._patiently(once)

    async def call(
        self,
        host: str,
        method: str,
        path: str,
        *,
        name: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """What a service answers as JSON; `name` is what it is about, for errors."""
        base = f"{self._endpoint}/{host}" if self._endpoint else f"https://{host}"

        def work() -> dict[str, Any]:
            answer = self._authorized().request(
                *(method, f"{base}/{quote(path, safe='/:')}"),
                params=params,
                headers=headers,
                data=json.dumps(body) if body is not None else None,
                timeout=self._timeout,  # pyright: ignore[reportArgumentType] - requests takes floats
            )
            if answer.status_code >= 400:
                raise answers.from_http_response(answer)
            return answer.json() if answer.content else {}

        return await self._patiently(lambda: self._run(work, host, name))

    async def close(self) -> None:
        """Let go of connections and threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._session is not None:
            self._session.close()
        if self._assets is not None:
            self._assets.transport.close()

    async def _patiently(self, once: Callable[[], Any]) -> Any:
        for pause in (*self._pauses, None):
            if self._before_call:
                self._before_call()
            try:
                return await once()
            except Unavailable:
                if pause is None:
                    raise
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        raise AssertionError("the last try raises or returns")

    async def _run(self, work: Callable[[], T], host: str, name: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, functools.partial(_told, work, host, name))

    def _authorized(self) -> AuthorizedSession:
        with self._making:
            if self._session is None:
                self._session = AuthorizedSession(self._credentials(), max_refresh_attempts=1)
                self._session.headers["Content-Type"] = "application/json"
            return self._session

    def _inventory(self) -> asset_v1.AssetServiceClient:
        with self._making:
            if self._assets is None:
                scheme, _, host = self._endpoint.partition("://") if self._endpoint else ("https", "", _ASSET)
                transport = AssetServiceRestTransport(host=host, url_scheme=scheme, credentials=self._credentials())
                self._assets = asset_v1.AssetServiceClient(transport=transport)
            return self._assets

    def _credentials(self) -> Any:
        if self._endpoint:
            return AnonymousCredentials()
        return google.auth.default(scopes=_SCOPES)[0]


def _told(work: Callable[[], T], host: str, name: str) -> T:
    try:
        return work()
    except Exception as error:
        if (said := _said(error, host, name)) is None:
            raise
        raise said from error


def _said(error: Exception, host: str, name: str) -> PodoError | None:
    """What went wrong, as an error of ours; None for what is a fault of ours."""
    match error:
        case auth.TransportError() | OSError() | answers.RetryError():
            return GcpUnreachable(service=host, why=_line(error))
        case auth.GoogleAuthError():
            return GcpCredentials(why=_line(error))
        case answers.TooManyRequests():
            return GcpThrottled(service=host)
        case answers.ServerError():
            return GcpUnreachable(service=host, why=_line(error))
        case answers.NotFound():
            return GcpGone(what="resource", name=name or host)
        case answers.Conflict() | answers.PreconditionFailed():
            return GcpChanged(name=name or host)
        case answers.Unauthorized() | answers.Forbidden():
            return GcpThrottled(service=host) if "rateLimitExceeded" in str(error) else GcpRefused(service=host, why=_line(error))
        case answers.GoogleAPICallError():
            return GcpInvalid(service=host, why=_line(error))
        case ValueError() if "JSON" in type(error).__name__ or "Parse" in type(error).__name__:
            return GcpUnreachable(service=host, why="its answer broke off")
        case _:
            return None


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")
