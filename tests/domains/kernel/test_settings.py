"""Settings: file and environment, documented, unknown keys named; sealing."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from podo.kernel.settings import Seal, UnknownSetting, Unsealable, WrongSetting, load, setting
from podo.kernel.settings.seal import key_from


@dataclass(frozen=True, slots=True)
class Kitchen:
    """For tests."""

    cooks: int = setting(2, "How many cook")
    open: bool = setting(False, "Whether it is open")
    dishes: list[str] = setting(["soup"], "What there is")
    folder: Path | None = setting(None, "Where recipes lie")


SECTIONS = {"kitchen": Kitchen}


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    file = tmp_path / "podo.toml"
    file.write_text('[kitchen]\ncooks = 3\nopen = true\nfolder = "/recipes"\n')
    kitchen = load(SECTIONS, file, {"PODO_KITCHEN_COOKS": "4", "PODO_KITCHEN_DISHES": "rice, kimchi", "HOME": "/x"})[Kitchen]
    assert kitchen == Kitchen(cooks=4, open=True, dishes=["rice", "kimchi"], folder=Path("/recipes"))


@pytest.mark.parametrize(
    ("body", "environ", "named"),
    [
        ("[kitchen]\ncoks = 3\n", {}, "kitchen.coks.*kitchen.cooks"),
        ("[kichen]\ncooks = 3\n", {}, "kichen.*kitchen"),
        ("", {"PODO_KITCHEN_COKS": "1"}, "PODO_KITCHEN_COKS.*PODO_KITCHEN_COOKS"),
    ],
)
def test_an_unknown_key_is_refused_by_name_with_the_nearest(
    tmp_path: Path, body: str, environ: dict[str, str], named: str
) -> None:
    file = tmp_path / "podo.toml"
    file.write_text(body)
    with pytest.raises(UnknownSetting, match=named):
        load(SECTIONS, file, environ)


@pytest.mark.parametrize(("name", "value"), [("COOKS", "many"), ("OPEN", "perhaps")])
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"PODO_KITCHEN_{name}.*{value}"):
        load(SECTIONS, None, {f"PODO_KITCHEN_{name}": value})


def test_what_is_sealed_opens_with_any_key_that_is_left(tmp_path: Path) -> None:
    old, new = key_from(tmp_path / "old"), Fernet.generate_key().decode()
    assert key_from(tmp_path / "old") == old
    assert (tmp_path / "old").stat().st_mode & 0o777 == 0o600
    sealed = Seal([old]).seal("비밀")
    assert "비밀" not in sealed
    assert Seal([new, old]).open(sealed) == "비밀"
    with pytest.raises(Unsealable):
        Seal([new]).open(sealed)


def test_a_fingerprint_follows_the_text_and_the_oldest_key() -> None:
    old, new, other = (Fernet.generate_key().decode() for _ in range(3))
    mark = Seal([old]).fingerprint("비밀")
    assert len(mark) == 64
    assert set(mark) <= set("0123456789abcdef")
    assert Seal([new, old]).fingerprint("비밀") == mark
    assert Seal([old]).fingerprint("비밀 ") != mark
    assert Seal([other]).fingerprint("비밀") != mark
    assert mark != hmac.new(base64.urlsafe_b64decode(old), "비밀".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Supplier:
    """For tests."""

    url: str = setting("", "Where it is")
    token: str = setting("", "What it wants", secret=True)
    token_file: Path | None = setting(None, "Where that lies")
    sells: dict[str, str] = setting({}, "What is what there")
    kinds: list[str] = setting([], "Of which kinds")


@dataclass(frozen=True, slots=True)
class Pantry:
    """For tests."""

    suppliers: dict[str, Supplier] = setting({}, "Who brings what")


PANTRY = {"pantry": Pantry}


def test_tables_with_names_of_ones_own_come_from_the_file_and_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "podo.toml"
    file.write_text(
        '[pantry.suppliers.old-town]\nurl = "a"\nkinds = ["x"]\n[pantry.suppliers.old-town.sells]\n"rice, white" = "쌀"\n'
    )
    environ = {"PODO_PANTRY_SUPPLIERS_OLD_TOWN_TOKEN": "hush", "PODO_PANTRY_SUPPLIERS_SEA_TOKEN_FILE": "/fish"}
    environ["PODO_PANTRY_SUPPLIERS_SEA_SELLS"] = "fish = 생선, weed=김"
    found = load(PANTRY, file, environ)[Pantry].suppliers
    assert found["old-town"] == Supplier("a", "hush", None, {"rice, white": "쌀"}, ["x"])
    assert found["sea"] == Supplier(token_file=Path("/fish"), sells={"fish": "생선", "weed": "김"})
    assert "hush" not in repr(found)
    assert load(PANTRY, None, {})[Pantry].suppliers == {}


@pytest.mark.parametrize(
    ("body", "environ", "named"),
    [
        ('[pantry.suppliers.sea]\nurk = "a"\n', {}, r"pantry\.suppliers\.sea\.urk.*pantry\.suppliers\.sea\.url"),
        ("[pantry]\nsuppliers = 3\n", {}, "pantry.suppliers.*a table of tables"),
        ('[pantry.suppliers]\nsea = "a"\n', {}, r"pantry\.suppliers\.sea"),
        ("", {"PODO_PANTRY_SUPPLIERS_SEA_URK": "a"}, "PODO_PANTRY_SUPPLIERS_SEA_URK"),
        ("", {"PODO_PANTRY_SUPPLIERS": "a"}, "PODO_PANTRY_SUPPLIERS"),
        ("", {"PODO_PANTRY_SUPPLIERS_SEA_SELLS": "fish"}, "PODO_PANTRY_SUPPLIERS_SEA_SELLS.*fish"),
    ],
)
def test_a_wrong_table_is_refused_by_name(tmp_path: Path, body: str, environ: dict[str, str], named: str) -> None:
    file = tmp_path / "podo.toml"
    file.write_text(body)
    with pytest.raises((UnknownSetting, WrongSetting), match=named):
        load(PANTRY, file, environ)
