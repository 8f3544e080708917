"""Passwords where no assignment names them: in tables, put together, as defaults, in commands, calls and sentences.

None of these forms is in the frozen set of planted.py; half of them were missed when of that 500 of 500 were found.
"""

# ruff: noqa: E501  (forms are lines as they are met)
from __future__ import annotations

import base64

import pytest
from linear_time import is_linear

from modelmill.normalize.privacy import clean, find

WORD = "Kestrel!mango42"
KEY = "q8Zr2LmX0vTa7Nc1Rd5Wf3Hj6Ps9Ay2G"
WRAPPED = base64.b64encode(WORD.encode()).decode()
LOGIN = base64.b64encode(f"ci:{WORD}".encode()).decode()
ENCODED = WORD.replace("!", "%21")

# Text by name; {w} is the password, {k} a key, {b} the password in base64, {l} a login in it, {u} it in an address.
FORMS = {
    'md table header': '| user | password |\n|---|---|\n| app | {w} |\n',
    'md key row': '| Password | {w} |\n',
    'md no outer pipes': 'user | password\n--- | ---\napp | {w}\n',
    'md header api key': '| Service | API Key |\n|---|---|\n| maps | {k} |\n',
    'rst simple table': '=====  ===============\nuser   password\n=====  ===============\napp    {w}\n=====  ===============\n',
    'rst grid table': '+------+-----------------+\n| user | password        |\n+======+=================+\n| app  | {w} |\n+------+-----------------+\n',
    'rst list-table': '.. list-table::\n\n   * - user\n     - password\n   * - app\n     - {w}\n',
    'concat var': 'user_pw = prefix + "{w}"\n',
    'concat password var': 'password = prefix + "{w}"\n',
    'fstring': 'password = f"{{prefix}}{w}"\n',
    'fstring tail': 'PASSWORD = f"{w}{{year}}"\n',
    'template': 'const password = `${{prefix}}{w}`;\n',
    'kotlin template': 'val password = "$prefix{w}"\n',
    'ruby interp': 'password = "#{{prefix}}{w}"\n',
    'format': 'password = "{{}}{w}".format(prefix)\n',
    'percent': 'password = "%s{w}" % prefix\n',
    'compose env list': 'environment:\n  - POSTGRES_USER=app\n  - POSTGRES_PASSWORD={w}\n',
    'compose env map': 'environment:\n  MYSQL_ROOT_PASSWORD: {w}\n',
    'k8s secret b64': 'kind: Secret\ndata:\n  password: {b}\n',
    'k8s stringData': 'kind: Secret\nstringData:\n  password: {w}\n',
    'tfvars': 'db_password = "{w}"\n',
    'tf variable default': 'variable "db_password" {{\n  type    = string\n  default = "{w}"\n}}\n',
    'npmrc _auth': '//registry.acme.dev/:_auth={l}\n',
    'npmrc _password': '//registry.acme.dev/:_password={b}\n',
    'netrc multi-line': 'machine git.acme.dev\n  login ci\n  password {w}\n',
    'pypirc': '[pypi]\nusername = ci\npassword = {w}\n',
    'pgpass': 'db.acme.dev:5432:prod:app:{w}\n',
    'git remote': '[remote "origin"]\n\turl = https://ci:{w}@git.acme.dev/a.git\n',
    'git remote token only': 'url = https://{k}@git.acme.dev/a.git\n',
    'docker ENV': 'ENV DB_PASSWORD={w}\n',
    'docker ENV space': 'ENV DB_PASSWORD {w}\n',
    'docker ARG': 'ARG NPM_TOKEN={k}\n',
    'docker ENV several': 'ENV A=1 DB_PASSWORD={w} B=2\n',
    'gh workflow env': '    env:\n      DB_PASSWORD: {w}\n',
    'gh workflow quoted': "      API_KEY: '{k}'\n",
    'jenkins': 'withCredentials([string(credentialsId: "x", variable: "Y")]) {{\n  sh "curl -u ci:{w} https://acme.dev"\n}}\n',
    'jenkins env': 'environment {{\n  DB_PASSWORD = "{w}"\n}}\n',
    'java properties': 'spring.datasource.password={w}\n',
    'java props spaces': 'db.password = {w}\n',
    'spring yaml': 'spring:\n  datasource:\n    password: {w}\n',
    'dotnet conn': '"ConnectionStrings": {{ "Default": "Server=db;Database=x;User Id=sa;Password={w};" }}\n',
    'php define': "define('DB_PASSWORD', '{w}');\n",
    'php array': "'password' => '{w}',\n",
    'php mysqli': "$db = new mysqli('localhost', 'root', '{w}', 'shop');\n",
    'ruby sym': "  password: '{w}',\n",
    'ruby hash rocket': ":password => '{w}'\n",
    'go struct': 'cfg := Config{{User: "app", Password: "{w}"}}\n',
    'kotlin val': 'val dbPassword: String = "{w}"\n',
    'java drivermanager': 'DriverManager.getConnection("jdbc:mysql://db/x", "root", "{w}");\n',
    'swift': 'let apiKey: String = "{k}"\n',
    'rust const': 'const PASSWORD: &str = "{w}";\n',
    'csharp': 'private const string Password = "{w}";\n',
    'heredoc': 'cat > .env <<EOF\nDB_PASSWORD={w}\nEOF\n',
    'curl -u': 'curl -u svc:{w} https://a.dev\n',
    'curl basic': "curl -H 'Authorization: Basic {l}' https://a.dev\n",
    'curl --user=': 'curl --user "svc:{w}" https://a.dev\n',
    'mysql -p': 'mysql -u root -p{w} shop\n',
    'mysql --password=': 'mysql --password={w} shop\n',
    'sshpass': 'sshpass -p {w} ssh a@b\n',
    'sshpass quoted': "sshpass -p '{w}' ssh a@b\n",
    'jdbc url': 'jdbc:postgresql://db/x?user=app&password={w}\n',
    'jdbc oracle': 'jdbc:oracle:thin:scott/{w}@db:1521:x\n',
    'jdbc sqlserver': 'jdbc:sqlserver://db:1433;user=sa;password={w};encrypt=true\n',
    'amqp enc': 'amqp://app:{u}@mq:5672/%2f\n',
    'redis': 'redis://:{u}@cache:6379/0\n',
    'mongo': 'mongodb+srv://svc:{u}@c0.acme.dev/x\n',
    'sql create user': "CREATE USER app WITH PASSWORD '{w}';\n",
    'sql create user pw2': "CREATE USER app PASSWORD '{w}';\n",
    'sql encrypted': "CREATE ROLE app LOGIN ENCRYPTED PASSWORD '{w}';\n",
    'sql identified': "CREATE USER 'app'@'%' IDENTIFIED BY '{w}';\n",
    'sql identified with': "ALTER USER 'a'@'%' IDENTIFIED WITH mysql_native_password BY '{w}';\n",
    'sql login': "CREATE LOGIN app WITH PASSWORD = '{w}';\n",
    'sql set password': "SET PASSWORD FOR 'app'@'%' = PASSWORD('{w}');\n",
    'sql insert': "INSERT INTO users (name, password) VALUES ('app', '{w}');\n",
    'html comment': '<!-- password: {w} -->\n',
    'html input': '<input type="password" name="password" value="{w}">\n',
    'jsx prop': '<Login user="a" password="{w}" />\n',
    'jsx braces': "<Login password={{'{w}'}} />\n",
    'postman': '{{"key": "password", "value": "{w}", "type": "string"}}\n',
    'openapi example': 'password:\n  type: string\n  example: {w}\n',
    'csv header': 'user,password\napp,{w}\n',
    'csv header quoted': '"user","password","mail"\n"app","{w}","x"\n',
    'tsv header': 'user\tpassword\napp\t{w}\n',
    'toml': '[db]\npassword = "{w}"\n',
    'ini': '[client]\npassword={w}\n',
    'xml attr': '<add key="DbPassword" value="{w}" />\n',
    'xml attr2': '<datasource user="sa" password="{w}"/>\n',
    'maven': '<server><username>ci</username><password>{w}</password></server>\n',
    'ansible': 'ansible_ssh_pass: {w}\nansible_become_password: {w}\n',
    'helm set': 'helm install a b --set postgresqlPassword={w}\n',
    'docker run -e': 'docker run -e MYSQL_ROOT_PASSWORD={w} mysql\n',
    'export inline': 'FOO=1 DB_PASSWORD={w} ./run.sh\n',
    'powershell': '$Password = ConvertTo-SecureString "{w}" -AsPlainText -Force\n',
    'powershell str': "$env:DB_PASSWORD = '{w}'\n",
    'batch set': 'set DB_PASSWORD={w}\n',
    'prose': 'The password is {w}\n',
    'prose colon': 'Login: admin, password: {w}\n',
    'prose backtick': 'Log in as `admin` with password `{w}`.\n',
    'prose slash': 'Credentials: admin / {w}\n',
    'german': 'Passwort: {w}\n',
    'ldap bindpw': 'bindpw {w}\nBINDPW={w}\n',
    'redis conf': 'requirepass {w}\n',
    'smtp tuple': "server.login('a@b', '{w}')\n",
    'wifi': 'psk="{w}"\n',
    'htpasswd': 'htpasswd -b .htpasswd admin {w}\n',
    'useradd': "echo 'app:{w}' | chpasswd\n",
    'keytool': 'keytool -storepass {w} -keypass {w}\n',
    'gradle': 'storePassword "{w}"\nkeyPassword "{w}"\n',
    'jupyter out': '{{"outputs": [{{"text": ["password: {w}\\n"]}}]}}\n',
    'python dict get': 'os.environ.get("DB_PASSWORD", "{w}")\n',
    'getenv default': 'getenv("API_TOKEN", "{k}")\n',
    'js default': 'process.env.DB_PASSWORD || "{w}"\n',
    'compose default': 'PASSWORD: ${{DB_PASSWORD:-{w}}}\n',
    'spring default': 'password: ${{DB_PASSWORD:{w}}}\n',
    'bash default': 'DB_PASSWORD="${{DB_PASSWORD:-{w}}}"\n',
    'argparse': 'parser.add_argument("--password", default="{w}")\n',
    'kwargs': 'connect(host="x", passwd="{w}")\n',
    'pw name': 'pw = "{w}"\n',
    'user_pw': 'user_pw = "{w}"\n',
    'pw yaml': 'pw: {w}\n',
    'header x-api-key': 'X-API-Key: {k}\n',
    'query key': 'https://api.acme.dev/v1?api_key={k}&q=1\n',
    'query token': 'https://api.acme.dev/v1?access_token={k}\n',
    # Written after the rules; 27 of 46 such were found at first, 14 before there were these rules.
    'terraform provider': 'provider "x" {{\n  username = "a"\n  password = "{w}"\n}}\n',
    'rails database.yml': 'production:\n  adapter: mysql2\n  username: root\n  password: {w}\n',
    'elixir config': 'config :app, App.Repo,\n  username: "postgres",\n  password: "{w}"\n',
    'clojure': '{{:user "app" :password "{w}"}}\n',
    'scala': 'val dbPass = "{w}"\n',
    'perl dbi': "DBI->connect('dbi:mysql:x', 'root', '{w}');\n",
    'psycopg dsn': 'psycopg2.connect("dbname=x user=y password={w} host=z")\n',
    'odbc dsn': 'DRIVER={{SQL Server}};SERVER=db;UID=sa;PWD={w};\n',
    'md bullet': '- **Password**: `{w}`\n',
    'md bullet 2': '* Password: **{w}**\n',
    'md table bold': '| **Username** | **Password** |\n|:--|:--|\n| admin | {w} |\n',
    'md table default password': '| Service | Default password |\n| --- | --- |\n| grafana | {w} |\n',
    'html table': '<tr><th>Password</th><td>{w}</td></tr>\n',
    'dotenv spaces': 'DB_PASSWORD = {w}\n',
    'dotenv quoted': "DB_PASSWORD='{w}'\n",
    'wget': 'wget --user=a --password={w} https://a.dev\n',
    'smbclient': 'smbclient //h/s -U admin%{w}\n',
    'rsync': 'RSYNC_PASSWORD={w} rsync a b\n',
    'restic': 'export RESTIC_PASSWORD={w}\n',
    'ansible vault like': 'mysql_root_password: "{w}"\n',
    'vagrant': 'config.ssh.password = "{w}"\n',
    'nginx proxy': 'proxy_set_header Authorization "Bearer {k}";\n',
    'k8s env value': '        - name: REDIS_PASSWORD\n          value: {w}\n',
    'circleci': '      environment:\n        SECRET_KEY: {k}\n',
    'js object': "const db = {{ user: 'a', password: '{w}', port: 1 }};\n",
    'ts env default': "const pw = process.env.PG_PASSWORD ?? '{w}';\n",
    'python default': 'PASSWORD = os.getenv("PG_PASSWORD") or "{w}"\n',
    'go getenv': 'password := getEnv("DB_PASSWORD", "{w}")\n',
    'java system prop': 'System.setProperty("javax.net.ssl.keyStorePassword", "{w}");\n',
    'java -D': 'java -Djavax.net.ssl.keyStorePassword={w} -jar a.jar\n',
    'fstring conn': 'dsn = f"host={{h}} password={w} dbname=x"\n',
    'comment': '// old password was {w}\n',
    'python docstring': 'def f():\n    \"\"\"Connects. password: {w}\"\"\"\n',
    'docstring alone': '\"\"\"password: {w}\"\"\"\n',
    'log of a setting': "log.info('password: {w}')\n",
    'commented out env': '# API_KEY={k}\n',
    'commented out yaml': '    # api_token: {k}\n',
    'commented out ini': '; secret = {k}\n',
    'commented out code': '// SECRET_KEY={k}\n',
    'in a block comment': '/* auth_token: {k} */\n * api_key: {k}\n',
    'key in html comment': '<!-- api_key: {k} -->\n',
    'key in a docstring': '\"\"\"API_KEY={k}\"\"\"\n',
    'changed from to': 'We changed the password from {w} to Heron?lemon77 on Monday.\n',
    'changed from': 'Changed the db password from `{w}`.\n',
    'changed to': '- reset the password for root to "{w}"\n',
    'was changed': 'The admin password was changed from {w} to something else.\n',
    'change it from to': 'The password has expired: change it from Heron?lemon77 to {w}.\n',
    'rotate': 'TODO rotate DB_PASSWORD from "Heron?lemon77" to "{w}"\n',
    'slack msg': 'ssh root@host (pw: {w})\n',
    'csv semicolon': 'name;login;password\nAnna;anna;{w}\n',
    'sql copy': "INSERT INTO accounts(id, login, passwd) VALUES\n  (1, 'a', '{w}'),\n  (2, 'b', '{w}');\n",
    'rst field': ':password: {w}\n',
    'ini with comment': 'password = {w} ; for staging\n',
    'yaml comment': 'password: {w}  # staging\n',
    'properties colon': 'db.password: {w}\n',
    'graphql': 'mutation {{ login(user: "a", password: "{w}") {{ token }} }}\n',
    'curl json': 'curl -d \'{{"user":"a","password":"{w}"}}\' https://a.dev\n',
    'curl form': "curl -d 'user=a&password={w}' https://a.dev\n",
    'curl -F': 'curl -F password={w} https://a.dev\n',
    'expect': 'expect "password:"\nsend "{w}\\r"\n',
    'plist': '<key>Password</key>\n<string>{w}</string>\n',
}  # fmt: skip
STAYS = [
    "| user | password |\n|---|---|\n| string | The user's password |\n| name | required |\n",
    '| Option | Password | Default |\n|---|---|---|\n| a | optional | none |\n',
    '| Field | Type | Description |\n|---|---|---|\n| password | string | The password |\n| token | string | JWT-token2 |\n',
    'user | password\n--- | ---\nalice | <your-password>\nbob | ********\n',
    "password = get('a') + suffix\n",
    'password = prefix + suffix\n',
    'password = base + "_test"\n',
    'password = os.path.join(a, "pw")\n',
    'label = "Password" + ": "\n',
    'msg = f"password for {user} is wrong"\n',
    'password = f"{a}{b}"\n',
    'const password = `${a}-${b}`;\n',
    'raise ValueError("password " + name + " too short")\n',
    'print("Enter password" + suffix + ": ")\n',
    'user,password,email\n',
    'name,password\nalice,<hidden>\n',
    'password: {{ db_password }}\n',
    'password: ${DB_PASSWORD}\n',
    'password = "${DB_PASSWORD:-}"\n',
    'ENV DB_PASSWORD ${DB_PASSWORD}\n',
    'ENV PASSWORD_FILE /run/secrets/db\n',
    'sshpass -p $PASS ssh a@b\n',
    'mysql -p$PASS shop\n',
    'The password is required.\n',
    'The password is stored as sha256-hash\n',
    'the password is at least 8-character long\n',
    'password: must be 12+ characters\n',
    'jdbc:postgresql://db/x?user=app&password=${PASS}\n',
    'INSERT INTO users (name, password) VALUES (?, ?);\n',
    'INSERT INTO users (name, password) VALUES (:name1, :password1);\n',
    "SELECT password FROM users WHERE name = 'app1!'\n",
    '<input type="password" name="password" placeholder="Your password">\n',
    '<input type="password" autocomplete="current-password" id="pw1">\n',
    'parser.add_argument("--password", help="the password-1")\n',
    'pw = getpass("pw: ")\n',
    'pw: string\n',
    '# API_KEY=your-api-key-1\n',
    '# token: see https://acme.dev/tokens2\n',
    '# secret: hashlib.sha256(a1).digest()\n',
    '\"\"\"password: str\"\"\"\n',
    "print('Password: ')\n",
    'pw = 3\n',
    'pw = "width"\n',
    'requirepass foobared\n',
    '# requirepass is off\n',
    'docker run -e MYSQL_ROOT_PASSWORD=$PW mysql\n',
    'FOO=1 PASSWORD=$PASSWORD ./run\n',
    'helm install a --set auth.existingSecret=my-secret-1\n',
    'variable "db_password" {\n  type = string\n  default = ""\n}\n',
    'variable "db_password" {\n  description = "The password-1 of the db"\n}\n',
    'https://api.acme.dev/v1?api_key=YOUR_API_KEY\n',
    '?access_token=<token>\n',
    'X-API-Key: $API_KEY\n',
    'Credentials: see docs/login-2.md\n',
    'password: str = Field(min_length=8)\n',
    'password: Optional[str] = None\n',
    "def f(password: str, user1: str = 'a')\n",
    'password=self.password1,\n',
    'password = hash_password(value1)\n',
    "password=request.form['password1']\n",
    'password = user.password_2\n',
    'pw = self.pw1\n',
    'token = t1.token_2\n',
    '| password | string | yes |\n',
    '| `--password` | Password-1 of the user |\n',
    '+----------+------+\n| password | text |\n+==========+======+\n| required | yes  |\n+----------+------+\n',
    'keytool -storepass changeit -keypass changeit\n',
    "storePassword System.getenv('PW1')\n",
    'const PASSWORD_REGEX = "^[A-Z]+1$"\n',
    'password_field = "field_1"\n',
    '{"password": {"type": "string", "format": "password1"}}\n',
    'password:\n  type: string\n  minLength: 8\n',
    'password: &anchor\n  - x1\n',
    'connection.password = options.password1\n',
    'psk = calc_psk(1)\n',
    '%s password %d\n',
    'user: alice / 2020-01-01\n',
    'https://host.dev/a@b/c1d2e3\n',
    'https://user@host.dev/x\n',
    'https://deadbeefcafe1234deadbeefcafe1234.acme.dev/\n',
    "process.env.DB_PASSWORD || 'postgres'\n",
    "os.environ.get('DB_PASSWORD', 'password')\n",
    "os.environ.get('TOKEN_URL', 'https://a.dev/t1')\n",
    "Changed password hashing from PBKDF2-SHA1 to Argon2id-v19.\n",
    "We changed the password hash from `md5-crypt` to `sha512-crypt`.\n",
    "Change the password from PBKDF2-SHA1 to Argon2id-v19 on login.\n",
    "change the password from the settings-2 page\n",
    "The password column changed from `varchar(64)` to `varchar(255)`\n",
    "Reset your password from https://a.dev/reset?x=1!\n",
    "The password is kept, the timeout changed from 10s to 30s-60s!\n",
    "the password moved; change the port from 8080 to 8443/tcp2!\n",
    "set the password to $NEW_PASSWORD_1\n",
    "Update the password from os.environ['PW1']\n",
    "changed the pwd from /srv/app-1 to /srv/app-2!\n",
    "set password from form.password1\n",
    "# password; set it to None1 or self.password1\n",
]  # fmt: skip


