"""S3: a bucket of Amazon's, or of anything that speaks like it (MinIO, Ceph, Cloudflare R2 …); needs boto3."""

from dataclasses import dataclass, field
from typing import Any

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ..failure import Later
from ..publication import Publication
from ..web import checked_url


@dataclass(frozen=True, slots=True, kw_only=True)
class S3:
    """With a `key` its secret is ours; without, boto3 looks where it always does (environment, profile, machine)."""

    bucket: str
    prefix: str = ""
    region: str = "us-east-1"
    endpoint: str = ""
    key: str = ""
    secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.endpoint:
            checked_url(self.endpoint)

    def publish(self, publication: Publication) -> str:
        """In one request, or in parts where it is large: boto3 does as it sees fit."""
        file = publication.file()
        name = "/".join([*(level for level in self.prefix.split("/") if level), file.name])
        try:
            self._client().upload_file(
                Filename=str(file.path), Bucket=self.bucket, Key=name, ExtraArgs={"ContentType": file.media_type}
            )
        # What is wrong here is a login, a name of a bucket or a network, and so for people or for time to mend.
        except (S3UploadFailedError, ClientError) as error:
            raise Later(f"S3 does not take it: {_code(error)}") from error
        except BotoCoreError as error:
            raise Later(f"S3 cannot be asked: {type(error).__name__}") from error
        return f"s3://{self.bucket}/{name}"

    def _client(self) -> Any:  # noqa: ANN401 - boto3 makes its classes while it runs
        session = boto3.session.Session(
            aws_access_key_id=self.key or None, aws_secret_access_key=self.secret or None, region_name=self.region
        )
        # Of a server of one's own the buckets have no names in the DNS.
        style: Any = {"addressing_style": "path" if self.endpoint else "auto"}
        config = Config(connect_timeout=10, read_timeout=60, retries={"max_attempts": 3, "mode": "standard"}, s3=style)
        return session.client("s3", endpoint_url=self.endpoint or None, config=config)


def _code(error: BaseException) -> str:
    """The word that S3 has for it."""
    cause = error if isinstance(error, ClientError) else error.__context__
    return str(cause.response["Error"]["Code"]) if isinstance(cause, ClientError) else "it broke off"
