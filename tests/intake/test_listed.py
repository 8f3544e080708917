"""Secrets in lists, in commands, in headers and in what other tools write: forms that real repositories have.

None of them is in planted.py or test_written_out.py. Of 130 such contexts 33 were missed before there were rules for them.
"""

# ruff: noqa: E501  (forms are lines as they are met)
from __future__ import annotations

import base64
import time

import pytest

from modelmill.normalize import yaml_config
from modelmill.normalize.privacy import clean, find

WORD, OTHER = "Tr0ub4dor!3x", "wq7!Lumen-9"
KEY, SECOND = "q8Zr2LmX0vTa7Nc1Rd5Wf3Hj6Ps9Ay2G", "mB4kW9sE2xQ7hJ5tL0yC8pN3rV6gD1fU"
AWS_ID, AWS = "AK" + "IA" + "Q4MZ7T2LXN5WJ6BD", "Zx8Qm2Lr7Vt0Nc5Rd1Wf9Hj3Ps6Ay4Gk8Ub2Te7Io"[:40]
TOKEN = "gh" + "p_x7Kq2Lm9Vt4Nc8Rd1Wf5Hj3Ps6Ay0GkUbTeZ"
LOGIN = base64.b64encode(f"ci:{WORD}".encode()).decode()

FORMS = {
    "list of keys": (f'API_KEYS = [\n    "{KEY}",\n    "{SECOND}",\n]\n', KEY, SECOND),
    "typed list": (f'TOKENS: list[str] = ["{KEY}", "{SECOND}"]\n', KEY, SECOND),
    "list of passwords": (f'PASSWORDS = ["{WORD}", "{OTHER}"]\n', WORD, OTHER),
    "JSON list": (f'{{"api_keys": [\n  "{KEY}",\n  "{SECOND}"\n]}}\n', KEY, SECOND),
    "TOML list": (f"tokens = ['{KEY}', '{SECOND}']\n", KEY, SECOND),
    "YAML list": (f'api_keys:\n  - {KEY}\n  - "{SECOND}"\n', KEY, SECOND),
    "Go map": (f'var secrets = map[string]string{{\n\t"stripe": "{KEY}",\n\t"jwt": "{SECOND}",\n}}\n', KEY, SECOND),
    "Go slice": (f'apiTokens := []string{{"{KEY}", "{SECOND}"}}\n', KEY, SECOND),
    "Java list": (f'List<String> tokens = List.of("{KEY}", "{SECOND}");\n', KEY, SECOND),
    "parts put together": (f'KEY = "".join(["{TOKEN[:15]}", "{TOKEN[15:]}"])\n', TOKEN[:15], TOKEN[15:]),
    "parts in JavaScript": (f"const k = ['{TOKEN[:15]}',\n  '{TOKEN[15:]}'].join('');\n", TOKEN[:15], TOKEN[15:]),
    "parts in Go": (f'k := strings.Join([]string{{"{TOKEN[:15]}", "{TOKEN[15:]}"}}, "")\n', TOKEN[:15], TOKEN[15:]),
    "getenv": (f'password = os.getenv("PGPASS", "{WORD}")\n', WORD),
    "helm --set": (f"helm install db x/postgresql --set auth.postgresPassword={WORD},auth.database=app\n", WORD),
    "kubectl literal": (f"kubectl create secret generic db --from-literal=password={WORD} --from-literal=token={KEY}\n", WORD, KEY),
    "vault": (f"vault kv put secret/app password={WORD} api_key={KEY}\n", WORD, KEY),
    "token before a command": (f"API_TOKEN={KEY} ./deploy.sh\n", KEY),
    "docker run": (f"docker run -e SESSION_SECRET={KEY} acme/web\n", KEY),
    "workflow export": (f"      - run: |\n          export DEPLOY_KEY={KEY}\n", KEY),
    "Dockerfile ARG": (f"ARG DB_PASS={WORD}\n", WORD),
    "Dockerfile ENV over lines": (f"ENV APP=1 \\\n    JWT_SECRET={KEY} \\\n    PORT=80\n", KEY),
    "Dockerfile ENV with a blank": (f"ENV API_TOKEN {KEY}\n", KEY),
    "readonly": (f"readonly API_TOKEN={KEY}\ndeclare -r DB_PASSWORD={WORD}\n", KEY, WORD),
    "redis": (f"    command: redis-server --requirepass {WORD}\n", WORD),
    "pgpass with stars": (f"*:*:*:app:{WORD}\n", WORD),
    "properties over lines": (f"db.password=\\\n    {WORD}\n", WORD),
    "AWS pair": (f'creds := credentials.NewStaticCredentials("{AWS_ID}", "{AWS}", "")\n', AWS_ID, AWS),
    "aws configure": (f"aws configure set aws_secret_access_key {AWS}\n", AWS),
    "SQL Server": (f"CREATE LOGIN app WITH PASSWORD = N'{WORD}', CHECK_POLICY = OFF;\n", WORD),
    "dblink": (f"SELECT dblink_connect('host=db user=app password={WORD} dbname=x');\n", WORD),
    "header": (f"curl -H 'X-Api-Key: {KEY}' https://api.acme.dev/v1\n", KEY),
    "authorization": (f"curl -H 'Authorization: token {KEY}' https://api.acme.dev/v1\n", KEY),
    "Docker login": (f'{{"auths": {{"ghcr.io": {{"auth": "{LOGIN}"}}}}}}\n', LOGIN),
    "inventory": (f"web1 ansible_host=10.0.0.1 ansible_user=root ansible_ssh_pass={WORD}\n", WORD),
    "connection by names": (f'Connection c = DriverManager.getConnection(url, user, "{WORD}");\n', WORD),
    # Keys of other makers, by their prefixes, and where no name says what a value is.
    "routable GitLab": ("gl" + f"pat-{KEY}.01.1a2b3c4d5\n", KEY, "1a2b3c4d5"),
    "more of GitLab": ("GR1348" + f"941{KEY[:20]}, glo" + f"as-{KEY}\n", KEY[:20]),
    "Slack's browser": ('"xox' + f'c-123456789012-{KEY}"\n', KEY),
    "Telegram in an address": ("https://api.telegram.org/bot6552376349:A" + f"A{KEY}k/send\n", KEY),
    "AWS session": (f"aws_session_token = IQoJb3JpZ2lu{KEY * 4}\n", KEY),
    "Bedrock": ("AWS_BEARER_TOKEN=ABS" + f"K{KEY * 4}\n", KEY),
    "AWS pair over lines": (f'Credentials(\n    "{AWS_ID}",\n    "{AWS}",\n)\n', AWS_ID, AWS),
    "Twilio pair": (f'Client("AC{"1f" * 16}", "{"9e3b7c1d" * 4}")\n', "9e3b7c1d" * 4),
    "Tailscale": ("tskey-" + f"auth-{KEY[:12]}-{SECOND}\n", SECOND),
    "Resend": ('x = "re' + f'_{KEY[:8]}_{SECOND[:24]}"\n', SECOND[:24]),
    "Netlify": ('x = "nf' + f'p_{KEY}{SECOND[:6]}"\n', KEY),
    "Mailgun": (f'x = "{"9e3b7c1d" * 4}-6b0ec9a6-39c60c69"\n', "39c60c69"),
    "key that begins with a slash": (f"PrivateKey = /{KEY}{SECOND[:10]}=\n", KEY),
    "Kubernetes' Secret": (f"apiVersion: v1\nkind: Secret\ndata:\n  db: {LOGIN}\nstringData:\n  other: {WORD}\n", LOGIN, WORD),
    "Go's MySQL": (f'sql.Open("mysql", "svc:{WORD}@tcp(db:3306)/app")\n', WORD),
    "address with names": (f'url = f"postgres://svc:{WORD}@{{host}}/{{db}}"\n', WORD),
    "no sign in it": ("spring.datasource.password=jP4tDQ7isYG2US\n", "jP4tDQ7isYG2US"),
    "call around it": (f'let client_secret = String::from("{KEY}");\n', KEY),
    "default of a call": (f'os.getenv("API_KEY", default="{KEY}")\n', KEY),
    "signing": (f'jwt.sign(payload, "{WORD}")\nFernet(b"{KEY}{SECOND[:11]}=")\n', WORD, KEY),
    "redis-cli": (f"redis-cli -h cache -a {WORD}\nopenssl enc -k {OTHER} -in x\n", WORD, OTHER),
    "fragment of an address": (f"https://app.acme.dev/#access_token={KEY}&expires=3600\n", KEY),
}  # fmt: skip

