"""Personal data: how to reach a person, pay for one, find one. Documentation's own values stay.

Those are example.com and its kin (RFC 2606), private and documentation networks (RFC 5737), the 555-01xx numbers, and
the card and account numbers that payment services publish for tests. Luhn (ISO/IEC 7812) and mod 97 (ISO 13616) tell
cards and IBANs from other digits. A name by itself is not found, nor is an address that lacks its town.
"""

from __future__ import annotations

import ipaddress
import re

from modelmill.normalize.rules.identity_numbers import luhn
from modelmill.normalize.rules.rule import Rule, alone

RESERVED = (
    ".example.com", ".example.org", ".example.net", ".example.edu", ".example", ".invalid", ".test", ".localhost",
    ".local",
)  # fmt: skip
# What stands before `at` in sentences: `look at x dot com` is where, not who.
WHERE = frozenset(
    {"look", "looking", "available", "found", "hosted", "us", "is", "meet", "visit", "online", "here", "running"}
)
NOBODY = frozenset({"git", "noreply", "no-reply", "donotreply", "user", "username", "you", "your", "name", "email"})
# Who named methods of SSH (RFC 4251, 6): `hmac-sha2-512-etm@openssh.com`.
METHODS_OF = frozenset({"openssh.com", "libssh.org", "ssh.com", "lysator.liu.se"})
TEST_CARDS = frozenset(
    {
        "4111111111111111", "4242424242424242", "4000056655665556", "5555555555554444", "5105105105105100",
        "2223003122003222", "378282246310005", "371449635398431", "6011111111111117", "6011000990139424",
        "3530111333300000", "3566002020360505", "30569309025904", "38520000023237", "4012888888881881", "4000000000000002",
    }
)  # fmt: skip
TEST_IBANS = frozenset(
    {
        "DE89370400440532013000", "GB82WEST12345698765432", "GB29NWBK60161331926819", "FR1420041010050500013M02606",
        "NL91ABNA0417164300", "CH9300762011623852957", "ES9121000418450200051332", "BE68539007547034",
    }
)  # fmt: skip
# Of an account number by country, for those of the most people (SWIFT's IBAN registry).
LENGTHS = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18,
    "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21,
    "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SA": 24, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "TR": 26, "UA": 29, "AE": 23,
}  # fmt: skip
# Those that offices keep free for films and documentation: Ofcom's, ACMA's, Arcep's, the Bundesnetzagentur's.
DRAMA = re.compile(
    r"(?:7700900|2079460|1632960|1134960|1174960|1214960|1144960|1184960|1514960|1614960|1914980)\d{3}$"
    r"|491570(?:006|110|156|157|158|159|313|737)$|(?:19900|26191|35301|46571|53649|63998)\d{4}$"
    r"|(?:3023125|6990009|4066969|2214710|8999998)\d{2,3}$"
)
# Of North America: nobody has 555 as an area or an exchange. A number with a sign and a point: `+3.1141545`.
NOBODYS = re.compile(r"1?(?:555\d{7}|[2-9]\d{2}555\d{4})")
DECIMAL = re.compile(r"\+(?:[2-689]\.\d+|[17]\.(?:\d{1,9}|\d{11,}))")
# That everybody uses.
RESOLVERS = frozenset(
    {
        "8.8.8.8", "8.8.4.4", "1.1.1.1", "2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111",
        "2606:4700:4700::1001", "2620:fe::fe",
    }
)  # fmt: skip
OFFICES = ("51 Franklin", "59 Temple", "675 Mass", "1 Infinite Loop", "1600 Pennsylvania", "1600 Amphitheatre")
ORDINARY = frozenset(
    {
        "user", "username", "name", "you", "me", "shared", "public", "default", "runner", "root", "admin", "test",
        "ubuntu", "vagrant", "circleci", "travis", "vsts", "vsts_azpcontainer", "jenkins", "app", "node", "docker", "guest", "foo", "bar", "project",
        "jovyan", "vscode", "gitpod", "codespace", "codespaces", "ec2-user", "linuxbrew", "nonroot", "appuser", "airflow",
        "coder", "builder", "rstudio", "jupyter", "sagemaker-user", "spark", "dagster", "git", "dev", "developer", "all users", "default user",
        "runneradmin", "containeradministrator", "containeruser", "administrator", "vssadministrator", "wdagutilityaccount",
        "your_name", "yourname", "username.here", "site", "www", "src", "work", "joe", "jdoe", "somebody", "someone",
    }
)  # fmt: skip
PAGE = re.compile(r"\.(?:html?|php|aspx?|css|[jt]sx?|vue|svg|png|jpe?g)$")  # what stands behind /home/ in a site


