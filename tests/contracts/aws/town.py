"""One of each kind in moto, none of them tagged."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from tests.contracts.aws.conftest import ACCOUNT, KEYS, REGION

_ASSUME = '{"Version": "2012-10-17", "Statement": []}'


def maker(url: str, region: str = REGION) -> Callable[[str], Any]:
    """Clients of boto3 that speak to moto itself."""
    session = boto3.Session(KEYS.key, KEYS.secret, region_name=region)
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    return lambda service: session.client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]


def of_compute(client: Callable[[str], Any]) -> dict[str, str]:
    """Kinds of EC2 by the id of the one that there is."""
    ec2 = client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=instance["SubnetId"], AllocationId=address)["NatGateway"]["NatGatewayId"]
    card = ec2.create_network_interface(SubnetId=instance["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    return {
        "ec2:instance": instance["InstanceId"],
        "ec2:volume": volume,
        "ec2:elastic-ip": address,
        "ec2:natgateway": nat,
        "ec2:network-interface": card,
        "ec2:snapshot": snapshot,
    }


def of_services(client: Callable[[str], Any]) -> dict[str, str]:
    """Kinds of other services by the ARN that the service itself gave."""
    subnets = [s["SubnetId"] for s in client("ec2").describe_subnets()["Subnets"][:2]]
    role = client("iam").create_role(RoleName="grape", AssumeRolePolicyDocument=_ASSUME)["Role"]["Arn"]
    caches, rds, elb = client("elasticache"), client("rds"), client("elbv2")
    database = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 5, "MasterUsername": "u"}
    database |= {"MasterUserPassword": "password"}
    cluster = {
        "DBClusterIdentifier": "grapes",
        "Engine": "aurora-postgresql",
        "MasterUsername": "uu",
        "MasterUserPassword": "password",
    }
    client("s3").create_bucket(Bucket="grape-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    queue = client("sqs").create_queue(QueueName="grape")["QueueUrl"]
    client("kinesis").create_stream(StreamName="grape", ShardCount=1)
    keys = {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return {
        "s3:bucket": "arn:aws:s3:::grape-bucket",
        "sqs:queue": client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"],
        "kinesis:stream": client("kinesis").describe_stream(StreamName="grape")["StreamDescription"]["StreamARN"],
        "dynamodb:table": client("dynamodb").create_table(TableName="grape", **keys)["TableDescription"]["TableArn"],
        "sns:topic": client("sns").create_topic(Name="grape")["TopicArn"],
        "rds:db": rds.create_db_instance(DBInstanceIdentifier="grape", **database)["DBInstance"]["DBInstanceArn"],
        "rds:cluster": rds.create_db_cluster(**cluster)["DBCluster"]["DBClusterArn"],
        "elasticache:cluster": caches.create_cache_cluster(
            CacheClusterId="grape", Engine="redis", CacheNodeType="cache.t3.micro", NumCacheNodes=1
        )["CacheCluster"]["ARN"],
        "elasticache:replicationgroup": caches.create_replication_group(
            ReplicationGroupId="grapes", ReplicationGroupDescription="d", Engine="redis", CacheNodeType="cache.t3.micro"
        )["ReplicationGroup"]["ARN"],
        "elasticloadbalancing:loadbalancer": elb.create_load_balancer(Name="grape", Subnets=subnets)["LoadBalancers"][0][
            "LoadBalancerArn"
        ],
        "elasticloadbalancing:targetgroup": elb.create_target_group(Name="grape", Protocol="HTTP", Port=80, VpcId=_vpc(client))[
            "TargetGroups"
        ][0]["TargetGroupArn"],
        "lambda:function": client("lambda").create_function(
            FunctionName="grape", Runtime="python3.12", Role=role, Handler="a.b", Code={"ZipFile": _zip()}
        )["FunctionArn"],
        "ecr:repository": client("ecr").create_repository(repositoryName="team/grape")["repository"]["repositoryArn"],
        "eks:cluster": client("eks").create_cluster(name="grape", roleArn=role, resourcesVpcConfig={"subnetIds": subnets})[
            "cluster"
        ]["arn"],
        "elasticfilesystem:file-system": client("efs").create_file_system(CreationToken="grape")["FileSystemArn"],
        "secretsmanager:secret": client("secretsmanager").create_secret(Name="grape", SecretString="x")["ARN"],
    }


def of_everywhere(client: Callable[[str], Any]) -> dict[str, str]:
    """Kinds that belong to no region by their ARN."""
    zone = client("route53").create_hosted_zone(Name="podo.test", CallerReference="1")["HostedZone"]["Id"].rpartition("/")[2]
    origin = {"Id": "o", "DomainName": "grape-bucket.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    config = {
        "CallerReference": "1",
        "Comment": "",
        "Enabled": False,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "o",
            "ViewerProtocolPolicy": "allow-all",
            "ForwardedValues": _NONE,
            "MinTTL": 0,
        },
    }
    made = client("cloudfront").create_distribution(DistributionConfig=config)["Distribution"]["ARN"]
    return {"route53:hostedzone": f"arn:aws:route53:::hostedzone/{zone}", "cloudfront:distribution": made}


_NONE: dict[str, Any] = {"QueryString": False, "Cookies": {"Forward": "none"}}


def _vpc(client: Callable[[str], Any]) -> str:
    return client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.py", "def b(event, context): return 1")
    return made.getvalue()


def arn(kind: str, id_: str) -> str:
    """The ARN of something of EC2, as the service authorization reference has it."""
    account = "" if kind == "ec2:snapshot" else ACCOUNT
    return f"arn:aws:ec2:{REGION}:{account}:{kind.partition(':')[2]}/{id_}"
