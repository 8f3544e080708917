"""Secrets by what stands beside them in whatever form: definitions, cells, options, calls, messages, names of one word.

None of these forms is in the frozen set of planted.py. Chosen from 518 secrets, 193 personal data and 1,360 look-alikes
that were written before the rules were read, a third of them kept back until the end, and 172 secrets in other forms.
"""

# ruff: noqa: E501  (forms are lines as they are met)
from __future__ import annotations

import pytest
from linear_time import is_linear

from modelmill.normalize.privacy import clean, find

WORD = "Kestrel!mango42"
DRAWN = "q(7Kz]!tW;4bNx"  # as a manager of passwords draws them
PHRASE = "maple-otter-733"
JOINED = "maple_otter_7331"
KEY = "q8Zr2LmX0vTa7Nc1Rd5Wf3Hj6Ps9Ay2G"
SMALL = "ctdwkbuans4yvhx8avt2"
BASE32 = "XPKDJVLBB5AXUCSHHCCDLGBQYAJPXJER"
HEX = "9f3b6c1e8d2a7045" * 2
UUID = "b6ced4d4-d31b-4288-897d-7833178358c4"

# {w} is a password, {d} one that is drawn, {p} words and a number, {j} the same joined, {k} a key, {s} one of small letters, {b} one in base32, {h} hexadecimal digits, {u} a UUID.
FORMS = {
    "drawn in quotes": 'password = "{d}"\n',
    "drawn in JSON": '{{"admin_password": "{d}", "x": 1}}\n',
    "drawn in the environment": "DB_PASSWORD={d}\n",
    "drawn in YAML": "db:\n  password: {d}\n",
    "drawn in a command": "docker run -e DB_PASSWORD={d} image\n",
    "drawn in a unit of systemd": 'Environment="DB_PASSWORD={d}"\n',
    "drawn in a sentence": "# the admin password is {d}\n",
    "drawn beside its name": "- name: DB_PASSWORD\n  value: '{d}'\n",
    "starts with a dot": 'password = ".kF8#x2!vq"\n',
    "starts with a tilde": 'password = "~yG5#62dE!"\n',
    "starts with per cent": "password: '%~p5*Rl1sf'\n",
    "small letters in the environment": "CONSUMER_SECRET={s}\n",
    "base32 in the environment": "CONSUMER_SECRET={b}\n",
    "base32 in quotes": "const consumerSecret = '{b}';\n",
    "hexadecimal digits in a header": "X-Auth-Token: f58938bc30acb18145015630fd32d591\n",
    "key in base64 that begins with a slash": 'api_secret = "/mPAwiTtniOtB4WVTwZo9/WNmg7DPRFV"\n',
    "key with `my-` in it by chance": 'access_token = "ei2IbOlhNBX5kn8woM1BHKIQ8h9lYFPKZqbMY-hh"\n',
    "words and a number in YAML": "ansible_become_pass: {j}\n",
    "short and drawn in a sentence": "Passwort: JRJ1AUq6wq\n",
    "definition of C": '#define REDIS_PWD "{w}"\n',
    "definition of Clojure": '(def api-key "{k}")\n',
    "line of separated values": "name,key,value\nprod,smtp_passwd,{w}\n",
    "row of a table": "| `API_SECRET` | `{k}` |\n| `PORT` | `80` |\n",
    "variable of Terraform": 'variable "access_token" {{\n  type = string\n  default = "{k}"\n}}\n',
    "default of a field": 'password: str = field(default="{w}")\n',
    "field of a build": 'buildConfigField "String", "API_KEY", "\\"{k}\\""\n',
    "variable of make": "ADMIN_PASSWORD ?= {w}\n",
    "option": "./sync --region eu --db-password {p} --verbose\n",
    "option of a key": "./sync --acme-client-secret {h} --verbose\n",
    "element of XML": "<acmeSecretKey>{k}</acmeSecretKey>\n",
    "setting of XML": '<setting name="password"><value>{w}</value></setting>\n',
    "entry of a list of properties": "<key>RecaptchaSecretKey</key>\n<string>{k}</string>\n",
    "header that is compared": 'if request.headers.get("X-Token") == "{k}":\n',
    "value before what it is compared with": '"{w}".equals(password)\n',
    "compared by a test": 'expect(settings.password).toBe("{w}")\n',
    "builder": 'Client.builder().dbPassword("{w}").build()\n',
    "in a message": 'logger.debug("user_pwd=%s", "{w}")\n',
    "printed by a program": '"text": ["API_SECRET={k}\\n"]\n',
    "set by a command": 'gh secret set ADMIN_PASSWORD --body "{w}"\n',
    "set by a command of Windows": 'setx USER_PWD "{w}"\n',
    "array of C": 'char user_pwd[] = "{w}";\n',
    "type of SQL": "DECLARE @admin_password NVARCHAR(50) = N'{w}';\n",
    "a name that says key": 'LOB_KEY = "{k}"\n',
    "a name that says key in the environment": "ACME_KEY={k}\n",
    "a name that says PAT": "docker run -e AZURE_DEVOPS_PAT={k} image\n",
    "a name that says key beside its value": "- name: ACME_KEY\n  value: {k}\n",
    "words under the name of a secret": "const sessionSecret = '{p}';\n",
    "words under the name of a key": "JWT_SECRET={p}\n",
    "words without a sign": 'jwt_secret = "monkeyVelvet668"\n',
    "default of Terraform": 'variable "jwt_secret" {{\n  default = "{w}"\n}}\n',
    "UUID with a type": "private authToken: string = '{u}';\n",
    "UUID as a default": 'os.getenv("API_TOKEN", "{u}")\n',
    "UUID in an element": "<authToken>{u}</authToken>\n",
    "UUID of a bearer": "Authorization: Bearer {u}\n",
    "UUID in an address": "https://h/?api_key={u}&x=1\n",
    "static key of OpenVPN": "-----BEGIN OpenVPN Static key V1-----\n{h}\n{h}\n-----END OpenVPN Static key V1-----\n",
    "key of a client of Kubernetes": "    client-key-data: {k}{k}\n",
    "token of npm": "//npm.acme.io/:_authToken={s}\n",
    "user of an address": "git remote add origin https://{k}:x-oauth-basic@github.com/a/b.git\n",
    "bind of a directory": 'conn.simple_bind_s("cn=admin,dc=acme", "{w}")\n',
    "device of a network": "enable secret {w}\n",
    "community of a network": "snmp-server community {w} RO\n",
    "login of composer": '{{"github-oauth": {{"github.com": "{h}abcdef12"}}}}\n',
    "64 bytes": 'cosmosPrimaryKey = "kBnR+DjRXy/Q28WKxDeuQyGQFZHweMlpKcRuedZ/xO95E9RwnedRodPSv2XnOWr1bdzWfWT1U+FW4tpLcD7Khg=="\n',
    "option of words": "./sync --encryption-key {p} --verbose\n",
    "definition of words": '(def jwt-secret "{p}")\n',
    "encoder of Spring": '.password("{{noop}}{w}")\n',
    "user of Windows": "net user svc_backup {w} /add\n",
    "field by a selector with quotes": "page.fill('input[name=\"password\"]', '{w}');\n",
    "one-time password": "totp = pyotp.TOTP('T7WFUWG6BOBWIWECYZPZMYKLQVUYXEQA')\n",
    "body of a form": "client_id=web&refresh_token=HaX7VgxNMCY10frWPLNLCYCBJ49Yq4gfLda_RPxggzb\n",
    "key handed to a client": 'co = cohere.Client("{k}")\n',
    "token of a command": "consul acl token read -token {u}\n",
    "login of a command": "snyk auth {u}\n",
    "login of a command for files": "lftp -u deploy,{w} ftp.acme.dev\n",
    "login of a request": "http -a admin:{w} POST :8080/x\n",
    "short name of an image": "ENV DB_PASS {w}\n",
    "before a command": "DB_PASS={w} ./run.sh\n",
    "characters of Java": 'keyStore.load(new FileInputStream("a.p12"), "{w}".toCharArray());\n',
    "key of a section of JSON": '"Jwt": {{ "Issuer": "acme", "Key": "{k}" }}\n',
    "key of a section of YAML": "jwt:\n  expiry: 3600\n  key: {k}\n",
    "private key without its armour": '"private_key": "MIIEvQIBADANBg{k}{k}{k}{k}{k}{k}"\n',
    "bytes of Go": 'Key: []byte("a8Kq2Lm9Zt4Vb8Nc1Rd5Wf3Hj6Ps0Ay2"),\n',
    "bytes handed over in Go": 'hmac.New(sha256.New, []byte("{k}"))\n',
    "login to a mail server": 'smtp.PlainAuth("", "bot@example.com", "{w}", host)\n',
    "login in a comment": "# user: admin, pass: {w}\n",
    "words in a sentence": "The default credentials are admin:{w}\n",
    "key in a sentence": "// TODO: key is {h} for staging\n",
    "text of a notebook": '"text": ["Your API key is {k}\\n"]\n',
    "words and a number without quotes": "spring.datasource.password=falcon_sky774\n",
    "bytes in capitals": "secret = bytes([0X9B, 0X41, 0X07, 0XC3, 0X5E, 0X11, 0XF0, 0X6A])\n",
}
PERSONAL = {
    "020 7183 4821": "// on call: {}\n", "71794856270": "Steueridentifikationsnummer: {}\n",
    "1180 Kingsway Drive Apt 4B": '"street": "{}",\n', "Calle de Alcalá 214": '"street": "{}",\n',
}  # fmt: skip

