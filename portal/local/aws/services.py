"""moto's other services behind two additions: S3 changes are mirrored to disk, moto's own API is shut."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Response

from portal.local.aws.gate import Environ, StartResponse
from portal.local.aws.jobs import Jobs
from portal.local.aws.store import ObjectStore, bucket_and_key

_CHANGING = ("PUT", "POST", "DELETE")


class Services:
    def __init__(self, store: ObjectStore, jobs: Jobs) -> None:
        self._store, self._jobs = store, jobs
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if path.startswith(("/moto-api", "/latest/")):
            return Response("Not found.\n", 404)(environ, start_response)
        self._jobs.count_other(_service(environ))
        statuses: list[str] = []

        def remember(status: str, headers: Any, *rest: Any) -> Any:
            statuses.append(status)
            return start_response(status, headers, *rest)

        body = self._moto(environ, remember)
        if "/s3/" in environ.get("HTTP_AUTHORIZATION", "") and environ["REQUEST_METHOD"] in _CHANGING:
            self._mirror(environ, statuses)
        return body

    def _mirror(self, environ: Environ, statuses: list[str]) -> None:
        if not statuses or not statuses[-1].startswith("2"):
            return
        bucket, key = bucket_and_key(environ)
        if bucket:
            self._store.mirror(bucket, key)


def _service(environ: Environ) -> str:
    """As in the scope of the signature; a presigned URL is S3's."""
    scope = environ.get("HTTP_AUTHORIZATION", "").split("/")
    return scope[3] if len(scope) > 4 else "s3"
