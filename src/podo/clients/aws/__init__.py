"""AWS: what is there, and its tags, by boto3; the only place that imports it."""

from podo.clients.aws.cloud import MOST_ARNS, MOST_ASKED, MOST_TAGS, Aws
from podo.clients.aws.connection import THROTTLING, Connection
from podo.clients.aws.errors import (
    AwsBroken,
    AwsCredentials,
    AwsInvalid,
    AwsRefused,
    AwsThrottled,
    AwsTokenExpired,
    AwsUnreachable,
)
from podo.clients.aws.services import GLOBAL_SERVICES, HOME, LEFT_OUT, LISTINGS, kind_of, name_of, partition
from podo.clients.aws.types import Access, Failure, Keys, Listed, Listing, Piece, Tagged

__all__ = [
    "GLOBAL_SERVICES",
    "HOME",
    "LEFT_OUT",
    "LISTINGS",
    "MOST_ARNS",
    "MOST_ASKED",
    "MOST_TAGS",
    "THROTTLING",
    "Access",
    "Aws",
    "AwsBroken",
    "AwsCredentials",
    "AwsInvalid",
    "AwsRefused",
    "AwsThrottled",
    "AwsTokenExpired",
    "AwsUnreachable",
    "Connection",
    "Failure",
    "Keys",
    "Listed",
    "Listing",
    "Piece",
    "Tagged",
    "kind_of",
    "name_of",
    "partition",
]
