"""Entries have what their file imports by an alias or from another package, and follow the files that say where."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from intake_project import git, write
from linked_files import entries, parsed_again, took
from sqlalchemy import Engine

from modelmill.extract.stage import extract
from modelmill.normalize import jsonc, linking
from modelmill.normalize.stage import normalize
from modelmill.records import Corpus
from modelmill.settings import Settings
from modelmill.store import corpora

USE_CASES = """import { Shield } from 'lucide-react';
import { Industry, INDUSTRY_LABELS, copy } from '@/data';
import { TAGS } from '~/copy/common';
import { brand, plans } from '@acme/brand';
import { legal } from '@acme/brand/legal';
import { CTA } from '#copy/cta';
import settings from 'config/settings.json';
import type { UseCase } from '@/types';

const shared = { cta: CTA, owner: `${legal.company} support` } as const;
export const useCases = [
  { id: 'fraud', icon: Shield, industry: INDUSTRY_LABELS[Industry.Finance], title: `Fraud alerts by ${brand.name}`,
    ...shared, tags: [...TAGS, 'fraud desk'], region: settings.region },
  { id: 'stock', industry: Industry.Retail, title: 'Stock alerts', plan: plans.team.title, said: copy.CLAIM },
] as const satisfies readonly UseCase[];
"""
FILES: dict[str, str] = {
    "package.json": '{"name": "acme", "private": true, "workspaces": ["apps/*", "packages/*"]}',
    "tsconfig.base.json": """{
  // for all of them
  "compilerOptions": {
    "strict": true, /* and "paths": {} below */
    "paths": { "@acme/*": ["./packages/*/src"], },
  },
}""",
    "apps/site/tsconfig.json": """{
  "extends": ["../../tsconfig.base", "./tsconfig.paths.json"],
  "compilerOptions": { "plugins": [{ "name": "next" }], "jsx": "preserve", },
  "include": ["**/*.ts", "**/*.tsx", "//not a comment/*"],
}""",
    "apps/site/tsconfig.paths.json": """{"compilerOptions": {
  "baseUrl": "./src", "paths": { "@/*": ["./*"], "~/*": ["../made/*", "./*"] }
}}""",
    "apps/site/package.json": '{"name": "@acme/site", "imports": {"#copy/*": {"types": "./src/copy/*.ts"}}}',
    "apps/site/src/data/useCases.ts": USE_CASES,
    "apps/site/src/data/index.ts": """export * from './industries';
export { default as INDUSTRY_LABELS } from '@/data/labels';
export * as copy from '~/copy/common';
""",
    "apps/site/src/data/industries.ts": "export enum Industry { Finance = 'finance', Retail = 'retail' }\n",
    "apps/site/src/data/labels.ts": """import { Industry } from '@/data/industries';
