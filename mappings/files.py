"""Mappings as files: CSV and Excel, up and down. What we write, we read back the same; no cell of ours is ever a formula."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from mappings.cells import meant, plain
from mappings.importer import NAMES, OPTIONAL, REQUIRED, BadFileError, check_header
from mappings.models import ALWAYS
from mappings.shown import Shown

COLUMNS = (*REQUIRED, *OPTIONAL, *NAMES)
MOST_ROWS = 5_000
MOST_BYTES = 5 * 1024 * 1024
MOST_UNPACKED = 20 * MOST_BYTES
CSV, XLSX = "csv", "xlsx"
TYPES = {CSV: "text/csv; charset=utf-8", XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

Row = Mapping[str, Any]


def cells(row: Shown) -> list[str]:
    """One mapping in the order of COLUMNS."""
    mapping = row.mapping
    return [
        mapping.entity_type,
        mapping.entity_id,
        mapping.external_system,
        mapping.external_table,
        mapping.external_id,
        str(mapping.integration_id or ""),
        mapping.source.slug if mapping.source else "",
        "" if mapping.valid_from == ALWAYS else mapping.valid_from.isoformat(),
        mapping.valid_to.isoformat() if mapping.valid_to else "",
        row.entity.title if row.entity.title != mapping.entity_id else "",
        row.record,
        str(mapping.integration or ""),
    ]


def write(rows: Iterable[Sequence[str]], kind: str) -> bytes:
    """Rows in the order of COLUMNS, with the header above them."""
    return _xlsx(rows) if kind == XLSX else _csv(rows)


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([plain(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _xlsx(rows: Iterable[Sequence[str]]) -> bytes:
    """Every cell is text, so that ids keep their zeros and nothing is calculated."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("External mappings")
    for row in (COLUMNS, *rows):
        sheet.append([_text(sheet, cell) for cell in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _text(sheet: Any, value: str) -> Any:
    cell = WriteOnlyCell(sheet, plain(value))
    cell.data_type, cell.number_format = "s", "@"
    return cell


def read(content: bytes, name: str) -> list[tuple[str, dict[str, Any]]]:
    """(where, row) pairs of an uploaded file; rows without any value are left out. BadFileError when it is not such a file."""
    found = _read_xlsx(content) if name.lower().endswith(".xlsx") else _read_csv(content)
    rows = list(islice(found, MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        raise BadFileError(f"The file has more than {MOST_ROWS:,} rows. Split it, or use the command import_mappings.")
    if not rows:
        raise BadFileError("The file has a header but no rows.")
    return rows


def _read_csv(content: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFileError("The file is not UTF-8 text. Save it as “CSV UTF-8”, or as .xlsx.") from None
    try:
        header = text.partition("\n")[0]
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in header and "," not in header else ",", strict=True)
        check_header(reader.fieldnames)
        for row in reader:
            if any(row.values()):
                yield f"row {reader.line_num}", {key: _meant(value) for key, value in row.items()}
    except csv.Error as error:
        raise BadFileError(f"The file cannot be read as CSV: {error}.") from None


def _read_xlsx(content: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        if sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(content)).infolist()) > MOST_UNPACKED:
            raise BadFileError("The workbook is too big. Keep only the sheet with the mappings in it.")
        sheet = load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
        rows = sheet.iter_rows(values_only=True)
        names = [str(value).strip() if value is not None else "" for value in next(rows, ())]
        while names and not names[-1]:
            names.pop()
        check_header(names)
        for number, values in enumerate(rows, 2):
            if any(value not in (None, "") for value in values):
                yield f"row {number}", {name: _meant(_cell(value)) for name, value in zip(names, values, strict=False)}
    except (InvalidFileException, KeyError, IndexError, TypeError, zipfile.BadZipFile, OSError) as error:
        raise BadFileError("The file is not an Excel workbook (.xlsx).") from error


def _cell(value: Any) -> str:
    """An id that Excel made a number of, or a day that it made a time of, as it was written."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value.date()) if hasattr(value, "date") else str(value)


def _meant(value: Any) -> Any:
    return meant(value) if isinstance(value, str) else value
