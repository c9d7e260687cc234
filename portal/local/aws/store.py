"""S3 objects also as files, so that they outlive the process.

Under `<state>/s3/<bucket>/` each object is `<hash of key>.data` beside `<hash of key>.json`; the second
is written last and by renaming, so a half-written object is never loaded.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from moto.s3.models import FakeDeleteMarker, S3Backend, s3_backends

from portal.local.aws.delivery import BucketUnusable
from portal.local.aws.files import replace_file


def bucket_and_key(environ: dict[str, Any]) -> tuple[str, str]:
    """Of a path-style request; either may be empty."""
    # WSGI hands paths over as Latin-1; keys are UTF-8.
    bucket, _, key = environ["PATH_INFO"].encode("latin-1").decode().lstrip("/").partition("/")
    return bucket, key


class ObjectStore:
    def __init__(self, state: Path, account: str) -> None:
        self._root = state / "s3"
        self._root.mkdir(parents=True, exist_ok=True)
        self._backend: S3Backend = s3_backends[account]["aws"]
        self._lock = threading.Lock()

    def create_bucket(self, name: str, region: str) -> None:
        if name not in self._backend.buckets:
            self._backend.create_bucket(name, region)
        self._folder(name).mkdir(exist_ok=True)
        (self._folder(name) / "region").write_text(region)

    def has_bucket(self, name: str) -> bool:
        return name in self._backend.buckets

    def has_object(self, bucket: str, key: str) -> bool:
        return self.has_bucket(bucket) and key in self._backend.buckets[bucket].keys

    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> None:
        if not self.has_bucket(bucket):
            raise BucketUnusable(f"The bucket {bucket} does not exist.")
        # Whoever puts it says when S3 tells of it.
        stored = self._backend.put_object(bucket, key, data, disable_notification=True)
        stored.set_metadata({"Content-Type": content_type})
        self._save(bucket, key, stored)

    def mirror(self, bucket: str, key: str) -> None:
        """Take over what a client changed: one object, or the whole bucket when `key` is empty."""
        current = self._backend.buckets.get(bucket)
        if current is None:
            shutil.rmtree(self._folder(bucket), ignore_errors=True)
            return
        self.create_bucket(bucket, current.region_name)
        for name in [key] if key else self._saved_keys(bucket) | set(current.keys.keys()):
            stored = current.keys.get(name)
            # In a bucket with versions a plain delete leaves a marker, which has no content to keep.
            if stored and not isinstance(stored, FakeDeleteMarker):
                self._save(bucket, name, stored)
            else:
                self._remove(bucket, name)

    def load(self) -> int:
        """Fill moto from the files; returns the number of objects."""
        count = 0
        for folder in sorted(path for path in self._root.iterdir() if path.is_dir()):
            region = folder / "region"
            self.create_bucket(folder.name, region.read_text() if region.exists() else "us-east-1")
            for about in self._abouts(folder.name):
                self._restore(folder.name, about)
                count += 1
        return count

    def clear(self) -> None:
        """Every object goes, the buckets stay."""
        for name, bucket in self._backend.buckets.items():
            bucket.keys.clear()
            shutil.rmtree(self._folder(name), ignore_errors=True)
            self.create_bucket(name, bucket.region_name)

    def _restore(self, bucket: str, about: dict[str, Any]) -> None:
        data = self._file(bucket, about["key"], "data").read_bytes()
        stored = self._backend.put_object(bucket, about["key"], data)
        stored.set_metadata(about["metadata"])
        stored.last_modified = datetime.fromisoformat(about["last_modified"])

    def _save(self, bucket: str, key: str, stored: Any) -> None:
        about = {"key": key, "metadata": dict(stored.metadata), "last_modified": stored.last_modified.isoformat()}
        with self._lock:
            replace_file(self._file(bucket, key, "data"), stored.value)
            replace_file(self._file(bucket, key, "json"), json.dumps(about).encode())

    def _remove(self, bucket: str, key: str) -> None:
        with self._lock:
            for suffix in ("json", "data"):
                self._file(bucket, key, suffix).unlink(missing_ok=True)

    def _saved_keys(self, bucket: str) -> set[str]:
        return {about["key"] for about in self._abouts(bucket)}

    def _abouts(self, bucket: str) -> Iterator[dict[str, Any]]:
        for path in sorted(self._folder(bucket).glob("*.json")):
            yield json.loads(path.read_text())

    def _folder(self, bucket: str) -> Path:
        return self._root / bucket

    def _file(self, bucket: str, key: str, suffix: str) -> Path:
        return self._folder(bucket) / f"{hashlib.sha256(key.encode()).hexdigest()}.{suffix}"
