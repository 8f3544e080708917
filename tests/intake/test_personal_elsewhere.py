"""Personal data as it is written in other countries; look-alikes of it stay."""

from __future__ import annotations

import pytest

from modelmill.normalize.privacy import find

# Kind, text; the value is what stands after the last two spaces, or the whole.
FOUND = [
    ("email", "jürgen.müller@stadtwerke-köln.de"), ("email", "hans@müller.berlin"), ("email", "ana@tienda.com.ar"),
    ("email", "aa@bank.ng"), ("email", "b@firma.hr"), ("email", "marta(at)acme-shapes.com"),
    ("email", "john+tag@acme-shapes.photography"),
    ("phone", "06 12 34 57 78"), ("phone", "0049 30 901820"), ("phone", "090-1734-5698"), ("phone", "138 0013 8001"),
    ("phone", "(11) 98765-4331"), ("phone", "8 (495) 123-45-97"), ("phone", "(02) 9374 4000"),
    ("phone", "1-800-356-9377"), ("phone", "phone:  4158672213"), ("phone", "Tel.:  030 / 90 18 20"),
    ("iban", "de44500105175407324931"), ("iban", "DE44-5001-0517-5407-3249-31"),
    ("us_ssn", "ssn:  536228145"), ("br_cpf", "cpf:  52998224725"), ("passport", "Passport No:  C01X00T47"),
    ("national_id", "身份证  11010519491231002X"), ("national_id", "번호  900101-1234568"),
    ("national_id", "CURP  HEGG560427MVZRRL04"), ("national_id", "RUT  12.345.678-5"),
    ("national_id", "Rijksregister  85.07.30-033.28"), ("national_id", "PAN  ABCPE1234F"),
    ("national_id", "NHS number  943 476 5919"), ("national_id", "TFN  123 456 782"),
    ("national_id", "Medicare  2123 45670 1"), ("national_id", "T.C. Kimlik  10000000146"),
    ("national_id", "OIB  69435151530"), ("national_id", "CNP  1800101221144"), ("national_id", "EGN  7523169263"),
    ("national_id", "SVNR  1237010180"), ("national_id", "driver license  D1234562"),
    ("postal_address", "Calle de Alcalá 45, 28014 Madrid"), ("postal_address", "Via Roma 12, 00184 Roma"),
    ("postal_address", "Kerkstraat 5, 1017 GA Amsterdam"),
    ("postal_address", "24 Sussex Drive, Ottawa, ON K1M 1M4"), ("postal_address", "5 Martin Place, Sydney NSW 2000"),
    ("postal_address", "Storgatan 1, 111 23 Stockholm"),
]  # fmt: skip
STAYS = [
    "11010519491231002Y", "900101-1234567", "12.345.678-6", "OIB 69435151531", "NHS 943 476 5918", "85.07.30-033.29",
    "de45500105175407324931", "d41d8cd98f00b204e9800998ecf8427e", "a@b.method", "1.2.3.4-5", "pan = 12", "oib",
    "2024-11-20 10 20 30 40", "range(00, 10)", "id number 12", "C01X00T48 is a part", "(12) 1234",
    "@decorator.name", "x@staticmethod", "int a[11] = {1, 2}; // 5 Places, Type ACT 20",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_what_other_countries_write_is_found(kind: str, text: str) -> None:
    value = text.rpartition("  ")[2]
    inside = f"x = {text}  # note"
    assert (kind, value) in [(one.kind, inside[one.start : one.end]) for one in find(inside)]


@pytest.mark.parametrize("text", STAYS)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert find(text) == []
