"""Spreadsheets: bytes to text to rows, headings in English and Korean, and rows to a spreadsheet again; values only."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from podo.catalog.rules import facts as saying
from podo.catalog.types import Lifecycle, ReadRows, Unreadable, WantedProject, WrongCell
from podo.kernel.errors import N_, PodoError

MOST_ROWS = 10_000
LONGEST_TEXT = 1_500_000
_DELIMITERS = ("\t", ";", ",")
# What a spreadsheet would take for a formula; an apostrophe before it is what it shows as text.
_FORMULA = re.compile(r"^[=+\-@\t\r]")
# Fields, in the order of the export, each with the headings it is known by.
_HEADINGS: Mapping[str, str] = {
    "slug": "name, slug, project, service, namespace, 이름, 프로젝트, 프로젝트명, 서비스, 서비스명, 네임스페이스",
    "title": "title, display name, 제목, 표시 이름",
    "description": "description, about, what it does, 설명, 내용",
    "team": "team, owner, owning team, owner team, 팀, 팀명, 담당 팀, 소유 팀, 소유자, 담당 조직",
    "tier": "tier, criticality, 티어, 등급, 중요도",
    "lifecycle": "lifecycle, stage, status, 수명 주기, 단계, 상태",
    "type": "type, kind, 유형, 종류",
    "system": "system, 시스템",
    "domain": "domain, 도메인",
    "slack": "slack, slack channel, channel, 슬랙, 슬랙 채널, 채널",
    "on_call": "on call, oncall, 당직, 온콜, 비상 연락처",
    "contacts": "contacts, contact, 연락처, 담당자",
    "repository": "repository, repo, git, github, git repository, source, 저장소, 레포, 소스, 깃",
    "branch": "branch, 브랜치",
    "docs": "docs, documentation, wiki, 문서, 위키",
    "runbook": "runbook, 런북, 장애 대응, 장애 대응 문서",
    "links": "links, link, 링크",
    "depends_on": "depends on, dependencies, dependency, needs, 의존성, 의존",
    "provides": "provides, apis, 제공 api, 제공",
    "tags": "tags, labels, 태그, 라벨",
    "places": "runs in, places, environments, targets, 환경, 배포 환경, 리전",
}
_LIFECYCLES: Mapping[str, str] = {
    "experimental": "experimental, experiment, alpha, beta, dev, development, poc, 실험, 개발, 개발 중, 베타",
    "production": "production, prod, live, active, ga, 운영, 운영 중, 서비스 중, 정식",
    "deprecated": "deprecated, sunset, legacy, eol, 폐기, 폐기 예정, 종료 예정, 지원 종료",
    "": "unknown, none, n/a, 미정, 알 수 없음",
}
_TIERS: Mapping[str, str] = {"1": "high, critical, 상", "2": "medium, middle, 중", "3": "low, 하"}


def _plain(text: str) -> str:
    return re.sub(r"[\s_\-./()*:]", "", unicodedata.normalize("NFC", text)).casefold()


def _known(table: Mapping[str, str]) -> dict[str, str]:
    return {_plain(word): field for field, words in table.items() for word in words.split(",")}


_FIELD_OF, _LIFECYCLE_OF, _TIER_OF = _known(_HEADINGS), _known(_LIFECYCLES), _known(_TIERS)


# -- bytes to text


def decoded(content: bytes) -> tuple[str, str]:
    """The text, and the name of its encoding: UTF-8 with or without its mark, UTF-16 with it, or CP949. Raises `Unreadable`."""
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    marked = next((name for mark, name in marks if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp949"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text, {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16": "UTF-16", "cp949": "CP949"}[encoding]
    raise Unreadable(why=N_("it is no text in UTF-8 or CP949; save the sheet as CSV, not as a workbook"))


# -- text to rows


def read(text: str, encoding: str = "UTF-8") -> ReadRows:
    """A spreadsheet's projects, line by line; lines that cannot be read say why. Raises `Unreadable` for the whole of it."""
    if len(text) > LONGEST_TEXT:
        raise Unreadable(why=N_("it is too long; divide it"))
    text = text.removeprefix("\ufeff")
    delimiter, text, skipped = _delimiter(text)
    lines = _lines(text, delimiter)
    if not lines:
        raise Unreadable(why=N_("it is empty"))
    head, fields = lines[0][1], [_FIELD_OF.get(_plain(cell), "") for cell in lines[0][1]]
    if "slug" not in fields:
        raise Unreadable(why=N_("no column is called name (or project, 이름, 프로젝트)"))
    twice = [cell for n, cell in enumerate(head) if fields[n] and fields[n] in fields[:n]]
    if twice:
        raise Unreadable(why=N_("two columns mean the same; the headings are listed in the documentation"))
    unknown = tuple(cell for n, cell in enumerate(head) if cell and not fields[n])
    first: dict[str, int] = {}
    rows = [_row(n + skipped, cells, fields, head, first) for n, cells in lines[1:]]
    sign = {"\t": "tab", ";": ";", ",": ","}[delimiter]
    return ReadRows(tuple(rows), f"CSV, {encoding}, {sign}", unknown)


