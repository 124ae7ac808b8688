"""Directories of people and groups that are read over the network: SCIM 2.0 servers, and JSON documents."""

from podo.clients.directory.document import Document
from podo.clients.directory.errors import DirectoryRefuses, DirectoryUnreachable
from podo.clients.directory.scim import Scim
from podo.clients.directory.wire import Place

__all__ = ["DirectoryRefuses", "DirectoryUnreachable", "Document", "Place", "Scim"]
