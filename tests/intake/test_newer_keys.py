"""Keys of services by their newer shapes, passwords as commands and settings have them, and persons of more countries.

None is in the frozen set of planted.py: a quarter of such values, written before the rules were read, were missed when
of that 500 of 500 were found. Keys are drawn and put together here, so that this file holds none in its shape.
"""

# ruff: noqa: E501  (forms are lines as they are met)
from __future__ import annotations

import hashlib
import random
import time

import pytest

from modelmill.normalize.privacy import clean, find

RNG = random.Random(20261129)
HEX, LOW = "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz0123456789"
ALNUM = LOW + LOW[:26].upper()
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def drawn(length: int, alphabet: str = ALNUM) -> str:
    """By chance, letters and digits among them."""
    return "".join(RNG.choice(alphabet) for _ in range(length - 3)) + "a7" + alphabet[-1]


def uuid() -> str:
    return "-".join(drawn(n, HEX) for n in (8, 4, 4, 4, 12))


def exported() -> str:
    """A wallet's private key, with the digest that belongs to it."""
    raw = b"\x80" + RNG.randbytes(32) + b"\x01"
    number = int.from_bytes(raw + hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4], "big")
    said = ""
    while number:
        number, rest = divmod(number, 58)
        said = BASE58[rest] + said
    return said


KEYS = {
    "of a maker that no rule names": "acme_live_" + drawn(32),
    "of one, in another form": "brightco-" + drawn(20) + "_" + drawn(20),
    "openai-like with a new prefix": "xy" + "z_v1_" + drawn(43),
    "cerebras": "cs" + "k-" + drawn(48, LOW),
    "firecrawl": "f" + "c-" + drawn(32, HEX),
    "cursor": "ke" + "y_" + drawn(64, HEX),
    "launchdarkly": "sd" + "k-" + uuid(),
    "plaid": "access-" + "production-" + uuid(),
    "github app": "gh" + "s_81234_eyJ" + drawn(30) + ".eyJ" + drawn(60) + "." + drawn(43),
    "crates": "ci" + "o" + drawn(32),
    "harness": "pa" + "t." + drawn(22) + "." + drawn(24, HEX) + "." + drawn(20),
    "trello": "AT" + "TA" + drawn(72, HEX),
    "matrix": "sy" + "t_" + drawn(8) + "_" + "aBcDeFgHiJkLmNoPqRsT" + "_" + "x7Kq2L",
    "flutterwave": "FLWSE" + "CK-" + drawn(32, HEX) + "-X",
    "salesforce": "00" + "D" + drawn(12) + "!AQ" + drawn(90),
    "new relic": drawn(32, HEX) + "FFFF" + "NRAL",
    "asana": "1/" + "1947267353962115:" + drawn(32, HEX),
    "mailchimp's mandrill": "m" + "d-" + drawn(22),
    "fcm": "AA" + "AA" + drawn(7) + ":APA9" + "1b" + drawn(134),
    "clickup": "pk" + "_85445661_" + drawn(32, LOW.upper() + "0123456789"),
    "bip32": "xpr" + "v9s21ZrQH143K" + "".join(RNG.choice(BASE58) for _ in range(95)),
    "wallet": exported(),
    "django": "django-" + "insecure-56hyrch0r=m4w+g!adv(i59olyq*f@phg)t30&4z^g0h",
    "scram": "SCRAM-" + "SHA-256$4096:" + drawn(22) + "==$" + drawn(43) + "=:" + drawn(43) + "=",
    "ldap": "{SS" + "HA}" + drawn(32),
    "pbkdf2": "pbkdf2" + "_sha256$600000$" + drawn(22) + "$" + drawn(43) + "=",
}  # fmt: skip


@pytest.mark.parametrize("maker", KEYS)
@pytest.mark.parametrize(
    "around", ['x = f("{}")\n', "Run it with `{}` once.\n", "deploy {} --now\n", '{{"v": ["{}"]}}\n']
)
def test_a_key_is_found_wherever_it_stands(maker: str, around: str) -> None:
    text = around.format(KEYS[maker])
    left = clean(text).text
    assert KEYS[maker] not in left
    assert not any(KEYS[maker][at : at + 16] in left for at in range(0, len(KEYS[maker]) - 16, 8)), left