STAYS = [
    "sentry/x.py,sha256=s1ng_TPu9rgQ2Zt43ADmFL0ee0vg51BkdHZBsa4_iF8,3538\n", "c0 1.97 1.79.34.79.2 1.25.2z",
    "rng = np.random.default_rng(4024007143423812)\n", "section 4.49.4.87 of the standard\n", "MAC 00:1A:2B:3C:4D:5E\n",
    'password = "${DB_PASS_1}"\n', 'password = "{password1}!"\n', 'password = "<your-pass-1>"\n', 'password = "get(user1)"\n',
    'password = "^[A-Z](?=.*[0-9]).{8,}$"\n', 'password = "input[name=password1]"\n', "password = get_password(user_1)\n",
    "DB_PASSWORD=$(cat /run/secrets/db_1)\n", "password: ./secrets/db_1\n", "collation_token = utf8_general_ci_2\n",
    "secret_key: settings_of_the_second_v2\n", f'cache_key = "{KEY}"\n', f'public_key = "{KEY}"\n', f'client_token = "{UUID}"\n',
    f'page_token("{UUID}")\n', "--next-token eyJvZmZzZXQiOiA1MH0x\n", '#define TOKEN_NAME "string_2"\n', "name,token,count\nab,cd,3\n",
    "| token | type_of_string_2 |\n", 'variable "token" {\n  type = string\n  default = "none"\n}\n', "if key == \"item_name_2\":\n",
    'assert token.type == "IDENTIFIER_2"\n', "KEY=value_of_the_item_2\n", "enable secret engine\n",
    "password: !vault\n", "channel_id: 671576715322090734\n", "barcode = '4006584420429'\n",
    "challengePassword = _OID(pkcs_9, 7)\n", "def key(self) -> Ed448PrivateKey | X25519PrivateKey | X448PrivateKey: ...\n",
    # Read in packages: methods, types, measures, times, expressions, pictures, places in a list, what RFCs and manuals print.
    'encrypt(self.ref, self.passphrase, "PBKDF2WithHMAC-SHA512AndAES128-GCM")\n', "f(password: Uint8Array, salt: Uint8Array)\n",
    "// ibPassword: 2-byte\n", '"secondaryPasswordModifyDate": "2019-06-10T15:21:33-07:00"\n', "pwd_pwd = pwd+pwd\n",
    "const password = data?.password;\n", 'statusEnhancementsPreview = "application/vnd.github.flash-preview+json"\n',
    "auth = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGMAAQAABQABDQottAAAAABJRU5ErkJggg=='\n",
    f'nextPageToken: "{KEY}"\n', 'OAUTH2_PASSWORD_BEARER = "OAUTH2_PASSWORD_BEARER"\n', "totp = TOTP('JBSWY3DPEHPK3PXP')\n",
    '"mysql_username:mysql_password@tcp(127.0.0.1:3306)/"\n', "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\n",
    "DB_PASSWORD=${DB_PASSWORD:?required}\n", 'identitytoken: "9cbaf023786cd7..."\n', f'const clientID = "ca_{KEY}";\n',
    "STRIPE_PUBLISHABLE_KEY=pk_live_a8Kq2Lm9Zt4Vb8Nc1Rd5\n", "arn:aws:secretsmanager:eu-west-1:12:secret:prod/db-pUM2rE\n",
    "MACs hmac-sha2-512-etm@openssh.com\n", "https://publickey@o12.ingest.sentry.io/4\n", "following RFC 2396::\n",
    "https://x-token-auth:my-token@bitbucket.org/a.git\n", "dns: [2001:4860:4860::8888]\n", "cidr_merge(['192.1.128.0/24'])\n",
    "[+3.11415450, 1.21250505]\n", '"+1 (555) 444-9999"\n', "/home/vsts/work/1/s\n", "SIGNATURE = '" + "9a7d" * 16 + "'\n",
    'builder.token("access-token-v2")\n', "secret: app-tls\n", "password: Option<String1>\n",
]  # fmt: skip