LOOK_ALIKES = (
    'TOKENS = ["IDENTIFIER", "NUMBER", "STRING", "UTF8_BOM", "INT_32"]\n',
    'tokens = ["<s>", "</s>", "[CLS]", "[SEP]", "##ing", "x1", "utf8_bin"]\n',
    'special_tokens: list[str] = ["<|endoftext|>", "<|fim_prefix|>", "<extra_id_0>"]\n',
    'PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]\n',
    'password_fields = ["password1", "password2"]\n',
    'PASSWORDS = ["password", "changeme", "admin123", "hunter"]\n',
    'secrets = {"db": os.environ["DB"], "name": "db-credentials-v2"}\n',
    "imagePullSecrets:\n  - regcred\n  - name: ghcr-login\n",
    "secrets:\n  - db_password\n  - source: server_cert_v2\n",
    'api_keys = [key for key in keys if key.startswith("ak-")]\n',
    'primary_keys: ["order_id", "line_no_2"]\n',
    "kind: ConfigMap\ndata:\n  mode: fast-2!\n---\nkind: Secret\nmetadata:\n  name: db-2!\n",
    'jwt.decode(token, key, algorithms=["HS256-x1"])\n',
    "re_compiled_pattern_2, fw_version_12, sk_learn_2, nfc_normalized\n",
    "password = parseX509Cert\npassword = isIPv4Address\n",
    "secret = /api/v1/users/x1/keys/rotate/2024/now\n",
    'const sessionKeys = ["sessionId", "sessionStart2"];\n',
    'x = ", ".join(["ghp_", "gho_", "ghu_"])\n',
    '"".join(["sk-", prefix, "abc"])\n',
    "make deploy TOKEN=$TOKEN SECRET=$(cat secret) API_KEY=${API_KEY}\n",
    "token=tokenizer.decode(ids) api_key=get_api_key_from_vault()\n",
    "parser.parse(text, token=next_token_of_line, secret=None)\n",
    "./run --token=your-token-here --api-key=YOUR_API_KEY\n",
    "Authorization: Bearer <token>\n",
    'headers = {"Authorization": authorization_header_of_request}\n',
    '"Authorization: Basic dXNlcjpwYXNzd29yZA=="  # user:password\n',
    '{"auth": "none", "auth_type": "oauth2"}\n',
    "x-api-key: ${API_KEY}\n",
    "curl -H 'X-Api-Key: $API_KEY' https://api.acme.dev\n",
    "curl -H 'Idempotency-Key: order-2024-0001' https://api.acme.dev\n",
    "AKIAIOSFODNN7EXAMPLE, wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
    "Token: `urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6`,\n",
    'map.put("pass", "second");\n',
    "CREATE LOGIN app WITH PASSWORD = N'$(PASSWORD)';\n",
    "getConnection(url, user, password)\n",
    "*:*:*:app:changeme\n",
    "ARG CACHE_KEY=node-modules-v2\n",
    "export SORT_KEY=created_at_2\n",
    "https://app.acme.dev/#section=tokens&page=2\n",
)  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_a_secret_in_that_form_is_found(name: str) -> None:
    text, *values = FORMS[name]
    left = clean(text).text
    assert not [value for value in values if value[:8] in left or value[-8:] in left], left


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize("text", [
    f"[secret]\nvalue = {KEY}\n", f"[db.password]\n# at rest\nvalue: {WORD}\n", f'[[api_key]]\nid = 4\ndefault = "{KEY}"\n',
    f"# client\tserver\tsecret\tIP addresses\nbob\tisp\t{WORD}\t*\n", f'# pap-secrets\n"bob" * "{WORD}"\n',
    f'echo "bob l2tpd {WORD} *" >> /etc/ppp/chap-secrets\n', f"# chap-secrets\nbob l2tpd {WORD} 10.0.0.2\n",
])  # fmt: skip
def test_a_value_under_a_section_and_a_row_of_pppd_are_found(text: str) -> None:
    cleaned = clean(text).text
    assert WORD not in cleaned
    assert KEY not in cleaned
    assert clean(cleaned).text == cleaned


