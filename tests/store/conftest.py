"""An S3 that answers over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from moto.server import ThreadedMotoServer


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a bucket behind a real S3 endpoint over HTTP."""
    import boto3

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    key = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=f"http://{host}:{port}", **key).create_bucket(Bucket="team")
    yield f"s3://reader:open-sesame@team/{{}}?region=us-east-1&scheme=http&endpoint_override={quote(f'{host}:{port}')}"
    server.stop()