def _email(value: str, before: str, after: str) -> bool:
    local, _, domain = value.lower().replace("＠", "@").rpartition("@")
    top = domain.rpartition(".")[2]
    known = top in TLDS or not top.isascii() or top.startswith("xn--")
    method = domain in METHODS_OF and re.search(r"\d|-cert|-hmac|-ctr", local) is not None
    return not f".{domain}".endswith(RESERVED) and known and local not in NOBODY and not method


def _spelled(value: str, before: str, after: str) -> bool:
    """`ana dot roe at acme dot fr`; in `look at the dot com boom` there is an article where a name would be."""
    said = value.lower()
    plain = re.sub(DOT, ".", said)
    at_home = re.search(r" at (?:the|a|an|this|that|its?|every|each|any|noon|night|once|last|least|all|home) ", said)
    domain = re.split(AT, plain)[-1]
    return at_home is None and said.split(" ")[0] not in WHERE and not f".{domain}".endswith(RESERVED)


def _card(value: str, before: str, after: str) -> bool:
    digits = [int(c) for c in value if c.isdigit()]
    plain = "".join(map(str, digits))
    if not 13 <= len(digits) <= 19 or not alone(before, after) or len(set(digits)) < 3 or plain in TEST_CARDS:
        return False
    return luhn(digits) and _of_a_brand(plain)


def _of_a_brand(digits: str) -> bool:
    """Whether cards that begin so have so many digits: an IMEI has 15 as American Express has, and other first ones."""
    if len(digits) == 15:
        return digits.startswith(("34", "37"))
    if len(digits) == 14:
        return digits.startswith(("30", "36", "38", "39"))
    if len(digits) == 13:
        return False  # of no brand for twenty years, but of every tenth article from Germany
    if len(digits) > 16:
        return digits[0] in "46" and len(digits) == 19
    if digits[0] == "2":
        return "2221" <= digits[:4] <= "2720"
    return not digits.startswith("3") or digits.startswith(("35", "36"))


def _iban(value: str, before: str, after: str) -> bool:
    packed = re.sub(r"[ -]", "", value).upper()
    if not 15 <= len(packed) <= 34 or not alone(before, after) or packed in TEST_IBANS:
        return False
    if value != value.upper() and (LENGTHS.get(packed[:2]) != len(packed) or value != value.lower()):
        return False  # in small letters every hundredth digest would be one
    return int("".join(str(int(c, 36)) for c in packed[4:] + packed[:4])) % 97 == 1


def telephone(value: str, before: str, after: str) -> bool:
    """9 to 15 digits, and none of the numbers that films and documentation use."""
    digits = "".join(c for c in value if c.isdigit())
    counted = "1234567" in digits or "5551212" in digits or digits == "0102030405"
    abroad = value.startswith("+") and not value.startswith("+1")
    nobodys = DRAMA.search(digits) or (not abroad and NOBODYS.fullmatch(digits))
    told = not counted and not nobodys and not DECIMAL.fullmatch(value) and len(set(digits)) > 2
    return 9 <= len(digits) <= 15 and told and alone(before, after)