def filled(form: str) -> str:
    return form.format(w=WORD, d=DRAWN, p=PHRASE, j=JOINED, k=KEY, s=SMALL, b=BASE32, h=HEX, u=UUID)


@pytest.mark.parametrize("name", FORMS)
def test_the_value_is_taken_out(name: str) -> None:
    text = filled(FORMS[name])
    cleaned = clean(text).text
    there = (WORD, DRAWN, PHRASE, JOINED, KEY, SMALL, BASE32, HEX, UUID)
    assert cleaned != text
    assert not any(value[at : at + 6] in cleaned for value in there for at in range(len(value) - 5)), cleaned
    assert clean(cleaned).text == cleaned


@pytest.mark.parametrize("value", PERSONAL)
def test_personal_data_are_taken_out(value: str) -> None:
    assert value not in clean(PERSONAL[value].format(value)).text


@pytest.mark.parametrize("text", STAYS)
def test_look_alikes_stay(text: str) -> None:
    assert clean(text).text == text


PIECES = [
    "#define A_PASSWORD ", "(def token ", "a,password,b1", "| token | ", "token:\n default", " --db-password a1", "{noop}a", "enable secret ",
    "PASSWORD=a(", "password is a(1", '"cn=a", ', "A_KEY=a1", "a_key a1", "name: A_KEY value: ", "secret = maple-otter-", "password 'a!B1",
    "token 'a1B", '"a1" == ', ".password('a1", "setx A_TOKEN ", "gh secret --body ", '"text1".equals(', "a[b(c<d{e", "password = f(default=",
    "<password>a1", "1.1.1.1.", "{a}(b)[c]<d>", "x.password(\"", "-----BEGIN OpenVPN Static key V1-----a1", "qzxw", "client-key-data: ab",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_four_times_as_much_of_it_takes_about_four_times_as_long(piece: str) -> None:
    assert is_linear(find, piece)