def filled(text: str) -> str:
    """The form with its values."""
    return text.format(w=WORD, k=KEY, b=WRAPPED, l=LOGIN, u=ENCODED)


@pytest.mark.parametrize("name", FORMS)
def test_a_password_goes_in_whatever_form_it_is_written_out(name: str) -> None:
    text = filled(FORMS[name])
    cleaned = clean(text)
    assert cleaned.counts, text
    gone = [value for value in (WORD, KEY, WRAPPED, LOGIN, ENCODED, "mango42") if value in text]
    assert not [value for value in gone if value in cleaned.text], cleaned.text
    assert clean(cleaned.text).text == cleaned.text


@pytest.mark.parametrize("text", STAYS)
def test_what_only_stands_where_a_password_could_stays(text: str) -> None:
    assert clean(text).text == text


def test_every_row_below_the_head_is_read_and_nothing_beside_the_column() -> None:
    table = f"| Env | Password | Note |\n| :-- | :-: | --- |\n| prod9! | `{WORD}` | rot@te9 |\n| dev8! | {WORD}x9 | |\n"
    text = f"before\n\n{table}\n| password | {WORD[:-1]} is long |\n"
    found = [text[one.start : one.end] for one in find(text)]
    assert found == [WORD, f"{WORD}x9"]