def _global_ip(value: str, before: str, after: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    if value.endswith((".0", ".255", "::")):
        return False  # a network, all in it, or a heading's number before the signs of reStructuredText: `RFC 2396::`
    if address.version == 4 and (max(address.packed) < 50 or value.startswith(("1.2.", "1.3.", "2.5."))):
        # a section number, a version such as 8.2.4.44, an object identifier
        return False
    return (
        address.is_global
        and value not in RESOLVERS
        and not address.is_multicast
        and alone(before, after)
        and (address.version == 4 or before != ":")
    )


def _mac(value: str, before: str, after: str) -> bool:
    """Of a device: neither local, nor of a group, nor documentation's (RFC 7042), nor counted up."""
    plain = bytes.fromhex(re.sub(r"[:.-]", "", value))
    told = re.search(r"[a-fA-F]", value) is not None and len(set(plain)) > 3
    first = (b"\x00\x00\x5e", b"\x00\x11\x22", b"\x00\x01\x02", b"\x00\x00\x00", b"\x00\x1a\x2b")
    counted = plain.startswith(first) or b"\xde\xad\xbe\xef" in plain
    return alone(before, after) and ":" not in (before, after) and told and not plain[0] & 3 and not counted


def _person(value: str, before: str, after: str) -> bool:
    return (
        value.lower().rstrip(".") not in ORDINARY
        and not any(sign in value for sign in "{}<>$%*")
        and not PAGE.search(value)
    )


def _address(value: str, before: str, after: str) -> bool:
    return not value.startswith(OFFICES) and re.match(r"12?3?4? Main|1 Main|123 ", value) is None


# Those of countries, but for the few that are first of all endings of files (py, sh, md, so, cc, ps, ml), and usual ones.
TOP_LEVEL = """
    com org net edu gov mil int info biz io dev ai app co me tv cloud tech online site xyz museum name pro coop aero
    shop store blog email world live news agency studio design digital group company berlin hamburg koeln wien
    london nyc paris tokyo photography photos space website global solutions services systems software consulting
    network technology education engineering energy ventures capital partners management industries international
    legal tax security support tools codes computer systems digital expert guru ninja rocks farm garden kitchen cafe
    restaurant hotel house land community social chat page web link click earth eco green bio fit dance art gallery
    studio film video audio radio press report church charity foundation gives institute center centre training coach
    network academy school university health care clinic doctor dental law legal finance bank money fund ltd gmbh
    inc llc team works zone life club fun today media marketing travel jobs mobi asia cat eu arpa tel post swiss
    scot wales bayern ruhr nrw brussels amsterdam moscow istanbul sydney melbourne quebec ac ad ae af ag al am ao ar
    at au aw az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cd cf cg ch ci ck cl cm cn cr cu cv cw cy
    cz de dj dk dm do dz ec ee eg er es et fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gt gu gw gy
    hk hm hn hr ht hu id ie il im in iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls
    lt lu lv ly ma mc mg mh mk mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa
    pe pf pg ph pk pl pm pn pr pt pw qa re ro rs ru rw sa sb sc sd se sg si sk sl sm sn sr ss st su sv sx sy sz tc
    td tf tg th tj tk tl tm tn to tr tt tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
"""
TLDS = frozenset(TOP_LEVEL.split())

# What stands before a version that looks like an IP: its name, a comparison, the name of a package, a heading's sign.
RELEASED = (
    r"(?i)(?:version|release|firmware|revision|\brev|\bver|driver|build|toolkit|section|sect\.|chapter|clause|paragraph|appendix|figure|table|chrome|safari|firefox|edge|\btag)"
    r"(?:s|__|_?(?:number|no|id|code|name|string))?(?:[^\w\n]{0,6}|/)$|[=~<>!]= ?[\"']?$|(?:^|[^\w.])v$|^#{1,6} \[?$"
    r"|/\* $|(?:[ ,a-zA-Z-]\d*\.?\d+){3} $|[mclhvsqta]-?\d*\.\d+(?:[ ,-]?\d*\.?\d+)+ $"  # of a standard's section; of a path that is drawn (SVG)
    r"|^\s*-\s+[\w.-]+=$|\b(?:image[\"']?:|FROM) ?[^\s]{1,50}:$"
)
WORD = r"[A-Z][A-Za-z'-]{1,20}"
STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Terrace|Way|Close|Crescent"
    r"|Gardens|Grove|Park|Mews|Hill|Row|Walk|Gate|Green|Parade|Rise|View|Wharf|Quay)"
)
STATE = r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
# Where homes lie: `src/home/page.ts` and `https://host/home/about` are nobody's.
ROOT = r"(?:(?m:^)|[^\w.-]|\b(?:var|export|net|data|mnt|media|[A-Za-z])|\[[\d;]{1,8}m)"
# A page of a site, as links and routes name it.
LINKED = r"(?:\b(?:to|href|action)=\{?[\"'`]|\b(?:navigate|push|redirect|linkTo)\(\s?\{?[\"'`]|\bRoute\s+path=\{?[\"'`])/home/$"
# What other numbers are called that Luhn's digit fits by chance, one in ten.
NO_CARD = (
    r"(?i)(?:seed|rng|random(?:state)?|\bid|_id|barcode|ean(?:13)?|gtin|upc|isbn|sku)[\"']?\s{0,2}[(=:]\s{0,2}[\"']?$"
)
# Who logs in, or the password: `https://key@host`, `postgres://user:password@host`.
IN_A_URL = r"https?://$|[a-z]://[^\s/@\"'<>:]{1,60}:$"
WELL_KNOWN = r"(?:com|net|org|edu|gov|de|fr|ch|eu|nl|uk|it|es|pl|ru)"  # ends of addresses that are no attributes
SIGN = r"[A-Za-z0-9\x80-\xff]"  # a letter or digit; those beyond ASCII as bytes of UTF-8
AT = r" ?(?:\[at\]|\(at\)|\{at\}|<at>| at ) ?"
DOT = r" ?(?:\[dot\]|\(dot\)|\{dot\}|<dot>| dot ) ?"
GAP = r"(?:, ?| |\\n|\r?\n[ \t#*/]*)"

# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
PERSONAL: tuple[Rule, ...] = (
    Rule("email", rf"({SIGN}[A-Za-z0-9._%+\x80-\xff-]*(?:@|＠){SIGN}[A-Za-z0-9\x80-\xff-]*(?:\.[A-Za-z0-9\x80-\xff-]+){{0,4}}\.(?:(?:[A-Za-z]{{2,12}}|xn--[a-z0-9-]{{2,30}})\b|[\x80-\xff]{{2,40}}))", ("@", "＠"), _email, unless=IN_A_URL, reach=80),
    Rule("email", rf"(?i)([a-z0-9][a-z0-9._%+-]*(?:{DOT}[a-z0-9-]+){{0,2}}{AT}[a-z0-9][a-z0-9-]*(?:{DOT}[a-z0-9-]+){{0,2}}{DOT}[a-z]{{2,12}})\b", ("dot",), _spelled),
    Rule("email", r"(?i)([a-z0-9][a-z0-9._%+-]* ?(?:\[at\]|\(at\)|\{at\}|<at>) ?[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+){0,4}\.[a-z]{2,12})\b", ("[at]", "(at)", "{at}", "<at>")),
    Rule("email", r"(?i)([a-z0-9][a-z0-9._%+-]*@[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+){0,4}(?:\[\.\]|\[dot\]|\(dot\))[a-z]{2,12})\b", ("[.]", "[dot]", "(dot)")),
    Rule("email", rf"(?i)([a-z0-9][a-z0-9._%+-]* @ [a-z0-9][a-z0-9-]*\.{WELL_KNOWN})\b", (" @ ",), _email),
    Rule("email", rf"(?i)\b([a-z0-9][a-z0-9.+-]*_at_[a-z0-9-]+_dot_{WELL_KNOWN})\b", ("_dot_",)),
    Rule("card", r"\b((?:4\d|5[1-5]|2[2-7]|3[0-9]|6[02457])\d{2}[ -]?(?:\d{4}[ -]?\d{4}[ -]?\d{1,7}|\d{6}[ -]?\d{4,5})|[2-6]\d{3}(?:(?: \d{4}){3}|(?:-\d{4}){3}|(?:\.\d{4}){3}|(?:\xc2\xa0\d{4}){3}))\b", (), _card, unless=NO_CARD, reach=30),
    Rule("iban", r"\b([A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?|[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{4}){2,7}(?:[ -]?[a-z0-9]{1,3})?)\b", (), _iban),
    Rule("phone", r"(\+[1-9]\d{0,2}[ .-](?:\(0\) ?)?\(?\d{1,4}\)?(?:[ .-]?\d{2,5}){1,4}|\+[1-9]\d{10,14})\b", ("+",), telephone),
    Rule("phone", r"(\(\d{3}\) ?\d{3}[ .-]\d{4}|\b[2-9]\d{2}[-.][2-9]\d{2}[-.]\d{4})\b", (), telephone),
    Rule("phone", r"(?i)(?:\b|_)(?:tel|phone|fon|mobil|fax|call)[a-z]{0,8}(?: (?:me|us))?(?: on| at)?[\"']?[.:= ]{1,4}[\"']?(0\d{1,5}[ /.-]\d{2,5}(?:[ .-]?\d{2,5}){0,3})\b", ("tel", "phone", "fon", "mobil", "fax", "call"), telephone),
    Rule("ip", r"\b(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?:[^\w.]|\.\D|\.?$)", (".",), _global_ip, unless=RELEASED, reach=60),
    Rule("ip", r"\b([23][0-9a-fA-F]{3}:(?:[0-9a-fA-F]{0,4}:){1,6}[0-9a-fA-F]{0,4})", (":",), _global_ip),
    Rule("mac", r"\b([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})\b", (":", "-", "."), _mac),
    Rule("mac", r"(?i)\b(?:mac|hwaddr|ether)(?:[_ -]?addr(?:ess)?)?[\"']?\s{0,3}[:=]\s{0,3}[\"']?([0-9a-f]{12})\b", ("mac", "hwaddr", "ether"), _mac),
    Rule("user", rf"(?:[A-Za-z]:\\{{1,2}}Documents and Settings|\\\\{{1,2}}[A-Za-z0-9.$-]{{1,60}}\\{{1,2}}(?:[A-Za-z0-9.-]{{1,40}}\\{{1,2}})?(?i:home|homes|users|profiles)\$?)\\{{1,2}}({SIGN}[A-Za-z0-9._\x80-\xff-]{{0,40}}(?: [A-Z\x80-\xff][A-Za-z.\x80-\xff-]{{1,30}}){{0,3}})\\", ("\\",), _person),
    Rule("user", rf"[A-Za-z]:(?:\\{{1,2}}|/)Users(?:\\{{1,2}}|/)({SIGN}{{1,30}}(?: [A-Z\x80-\xff][A-Za-z.\x80-\xff-]{{1,30}}){{1,3}})[\\/]", ("Users/", "Users\\")),
    Rule("user", rf"(?:{ROOT}/home/|{ROOT}/Users/|[A-Za-z]:\\{{1,2}}Users\\{{1,2}})({SIGN}[A-Za-z0-9._\x80-\xff-]{{0,63}})", ("/home/", "/Users/", "Users\\"), _person, unless=LINKED, reach=40),
)

