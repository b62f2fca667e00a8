"""Reads a PDF from standard input and prints what a test wants to know of it as JSON."""

import io
import json
import re
import sys
import zlib

from pypdf import PdfReader

reader = PdfReader(io.BytesIO(sys.stdin.buffer.read()))
page = reader.pages[0]
positions = []


def visit(text, matrix, text_matrix, font, size):
    if text.strip():
        x = text_matrix[4] * matrix[0] + text_matrix[5] * matrix[2] + matrix[4]
        y = text_matrix[4] * matrix[1] + text_matrix[5] * matrix[3] + matrix[5]
        positions.append({"x": x, "y": y, "text": text})


page.extract_text(visitor_text=visit)
fonts, programs = [], b""
for font in page["/Resources"]["/Font"].values():
    descendant = font.get_object()["/DescendantFonts"][0].get_object()
    descriptor = descendant["/FontDescriptor"].get_object()
    program = descriptor.get("/FontFile2") or descriptor.get("/FontFile3")
    fonts.append({"name": descriptor["/FontName"], "embedded": program is not None})
    programs += program.get_object().get_data()

root = reader.trailer["/Root"]
xmp = root["/Metadata"].get_object().get_data().decode()
found = re.search(r"pdfaid:part>?=?\"?(\d).*?pdfaid:conformance>?=?\"?(\w)", xmp, re.S)
accessible = re.search(r"pdfuaid:part>?=?\"?(\d)", xmp)
print(
    json.dumps(
        {
            "pages": len(reader.pages),
            "text": page.extract_text(),
            "positions": positions,
            "fonts": fonts,
            "glyph_hash": zlib.crc32(programs),
            "pdfa": found and found[1] + found[2],
            "pdfua": accessible and accessible[1],
            "language": root.get("/Lang"),
            "marked": bool(root["/MarkInfo"]["/Marked"]),
            "title": reader.metadata.title,
            "metadata": xmp + str(reader.metadata),
        }
    )
)
