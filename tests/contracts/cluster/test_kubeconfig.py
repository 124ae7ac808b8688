"""Kubeconfigs: what is read from them, and what they cannot make us do."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from podo.clients.kubernetes.real import BadKubeconfig, connect
from podo.clients.kubernetes.real.kubeconfig import read
from podo.clients.kubernetes.types import Manifest
from tests.contracts.cluster.servers import Authority, kubeconfig

URL = "https://k8s.example:6443"


def _refused(config: Any, **options: Any) -> str:
    with pytest.raises(BadKubeconfig) as refusal:
        connect(config, **options)
    return str(refusal.value)


def test_text_content_and_file_say_the_same(tmp_path: Path) -> None:
    content = kubeconfig(URL)
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(content))
    for given in (content, yaml.safe_dump(content), json.dumps(content), file):
        access = read(given, None, None)
        assert (access.name, access.server) == ("c", URL)
        assert access.login.token == "secret-token"
    assert connect(content, name="tokyo").name == "tokyo"


def test_a_context_can_be_chosen() -> None:
    content = kubeconfig(URL)
    content["clusters"].append({"name": "other", "cluster": {"server": "https://other.example"}})
    content["contexts"].append({"name": "other", "context": {"cluster": "other", "user": "u"}})
    assert read(content, "other", None).server == "https://other.example"
    assert "no context “none”" in _refused(content, context="none")


def test_it_runs_no_program(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch", "args": [str(mark)]}
    for user in ({"exec": plugin}, {"auth-provider": {"name": "gcp", "config": {"cmd-path": "touch", "cmd-args": str(mark)}}}):
        assert "signs in by a program" in _refused(kubeconfig(URL, user))
        (tmp_path / "config").write_text(yaml.safe_dump(kubeconfig(URL, user)))
        assert "signs in by a program" in _refused(tmp_path / "config")
    assert not mark.exists()


FILES: dict[str, Callable[[str], Manifest]] = {
    "tokenFile": lambda path: kubeconfig(URL, {"tokenFile": path}),
    "client-certificate": lambda path: kubeconfig(URL, {"client-certificate": path, "client-key": path}),
    "client-key": lambda path: kubeconfig(URL, {"client-certificate-data": "eA==", "client-key": path}),
    "certificate-authority": lambda path: kubeconfig(URL, certificate_authority=path),
}


@pytest.mark.parametrize("entry", FILES)
def test_what_was_sent_to_us_names_no_file_of_ours(entry: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the machine")
    content = FILES[entry](str(secret))
    for given in (content, yaml.safe_dump(content)):
        said = _refused(given)
        assert f"names a file of another machine ({entry})" in said
        assert "of the machine" not in said
    # A text is never taken for the path of a file.
    assert "of the machine" not in _refused(str(secret))


def test_what_lies_here_may_name_files_beside_it(tmp_path: Path) -> None:
    authority = Authority()
    me = authority.sign("me")
    me.written(tmp_path, "me")
    (tmp_path / "ca.crt").write_bytes(authority.pem)
    (tmp_path / "token").write_text("from-a-file\n")
    user = {"tokenFile": "token", "client-certificate": "me.crt", "client-key": "me.key"}
    (tmp_path / "config").write_text(yaml.safe_dump(kubeconfig(URL, user, certificate_authority="ca.crt")))
    access = read(tmp_path / "config", None, None)
    assert access.login.token_file == tmp_path / "token"
    assert isinstance(access.ssl, ssl.SSLContext)
    assert [issuer["subject"] for issuer in access.ssl.get_ca_certs()] == [((("commonName", "an authority"),),)]
    (tmp_path / "ca.crt").unlink()
    assert "No such file" in _refused(tmp_path / "config")


async def test_a_pod_finds_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("of-the-account\n")
    (tmp_path / "ca.crt").write_bytes(Authority().pem)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    access = read(None, None, None, account=tmp_path)
    assert access.server == "https://[fd00::1]:443"
    assert await access.headers() == {"Authorization": "Bearer of-the-account"}


def test_else_the_environment_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text(yaml.safe_dump(kubeconfig(URL)))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/none:{tmp_path}/config")
    assert read(None, None, None, account=tmp_path / "none").server == URL
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(BadKubeconfig, match="No such file"):
        read(None, None, None, account=tmp_path / "none")


def _changed(change: Callable[[Manifest], Any]) -> Manifest:
    content = kubeconfig(URL)
    change(content)
    return content


WRONG: dict[str, tuple[Any, str]] = {
    "nothing": ("", "Expected `object`"),
    "a word": ("kubeconfig", "Expected `object`"),
    "no YAML": ("users: [token: secret-token", "it is no YAML in line 1"),
    "a list": ("- a", "Expected `object`"),
    "no context": ({"clusters": []}, "no current-context"),
    "another's cluster": (_changed(lambda c: c.update(clusters=[])), "cluster “c” that it does not have"),
    "another's user": (_changed(lambda c: c.update(users=[])), "user “u” that it does not have"),
    "no server": (kubeconfig(""), "“” is no address of a server"),
    "a server of another sort": (kubeconfig("unix:///run/k8s"), "is no address of a server"),
    "no TLS": (kubeconfig("http://k8s.example"), "asked without TLS"),
    "a proxy of another sort": (kubeconfig(URL, proxy_url="socks5://p.example"), "neither http nor https"),
    "somebody else": (kubeconfig(URL, {"token": "secret-token", "as": "admin"}), "acts as somebody else"),
    "no base64": (kubeconfig(URL, certificate_authority_data="%"), "certificate-authority-data is no base64"),
    "no certificate": (kubeconfig(URL, certificate_authority_data="c2VjcmV0LXRva2Vu"), "certificates cannot be read"),
    "no certificate of ours": (
        kubeconfig(URL, {"client-certificate-data": "c2VjcmV0LXRva2Vu", "client-key-data": "c2VjcmV0LXRva2Vu"}),
        "certificates cannot be read",
    ),
    "a number for a token": (kubeconfig(URL, {"token": 5}), "Expected `str`"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_named_without_the_secret(name: str) -> None:
    config, why = WRONG[name]
    said = _refused(config)
    assert why in said
    assert "secret-token" not in said


def test_a_token_with_line_ends_is_one_word() -> None:
    assert read(kubeconfig(URL, {"token": "secret-\n  token\n"}), None, None).login.token == "secret-token"


def test_secrets_are_not_shown() -> None:
    key = base64.b64encode(b"s3cret").decode()
    for user in ({"token": "s3cret"}, {"username": "me", "password": "s3cret"}):
        config = kubeconfig(URL, user, proxy_url="http://me:s3cret@p.example")
        access = read(config, None, None)
        assert "s3cret" not in repr(access)
        assert key not in repr(access)