@pytest.mark.parametrize("text", [
    f"[other]\nvalue = {KEY}\n", f"[secret]\nname = x\n[other]\nvalue = {KEY}\n", "[token]\nvalue = true\n",
    "# see chap-secrets\narea = width * height22a *\n", "# client server secret\nwidth * height\n",
])  # fmt: skip
def test_what_stands_under_another_section_stays(text: str) -> None:
    assert find(text) == []


def test_a_list_without_its_secrets_is_still_one() -> None:
    cleaned = clean(FORMS["YAML list"][0], placeholder="{}").text
    assert yaml_config.parses(cleaned)
    assert cleaned.count("  - ") == 2


@pytest.mark.parametrize(
    "text",
    [
        "tokens = [" * 60_000,
        'tokens = ["a1b2c3d4e5f6g7h8", ' * 20_000,
        "api_keys:\n" + "  - a1b2c3d4e5f6g7h8\n" * 25_000,
        '"".join(["ghp_", ' + '"a", ' * 100_000,
        "A_TOKEN=x, " * 50_000,
        "value = a1b2c3d4e5f6\n" + "[secret]\n" * 100_000,
        "value = a1b2c3d4e5f6\n" + " [secret]\n" * 90_000,
        "[secret]\n" + "value = a1b2c3d4e5f6\n" * 40_000,
        "chap-secrets\n" + "a * b" * 150_000,
        "chap-secrets\n" + "a b c *\n" * 100_000,
    ],
    ids=["opened", "never closed", "dashes", "parts", "assigned", "sections", "indented", "values", "stars", "rows"],
)
def test_long_lists_are_read_in_linear_time(text: str) -> None:
    begun = time.process_time()
    find(text)
    assert time.process_time() - begun < 5