ADDRESSES: tuple[Rule, ...] = (
    Rule("postal_address", rf"\b(P\.? ?O\.? Box \d{{1,6}}{GAP}{WORD}(?: {WORD}){{0,2}}{GAP}{STATE}{GAP}\d{{5}}(?:-\d{{4}})?)\b", ("Box",)),
    Rule("postal_address", rf"\b(\d{{1,5}} (?:[NSEW]\.? )?(?:{WORD}|\d{{1,3}}(?:st|nd|rd|th))(?: {WORD}){{0,2}} {STREET}\.?(?:,? (?:Apt|Suite|Unit|Flat|#)\.? ?\w{{1,5}})?{GAP}{WORD}(?: {WORD}){{0,2}}{GAP}{STATE}{GAP}\d{{5}}(?:-\d{{4}})?)\b", (), _address),
    Rule("postal_address", rf"\b(\d{{1,4}}[a-zA-Z]? {WORD}(?: {WORD}){{0,2}} {STREET}{GAP}{WORD}(?: {WORD}){{0,2}}{GAP}[A-Z]{{1,2}}\d[A-Z\d]? \d[A-Z]{{2}})\b", (), _address),
    Rule("postal_address", rf"\b([A-Z][a-z\x80-\xff-]{{1,30}}(?: [A-Z][a-z\x80-\xff-]{{1,30}}){{0,2}}(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ring|damm|ufer| Markt| Stra(?:ß|ss)e| Platz| Weg| Allee| Ring) \d{{1,4}}(?:/\d{{1,3}}){{0,2}} ?[a-z]?{GAP}(?:[AD]-|CH-)?\d{{4,5}} (?:[A-Z]|\xc3[\x80-\x9e])[a-z\x80-\xff-]{{1,30}})", ("tr", "weg", "Weg", "latz", "llee", "gasse", "ing", "damm", "ufer", "Markt")),
    Rule("postal_address", rf"\b(\d{{1,4}}(?: bis| ter)?,? (?i:rue|avenue|boulevard|place|chemin|impasse|quai) [A-Za-z\x80-\xff'-]{{1,30}}(?: [A-Za-z\x80-\xff'-]{{1,30}}){{0,4}}{GAP}\d{{5}} [A-Z][A-Za-z\x80-\xff-]{{1,30}})"),
)
# fmt: on
