//! Requests as somebody would send them, by the schema of their body; tests send each of them to the API.

use serde_json::{Value, json};

/// The example of a request, where what its properties make is not one.
pub(super) fn of(schema: &str) -> Option<Value> {
    Some(match schema {
        "AcceptInvitation" => json!({
            "token": "bhi_0123456789abcdef_0000000000000000000000000000000000000000000000000000000000000000",
            "login": "ada",
            "password": "correct horse battery staple",
        }),
        "ChangePassword" => json!({
            "current": "the password so far",
            "new": "correct horse battery staple",
        }),
        "CollectionText" => json!({
            "name": "The shop",
            "description": "What the shop runs on.",
            "parts": {"images": ["registry.example.org/shop/*"], "namespaces": ["shop-*"]},
        }),
        "DecideException" => json!({"comment": "Agreed until the next release."}),
        "ExceptionText" => json!({
            "vulnerability": "CVE-2026-1234",
            "package": "pkg:deb/debian/openssl",
            "scope": {"kind": "estate"},
            "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path",
            "reason": "None of our services speaks DTLS.",
        }),
        "NewApiKey" => json!({
            "note": "nightly report",
            "roles": [{"role": "auditor"}],
            "networks": ["192.0.2.0/24"],
            "valid_for_s": 7_776_000,
        }),
        "NewChannel" => json!({
            "name": "on call",
            "target": {"kind": "webhook", "url": "https://hooks.example.org/bulkhead"},
            "wants": {"events": ["findings.new"], "conditions": {"min_severity": "high"}},
            "enabled": true,
        }),
        "NewEnrolmentToken" => {
            json!({"note": "web servers", "valid_for_s": 86_400, "max_uses": 20})
        }
        "NewFeedRefresh" => json!({"accept_shrunk": ["cisa-kev"]}),
        "NewImageScan" => json!({
            "reference": "mcr.microsoft.com/windows/servercore:ltsc2022",
            "platform": "windows/amd64:10.0.20348",
        }),
        "NewInvitation" => json!({
            "note": "Ada, who keeps the shop's servers",
            "roles": [{"role": "developer"}],
            "valid_for_s": 604_800,
        }),
        "NewRegistry" => json!({
            "settings": {
                "name": "Ours",
                "kind": "harbor",
                "address": "registry.example.org",
                "scope": {"repositories": ["shop/*"], "tags": ["1.*"], "newest": 5, "platforms": ["linux/amd64"]},
                "every_hours": 24,
                "enabled": true,
            },
            "credentials": {"kind": "password", "user": "robot$bulkhead", "secret": "the robot's password"},
        }),
        "NewRole" => json!({
            "name": "watchers",
            "role": {"description": "Sees hosts and agents.", "permissions": ["hosts.read", "agents.read"]},
        }),
        "NewTrustedBuild" => json!({
            "note": "the shop's builds",
            "issuer": "https://token.actions.githubusercontent.com",
            "audience": "https://bulkhead.example.org",
            "claims": {"repository_id": "1296269", "ref": "refs/heads/*"},
            "roles": [{"role": "ci"}],
            "lifetime_s": 900,
        }),
        "NewWebhookSecret" => json!({"replace": false}),
        "PersonChange" => json!({"roles": [{"role": "developer"}], "disabled": false}),
        "PolicyText" => json!({
            "form": "toml",
            "text": "version = 1\n[fail_on]\nseverity = \"high\"\nkev = true\n",
        }),
        "PreviewCollection" => json!({"parts": {"hosts": ["web-*"]}}),
        "ReplayDeadLetters" => json!({"queue": "scan", "ids": ["default/0123456789abcdef"]}),
        "Report" => json!({
            "version": 1,
            "software": "0.1.0",
            "scanned_at": "2026-11-30T09:15:00Z",
            "target": {"kind": "image", "name": "registry.example.org/shop/web:1.4.2"},
            "coverage": {"status": "complete", "gaps": []},
            "packages": [],
            "findings": [],
            "summary": {
                "total": 0, "critical": 0, "high": 0, "medium": 0, "low": 0, "unknown": 0,
                "known_exploited": 0, "fixable": 0, "cannot_judge": 0,
            },
            "policy": {"verdict": "pass"},
        }),
        "RoleText" => json!({
            "description": "Sees hosts and agents.",
            "permissions": ["hosts.read", "agents.read"],
        }),
        "SetIdentityProvider" => json!({
            "name": "Entra ID",
            "issuer": "https://login.example.org/tenant/v2.0",
            "client_id": "0oa1b2c3d4",
            "client_secret": "the secret of the registration",
            "redirect_uri": "https://bulkhead.example.org/api/v1/sign-in/callback",
            "scopes": ["email"],
            "groups_claim": "roles",
            "groups": [{"group": "bulkhead-auditors", "roles": [{"role": "auditor"}]}],
            "email_domains": ["example.org"],
        }),
        "SignIn" => json!({
            "tenant": "default",
            "login": "ada",
            "password": "correct horse battery staple",
        }),
        "TokenExchange" => json!({
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        }),
        _ => return None,
    })
}
