"""OCI registries: images resolved and read over the distribution API, and the twin in process."""

from podo.clients.registry.errors import NoSuchImage, ReferenceInvalid, RegistryBroken, RegistryRefused, RegistryUnreachable
from podo.clients.registry.http import RegistryHttp
from podo.clients.registry.reference import Reference, is_loopback, parse
from podo.clients.registry.twin import RegistryTwin
from podo.clients.registry.types import ImageConfig, Login, Manifest, Registry

__all__ = [
    "ImageConfig",
    "Login",
    "Manifest",
    "NoSuchImage",
    "Reference",
    "ReferenceInvalid",
    "Registry",
    "RegistryBroken",
    "RegistryHttp",
    "RegistryRefused",
    "RegistryTwin",
    "RegistryUnreachable",
    "is_loopback",
    "parse",
]