WORD, SAID, KEY = "Sommer2024xk", "gX7$uP2@kkyh", drawn(32)

# What must be gone stands in the braces: {w} a password of letters and digits, {s} one with signs, {k} a key, {u} a UUID.
PLACES = [
    "CODECOV_TOKEN={u}\n", '"api_token": "{u}"\n', "secret_key: {u}\n", "-H 'Authorization: Splunk {u}'\n",
    "APP_KEY=base64:{k}\n", "PresharedKey = {k}=\n", "DB_PASSWORD={w}\n", "password: {w}\n", "db.password={w}\n",
    "?user=bob&passwd={w}\n", "host=db password={w} dbname=x\n", "ENV DB_USER=app DB_PASS={w}\n",
    "    set DB_PASSWORD={w}\n", "set -gx API_TOKEN {k}\n", "storePassword '{w}'\n", "# the old password was {w}\n",
    "-- login app / password {w}\nSELECT 1;\n", 'PASS="${{DB_PASS:-{w}}}"\n', "{{{{ pw | default('{w}') }}}}\n",
    "curl -uadmin:{w} https://acme.dev\n", "docker login -u ci -p {w} r.acme.dev\n", "az login -u app -p {w}\n",
    "ldapsearch -x -D cn=admin -w {w} -b dc=a\n", "mongosh -u root -p {w}\n", "sqlplus scott/{w}@orcl\n",
    "CREATE USER app IDENTIFIED BY {w} DEFAULT TABLESPACE users;\n", "Cookie: sessionid={k}; theme=dark\n",
    "Set-Cookie: JSESSIONID={k}; Path=/\n", "_auth={k}\n", "<key>ClientSecret</key>\n<string>{k}</string>\n",
    '<string name="api_secret">{k}</string>\n', "define('AUTH_KEY', '{k}!n/x]mNo*:& %%Y9eB)');\n",
    "contraseña: {s}\n", "mot de passe : {s}\n", "пароль: {s}\n", "密码：{s}\n", "wachtwoord = '{s}'\n",
    "&quot;password&quot;: &quot;{s}&quot;\n", '"{{\\\\\\"client_secret\\\\\\": \\\\\\"{k}\\\\\\"}}"\n',
    "WIFI:S:Office;T:WPA;P:{w};;\n", 'new NetworkCredential("bob", "{w}");\n', "wandb.login(key='{k}')\n",
    "client.username_pw_set('ha', '{w}')\n", 'new MqttOptions().WithCredentials("ha", "{w}");\n', "mailer.setApiKey('{k}')\n",
    "gpg --batch --passphrase {w} -d x\n", "rabbitmqctl add_user svc {w}\n", "net use Z: \\\\nas\\x /user:corp\\bob {w}\n",
    '<property name="connection.password">{w}</property>\n', "redis: ${{REDIS_PW:{w}}}\n", 'ENV["DB_PASS"] ||= "{w}"\n',
    "creds: bob:{w}\n", "username/password = bob/{w}\n", "dataKey: {k}abcdefgh12X=\n", 'expect "assword:" {{ send "{w}\\r" }}\n',
    "https://a.dev/x?X-Amz-Expires=60&X-Amz-Signature={k}{k}\n", "&sig={k}{k}\n",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_goes_where_settings_and_commands_have_it(place: str) -> None:
    given = {"w": WORD, "s": SAID, "k": KEY, "u": "e40bcd87-13d4-4f92-b718-948499b44c66"}
    cleaned = clean(place.format(**given))
    assert not [value for value in given.values() if value in cleaned.text], cleaned.text
    assert clean(cleaned.text).text == cleaned.text


@pytest.mark.parametrize("text", [
    f'secretKey = "{KEY[:16]}"\n    + "{KEY[16:]}";\n', f'api_key = "{KEY[:16]}" + \\\n    "{KEY[16:]}"\n',
    f'export AWS_SECRET_ACCESS_KEY="{KEY[:16]}\\\n{KEY[16:]}"\n', f"api.secret={KEY[:16]}\\\n    {KEY[16:]}\n",
])  # fmt: skip
def test_a_key_in_parts_goes_in_all_of_them(text: str) -> None:
    assert not [part for part in (KEY[:16], KEY[16:]) if part in clean(text).text]


PERSONAL = [
    ("phone", "Tel. 030 / 90 14 22 77"), ("phone", "cell. 347 1184420"), ("phone", "06-22841190"), ("phone", "010-3384-4172"),
    ("phone", "Mob: 0412 338 417"), ("phone", "https://wa.me/4915733841720"), ("phone", '{"phone": 14158672309}'),
    ("card", "5018 6177 5043 8673"), ("card", "4916.7867.0892.4468"), ("card", "4916\xa05552\xa02159\xa05521"),
    ("email", "erik {at} bergstrom {dot} no"), ("mac", '"mac_address": "A483E7129B5D"'),
    ("national_id", "NIF: 226576388"), ("national_id", "rodné číslo 855730/0598"), ("national_id", "ЕГН: 8507304121"),
    ("national_id", "Isikukood 38507302712"), ("national_id", "CUIL 20-87632106-9"), ("national_id", "RFC: GOMC850730AB1"),
    ("national_id", "マイナンバー: 9833 2231 9448"), ("national_id", "身分證 F134847988"), ("national_id", "HKID: G761105(5)"),
    ("national_id", "NRIC: S2139548Z"), ("national_id", "1-1439-46289-38-7"), ("national_id", "MyKad 850730-14-5521"),
    ("national_id", "NIK: 3174055507850003"), ("national_id", "ת.ז. 039485719"), ("national_id", "112-233-445 95"),
    ("national_id", "ИНН: 289545796418"), ("passport", "паспорт 4509 123476"), ("national_id", "РНОКПП 4327135626"),
    ("passport", "C01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4"), ("national_id", "AMKA: 30078504120"),
    ("national_id", "TAJ szám: 111 222 337"), ("national_id", "kennitala: 300785-2559"),
    ("national_id", "EMŠO: 3007985500121"), ("national_id", "cédula 1.032.456.781"),
    ("postal_address", "P.O. Box 4471, Tucson, AZ 85717"), ("postal_address", "Mariahilfer Straße 88/12, 1070 Wien"),
    ("postal_address", "Østergade 24, 1100 København"), ("postal_address", "Rua Augusta 1508, São Paulo - SP, 01304-001"),
    ("postal_address", "〒150-0043 東京都渋谷区道玄坂2-10-7"), ("postal_address", "北京市海淀区中关村大街27号1101室"),
    ("postal_address", "ул. Тверская, д. 12, кв. 8, 125009 Москва"), ("postal_address", '"street": "Hauptstr. 17"'),
    ("postal_address", "Unter den Linden 77, 10117 Berlin"), ("postal_address", "Via Roma, 14 - 10121 Torino"),
    ("postal_address", "35 Sussex Gardens, London W2 2RL"), ("postal_address", "Rynek Główny 12, 31-042 Kraków"),
    ("user", "C:/Users/Marta Kowalska/x"), ("email", "maja.lindqvist＠nordbyen.se"), ("phone", "Contact No: 9845033841"),
    ("user", "C:\\Documents and Settings\\Jana Kovar\\x"), ("user", "\\\\fileserv\\home$\\wzhang\\docs"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), PERSONAL)
def test_what_more_countries_write_is_found(kind: str, text: str) -> None:
    assert kind in [one.kind for one in find(f"seen {text} \n")]


STAYS = [
    "tokenizer = 'cl100k_base'", 'String secretKeyFactory = "PBKDF2WithHmacSHA256";', "COMPASS=north-east-2024",
    "postgres://postgres:postgres@localhost:5432/test", "ls /home/vscode", "look at the dot com boom",
    "<Link to='/home/settings'>", "price_1MoBy5LkdIwHu7ixZhnattbh", "test_parse_HTTPResponse2_with_TLSv1_2_and_x509_names",
    "sha512-" + "Zx9Kq2Lm4Tt7Vb8Nc1Rd5Wf3Hj6Ps0AyZx9Kq2Lm4T+q", "client_token = 'e40bcd87-13d4-4f92-b718-948499b44c66'",
    "token_id: e40bcd87-13d4-4f92-b718-948499b44c66", "next_token='e40bcd87-13d4-4f92-b718-948499b44c66'",
    "API_KEY=00000000-0000-0000-0000-000000000000", "password = sha256_digest", "password: pbkdf2_sha256",
    "PASSWORD_HASHER=Argon2id19", "password = user2", "The password expires.", "docker run -p 127.0.0.1:8080:80 x1",
    "docker compose -p project12 up", "tar -p archive2024", "dig -p 5353 host2024name", "identified by uuid4", "<string>Sha2</string>",
    "Contraseña: obligatoria", "密码：必填", "cookie: none", "RFC 7519, RFC-2119", "nric = None", "NIK shoes 2024", "inn 12",
    "DNI 12", "E-mail: see page 12345678", "fin = 12345678", "ird = 49", "street: Street 1", "line1: Line 12",
    "address_line_1 = 5 bytes", "Road 560001", "4917.7867.0892.4468", "1-1439-46289-38-8", "112-233-445 96",
    f"public_key = '{KEY}abcdefgh12X='", f"host_key: {KEY}abcdefgh12X=", "getApiKey('user-settings-page-2024')", "net use of 2024abc",
    '<input name="password" id="pw1">Password1:</input>', "creds: see docs/login-2.md", "Contact: 2024-11-29 10:00", "In Version 12, 3.11",
    "5K1HvMrnK5Z16z9XFfbfrrEgTiJSrAAC2FdFajPi9VP78feNDWj", "2024-0412 338 417", "mac = 0123456789ab",
    # Read in packages: tables of a generated parser, links to a comparison, names in a directory, public keys, bytes, networks.
    'tokenData: "$%h_R!XOX$nXY5gYZ6iZ]$n]^5g^p$npq5gqr7Xrs9cst:Rtu;"', "#diff-8de817c14d6a087981503c9aea38730b1b3eR128",
    "['uid=test42', 'uidNumber=42', 'dc=x']", "pw = 2.0**self.frac_bits", '"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",',
    "ntor-onion-key kWOHNd+2uBlMpcIUbbpFLiq/rry66Ep6MlwmNpwzcBg=", "52.0.0.0/8, 130.7.0.0/16",
    "02 42 0C 00 00 02 04 08 00 45 00", "ee 6a 64 9d 06 09 53 74 88 34", "00 00 00 00 02 09 00 00 00 2F",
]  # fmt: skip


@pytest.mark.parametrize("text", STAYS)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert [(one.kind, text[one.start : one.end]) for one in find(text)] == []


@pytest.mark.parametrize("piece", [
    "ab_", "a-b-c-d-", "abc_" + "aB3" * 12 + " ", "token = 'a' + ", "secret='ab'\n'cd'\n", "password ab12cd34\n",
    "Cookie: session=", "curl -u", "ldapsearch -w ", "API_KEY=e40bcd87-", "seed phrase: word word ", "5K1HvMrn", "1 rue a, ",
    "12 Road ", "北京市海淀区", "ул. а, д. ", "street: A 1", "P<D<<A<<<", "password=x\\\n", "\\\\\\\"", "DB_PASS=",
    "http://x/?sig=a", "WIFI:P:", "00D", "пароль", "NIF: 2", "<td>secret</td><td>",
])  # fmt: skip
def test_a_hostile_megabyte_of_it_takes_no_longer(piece: str) -> None:
    text = (piece * (1_000_000 // len(piece) + 1))[:1_000_000]
    tries: list[float] = []
    for _ in range(2):
        began = time.process_time()
        clean(text)
        tries.append(time.process_time() - began)
    assert min(tries) < 1  # .05 to .45 s
