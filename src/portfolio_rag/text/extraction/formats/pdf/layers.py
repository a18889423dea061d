"""Layers that a reader does not show (optional content that is off)."""

from __future__ import annotations

import ctypes
import io
from functools import cached_property

from pypdfium2 import raw

_LAYER = "OC"


class HiddenLayers:
    """Which text objects lie on a hidden layer.

    PDFium tells that an object lies on a layer, and the layer's name, but not which layers are off: where a page has
    layers at all, pypdf reads that from the catalog.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data

        # Names in the catalog may lie in compressed objects, where they cannot be looked for.
        self._may_have_layers = b"/OCProperties" in data or b"/ObjStm" in data

    def hides(self, text_object: raw.FPDF_PAGEOBJECT) -> bool:
        if not self._may_have_layers:
            return False
        for number in range(raw.FPDFPageObj_CountMarks(text_object)):
            mark = raw.FPDFPageObj_GetMark(text_object, number)
            if _text(raw.FPDFPageObjMark_GetName, mark) == _LAYER and self._names:
                name = _text(raw.FPDFPageObjMark_GetParamStringValue, mark, b"Name")
                if name in self._names:
                    return True
        return False

    @cached_property
    def _names(self) -> frozenset[str]:
        """Of the layers that are off."""
        # Here and not above: few files need it, and it takes longer to import than most take to read.
        import pypdf

        try:
            catalog = pypdf.PdfReader(io.BytesIO(self._data)).root_object
            properties = catalog.get("/OCProperties", {}).get_object()
            usual = properties.get("/D", {}).get_object()
            groups = [group.get_object() for group in properties.get("/OCGs", [])]
            listed = usual.get("/ON" if usual.get("/BaseState") == "/OFF" else "/OFF", [])
            named = [group.get_object() for group in listed]
        except Exception:  # of a damaged or protected file, whose text is kept then
            return frozenset()
        hidden = [group for group in groups if group not in named] if usual.get("/BaseState") == "/OFF" else named
        shown = {str(group.get("/Name")) for group in groups if group not in hidden}
        return frozenset(str(group.get("/Name")) for group in hidden) - shown


def _text(read: object, *arguments: object) -> str:
    """A text of PDFium in UTF-16, of at most 127 characters."""
    buffer = ctypes.create_string_buffer(256)
    size = ctypes.c_ulong()
    target = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort))
    if not read(*arguments, target, len(buffer), size) or not 2 <= size.value <= len(buffer):  # type: ignore[operator]
        return ""
    return buffer.raw[: size.value - 2].decode("utf-16-le", "replace")
