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
    # Met in names of fields, in other scripts, and letters beyond those of Western Europe.
    ("email", "用户@例子公司.中国"), ("email", "ana dot roe at math dot acme dot fr"),
    ("email", "ana@acme-shapes[.]com"),
    ("phone", "+33 (0)1 45 67 82 91"), ("phone", "手机  13810472596"), ("phone", "電話:  03-5847-2916"),
    ("phone", "mobil =  070-482 95 17"), ("phone", "call me on  020 7183 8750"),
    ("phone", "customer_phone:  4158672943"),
    ("us_ssn", '"social_security_number":  523478194'), ("uk_nino", "national_insurance:  JG482759D"),
    ("de_tax_id", "steuer_id =  86095742719"), ("in_aadhaar", '"aadhaar_number":  904504402517'),
    ("ca_sin", "social_insurance_number:  528-471-931"), ("passport", "numero_passeport  19AF48275"),
    ("national_id", "nhs_number:  943 476 5919"), ("national_id", "nhsNumber:  943 476 5919"),
    ("national_id", "tax_file_number:  123 456 782"), ("national_id", "tc_kimlik_no  10000000146"),
    ("national_id", "fnr =  12038516459"), ("national_id", "cpr_number =  120385-4827"),
    ("national_id", "Personalausweisnummer:  L01X00T471"), ("national_id", "rijksregisternummer  85073003328"),
    ("postal_address", "482 W 47th St Apt 5B, New York, NY 10036"),
    ("postal_address", "Sveavägen 48, 113 59 Stockholm"),
    ("postal_address", "ul. Marszałkowska 48/15, 00-545 Warszawa"),
    ("postal_address", "Calle de Alcalá 482, 3º B, 28027 Madrid"),
("ip", "84.17.52.193"), ("ip", "version 2, host  84.17.52.193"),
    ("mac", "a4:83:e7:4c:91:2f"), ("mac", "A4-83-E7-4C-91-2F"), ("mac", "a483.e74c.912f"),
]  # fmt: skip
STAYS = [
    "11010519491231002Y", "900101-1234567", "12.345.678-6", "OIB 69435151531", "NHS 943 476 5918", "85.07.30-033.29",
    "de45500105175407324931", "d41d8cd98f00b204e9800998ecf8427e", "a@b.method", "1.2.3.4-5", "pan = 12", "oib",
    "2024-11-20 10 20 30 40", "range(00, 10)", "id number 12", "C01X00T48 is a part", "(12) 1234",
    'version = "13.2.5.52"', "<version>13.2.5.52</version>", "## 13.2.5.52 - 2024-03-01", "numpy==1.99.5.52",
    'name = "cublas"\nversion = "12.4.127.1"', "image: registry.io/app:13.2.5.52", "  - libnpp=12.1.131.5",
    "v13.2.5.52",
    "Chrome/124.0.6367.207", "imei = 490154203237518", "+44 20 7946 0958", "07700 900123", "+61 491 570 156",
    'url("/home/index.html")', "00:11:22:33:44:55", "02:42:ac:11:00:02", "12:34:56:01:02:03", "00:de:ad:be:ef:00",
    "4a:43:36:d8:f1:b2:b0:b8:22:cd:15:d6:c1:5b:0f:00", "hotel: 0123 456 789", "fnr = 12038516458", "cos_sin = 1",
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


@pytest.mark.parametrize("text", ["DB_HOST=84.17.52.193", 'path = "C:\\\\Users\\\\Ana Roe\\\\x"', "/Users/søren/x"])
def test_a_value_is_taken_whole(text: str) -> None:
    assert {text[one.start : one.end] for one in find(text)} & {"84.17.52.193", "Ana Roe", "søren"}


def test_a_long_run_of_other_letters_is_cut_between_letters() -> None:
    text = "x" + "例" * 100 + "@例子.中国 and b@acme.com"
    assert [text[one.start : one.end] for one in find(text)][-1] == "b@acme.com"