export default { [Industry.Finance]: 'Finance and banking' } satisfies Partial<Record<Industry, string>>;
""",
    "apps/site/src/copy/common.ts": "export const TAGS = ['new this year'];\nexport const CLAIM = 'For your team';\n",
    "apps/site/src/copy/cta.ts": "export const CTA = { primary: 'Book a demo' } as const;\n",
    "apps/site/src/config/settings.json": '{"region": "the whole of Europe"}',
    "packages/brand/package.json": """{"name": "@acme/brand", "version": "1.0.0", "exports": {
  ".": {"types": "./dist/index.d.ts", "import": "./dist/index.mjs"}, "./*": "./dist/*.js"
}}""",
    "packages/brand/src/index.ts": "export { brand } from './brand';\nexport * from '@acme/plans';\n",
    "packages/brand/src/brand.ts": "export const brand = { name: 'Acme Shop' };\n",
    "packages/brand/src/legal.ts": "export const legal = { company: 'Acme Ltd' };\n",
    "packages/plans/package.json": '{"name": "@acme/plans", "main": "lib/plans.js", "description": "Plans of it"}',
    "packages/plans/src/plans.ts": "export const plans = { team: { title: 'For a team' } };\n",
}
FRAUD = {
    "id": "fraud", "industry": "Finance and banking", "title": "Fraud alerts by Acme Shop",
    "cta": {"primary": "Book a demo"}, "owner": "Acme Ltd support", "tags": ["new this year", "fraud desk"],
    "region": "the whole of Europe",
}  # fmt: skip
STOCK = {
    "id": "stock",
    "industry": "retail",
    "title": "Stock alerts",
    "plan": "For a team",
    "said": "For your team",
}


def taken_in(settings: Settings, db: Engine, place: Path) -> Corpus:
    made = corpora.add(settings, db, "c", str(place), "MIT", consent=True)
    extract(settings, db, made)
    normalize(settings, db, made)
    return made


@pytest.fixture
def corpus(settings: Settings, db: Engine, tmp_path: Path) -> Corpus:
    """The files above, taken in."""
    return taken_in(settings, db, write(tmp_path / "in", dict(FILES)))


def in_git(root: Path) -> Path:
    write(root, dict(FILES))
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "all")
    return root


def packed(root: Path) -> Path:
    """With the files that say where the others are behind these."""
    path = root.with_suffix(".tar.gz")
    with tarfile.open(path, "w:gz") as file:
        for name, text in sorted(FILES.items(), reverse=True):
            info = tarfile.TarInfo(f"site-1.0/{name}")
            info.size = len(text.encode())
            file.addfile(info, io.BytesIO(text.encode()))
    return path


def said(db: Engine) -> list[object]:
    found = entries(db)
    return [found["useCases.fraud"], found["useCases.stock"]]


def test_names_of_a_monorepo_stand_for_what_is_in_its_packages(db: Engine, corpus: Corpus) -> None:
    assert (corpus.kind, said(db)) == ("directory", [FRAUD, STOCK])


@pytest.mark.parametrize(("made", "kind"), [(in_git, "git"), (packed, "archive")])
def test_a_repository_and_an_archive_give_what_a_folder_gives(
    settings: Settings, db: Engine, tmp_path: Path, made: Callable[[Path], Path], kind: str
) -> None:
    assert taken_in(settings, db, made(tmp_path / "in")).kind == kind
    assert said(db) == [FRAUD, STOCK]


PATHS = "apps/site/tsconfig.paths.json"
BRAND = "packages/brand/package.json"


@pytest.mark.parametrize(
    ("path", "content", "parsed", "name", "value"),
    [
        (PATHS, FILES[PATHS].replace('"./*"] }', '"../other/*"] }'), 3, "said", None),
        (BRAND, FILES[BRAND].replace("./dist/index.d.ts", "./dist/none.d.ts"), 2, "plan", "For a team"),
        ("packages/plans/package.json", FILES["packages/plans/package.json"].replace("@acme/plans", "@acme/prices"),
         2, "plan", None),
        ("apps/site/src/made/copy/common.ts", "export const CLAIM = 'not there';\n", 1, "said", "For your team"),
        ("apps/site/made/copy/common.ts", "export const CLAIM = 'by a program';\n", 2, "said", "by a program"),
        ("apps/site/src/data/jsconfig.json", "{}", 3, "plan", "For a team"),
        ("apps/icons/package.json", '{"name": "lucide-react"}', 2, "plan", "For a team"),
        ("apps/icons/package.json", '{"name": "other", "description": "Another one of them"}', 1, "plan", "For a team"),
        ("package.json", '{"name": "acme", "private": true}', 1, "plan", "For a team"),
        ("apps/icons/tsconfig.json", "{", 1, "plan", "For a team"),
    ],
)  # fmt: skip
def test_a_file_that_says_where_others_are_counts_for_those_that_asked_it(
    settings: Settings, db: Engine, corpus: Corpus, path: str, content: str, parsed: int, name: str, value: str | None
) -> None:
    write(Path(corpus.uri), {path: content})
    assert parsed_again(settings, db, corpus) == parsed
    assert entries(db)["useCases.stock"].get(name) == value


TARGET = "export const x = 'found';\n"


@pytest.mark.parametrize(
    ("said", "files"),
    [
        ("@/data", {"jsconfig.json": '{"compilerOptions": {"paths": {"@/*": ["app/*"]}}}',
                    "app/data/index.js": TARGET}),
        ("data", {"tsconfig.json": '{"compilerOptions": {"baseUrl": "app"}}', "app/data.ts": TARGET}),
        ("~", {"tsconfig.json": '{"compilerOptions": {"paths": {"~": ["."]}}}', "index.ts": TARGET}),
        ("@x/data.js", {"tsconfig.json": '{"compilerOptions": {"paths": {"@x/*": ["*"]}}}', "data.ts": TARGET}),
        ("a-b-c", {"tsconfig.json": '{"compilerOptions": {"paths": {"*": ["no/*"], "a-*-c": ["to/*"], "a-*": ["no"]}}}',
                   "to/b.ts": TARGET, "no.ts": "", "no/a-b-c.ts": ""}),
        ("@/d", {"tsconfig.json": '{"files": [], "references": [{"path": "./tsconfig.node.json"}, {"path": "app"}]}',
                 "tsconfig.node.json": "{}", "app/tsconfig.json": '{"compilerOptions": {"paths": {"@/*": ["./*"]}}}',
                 "app/d.ts": TARGET}),
        ("@/d", {"tsconfig.json": '{"extends": "@acme/config/next.json"}', "src/d.ts": TARGET,
                 "config/package.json": '{"name": "@acme/config"}',
                 "config/next.json": '{"compilerOptions": {"paths": {"@/*": ["${configDir}/src/*"]}}}'}),
        ("@/d", {"tsconfig.json": '{"extends": ["./a", "./b"]}', "b/d.ts": TARGET, "a/d.ts": "",
                 "a.json": '{"compilerOptions": {"paths": {"@/*": ["a/*"]}}}',
                 "b.json": '{"compilerOptions": {"paths": {"@/*": ["b/*"]}}}'}),
        ("@/d", {"src/d.ts": TARGET}),
        ("~/d", {"site/package.json": "{}", "app/d.ts": TARGET}),
        ("@/d", {"package.json": "{}", "tsconfig.json": "no project", "d.ts": TARGET}),
        ("#d", {"package.json": '{"imports": {"#d": {"node": "./lib/esm/d.cjs"}}}', "src/d.ts": TARGET}),
        ("#d", {"package.json": '{"imports": {"#d": "data"}}', "d/package.json": '{"name": "data"}',
                "d/index.ts": TARGET}),
        ("data", {"d/package.json": '{"name": "data", "source": "./main.ts"}', "d/main.ts": TARGET,
                  "d/src/index.ts": ""}),
        ("data", {"d/package.json": '{"name": "data", "exports": {"import": ["./dist/main.js"]}}',
                  "d/src/main.tsx": TARGET}),
        ("data/e/f", {"d/package.json": '{"name": "data"}', "d/src/e/f.ts": TARGET}),
        ("data/e", {"d/package.json": '{"name": "data", "exports": {"./*": {"types": "./types/*.d.ts"}}}',
                    "d/e.ts": TARGET}),
        ("data", {"b/package.json": '{"name": "data"}', "a/b/package.json": '{"name": "data"}', "b/index.ts": TARGET,
                  "a/b/index.ts": ""}),
    ],
)  # fmt: skip
def test_a_name_is_found_where_the_tools_find_it(said: str, files: dict[str, str]) -> None:
    own = f"import {{ x }} from '{said}';\nexport const a = {{ text: 'Words of a', x }};\n"
    assert took({**files, "a.ts": own}, "a.ts")[0]["a"].get("x") == "found"


@pytest.mark.parametrize(
    ("said", "files"),
    [
        ("@/../../d", {"a/tsconfig.json": '{"compilerOptions": {"paths": {"@/*": ["./*"]}}}'}),
        ("d", {"a/tsconfig.json": '{"compilerOptions": {"paths": {"d": ["../../d", "/d"]}}}'}),
        ("d", {"a/tsconfig.json": '{"compilerOptions": {"baseUrl": "/", "paths": {"d": ["d"]}}}'}),
        ("d", {"a/tsconfig.json": '{"compilerOptions": {"baseUrl": "../..", "paths": {"d": ["d"]}}}'}),
        ("d", {"a/tsconfig.json": '{"compilerOptions": {"paths": ["d"]}}'}),
        ("d", {"a/tsconfig.json": '{"compilerOptions": 1, "extends": {}, "references": 1}'}),
        ("#d", {"a/package.json": '{"imports": {"#d": "../../d.ts"}}'}),
        ("#d", {"a/package.json": '{"imports": [1]}'}),
        ("p/d", {"p/package.json": '{"name": "p", "exports": {"./d": "./../../d.ts"}}'}),
        ("p", {"p/package.json": '{"name": "p", "exports": "/d.ts", "main": ["d"]}'}),
        ("/d", {}), ("file:///d", {}), ("//package/p", {}), ("", {}), ("@", {}), ("@/", {}),
        ("@" * 400 + "/d", {}),
    ],
)  # fmt: skip
def test_a_name_leads_nowhere_outside_the_corpus(said: str, files: dict[str, str]) -> None:
    own = f"import {{ x }} from '{said}';\nexport const a = {{ text: 'Words of a', x }};\n"
    found, _, parsed = took({**files, "d.ts": TARGET, "a/a.ts": own} | ({} if "d" in said else {"d.ts": ""}), "a/a.ts")
    assert found["a"] == {"text": "Words of a"} and not parsed.dropped


def test_projects_that_extend_each_other_in_a_circle_are_read_once_each() -> None:
    files = {
        "tsconfig.json": '{"extends": ["./b.json", "./tsconfig.json"], "references": [{"path": "./b.json"}]}',
        "b.json": '{"extends": "./tsconfig.json", "compilerOptions": {"paths": {"@/*": ["d/*"]}}}',
        "d/x.ts": TARGET, "a.ts": "import { x } from '@/x';\nexport const a = { text: 'Words of a', x };\n",
    }  # fmt: skip
    assert took(files, "a.ts")[0]["a"]["x"] == "found"


def test_what_says_too_much_costs_little() -> None:
    """A project that extends 100 others, which extend each other, with 120 patterns, and 10,000 imports."""
    names = {f"{'n' * n}{n}*": ["*" * 250] for n in range(120)}
    everybody = [f"./p{n}.json" for n in range(100)]
    files = {f"p{n}.json": json.dumps({"extends": everybody}) for n in range(100)}
    files["tsconfig.json"] = json.dumps({"extends": everybody, "compilerOptions": {"paths": names}})
    files["a.ts"] = "".join(f"import {{ x{n} }} from '{'n' * (n % 140)}{n % 140}/{n}';\n" for n in range(10_000)) + (
        "export const a = { text: 'Words of a', " + ", ".join(f"x{n}" for n in range(10_000)) + " };\n"
    )
    began = time.process_time()
    found, rounds, parsed = took(files, "a.ts")
    assert found["a"] == {"text": "Words of a"} and rounds <= linking.MAX_ROUNDS
    assert len(str(parsed.made_of)) < 200_000 and time.process_time() - began < 60


@pytest.mark.parametrize(
    "text", ['"' * 90_000, '"\\' * 45_000, "/*" * 45_000, "," * 90_000, "[" * 90_000, '{"a":' * 15_000]
)
def test_a_text_that_is_no_project_is_refused_in_no_time(text: str) -> None:
    began = time.process_time()
    with pytest.raises((ValueError, RecursionError)):
        jsonc.table(text)
    assert time.process_time() - began < 2


def test_comments_and_last_commas_are_no_part_of_what_is_said() -> None:
    text = """// first
{ "a": "// no /* comment */ ,]", /* "b": 1, */ "c": [1, 2, // three
  ], "d": {"e": "\\"//", },
}"""
    assert jsonc.table(text) == {"a": "// no /* comment */ ,]", "c": [1, 2], "d": {"e": '"//'}}
    with pytest.raises(ValueError, match="more than"):
        jsonc.table("{}" + " " * jsonc.MAX_CHARACTERS)
    with pytest.raises(ValueError, match="no object"):
        jsonc.table("[]")
