"""Calls of AWS through boto3: in threads, with time-outs, credentials by account, and patience for what passes."""

from __future__ import annotations

import asyncio
import functools
import random
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from podo.clients.aws.errors import (
    AwsBroken,
    AwsCredentials,
    AwsInvalid,
    AwsRefused,
    AwsThrottled,
    AwsTokenExpired,
    AwsUnreachable,
)
from podo.clients.aws.types import Access, Keys
from podo.kernel import clock
from podo.kernel.errors import PodoError, Unavailable

THROTTLING = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled"),
        *("TooManyRequestsException", "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown"),
        *(
            "ProvisionedThroughputExceededException",
            "TransactionInProgressException",
            "PriorRequestNotComplete",
            "EC2ThrottledException",
        ),
    }
)
_PASSING = frozenset({"InternalServiceException", "InternalError", "InternalFailure", "ServiceUnavailable", "RequestTimeout"})
_REFUSED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "UnauthorizedAccess"}
)
_CREDENTIALS = frozenset(
    {
        *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"),
        *("SignatureDoesNotMatch", "AuthFailure", "RequestExpired", "MissingAuthenticationToken", "OptInRequired"),
    }
)
_TOKEN = frozenset({"PaginationTokenExpiredException", "InvalidNextToken", "InvalidNextTokenException", "InvalidPaginationToken"})
_SOON = timedelta(minutes=5)
_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, TokenRetrievalError)


@functools.cache
def _loader() -> Any:
    return botocore.loaders.create_loader()


class _BrokenOff(Exception):
    """The connection ended in the midst of an answer."""


_TOLD = (ClientError, BotoCoreError, ResponseParserError, _BrokenOff)


class Connection:
    """One way to AWS.

    `endpoint` sends all calls to one address (tests, LocalStack). `keys` replace the default chain of credentials. `timeout`
    bounds one call in seconds; `pauses` are those before another try of what passes (throttling, 5xx, a cut connection).
    `before_call` is called before each.
    """

    def __init__(
        self,
        *,
        endpoint: str = "",
        keys: Keys | None = None,
        timeout: float = 20,
        at_once: int = 8,
        pauses: tuple[float, ...] = (0.5, 1, 2, 4, 8),
        before_call: Callable[[], None] | None = None,
    ) -> None:
        self._endpoint = endpoint or None
        self._keys = keys
        self._pauses = pauses
        self._before_call = before_call
        # Its own retries sleep in a thread and count by themselves: ours are seen, and end when the run does.
        self._config = Config(
            connect_timeout=min(5, timeout),
            read_timeout=timeout,
            retries={"total_max_attempts": 1},
            max_pool_connections=at_once,
            parameter_validation=True,
            s3={"addressing_style": "path"},
            user_agent_appid="podo",
        )
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="aws")
        self._making = threading.Lock()
        self._clients: dict[tuple[Access, str, str], tuple[Any, datetime | None]] = {}
        self._roles: dict[Access, tuple[Keys, datetime]] = {}

    async def call(self, access: Access, region: str, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        """What an operation answers. Raises errors of AWS; the `Unavailable` ones after all pauses."""
        for pause in (*self._pauses, None):
            if self._before_call:
                self._before_call()
            try:
                return await self._once(access, region, service, operation, params)
            except Unavailable:
                if pause is None:
                    raise
                # Several that were turned away together do not come again together.
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        raise AssertionError("the last try raises or returns")

    async def close(self) -> None:
        """Let go of connections and threads; calls under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for client, _ in self._clients.values():
            client.close()
        self._clients.clear()

    async def _once(self, access: Access, region: str, service: str, operation: str, params: Mapping[str, Any]) -> Any:
        work = functools.partial(self._work, access, region, service, operation, params)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _work(self, access: Access, region: str, service: str, operation: str, params: Mapping[str, Any]) -> Any:
        try:
            return getattr(self._client(access, region, service), operation)(**params)
        except _TOLD as error:
            raise said(error, access.account, region, service) from error

    def _client(self, access: Access, region: str, service: str) -> Any:
        """Clients are made one at a time: the session they come from is not safe for threads."""
        with self._making:
            known = self._clients.get((access, region, service))
            if known and (known[1] is None or known[1] > clock.now() + _SOON):
                return known[0]
            keys, until = self._role(access, region) if access.role else (self._keys, None)
            made = self._made(keys, region, service)
            self._clients[access, region, service] = (made, until)
            return made

    def _role(self, access: Access, region: str) -> tuple[Keys, datetime]:
        known = self._roles.get(access)
        if known and known[1] > clock.now() + _SOON:
            return known
        more = {"ExternalId": access.external_id} if access.external_id else {}
        try:
            answer = self._made(self._keys, region, "sts").assume_role(RoleArn=access.role, RoleSessionName="podo", **more)
        except _TOLD as error:
            why = said(error, access.account, region, "sts")
            raise why if isinstance(why, Unavailable) else AwsCredentials(account=access.account, why=_why(error)) from error
        found = answer["Credentials"]
        keys = Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        self._roles[access] = (keys, found["Expiration"])
        return self._roles[access]

    def _made(self, keys: Keys | None, region: str, service: str) -> Any:
        inner = botocore.session.get_session()
        # Descriptions of services are large: they are read once, whatever the number of accounts.
        inner.register_component("data_loader", _loader())
        session = boto3.Session(
            aws_access_key_id=keys.key if keys else None,
            aws_secret_access_key=keys.secret if keys else None,
            aws_session_token=keys.token or None if keys else None,
            region_name=region,
            botocore_session=inner,
        )
        made: Any = session.client(service, endpoint_url=self._endpoint, config=self._config)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportArgumentType, reportCallIssue]
        made.meta.events.register("response-received", _must_be_whole)
        return made


def _must_be_whole(response_dict: Mapping[str, Any] | None = None, **_: Any) -> None:
    """The half of a JSON answer passes for an empty one in botocore, without a word; then all that it lacks would seem gone."""
    if response_dict is None:
        return
    told, body = response_dict["headers"].get("content-length"), response_dict["body"]
    if told is not None and isinstance(body, bytes) and len(body) < int(told):
        raise _BrokenOff(f"the connection broke off after {len(body)} of {told} bytes")


def said(error: Exception, account: str, region: str, service: str) -> PodoError:
    """What went wrong, as an error of ours."""
    if isinstance(error, _NO_CREDENTIALS):
        return AwsCredentials(account=account, why=str(error))
    if not isinstance(error, ClientError):
        # A connection that could not be made, was cut, or was too slow; answers that cannot be parsed.
        return AwsUnreachable(service=service, region=region, why=_why(error))
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    why = _why(error)
    if code in THROTTLING or status == 429:
        return AwsThrottled(service=service, region=region, why=code or str(status))
    if code in _PASSING or status >= 500:
        return AwsUnreachable(service=service, region=region, why=why)
    if code in _CREDENTIALS:
        return AwsCredentials(account=account, why=why)
    if code in _REFUSED or status in (401, 403):
        return AwsRefused(account=account, service=service, why=why)
    if code in _TOKEN:
        return AwsTokenExpired(service=service)
    if 400 <= status < 500:
        return AwsInvalid(service=service, why=why)
    return AwsBroken(service=service, why=why)


def _why(error: Exception) -> str:
    if not isinstance(error, ClientError):
        return str(error).partition("\n")[0].rstrip(".")
    found = error.response.get("Error", {})
    return f"{found.get('Code', '')}: {found.get('Message', '')}".strip(": ").rstrip(".")
