"""Keys and tokens that their makers gave a shape of their own, as published in their documentation.

Each has a sign that hardly anything else has, so most texts are never searched for most of them.
"""

from __future__ import annotations

import hashlib
import re

from modelmill.normalize.rules.randomness import drawn, prefixed, random_looking, stands_in
from modelmill.normalize.rules.rule import Rule

SAMPLE_JWT = "eyJzdWIiOiIxMjM0NTY3ODkwIi"  # {"sub":"1234567890": the token that every tutorial shows
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BODY = r"[A-Za-z0-9+/=]{16,}"


def _has_body(value: str, before: str, after: str) -> bool:
    return re.search(r"[A-Za-z0-9+/=]{40,}", value) is not None


def _long_enough(value: str, before: str, after: str) -> bool:
    """Django's keys have round brackets in them, which elsewhere are a call's."""
    return len(set(value)) >= 20


def _base58check(value: str, before: str, after: str) -> bool:
    """A private key as wallets export it (WIF): the last four bytes are of the digest of the others."""
    number = 0
    for character in value:
        number = number * 58 + BASE58.index(character)
    raw = number.to_bytes(40, "big").lstrip(b"\0")
    return raw[:1] == b"\x80" and hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def _hash(value: str, before: str, after: str) -> bool:
    """What stands behind the name of the method, which is in braces as a template's name would be."""
    return random_looking(value.partition("}")[2], before, after)


def _apart(value: str, before: str, after: str) -> bool:
    """No part of a text in base64."""
    return before not in tuple("+/=") and after not in tuple("+/") and random_looking(value, before, after)


def _no_sample(value: str, before: str, after: str) -> bool:
    return SAMPLE_JWT not in value and not stands_in(value)


# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
TOKENS: tuple[Rule, ...] = (
    Rule("private_key", r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}[\s\S]{20,}?-{4,5} ?END [A-Z0-9 ]{0,40}-{4,5}", ("PRIVATE KEY",), _has_body, BODY),
    Rule("private_key", r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}((?:[\s\\nr\"'+,]{0,40}[A-Za-z0-9+/=]{16,100})+)", ("PRIVATE KEY",), _has_body, BODY),
    Rule("putty_key", r"Private-Lines: \d{1,4}((?:\r?\n[A-Za-z0-9+/=]{16,64})+)", ("Private-Lines",), within=BODY),
    Rule("private_key", r"-{4,5}BEGIN OpenVPN Static key V1-{4,5}((?:[\s\\nr\"'+,]{0,40}[0-9a-f]{16,64})+)", ("OpenVPN Static key",), within=r"[0-9a-f]{16,}"),
    Rule("private_key", r"\bclient-key-data[\"']?\s{0,3}:\s{0,3}[\"']?([A-Za-z0-9+/]{40,}={0,2})", ("client-key-data",), drawn),
    Rule("private_key", r"[Pp](?i:rivate[_-]?key(?:[_-]?(?:data|pem|der|base64|b64))?)[\"'`]?\s{0,3}[:=]\s{0,3}[\"'`]?((?:M(?:II|IG|Hc|HQ|C4C)|LS0tLS1CRUdJTi)[A-Za-z0-9+/]{40,}={0,2})", ("MII", "MIG", "MHc", "MHQ", "MC4C", "LS0tLS1CRUdJTi"), drawn),
    Rule("age_key", r"\b(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})", ("AGE-SECRET-KEY-1",)),
    # Clouds.
    Rule("aws_key", r"\b((?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ANVA)[A-Z2-7]{16})\b", ("AKIA", "ASIA", "AGPA", "AIDA", "AROA", "ANPA", "ANVA"), drawn),
    Rule("aws_secret", r"\b((?:IQoJb3JpZ2lu|FwoGZXIvYXdz)[A-Za-z0-9+/]{80,}={0,2})", ("IQoJb3JpZ2lu", "FwoGZXIvYXdz"), drawn),
    Rule("aws_secret", r"\b(ABSK[A-Za-z0-9+/]{100,270}={0,2}|bedrock-api-key-[A-Za-z0-9+/]{60,}={0,2})", ("ABSK", "bedrock-api-key-"), drawn),
    Rule("google_key", r"\b(AIza[0-9A-Za-z_-]{35})", ("AIza",), drawn),
    Rule("google_oauth", r"\b(GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{20,}|1//0[A-Za-z0-9_-]{30,})", ("GOCSPX-", "ya29.", "1//0"), drawn),
    Rule("azure_storage_key", r"(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{42,86}={0,2})", ("AccountKey=", "SharedAccessKey="), drawn),
    Rule("azure_secret", r"\b([A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34})", ("Q~",), drawn),
    Rule("azure_secret", r"\b([A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}|[A-Za-z0-9]{52}JQQJ9[9DH][A-Za-z0-9]{26}|[A-Za-z0-9_-]{40,44}AzFu[A-Za-z0-9_-]{4,10}==)", ("AZDO", "JQQJ9", "AzFu"), drawn),
    Rule("azure_sas", r"[?&;]sig=([A-Za-z0-9%+/]{40,}(?:%3D|=){1,2})", ("sig=",), drawn),
    Rule("alibaba_key", r"\b(LTAI[A-Za-z0-9]{16,24})\b", ("LTAI",), random_looking),
    Rule("tencent_key", r"\b(AKID[A-Za-z0-9]{32})\b", ("AKID",), random_looking),
    Rule("digitalocean_token", r"\b(do[opr]_v1_[a-f0-9]{64})\b", ("_v1_",), drawn),
    Rule("scaleway_key", r"\b(SCW[A-Z0-9]{17})\b", ("SCW",), random_looking),
    Rule("flyio_token", r"\b(fo1_[A-Za-z0-9_-]{43}|fm[12][ar]?_[A-Za-z0-9+/=_-]{100,})", ("fo1_", "fm1", "fm2"), drawn),
    # Where code is kept, built and published.
    Rule("github_token", r"\b(ghs_\d{1,12}_eyJ[A-Za-z0-9_.-]{60,}|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})\b", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"), drawn),
    Rule("gitlab_token", r"\b(gl(?:pat|dt|rt|rtr|cbt|ptt|ft|ffct|soat|oas|agent|imt|wt)-[A-Za-z0-9_-]{20,}(?:\.[0-9a-z]{2}\.[0-9a-z]{9})?|GR1348941[A-Za-z0-9_-]{20,})", ("glpat-", "gldt-", "glrt-", "glrtr-", "glcbt-", "glptt-", "glft-", "glffct-", "glsoat-", "gloas-", "glagent-", "glimt-", "glwt-", "GR1348941"), drawn),
    Rule("bitbucket_token", r"\b(ATBB[A-Za-z0-9]{24,40})\b", ("ATBB",), random_looking),
    Rule("atlassian_token", r"\b(AT[AC]TT3[A-Za-z0-9_=-]{60,240})", ("ATATT3", "ATCTT3"), drawn),
    Rule("npm_token", r"\b(npm_[A-Za-z0-9]{36})\b", ("npm_",), drawn),
    Rule("npm_token", r"_authToken\s{0,3}=\s{0,3}[\"']?([A-Za-z0-9_.-]{16,}={0,2})", ("_authToken",), drawn),
    Rule("pypi_token", r"\b(pypi-[A-Za-z0-9_-]{50,})", ("pypi-",), drawn),
    Rule("rubygems_key", r"\b(rubygems_[a-f0-9]{48})\b", ("rubygems_",), drawn),
    Rule("nuget_key", r"\b(oy2[a-z0-9]{43})\b", ("oy2",), random_looking),
    Rule("docker_token", r"\b(dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,})", ("dckr_",), drawn),
    Rule("terraform_token", r"\b([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,70})", (".atlasv1.",)),
    Rule("vault_token", r"\b(hv[sbr]\.[A-Za-z0-9_-]{24,})", ("hvs.", "hvb.", "hvr."), drawn),
    Rule("doppler_token", r"\b(dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,60})", ("dp.",), drawn),
    Rule("pulumi_token", r"\b(pul-[a-f0-9]{40})\b", ("pul-",), drawn),
    Rule("circleci_token", r"\b(CCIPAT_[A-Za-z0-9]{22}_[a-f0-9]{40})\b", ("CCIPAT_",)),
    Rule("buildkite_token", r"\b(bkua_[a-z0-9]{40})\b", ("bkua_",), drawn),
    Rule("artifactory_token", r"\b(AKCp[A-Za-z0-9]{60,75}|cmVmdGtu[A-Za-z0-9]{50,60})\b", ("AKCp", "cmVmdGtu"), drawn),
    # Messages and mail.
    Rule("slack_token", r"\b(xox[a-eoprs](?:\.xox[bp])?-[A-Za-z0-9%-]{10,}|xapp-\d-[A-Za-z0-9-]{10,})", ("xox", "xapp-"), drawn),
    Rule("slack_hook", r"https://hooks\.slack\.com/(?:services|workflows|triggers)/([A-Z0-9]{8,14}/[A-Z0-9]{8,14}/[A-Za-z0-9/]{20,80})", ("hooks.slack.com",), random_looking),
    Rule("discord_hook", r"https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d{15,20}/([A-Za-z0-9_-]{60,80})", ("/api/webhooks/",), drawn),
    Rule("teams_hook", r"https://[a-z0-9-]+\.webhook\.office\.com/webhookb2/([A-Za-z0-9@/-]{60,})", ("webhook.office.com",)),
    Rule("telegram_token", r"(?:\b|bot)(\d{8,10}:AA[A-Za-z0-9_-]{33})", (":AA",), drawn),
    Rule("sendgrid_key", r"\b(SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64})", ("SG.",), drawn),
    Rule("sendinblue_key", r"\b(xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16})\b", ("xkeysib-",)),
    # Money and shops.
    Rule("stripe_key", r"\b((?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,})\b", ("sk_live_", "rk_live_", "sk_test_", "rk_test_"), random_looking),
    Rule("stripe_hook_secret", r"\b(whsec_[A-Za-z0-9+/=]{32,})", ("whsec_",), drawn),
    Rule("square_token", r"\b(sq0(?:atp|csp)-[0-9A-Za-z_-]{22,43}|EAAA[lE][0-9A-Za-z_-]{59})\b", ("sq0", "EAAA"), random_looking),
    Rule("braintree_token", r"(access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32})", ("access_token$",)),
    Rule("shopify_token", r"\b(shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})\b", ("shpat_", "shpca_", "shppa_", "shpss_"), drawn),
    Rule("easypost_key", r"\b(EZ[AT]K[A-Za-z0-9]{54})\b", ("EZAK", "EZTK"), drawn),
    # Models, data, monitoring, work.
    Rule("ai_key", r"\b(sk-(?:ant-|proj-|svcacct-|or-v1-)?[A-Za-z0-9_-]{24,})", ("sk-",), random_looking),
    Rule("ai_key", r"\b(gsk_[A-Za-z0-9]{40,60}|r8_[A-Za-z0-9]{37}|xai-[A-Za-z0-9]{60,90}|pplx-[A-Za-z0-9]{40,60})\b", ("gsk_", "r8_", "xai-", "pplx-"), drawn),
    Rule("ai_key", r"\b(tvly-[A-Za-z0-9_-]{20,60}|nvapi-[A-Za-z0-9_-]{60,70}|pcsk_[A-Za-z0-9]{4,8}_[A-Za-z0-9]{40,80}|lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}|jina_[A-Za-z0-9_-]{60}|e2b_[a-f0-9]{40})\b", ("tvly-", "nvapi-", "pcsk_", "lsv2_", "jina_", "e2b_"), random_looking),
    Rule("huggingface_token", r"\b((?:hf|api_org)_[A-Za-z0-9]{30,})\b", ("hf_", "api_org_"), drawn),
    Rule("databricks_token", r"\b(dapi[a-f0-9]{32}(?:-\d)?)\b", ("dapi",), drawn),
    Rule("planetscale_token", r"\b(pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,64})", ("pscale_",), drawn),
    Rule("supabase_token", r"\b(sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{20,})", ("sbp_", "sb_secret_"), drawn),
    Rule("newrelic_key", r"\b(NRAK-[A-Z0-9]{27}|NRJS-[a-f0-9]{19}|NRII-[A-Za-z0-9_-]{32})", ("NRAK-", "NRJS-", "NRII-"), drawn),
    Rule("grafana_token", r"\b(gl(?:sa_[A-Za-z0-9]{32}_[a-f0-9]{8}|c_[A-Za-z0-9+/]{32,400}={0,2}))", ("glsa_", "glc_"), drawn),
    Rule("sentry_token", r"\b(sntry[su]_[A-Za-z0-9_+/=-]{60,})", ("sntrys_", "sntryu_"), drawn),
    Rule("postman_key", r"\b(PMAK-[a-f0-9]{24}-[a-f0-9]{34})\b", ("PMAK-",), drawn),
    Rule("linear_key", r"\b(lin_(?:api|oauth)_[A-Za-z0-9]{40,64})\b", ("lin_",), drawn),
    Rule("notion_token", r"\b(secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{40,50})\b", ("secret_", "ntn_"), random_looking),
    Rule("figma_token", r"\b(fig[dou][rh]?_[A-Za-z0-9_-]{40,})", ("figd_", "figo_", "figu_", "figor_", "figoh_", "figur_", "figuh_"), drawn),
    Rule("facebook_token", r"\b(EAA[A-Za-z0-9]{80,})\b", ("EAA",), _apart),
    Rule("mill_key", r"\b(mk_[A-Za-z0-9]{4,32}\.[A-Za-z0-9_-]{20,})", ("mk_",), drawn),
    Rule("jwt", r"\b(eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})", ("eyJ",), _no_sample),
    Rule("jwt", r"\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})", ("eyJ",), _no_sample),
    # Of other services, by the prefix that each gives to its keys.
    Rule("service_key", r"\b(phx_[A-Za-z0-9_-]{40,60}|CFPAT-[A-Za-z0-9_-]{43}|tskey-[a-z]{3,10}-[A-Za-z0-9]{8,24}-[A-Za-z0-9]{20,60}|sgp_(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40}|duffel_(?:live|test)_[A-Za-z0-9_-]{40,50})\b", ("phx_", "CFPAT-", "tskey-", "sgp_", "duffel_"), drawn),
    Rule("service_key", r"\b(vercel_blob_rw_[A-Za-z0-9]{12,24}_[A-Za-z0-9]{24,40}|ops_eyJ[A-Za-z0-9_-]{200,}={0,2}|pnu_[a-z0-9]{36}|shippo_(?:live|test)_[a-f0-9]{40}|tfp_[A-Za-z0-9_.-]{40,60}|rdme_[a-z0-9]{70}|dnkey-[a-z0-9_-]{26}-[a-z0-9_-]{52}|CLOJARS_[a-z0-9]{60}|sha256~[A-Za-z0-9_-]{43}|mdb_sa_sk_[A-Za-z0-9_-]{40}|sk\.eyJ[A-Za-z0-9_-]{40,200}\.[A-Za-z0-9_-]{20,30})", ("vercel_blob_rw_", "ops_eyJ", "pnu_", "shippo_", "tfp_", "rdme_", "dnkey-", "CLOJARS_", "sha256~", "mdb_sa_sk_", "sk.eyJ"), drawn),
    Rule("heroku_key", r"\b(HRKU-[A-Za-z0-9_-]{36,60})", ("HRKU-",), drawn),
    Rule("password_hash", r"(\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|\$[56]\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43,86}|\$argon2(?:id|i|d)\$v=\d+\$[A-Za-z0-9=,]+\$[A-Za-z0-9+/]{16,}\$[A-Za-z0-9+/]{20,}|\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22})", ("$2", "$5$", "$6$", "$argon2", "$apr1$"), drawn),
    Rule("password_hash", r"(\$y\$[./A-Za-z0-9]{2,8}\$[./A-Za-z0-9]{10,40}\$[./A-Za-z0-9]{43}|\$P\$[./A-Za-z0-9]{31}|pbkdf2(?:_|:)sha(?:1|256|512)[$:]\d{1,8}\$[A-Za-z0-9]{1,64}\$[A-Za-z0-9+/]{27,128}={0,2}|scrypt:\d+:\d+:\d+\$[A-Za-z0-9]{8,32}\$[a-f0-9]{128}|SCRAM-SHA-\d{1,3}\$\d{1,8}:[A-Za-z0-9+/]{12,64}={0,2}\$[A-Za-z0-9+/]{27,90}={0,2}:[A-Za-z0-9+/]{27,90}={0,2})", ("$y$", "$P$", "pbkdf2", "scrypt:", "SCRAM-SHA-"), drawn),
    Rule("password_hash", r"(\{S?SHA(?:256|384|512)?\}[A-Za-z0-9+/]{27,120}={0,2})", ("SHA}", "SHA256}", "SHA384}", "SHA512}"), _hash),
    Rule("service_key", r"\b(hcai[kc]_[a-z0-9]{58}|os_v2_(?:app|org)_[a-z0-9]{80,110}|xaat-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}|access-(?:production|development|sandbox)-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}|FLWSECK(?:_TEST)?-[A-Za-z0-9]{32,40}-X|ATTA[a-f0-9]{72}|AVNS_[A-Za-z0-9_-]{19}|waka_(?:[a-z]{3}_)?[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}|dG9rOm[A-Za-z0-9+/]{54}|signkey-(?:prod|test|branch)-[a-f0-9]{32,64}|PMAT-[A-Z0-9]{26}|zpka_[a-f0-9]{32}_[a-f0-9]{8}|rootly_[a-f0-9]{64}|cflt[A-Za-z0-9+/]{60})\b", ("hcai", "os_v2_", "xaat-", "access-", "FLWSECK", "ATTA", "AVNS_", "waka_", "dG9rOm", "signkey-", "PMAT-", "zpka_", "rootly_", "cflt"), drawn),
    Rule("service_key", r"\b(syt_[A-Za-z0-9_=-]{4,}_[A-Za-z]{20}_[A-Za-z0-9]{6}|snyk_[us]at\.[a-f0-9]{8}\.[A-Za-z0-9_.-]{40,}|AAAA[A-Za-z0-9_-]{7}:APA91b[A-Za-z0-9_-]{100,}|A{19,22}[A-Za-z0-9]{6,}%[0-9A-F]{2}[A-Za-z0-9%]{20,}|[a-f0-9]{32}FFFFNRAL|AQVN[A-Za-z0-9_-]{35,40}|AKLT[A-Za-z0-9]{30,60})\b", ("syt_", "snyk_", ":APA91b", "AAAAAAAAAAAAAAAAAAA", "FFFFNRAL", "AQVN", "AKLT"), random_looking),
    Rule("service_key", r"\b(essu_[A-Za-z0-9+/]{60,200}={0,2}|v2\.local\.[A-Za-z0-9_-]{60,})", ("essu_", "v2.local."), drawn),
    Rule("service_key", r"https://open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v\d/hook/([A-Za-z0-9-]{20,60})|https://qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=([A-Za-z0-9-]{20,60})", ("/open-apis/bot/", "qyapi.weixin"), drawn),
    Rule("url_signature", r"[?&](?:[Xx]-(?:[Aa]mz|[Gg]oog)-(?:[Ss]ignature|[Ss]ecurity-[Tt]oken)|sig)=([A-Za-z0-9%+/_-]{32,}={0,2})", ("-Amz-S", "-Goog-S", "-amz-s", "-goog-s", "&sig=", "?sig="), drawn),
    Rule("url_signature", r"azurewebsites\.net/api/[^\s\"'`?]+\?(?:[^\s\"'`]*?&)??code=([A-Za-z0-9%+/_-]{40,}={0,2})", ("azurewebsites",), random_looking),
    Rule("django_key", r"\b(django-insecure-[^\s\"'`\\]{20,100})", ("django-insecure-",), _long_enough),
)

# Those whose sign is in every second text: searched for by their whole shape.
SHAPED: tuple[Rule, ...] = (
    Rule("discord_token", r"\b([MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40})", (), random_looking),
    Rule("twilio_key", r"\b(SK[0-9a-f]{32})\b", (), drawn),
    Rule("mailchimp_key", r"\b([0-9a-f]{32}-us\d{1,2})\b", (), drawn),
    Rule("airtable_token", r"\b(pat[A-Za-z0-9]{14}\.[a-f0-9]{64})\b"),
    Rule("mailgun_key", r"\b(key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})\b", (), drawn),
    Rule("service_key", r"\b(nf[cpou]_[A-Za-z0-9]{36,60}|rnd_[A-Za-z0-9]{24,40}|sq[uap]_[a-f0-9]{40}|pat-(?:na|eu|ap)\d-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}|re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}|vc[kpria]_[A-Za-z0-9]{40,64}|dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}|v1\.0-[a-f0-9]{24}-[a-f0-9]{146}|napi_[a-z0-9]{60,70}|sk_[a-f0-9]{48}|fw_[A-Za-z0-9]{22,26})\b", (), random_looking),
    Rule("service_key", r"\b((?:csk|fc|key|sdk|api|mob)-(?:[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}|[a-f0-9]{32}|[a-z0-9]{48})|key_[a-f0-9]{64}|a[ks]-[A-Za-z0-9]{22}|API-[A-Z0-9]{26,32}|md-[A-Za-z0-9_-]{22}|pk_\d{6,10}_[A-Z0-9]{32}|0\.[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}\.[A-Za-z0-9]{30}:[A-Za-z0-9+/]{22}==)(?:[^A-Za-z0-9_-]|$)", (), random_looking),
    Rule("service_key", r"\b(00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?![A-Za-z0-9._]{60,120}|pat\.[A-Za-z0-9_-]{22}\.[a-f0-9]{24}\.[A-Za-z0-9]{20}|tr_(?:prod|stg|dev)_[A-Za-z0-9]{20,24}|y[0-3]_[Ag][A-Za-z0-9_-]{54,70}|cio[A-Za-z0-9]{32})\b", (), random_looking),
    Rule("service_key", r"\b([12]/\d{13,18}(?:/\d{13,18})?:[a-f0-9]{32})\b", (), drawn),
    Rule("wallet_key", r"\b([xyztuv]prv[1-9A-HJ-NP-Za-km-z]{100,112})\b", (), drawn),
    Rule("wallet_key", r"\b([5KL][1-9A-HJ-NP-Za-km-z]{50,51})\b", (), _base58check),
    Rule("dropbox_token", r"\b(sl\.(?:u\.)?[A-Za-z0-9_-]{120,})", (), drawn),
)

# Services known and unknown: who gives keys puts a name before them.
PREFIXED: tuple[Rule, ...] = (
    Rule("service_key", r"\b([a-z][a-z0-9]{1,11}[_-][A-Za-z0-9_-]{26,}={0,2})", (), prefixed, unless=r"(?i)(?:sha\d{1,3}|md5|blake\w{2,3})[=:-]$|(?:(?:client|app|application|index|request|response|trace|assertion)[_-]?|\b)id[\"']?\s{0,3}:?[=:]\s{0,3}[\"'`]?$|(?:print|digest|hash)[\"']?\s{0,3}:?[=:]\s{0,3}[\"'`]?$", reach=24),
)
# fmt: on
