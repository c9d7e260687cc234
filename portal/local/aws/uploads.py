"""The front of S3: PutObject meets the faults that were asked for by its name, and its checksum is checked. All else goes on to moto."""

from __future__ import annotations

import base64
import hashlib
import io
import time
from collections.abc import Callable, Iterable

from portal.local.aws.faults import Fault, Faults
from portal.local.aws.gate import Environ, StartResponse, hang_up
from portal.local.aws.refused import Refused
from portal.local.aws.store import bucket_and_key

PUT = "PutObject"
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Uploads:
    def __init__(self, faults: Faults, moto: Application) -> None:
        self._faults, self._moto = faults, moto

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        bucket, key = bucket_and_key(environ)
        if environ["REQUEST_METHOD"] != "PUT" or not key:
            return self._moto(environ, start_response)
        if self._fault("drop", bucket):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0) // 2)
            return hang_up(environ)
        if fault := self._fault("error", bucket):
            asked_for = Refused(fault.status or 503, fault.code, "This error was asked for.")
            return asked_for.as_xml(environ["PATH_INFO"])(environ, start_response)
        if not _is_intact(environ):
            changed = Refused(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
            return changed.as_xml(environ["PATH_INFO"])(environ, start_response)
        hang, lost = self._fault("hang", bucket), self._fault("accept_then_drop", bucket)
        answered = list(self._moto(environ, start_response))
        if hang:
            time.sleep(hang.seconds)
        return hang_up(environ) if lost else answered

    def _fault(self, kind: str, bucket: str) -> Fault | None:
        """Narrowed to a bucket in the dashboard's place."""
        return self._faults.next_call(kind, PUT, bucket, by_name=True)


def _is_intact(environ: Environ) -> bool:
    """moto takes whatever comes."""
    wanted = environ.get("HTTP_X_AMZ_CHECKSUM_SHA256")
    if not wanted:
        return True
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return base64.b64encode(hashlib.sha256(body).digest()).decode() == wanted
