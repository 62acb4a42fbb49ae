"""What a script does that knows of the API nothing but its description.

Only the client that a generator made of schemas/openapi.json is used. infra/dev/schemathesis.sh makes it, starts a server,
and says by BULKHEAD_SERVER and BULKHEAD_API_KEY where it is and what opens it.
"""

import json
import os
import pathlib

import pytest
from bulkhead_client import AuthenticatedClient, Client, models
from bulkhead_client.api.collections import create_collection, get_collection, list_collections, set_collection
from bulkhead_client.api.health import version
from bulkhead_client.api.images import get_image, list_images
from bulkhead_client.api.scans import list_scans, upload_scan
from bulkhead_client.api.session import create_session, end_own_session, get_session
from bulkhead_client.api.tokens import create_api_key, list_api_keys, revoke_api_key
from bulkhead_client.types import UNSET

SERVER = os.environ["BULKHEAD_SERVER"]
# What first_key.py chose.
PASSWORD = "correct horse battery staple"
DESCRIPTION = json.loads((pathlib.Path(__file__).parents[2] / "schemas/openapi.json").read_text(encoding="utf-8"))


@pytest.fixture
def key():
    return AuthenticatedClient(base_url=SERVER, token=os.environ["BULKHEAD_API_KEY"], raise_on_unexpected_status=True)


def example(path, method):
    """The request that the description shows."""
    return DESCRIPTION["paths"][path][method]["requestBody"]["content"]["application/json"]["example"]


def rows(ask, named, client, **query):
    """All rows of a list, a page of two after the other."""
    found, cursor = [], UNSET
    while True:
        page = ask.sync(client=client, limit=2, cursor=cursor, **query)
        assert not isinstance(page, models.Problem), page
        assert len(getattr(page, named)) <= 2
        found += getattr(page, named)
        if not page.next_cursor:
            return found
        cursor = page.next_cursor


def test_whoever_is_unknown_learns_the_version_and_nothing_else():
    stranger = Client(base_url=SERVER)
    assert version.sync(client=stranger).software
    nobody = AuthenticatedClient(base_url=SERVER, token="x.y.z")
    answer = list_images.sync_detailed(client=nobody)
    assert answer.status_code == 401
    assert isinstance(answer.parsed, models.Problem)
    assert answer.parsed.type_ == "/problems/unauthenticated"
    assert "www-authenticate" in answer.headers


def test_a_person_makes_a_key_that_may_less_and_takes_it_away():
    stranger = Client(base_url=SERVER)
    session = create_session.sync(client=stranger, body=models.SignIn(login="admin", password=PASSWORD))
    person = AuthenticatedClient(base_url=SERVER, token=session.token)
    wanted = models.NewApiKey(note="looks at images", roles=[models.RoleAssignment(role="developer")])
    made = create_api_key.sync_detailed(client=person, body=wanted)
    assert made.status_code == 201, made.content
    script = AuthenticatedClient(base_url=SERVER, token=made.parsed.key)
    assert get_session.sync(client=script).roles == ["developer"]
    refused = create_collection.sync_detailed(
        client=script, body=models.CollectionText(name="x", parts=models.CollectionParts())
    )
    assert (refused.status_code, refused.parsed.type_) == (403, "/problems/forbidden")
    mine = made.parsed.api_key.id
    assert mine in [key.id for key in rows(list_api_keys, "api_keys", person)]
    assert revoke_api_key.sync_detailed(mine, client=person).status_code == 204
    assert get_session.sync_detailed(client=script).status_code == 401
    assert end_own_session.sync_detailed(client=person).status_code == 204


def test_a_list_is_read_page_by_page_and_filtered(key):
    assert rows(list_images, "images", key) == []
    before = len(rows(list_collections, "collections", key))
    shown = models.CollectionText.from_dict(example("/api/v1/collections", "post"))
    for number in range(5):
        shown.name = f"Stranger's {number}"
        assert create_collection.sync_detailed(client=key, body=shown).status_code == 201
    found = rows(list_collections, "collections", key)
    assert len(found) == before + 5
    assert len({collection.id for collection in found}) == len(found)
    some = rows(list_collections, "collections", key, search="stranger's 3")
    assert [collection.collection.name for collection in some] == ["Stranger's 3"]
    wrong = list_collections.sync(client=key, cursor="made-up")
    assert (wrong.status, wrong.type_) == (400, "/problems/bad-cursor")


def test_who_changes_what_has_changed_meanwhile_is_told(key):
    wanted = models.CollectionText(name="Changed", parts=models.CollectionParts(hosts=["web-*"]))
    made = create_collection.sync_detailed(client=key, body=wanted)
    read = get_collection.sync_detailed(made.parsed.id, client=key)
    first = read.headers["etag"]
    wanted.description = "by one"
    changed = set_collection.sync_detailed(made.parsed.id, client=key, body=wanted, if_match=first)
    assert changed.status_code == 200, changed.content
    assert changed.headers["etag"] != first
    wanted.description = "by another"
    late = set_collection.sync_detailed(made.parsed.id, client=key, body=wanted, if_match=first)
    assert (late.status_code, late.parsed.type_) == (412, "/problems/precondition-failed")
    now = get_collection.sync(made.parsed.id, client=key)
    assert now.collection.description == "by one"


def test_a_build_sends_its_scan_as_the_description_shows_it(key):
    report = models.Report.from_dict(example("/api/v1/scans", "post"))
    sent = upload_scan.sync_detailed(client=key, body=report)
    assert sent.status_code == 201, sent.content
    found = rows(list_scans, "scans", key, search=report.target.name)
    assert sent.parsed.id in [scan.id for scan in found]
    assert rows(list_scans, "scans", key, search="nothing of that name") == []


def test_what_is_not_there_is_a_problem_with_an_id_of_the_log(key):
    nothing = get_image.sync("sha256:" + "0" * 64, client=key)
    assert isinstance(nothing, models.Problem)
    assert (nothing.status, nothing.type_) == (404, "/problems/not-found")
    assert nothing.title and nothing.request_id