@pytest.mark.parametrize("text", ['password = "Kestrel!" "mango42"', 'password = base + "Kestrel!" + "mango42"'])
def test_each_part_of_a_password_in_parts_goes(text: str) -> None:
    cleaned = clean(text).text
    assert "Kestrel!" not in cleaned
    assert "mango42" not in cleaned
    assert ("base" in cleaned) == ("base" in text)


@pytest.mark.parametrize("said", ["change it from {} to {}", "rotated from `{}` to `{}`", "reset to {}, not {}"])
def test_the_old_password_and_the_new_one_go(said: str) -> None:
    cleaned = clean(f"The password: {said.format(WORD, 'Heron?lemon77')}\n").text
    assert WORD not in cleaned
    assert ("Heron?lemon77" in cleaned) == ("not" in said)


PIECES = [
    "| password |\n|---|\n", "a password\n==  ==\n", ".. list-table::\n", "  .. list-table::\n", "   * - password\n",
    "insert into a (password) values (", "insert into a (password) values ('a'),('b'),", "```\na,password\nb,c\n",
    'password = f"{a}', 'password = "a" + ', "password = a + ", "password:\n  a: b\n", "password: x1! ", "?key=",
    "${password:-", 'password || "', '"--password", default=', "credentials: a / ", "password is ", "sshpass -p ",
    "change the password from ", "password change ", "password set it for a ", "change password from x1! to ",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_four_times_as_much_of_it_takes_about_four_times_as_long(piece: str) -> None:
    assert is_linear(find, piece)