def _delimiter(text: str) -> tuple[str, str, int]:
    """What divides cells, the text behind a `sep=;` of Excel's, and how many lines that was."""
    first, _, rest = text.lstrip("\r\n").partition("\n")
    found = re.fullmatch(r"sep=(.)\r?", first.strip(" "), re.IGNORECASE)
    if found and found[1] in _DELIMITERS:
        return found[1], rest, 1
    outside = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=lambda sign: (outside.count(sign), sign == ",")), text, 0


def _lines(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Lines that hold anything, by the number at which each begins (cells may have line breaks)."""
    csv.field_size_limit(LONGEST_TEXT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for cells in reader:
            tidy = [unicodedata.normalize("NFC", cell).strip() for cell in cells]
            if any(tidy):
                found.append((begins, tidy))
            begins = reader.line_num + 1
            if len(found) > MOST_ROWS:
                raise Unreadable(why=N_("it has more than 10,000 lines; divide it"))
    except csv.Error:
        raise UnreadableLine(line=begins, why=N_("a quotation mark is not closed, or stands inside a cell")) from None
    return found


class UnreadableLine(Unreadable):
    """A line at which a spreadsheet can no longer be divided into cells."""

    code = "catalog.unreadable_line"
    so = N_("Line {line} cannot be read: {why}.")


def _row(line: int, cells: Sequence[str], fields: Sequence[str], head: Sequence[str], first: dict[str, int]) -> WantedProject:
    said: dict[str, Any] = {}
    wrong: list[PodoError] = []
    if any(cells[len(fields) :]):
        wrong.append(WrongCell(column="…", why=N_("this line has more cells than the heading"), value=""))
    slug = ""
    for field, column, cell in zip(fields, head, cells, strict=False):
        value = cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell
        if field == "slug":
            slug = value
        elif field and value:
            try:
                said[field] = _READ.get(field, str)("" if value == "-" else value)
            except WrongCell as error:
                wrong.append(WrongCell(column=column, why=error.data["why"], value=f" “{value[:60]}”"))
    if not slug:
        wrong.append(WrongCell(column=head[fields.index("slug")], why=N_("this line has no name"), value=""))
    elif slug in first:
        wrong.append(
            WrongCell(column=head[fields.index("slug")], why=N_("a line before says it already"), value=f": {first[slug]}")
        )
    else:
        first[slug] = line
    return WantedProject(line, slug, said, tuple(wrong))


def _tier(text: str) -> int:
    found = re.fullmatch(r"(?:tier|티어|t|p)?\s*-?\s*([123])\s*(?:등급|티어)?", text.strip(), re.IGNORECASE)
    value = found[1] if found else _TIER_OF.get(_plain(text))
    if value is None:
        raise WrongCell(why=N_("a tier is 1, 2 or 3"))
    return int(value)


def lifecycle(text: str) -> Lifecycle:
    """How far a project is, by one of the many words for it; empty says nothing. Raises `WrongCell`."""
    if not text:
        return Lifecycle.unsaid
    found = _LIFECYCLE_OF.get(_plain(text))
    if found is None:
        raise WrongCell(why=N_("experimental, production or deprecated"))
    return Lifecycle(found)


def _places(text: str) -> tuple[tuple[str, str], ...]:
    """`alpha:kr prod:kr,jp`, or with a slash."""
    found: list[tuple[str, str]] = []
    for part in re.split(r"[\s;]+", re.sub(r"\s*,\s*", ",", text.strip())):
        environment, sign, regions = part.replace("/", ":").partition(":")
        if part and not (sign and environment and regions):
            raise WrongCell(why=N_("places are written alpha:kr prod:kr,jp"))
        found += [(environment, region) for region in regions.split(",") if region]
    return tuple(dict.fromkeys(found))


def _cell_lines(text: str) -> str:
    return re.sub(r"\s*[;\n]\s*", "\n", text)


_READ: Mapping[str, Callable[[str], Any]] = {
    "tier": _tier,
    "lifecycle": lifecycle,
    "slack": lambda text: text.removeprefix("#"),
    "contacts": lambda text: saying.contacts(_cell_lines(text)),
    "links": lambda text: saying.links(_cell_lines(text)),
    "depends_on": lambda text: saying.dependencies(re.sub(r"\s*[,;\n]\s*", "\n", text)),
    "provides": saying.words,
    "tags": saying.words,
    "places": _places,
}


# -- rows to text


def written(rows: Iterable[Mapping[str, str]]) -> str:
    """A spreadsheet that `read` reads again, by field; with UTF-8's mark, so that Excel knows it, and no formulas."""
    heads = {field: words.partition(",")[0] for field, words in _HEADINGS.items()}
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heads.values())
    for row in rows:
        writer.writerow([_harmless(row.get(field, "")) for field in heads])
    return "\ufeff" + out.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) and cell != "-" else cell
