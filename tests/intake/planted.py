"""Planted sets: 500 secrets and personal data in real contexts, and 2,000 things that only look like some.

Drawn with a fixed seed and composed here, part by part, so that no file of this repository holds a token in its shape.
`FROZEN` in test_planted.py is the sha256 of both sets: who changes them sees it.
"""

# ruff: noqa: E501  (contexts are lines as they are met)
from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from modelmill.normalize.rules import identity_numbers as numbers

SEED = 20_261_121
LOWER, DIGITS, HEX = "abcdefghijklmnopqrstuvwxyz", "0123456789", "0123456789abcdef"
UPPER = LOWER.upper()
ALNUM = LOWER + UPPER + DIGITS
URLSAFE = ALNUM + "_-"
BASE64 = ALNUM + "+/"

Make = Callable[[random.Random], str]


@dataclass(frozen=True, slots=True)
class Planted:
    """A value of a kind, and the text it lies in."""

    kind: str
    value: str
    text: str


def draw(rng: random.Random, alphabet: str, length: int) -> str:
    """Letters by chance, at least one digit among them where there can be one."""
    drawn = [rng.choice(alphabet) for _ in range(length)]
    if digits := [c for c in alphabet if c in DIGITS]:
        drawn[rng.randrange(length)] = rng.choice(digits)
    return "".join(drawn)


def of(prefix: str, alphabet: str, length: int, suffix: str = "") -> Make:
    return lambda rng: prefix + draw(rng, alphabet, length) + suffix


def joined(*parts: str | tuple[str, int]) -> Make:
    """Fixed texts and drawn ones, one behind the other."""
    return lambda rng: "".join(part if isinstance(part, str) else draw(rng, *part) for part in parts)


