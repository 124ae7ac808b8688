"""How each service lists what was never tagged: data, a few lines a kind.

Operations, fields and tokens are those of the service models that botocore ships; ARNs those of AWS's service authorization
reference. What is not here is known by the Resource Groups Tagging API alone, once it was tagged.
"""

from __future__ import annotations

from podo.clients.aws.types import Listing
from podo.kernel.errors import N_

_EC2 = "arn:{partition}:ec2:{region}:{account}:"

LISTINGS = (
    Listing(
        *("ec2:instance", "ec2", "describe_instances", "Reservations/Instances", "InstanceId", _EC2 + "instance/{id}"),
        tags="Tags",
        created="LaunchTime",
        params={"MaxResults": 500},
        left_out=("State/Name", ("terminated", "shutting-down")),
    ),
    Listing(
        *("ec2:volume", "ec2", "describe_volumes", "Volumes", "VolumeId", _EC2 + "volume/{id}"),
        tags="Tags",
        created="CreateTime",
        params={"MaxResults": 500},
    ),
    Listing(
        *("ec2:elastic-ip", "ec2", "describe_addresses", "Addresses", "AllocationId", _EC2 + "elastic-ip/{id}"),
        tags="Tags",
        page=("", ""),
        name="PublicIp",
    ),
    Listing(
        *("ec2:natgateway", "ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", _EC2 + "natgateway/{id}"),
        tags="Tags",
        created="CreateTime",
        params={"MaxResults": 500},
        left_out=("State", ("deleted", "deleting", "failed")),
    ),
    Listing(
        *("ec2:network-interface", "ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
        arn=_EC2 + "network-interface/{id}",
        tags="TagSet",
        params={"MaxResults": 500},
    ),
    Listing(
        *("ec2:snapshot", "ec2", "describe_snapshots", "Snapshots", "SnapshotId", "arn:{partition}:ec2:{region}::snapshot/{id}"),
        tags="Tags",
        created="StartTime",
        params={"OwnerIds": ["self"], "MaxResults": 500},
    ),
    Listing(
        *("rds:db", "rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier", "DBInstanceArn"),
        tags="TagList",
        created="InstanceCreateTime",
        page=("Marker", "Marker"),
    ),
    Listing(
        *("rds:cluster", "rds", "describe_db_clusters", "DBClusters", "DBClusterIdentifier", "DBClusterArn"),
        tags="TagList",
        created="ClusterCreateTime",
        page=("Marker", "Marker"),
    ),
    Listing(
        *("elasticache:cluster", "elasticache", "describe_cache_clusters", "CacheClusters", "CacheClusterId", "ARN"),
        created="CacheClusterCreateTime",
        page=("Marker", "Marker"),
    ),
    Listing(
        *("elasticache:replicationgroup", "elasticache", "describe_replication_groups", "ReplicationGroups"),
        id="ReplicationGroupId",
        arn="ARN",
        created="ReplicationGroupCreateTime",
        page=("Marker", "Marker"),
    ),
    Listing(
        *("elasticache:serverlesscache", "elasticache", "describe_serverless_caches", "ServerlessCaches"),
        id="ServerlessCacheName",
        arn="ARN",
        created="CreateTime",
    ),
    Listing(
        *("s3:bucket", "s3", "list_buckets", "Buckets", "Name", "arn:{partition}:s3:::{id}"),
        created="CreationDate",
        params={"BucketRegion": "{region}", "MaxBuckets": 1000},
        page=("ContinuationToken", "ContinuationToken"),
    ),
    Listing(
        *("dynamodb:table", "dynamodb", "list_tables", "TableNames"),
        arn="arn:{partition}:dynamodb:{region}:{account}:table/{id}",
        params={"Limit": 100},
        page=("ExclusiveStartTableName", "LastEvaluatedTableName"),
    ),
    Listing(
        *("sqs:queue", "sqs", "list_queues", "QueueUrls"),
        arn="arn:{partition}:sqs:{region}:{account}:{id}",
        params={"MaxResults": 1000},
    ),
    Listing("sns:topic", "sns", "list_topics", "Topics", "TopicArn", "TopicArn"),
    Listing(
        *("lambda:function", "lambda", "list_functions", "Functions", "FunctionName", "FunctionArn"),
        page=("Marker", "NextMarker"),
    ),
    Listing(
        *("elasticloadbalancing:loadbalancer", "elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
        arn="LoadBalancerArn",
        created="CreatedTime",
        page=("Marker", "NextMarker"),
    ),
    Listing(
        *("elasticloadbalancing:targetgroup", "elbv2", "describe_target_groups", "TargetGroups", "TargetGroupName"),
        arn="TargetGroupArn",
        page=("Marker", "NextMarker"),
    ),
    Listing(
        *("cloudfront:distribution", "cloudfront", "list_distributions", "DistributionList/Items", "Id", "ARN"),
        name="DomainName",
        page=("Marker", "DistributionList/NextMarker"),
        is_global=True,
    ),
    Listing(
        *("route53:hostedzone", "route53", "list_hosted_zones", "HostedZones", "Id", "arn:{partition}:route53:::hostedzone/{id}"),
        name="Name",
        page=("Marker", "NextMarker"),
        is_global=True,
    ),
    Listing(
        *("ecr:repository", "ecr", "describe_repositories", "repositories", "repositoryName", "repositoryArn"),
        created="createdAt",
        page=("nextToken", "nextToken"),
    ),
    Listing(
        *("eks:cluster", "eks", "list_clusters", "clusters"),
        arn="arn:{partition}:eks:{region}:{account}:cluster/{id}",
        page=("nextToken", "nextToken"),
    ),
    Listing(
        *("elasticfilesystem:file-system", "efs", "describe_file_systems", "FileSystems", "FileSystemId", "FileSystemArn"),
        name="Name",
        tags="Tags",
        created="CreationTime",
        page=("Marker", "NextMarker"),
    ),
    Listing(
        *("kinesis:stream", "kinesis", "list_streams", "StreamNames"),
        arn="arn:{partition}:kinesis:{region}:{account}:stream/{id}",
    ),
    Listing(
        *("secretsmanager:secret", "secretsmanager", "list_secrets", "SecretList", "Name", "ARN"),
        tags="Tags",
        created="CreatedDate",
        params={"MaxResults": 100},
    ),
)

LEFT_OUT = {
    "iam:role": N_("roles say who may do what; nothing runs in them, and those of services cannot be tagged"),
}
# What belongs to no region is asked of, and tagged, in this one.
HOME = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
GLOBAL_SERVICES = frozenset({"cloudfront", "route53", "iam", "globalaccelerator", "waf"})
# Services whose ARNs end with a name alone.
ALONE = {"s3": "bucket", "sqs": "queue", "sns": "topic"}


def partition(region: str) -> str:
    """The part of AWS that a region is in."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def kind_of(arn: str) -> str:
    """`service:thing` of an ARN."""
    service, thing = (arn.split(":", 5) + [""] * 6)[2], arn.split(":", 5)[-1]
    if service in ALONE:
        return f"{service}:{ALONE[service]}"
    return f"{service}:{thing.replace('/', ':').partition(':')[0] or 'thing'}"


def name_of(arn: str) -> str:
    """What a person calls it: the end of its ARN, behind the kind."""
    thing = arn.split(":", 5)[-1]
    if (arn.split(":", 5) + [""] * 6)[2] in ALONE:
        return thing
    return thing.replace("/", ":").partition(":")[2].replace(":", "/") or thing