# Tokens whose shape alone tells them. Their contexts are those of any value.
TOKENS: dict[str, Make] = {
    "aws_key": of("AK" + "IA", UPPER + "234567", 16),
    "google_key": of("AI" + "za", URLSAFE, 35),
    "google_oauth": of("GOC" + "SPX-", URLSAFE, 28),
    "azure_secret": joined((ALNUM, 3), "8Q" + "~", (ALNUM + "-_.", 34)),
    "alibaba_key": of("LT" + "AI", ALNUM, 20),
    "tencent_key": of("AK" + "ID", ALNUM, 32),
    "digitalocean_token": of("do" + "p_v1_", HEX, 64),
    "scaleway_key": of("SC" + "W", UPPER + DIGITS, 17),
    "flyio_token": of("fo" + "1_", URLSAFE, 43),
    "github_token": of("gh" + "p_", ALNUM, 36),
    "gitlab_token": of("gl" + "pat-", URLSAFE, 20),
    "bitbucket_token": of("AT" + "BB", ALNUM, 32),
    "atlassian_token": of("ATA" + "TT3", URLSAFE, 180),
    "npm_token": of("np" + "m_", ALNUM, 36),
    "pypi_token": of("py" + "pi-AgEIcHlwaS5vcmc", URLSAFE, 90),
    "rubygems_key": of("rub" + "ygems_", HEX, 48),
    "nuget_key": of("oy" + "2", LOWER + DIGITS, 43),
    "docker_token": of("dck" + "r_pat_", URLSAFE, 27),
    "terraform_token": joined((ALNUM, 14), ".atl" + "asv1.", (URLSAFE, 67)),
    "vault_token": of("hv" + "s.", URLSAFE, 90),
    "doppler_token": of("d" + "p.pt.", ALNUM, 43),
    "pulumi_token": of("pu" + "l-", HEX, 40),
    "circleci_token": joined("CCI" + "PAT_", (ALNUM, 22), "_", (HEX, 40)),
    "buildkite_token": of("bk" + "ua_", LOWER + DIGITS, 40),
    "artifactory_token": of("AK" + "Cp", ALNUM, 69),
    "slack_token": joined("xo" + "xb-", (DIGITS, 12), "-", (DIGITS, 12), "-", (ALNUM, 24)),
    "discord_token": joined("M" + "T", (ALNUM, 22), ".", (ALNUM, 6), ".", (URLSAFE, 38)),
    "telegram_token": joined((DIGITS[1:], 10), ":A" + "A", (URLSAFE, 33)),
    "twilio_key": of("S" + "K", HEX, 32),
    "sendgrid_key": joined("S" + "G.", (URLSAFE, 22), ".", (URLSAFE, 43)),
    "mailgun_key": of("ke" + "y-", HEX, 32),
    "mailchimp_key": joined((HEX, 32), "-us", (DIGITS[1:], 1)),
    "sendinblue_key": joined("xke" + "ysib-", (HEX, 64), "-", (ALNUM, 16)),
    "stripe_key": of("sk" + "_live_", ALNUM, 24),
    "stripe_hook_secret": of("whs" + "ec_", ALNUM, 32),
    "square_token": of("sq" + "0atp-", URLSAFE, 22),
    "braintree_token": joined("access" + "_token$production$", (LOWER + DIGITS, 16), "$", (HEX, 32)),
    "shopify_token": of("shp" + "at_", HEX, 32),
    "easypost_key": of("EZ" + "AK", ALNUM, 54),
    "ai_key": of("sk" + "-proj-", URLSAFE, 48),
    "huggingface_token": of("h" + "f_", ALNUM, 34),
    "databricks_token": of("da" + "pi", HEX, 32),
    "planetscale_token": of("psc" + "ale_tkn_", URLSAFE, 43),
    "supabase_token": of("sb" + "p_", HEX, 40),
    "newrelic_key": of("NR" + "AK-", UPPER + DIGITS, 27),
    "grafana_token": joined("gl" + "sa_", (ALNUM, 32), "_", (HEX, 8)),
    "sentry_token": of("snt" + "ryu_", HEX, 64),
    "postman_key": joined("PM" + "AK-", (HEX, 24), "-", (HEX, 34)),
    "linear_key": of("lin" + "_api_", ALNUM, 40),
    "notion_token": of("nt" + "n_", ALNUM, 46),
    "airtable_token": joined("pa" + "t", (ALNUM, 14), ".", (HEX, 64)),
    "figma_token": of("fi" + "gd_", URLSAFE, 43),
    "dropbox_token": of("s" + "l.", URLSAFE, 136),
    "facebook_token": of("EA" + "A", ALNUM, 120),
    "mill_key": joined("m" + "k_", (LOWER + "234567", 10), ".", (URLSAFE, 43)),
    "jwt": joined("ey" + "J", (ALNUM, 30), ".ey" + "J", (ALNUM, 60), ".", (URLSAFE, 43)),
    "age_key": of("AGE-SEC" + "RET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "password_hash": joined("$2" + "b$12$", ("./" + ALNUM, 53)),
}  # fmt: skip

ANYWHERE = (
    'client = Client("{}")',
    "TOKEN = '{}'  # rotate in May",
    "export TOKEN={}",
    "  token: {}",
    '{{"key": "{}"}}',
    "const key = `{}`;",
    'headers = {{"X-Api-Key": "{}"}}',
    "curl -H 'X-Auth: {}' https://api.acme.dev/v1",
    "# TODO remove {}",
    "login({}) failed",
    "ENV KEY={}",
    '<add key="Token" value="{}" />',
    'String key = "{}";',
    "INSERT INTO keys VALUES (1, '{}');",
    "| prod | `{}` |",
    "url = 'https://api.acme.dev/v1?key={}'",
)


def _alnum(length: int) -> Make:
    return lambda rng: draw(rng, ALNUM, length)


def _hex(length: int) -> Make:
    return lambda rng: draw(rng, HEX, length)


def _password(rng: random.Random) -> str:
    """As people choose: a word or two, a number, a sign."""
    words = ("Sommer", "dragon", "Tr0mbone", "correct", "Falcon", "zebra", "Kestrel", "mango", "Oslo", "winter")
    return rng.choice(words) + rng.choice("!#-_?.+") + rng.choice(words).lower() + str(rng.randrange(10, 9999))


def _body(rng: random.Random, lines: int, width: int = 64) -> str:
    return "\n".join(draw(rng, BASE64, width) for _ in range(lines))


# Values that only their surroundings betray: each with the contexts it is met in.
IN_CONTEXT: dict[str, tuple[Make, tuple[str, ...]]] = {
    "private_key": (
        lambda rng: _body(rng, 8),
        (
            "-----BEGIN RSA PRIVATE" + " KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
            'KEY = """-----BEGIN PRIVATE' + ' KEY-----\n{}\n-----END PRIVATE KEY-----"""',
            "-----BEGIN OPENSSH PRIVATE" + " KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE" + " KEY-----\n{}\n",
        ),
    ),
    "putty_key": (lambda rng: _body(rng, 4), ("PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 4\n{}\nPrivate-MAC: 00",)),
    "aws_secret": (
        lambda rng: draw(rng, BASE64, 40),
        ("aws_secret_access_key = {}", 'AWS_SECRET_ACCESS_KEY="{}"', "secretAccessKey: '{}',", "aws.secret.key={}"),
    ),
    "azure_storage_key": (
        lambda rng: draw(rng, BASE64, 86) + "==",
        ("DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={};EndpointSuffix=core.windows.net",),
    ),
    "azure_sas": (lambda rng: draw(rng, ALNUM, 43) + "%3D", ("https://acme.blob.core.windows.net/c?sv=2022&sig={}",)),
    "heroku_key": (lambda rng: str(uuid.UUID(int=rng.getrandbits(128))), ("HEROKU_API_KEY={}", 'heroku_key: "{}"')),
    "cloudflare_key": (_alnum(40), ("CLOUDFLARE_API_TOKEN={}", 'cloudflare_token = "{}"')),
    "fastly_key": (_alnum(32), ("FASTLY_API_TOKEN={}", 'fastly_key: "{}"')),
    "datadog_key": (_hex(32), ("DD_API_KEY={}", 'datadog_api_key: "{}"')),
    "algolia_key": (_hex(32), ("ALGOLIA_ADMIN_KEY={}", "algoliaApiKey: '{}'")),
    "slack_hook": (
        joined((UPPER + DIGITS, 9), "/", (UPPER + DIGITS, 11), "/", (ALNUM, 24)),
        ("hook = 'https://hooks.slack" + ".com/services/{}'", "SLACK=https://hooks.slack" + ".com/services/{}"),
    ),
    "discord_hook": (_alnum(68), ("https://discord.com/api/web" + "hooks/112233445566778899/{}",)),
    "teams_hook": (_alnum(80), ("https://acme.webhook.office" + ".com/webhookb2/{}",)),
    "url_password": (
        _password,
        (
            "postgresql://app:{}@db.acme.dev/prod",
            'REDIS_URL="redis://:{}@cache.acme.dev:6379/0"',
            "mongodb+srv://svc:{}@cluster0.acme.dev/x",
            "git clone https://ci:{}@git.acme.dev/a.git",
            "amqp://user1:{}@mq:5672/",
        ),
    ),
    "connection_string": (
        _password,
        ("Server=db;Database=x;User Id=sa;Password={};Encrypt=true", 'conn = "Host=db;Username=app;Pwd={};"'),
    ),
    "basic_auth": (
        lambda rng: base64.b64encode(f"svc:{_password(rng)}".encode()).decode(),
        ("Authorization: Basic {}", 'headers["Authorization"] = "Basic {}"'),
    ),
    "bearer_token": (_alnum(40), ("Authorization: Bearer {}", "-H 'authorization: bearer {}'", '"Bearer {}"')),
    "netrc_password": (_password, ("machine git.acme.dev login ci password {}",)),
    "pgpass_password": (_password, ("db.acme.dev:5432:prod:app:{}", "localhost:5432:*:postgres:{}")),
    "command_password": (
        _password,
        (
            "curl -u svc:{} https://api.acme.dev",
            "docker login --username ci --password {} registry.acme.dev",
            "mysqldump -h db -u root -p{} prod",
            "PGPASSWORD={} psql -h db",
            'deploy --api-key "{}" --now',
        ),
    ),
    "sql_password": (_password, ("ALTER USER app WITH PASSWORD '{}';", "CREATE USER app IDENTIFIED BY '{}';")),
    "xml_password": (_password, ("<password>{}</password>", "<ns:apiKey>{}</ns:apiKey>")),
    "password": (
        _password,
        (
            'password = "{}"',
            "DB_PASSWORD: '{}'",
            "DB_PASSWORD={}",
            '"password": "{}",',
            'setPassword("db.password", "{}")',
            "admin_passwd := `{}`",
            "self.connect(user='app', password='{}')",
            "$config['smtp_password'] = '{}';",
            "password: {}",
            '{{\\"password\\": \\"{}\\"}}',
        ),
    ),
    "secret": (
        _alnum(32),
        (
            'client_secret = "{}"',
            "SECRET_KEY = '{}'",
            "JWT_SECRET={}",
            '"apiKey": "{}",',
            "  signing-key: {}",
            'os.environ["ACCESS_TOKEN"] = "{}"',
            "private final String TOKEN = \"{}\";",
            'secretKey := "{}"',
            "export const apiKey = '{}';",
            "webhook_secret: \"{}\"",
            '{{\\"token\\":\\"{}\\"}}',
        ),
    ),
    "high_entropy": (
        lambda rng: draw(rng, BASE64, 44),
        ('hmac.new(b"{}", body)', "verify_signature(body, '{}')", "credentials for staging are '{}'"),
    ),
}  # fmt: skip


def _check_digits(pattern: str, holds: Callable[[str, str, str], bool]) -> Make:
    """Numbers of the pattern (# is a digit, @ a capital) until one passes the check."""

    def make(rng: random.Random) -> str:
        while True:
            letters = {"#": DIGITS, "@": UPPER, "!": DIGITS[1:]}
            value = "".join(rng.choice(letters[c]) if c in letters else c for c in pattern)
            if holds(value, "", ""):
                return value

    return make


def _card(rng: random.Random) -> str:
    while True:
        digits = rng.choice(["4539", "5412", "4716", "5268"]) + "".join(rng.choice(DIGITS) for _ in range(12))
        if numbers.luhn([int(c) for c in digits]):
            return " ".join(digits[i : i + 4] for i in range(0, 16, 4)) if rng.random() < 0.5 else digits


def _iban(rng: random.Random) -> str:
    body = "".join(rng.choice(DIGITS) for _ in range(18))
    check = 98 - int(body + "131400") % 97  # D is 13, E is 14
    packed = f"DE{check:02}{body}"
    return " ".join(packed[i : i + 4] for i in range(0, 22, 4)) if rng.random() < 0.5 else packed


def _nir(rng: random.Random) -> str:
    body = f"{rng.choice('12')}{rng.randrange(100):02}{rng.randrange(1, 13):02}" + draw(rng, DIGITS, 8)
    return f"{body}{97 - int(body) % 97:02}"


def _fiscal_code(rng: random.Random) -> str:
    body = (
        draw(rng, UPPER, 6)
        + f"{rng.randrange(100):02}"
        + "H"
        + f"{rng.randrange(1, 31):02}"
        + "F"
        + draw(rng, DIGITS, 3)
    )
    return next(body + c for c in UPPER if numbers._codice_fiscale(body + c, "", ""))  # pyright: ignore[reportPrivateUsage]


def _email(rng: random.Random) -> str:
    first, last = rng.choice(("anna", "piotr", "mei", "tom", "lea")), rng.choice(("okafor", "nowak", "lind", "haas"))
    return (
        f"{first}{rng.choice('._-')}{last}{rng.randrange(99)}@{rng.choice(('gmail.com', 'acme-tools.de', 'mail.ru'))}"
    )


def _us_phone(rng: random.Random) -> str:
    return f"{rng.randrange(2, 10)}{rng.randrange(10):01}{rng.randrange(2, 10)}-{rng.randrange(200, 999)}-{rng.randrange(2000, 9999)}"


def _address(rng: random.Random) -> str:
    street = (
        rng.choice(("Juniper", "Harlow", "Bellevue", "Old Mill")) + " " + rng.choice(("Street", "Ave", "Road", "Ln"))
    )
    town = rng.choice(("Portland, OR 97214", "Austin, TX 78704", "Madison, WI 53703"))
    german = f"{rng.choice(('Lindenstraße', 'Gartenweg', 'Hauptstr.'))} {rng.randrange(1, 99)}, {rng.randrange(10000, 99999)} Leipzig"
    british = f"{rng.randrange(1, 99)} Station Road, Leeds, LS{rng.randrange(1, 9)} {rng.randrange(1, 9)}AB"
    return rng.choice((f"{rng.randrange(200, 9999)} {street}, {town}", german, british))


def _ip(rng: random.Random) -> str:
    return f"{rng.choice((81, 93, 142, 188))}.{rng.randrange(100, 255)}.{rng.randrange(1, 255)}.{rng.randrange(1, 255)}"


PERSONAL: dict[str, tuple[Make, tuple[str, ...]]] = {
    "email": (_email, ("# ask {}", 'author = "{}"', "mailto:{}", "{} wrote:", "reviewers: [{}]", "git log --author={}")),
    "card": (_card, ('card = "{}"', "card: {}", "paid with {} on Monday", '{{"pan": "{}"}}')),
    "iban": (_iban, ("IBAN {}", 'iban = "{}"', "pay to {}, thanks", '"account": "{}"')),
    "postal_address": (_address, ("ship to {}", 'address = "{}"', "# lives at {}")),
    "phone": (
        lambda rng: rng.choice((f"+49 30 {rng.randrange(10**6, 10**7)}", f"+4479{rng.randrange(10**7, 10**8)}", _us_phone(rng))),
        ("call {}", 'phone = "{}"', "Tel: {}", '"mobile": "{}"'),
    ),
    "ip": (_ip, ("ssh deploy@{}", 'host = "{}"', "allow {};", "from {} port 22")),
    "user": (lambda rng: draw(rng, LOWER, 6), ("/home/{}/src/a.py", "C:\\Users\\{}\\Desktop", 'File "/Users/{}/x.py"')),
    "us_ssn": (joined("5", (DIGITS, 2), "-4", (DIGITS, 1), "-", (DIGITS[1:], 4)), ("ssn: {}", '"{}"', "SSN {} on file")),
    "uk_nino": (joined("JG", (DIGITS, 6), "C"), ("NI number: {}", "nino = '{}'")),
    "de_tax_id": (_check_digits("!##########", numbers._steuer_id), ("Steuer-ID: {}", "tax_id = '{}'")),  # pyright: ignore[reportPrivateUsage]
    "fr_nir": (_nir, ("NIR {}", "nir = '{}'")),
    "es_dni": (_check_digits("########@", numbers._dni), ("DNI {}", "dni: '{}'")),  # pyright: ignore[reportPrivateUsage]
    "it_fiscal_code": (_fiscal_code, ("CF {}", "codice = '{}'")),
    "pl_pesel": (_check_digits("!##########", numbers._pesel), ("PESEL {}", "pesel = '{}'")),  # pyright: ignore[reportPrivateUsage]
    "nl_bsn": (_check_digits("!########", numbers._bsn), ("BSN {}", "bsn: {}")),  # pyright: ignore[reportPrivateUsage]
    "br_cpf": (_check_digits("!##.###.###-##", numbers._cpf), ("CPF {}", "'{}'")),  # pyright: ignore[reportPrivateUsage]
    "in_aadhaar": (joined("4", (DIGITS, 3), " ", (DIGITS, 4), " ", (DIGITS, 4)), ("Aadhaar: {}",)),
    "ca_sin": (_check_digits("!##-###-###", lambda v, b, a: numbers.luhn([int(c) for c in v if c.isdigit()])), ("SIN: {}",)),
    "se_personal_number": (_check_digits("850!1#-####", numbers._luhn), ("personnummer {}",)),  # pyright: ignore[reportPrivateUsage]
    "ch_ahv": (_check_digits("756.####.####.##", numbers._ahv), ("AHV {}", "'{}'")),  # pyright: ignore[reportPrivateUsage]
    "fi_hetu": (_check_digits("1312!2-###@", lambda v, b, a: v[-1] not in "GIOQZ" and numbers._hetu(v, b, a)), ("hetu {}",)),  # pyright: ignore[reportPrivateUsage]
    "passport": (joined("C", (DIGITS, 8)), ("passport no: {}", "passport_number = '{}'")),
}  # fmt: skip


def secrets(count: int = 500) -> list[Planted]:
    """Every kind in turn, each time in another of its contexts."""
    rng = random.Random(SEED)
    sources = {kind: (make, ANYWHERE) for kind, make in TOKENS.items()} | IN_CONTEXT | PERSONAL
    made: list[Planted] = []
    for turn in range(count):
        kind = list(sources)[turn % len(sources)]
        make, contexts = sources[kind]
        value = make(rng)
        # Those with many contexts are met in all of them; the kinds come round five times.
        context = contexts[(turn // len(sources) + len(kind)) % len(contexts)]
        made.append(Planted(kind, value, _surrounded(rng, context.format(value))))
    return made


def _surrounded(rng: random.Random, line: str) -> str:
    """The line with ordinary ones before and behind it."""
    ordinary = ("import os", "", "# see below", "x = 1", "}", "return value", "- item", "retries: 3", "const a = 2;")
    return f"{rng.choice(ordinary)}\n{line}\n{rng.choice(ordinary)}\n"


def look_alikes(count: int = 2000) -> Iterator[str]:
    """Hashes, UUIDs, test vectors, placeholders, versions, dates, minified code: each a line or a few."""
    rng = random.Random(SEED + 1)
    makers = [
        lambda: f'sha256 = "{draw(rng, HEX, 64)}"',
        lambda: f"  rev: {draw(rng, HEX, 40)}",
        lambda: f'"integrity": "sha512-{draw(rng, BASE64, 86)}==",',
        lambda: f"{draw(rng, HEX, 32)}  dist/app.tar.gz",
        lambda: f'token_hash = "{draw(rng, HEX, 64)}"',
        lambda: f'public_key = "{draw(rng, BASE64, 44)}"',
        lambda: f'id = "{uuid.UUID(int=rng.getrandbits(128))}"',
        lambda: f'token_id: "{uuid.UUID(int=rng.getrandbits(128))}"',
        lambda: f"request {uuid.UUID(int=rng.getrandbits(128))} took {rng.randrange(999)} ms",
        lambda: f'assert digest("abc") == "{draw(rng, HEX, 40)}"',
        lambda: f'vector = bytes.fromhex("{draw(rng, HEX, 96)}")',
        lambda: "AWS_ACCESS_KEY_ID=AK" + "IAIOSFODNN7EXAMPLE",
        lambda: "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY",
        lambda: f'api_key = "{rng.choice(("your_api_key_here", "YOUR-API-KEY", "<api-key>", "xxxxxxxxxxxxxxxx", "changeme"))}"',
        lambda: f'password = "{rng.choice(("password", "changeme", "********", "secret", "test", "${DB_PASSWORD}"))}"',
        lambda: f"password = os.environ['{rng.choice(('DB_PASSWORD', 'SMTP_PASSWORD'))}']",
        lambda: f"token = {rng.choice(('get_token(request)', 'self._token', 'next(tokens)', 'None', 'config.token'))}",
        lambda: f'secret = "{{{{ vault.{rng.choice(("db", "mail"))}_secret }}}}"',
        lambda: f"SECRET_KEY: ${{{{ secrets.{rng.choice(('DEPLOY', 'NPM'))}_TOKEN }}}}",
        lambda: 'tokens = ["' + '", "'.join(rng.sample(("if", "else", "while", "return", "lambda2"), 3)) + '"]',
        lambda: f'token_type = "{rng.choice(("bearer", "access_token", "id_token", "refresh_token2"))}"',
        lambda: f'key = "{rng.choice(("user_name", "created_at", "utf8_general_ci", "sha256_digest", "column1"))}"',
        lambda: "!function(e,t){" + ";".join(f"var {draw(rng, LOWER, 1)}={draw(rng, LOWER, 2)}({rng.randrange(99)})" for _ in range(9)) + "}();",
        lambda: "var t=" + json.dumps(draw(rng, ALNUM, 60)) + ",n=e[0],r=0;for(;r<t.length;r++)n+=t.charCodeAt(r);",
        lambda: f"data:image/png;base64,{draw(rng, BASE64, 120)}",
        lambda: f'"resolved": "https://registry.acme.dev/left-pad/-/left-pad-{rng.randrange(9)}.3.0.tgz#{draw(rng, HEX, 40)}"',
        lambda: f"version {rng.randrange(9)}.{rng.randrange(40)}.{rng.randrange(40)}.{rng.randrange(40)}",
        lambda: f"oid = '1.3.6.1.{rng.randrange(9)}.{rng.randrange(900)}.{rng.randrange(9)}'",
        lambda: f"host = '{rng.choice(('127.0.0.1', '10.1.2.3', '192.168.0.17', '203.0.113.7', '0.0.0.0', '::1'))}'",
        lambda: f"created: 20{rng.randrange(10, 27)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:15:09Z",
        lambda: f"timestamp = {1_600_000_000_000 + rng.randrange(10**11)}",
        lambda: f"order_id = '{_without_luhn(rng)}'",
        lambda: f"test card {rng.choice(('4242 4242 4242 4242', '4111111111111111', '378282246310005'))}",
        lambda: "IBAN " + rng.choice(("DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32")),
        lambda: f"mail {rng.choice(('you@example.com', 'jane@example.org', 'root@localhost', 'a@host.local'))}",
        lambda: f"git@{rng.choice(('github.com', 'gitlab.com'))}:acme/{draw(rng, LOWER, 6)}.git",
        lambda: f"y = a @ b.T + x[{rng.randrange(9)}] @ w",
        lambda: f"@pytest.mark.parametrize('n', [{rng.randrange(99)}, {rng.randrange(99)}])",
        lambda: f"call (212) 555-01{rng.randrange(10, 99)}",
        lambda: f"part number {rng.randrange(100, 999)}-{rng.randrange(10000, 99999)}-{rng.randrange(10, 99)}",
        lambda: f"/home/{rng.choice(('user', 'ubuntu', 'runner', 'vagrant'))}/app/main.py",
        lambda: f"mongodb://user:password@{rng.choice(('host', 'localhost'))}/db",
        lambda: f"range(1000, {rng.randrange(2000, 9999)}), 3.14159265358979, 1e-{rng.randrange(9)}",
        lambda: f"0x{draw(rng, HEX, 16)}, 0x{draw(rng, HEX, 16)}",
        lambda: f"#{draw(rng, HEX, 6)} #{draw(rng, HEX, 6)} rgba(10, 20, 30, .{rng.randrange(9)})",
        lambda: f"the token is passed on in step {rng.randrange(9)}; the password is asked for twice",
        lambda: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{draw(rng, BASE64, 43)} deploy key",
        lambda: f"-----BEGIN CERTIFICATE-----\n{_body(rng, 3)}\n-----END CERTIFICATE-----",
        lambda: f'msg_id = "{draw(rng, LOWER, 10)}-{rng.randrange(9999)}"',
        lambda: f"51 Franklin Street, Fifth Floor, Boston, MA 02110-1301, chapter {rng.randrange(40)}",
        lambda: f'csrf_token_name = "{draw(rng, LOWER, 8)}_{rng.randrange(9)}"',
        lambda: f"password_file: /run/secrets/db-{rng.randrange(9)}",
        lambda: f'--password-stdin --token "$TOKEN_{rng.randrange(9)}"',
    ]  # fmt: skip
    for turn in range(count):
        yield makers[turn % len(makers)]()


def _without_luhn(rng: random.Random) -> str:
    while True:
        digits = "4" + draw(rng, DIGITS, 15)
        if not numbers.luhn([int(c) for c in digits]):
            return digits
