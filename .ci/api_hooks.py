"""What the schema tester asks about: most of its calls name an app, a session and records that are there.

Left to itself it makes ids up, and the answer to nearly everything is a 404. What is chosen follows from the call alone,
so that a seed gives the same calls again.
"""

import hashlib
import json
import os

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import TestPhase

ADDRESS = os.environ["HEADCOUNT_ADDRESS"]
KEY = os.environ["HEADCOUNT_API_KEY"]

# Of so many calls one keeps the value that the tester made up.
MADE_UP = {"tenant": 32, "app": 16, "sync": 16, "task": 8, "slug": 16, "id": 4}

TYPES = [("account", "account"), ("team", "group"), ("seat", "license")]
RECORDS = {
    "account": [
        {"id": "u1", "email": "ann@acme.example", "memberships": {"team": [{"id": "g1"}, {"id": "g2"}]}},
        {"id": "u2", "username": "bob", "assignments": {"seat": [{"id": "s1"}]}, "attributes": {"floor": 3}},
        {"id": "u/3", "username": "eve"},
    ],
    "team": [{"id": "g1", "name": "One"}],
    "seat": [{"id": "s1", "name": "Basic"}],
}


def call(method, path, body=None):
    url = f"{ADDRESS}/org/acme/api/v1/bridge/{path}"
    answer = requests.request(method, url, json=body, headers={"Authorization": f"Api-Key {KEY}"}, timeout=30)
    assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


class Things:
    """An app with types, records, an open session and a task, made anew when the tester has used them up."""

    def __init__(self):
        self.make()

    def make(self):
        self.app = call("POST", "apps/", {"name": "Tested"})["id"]
        for slug, kind in TYPES:
            call("POST", f"apps/{self.app}/resource-types/", {"slug": slug, "name": slug, "type": kind})
        self.types = dict(TYPES)
        self.start()
        for slug, records in RECORDS.items():
            call("PUT", f"apps/{self.app}/sync/{self.sync}/{slug}/", {"records": records})
        # Who is inactive can be erased, and a placeholder (g2) is there too.
        call("POST", f"apps/{self.app}/records/account/deactivate/", {"ids": ["u/3"]})
        self.assign()

    def start(self):
        self.sync = call("POST", f"apps/{self.app}/sync/")["sync_id"]

    def assign(self):
        slug = next(iter(self.types))
        task = {"action": "create_account", "resource_type": slug, "payload": {"a": 1}}
        self.task = call("POST", f"apps/{self.app}/tasks/", task)["id"]

    def slug(self, body, number):
        """A type that the records of a body can be of, if it has any."""
        try:
            kinds = ["group", "license"] if "name" in body["records"][0] else ["account"]
        except (TypeError, KeyError, IndexError):
            kinds = ["account", "group", "license"]
        slugs = [slug for slug, kind in self.types.items() if kind in kinds] or list(self.types)
        return slugs[number % len(slugs)]

    def value(self, name, case, number):
        match name:
            case "tenant":
                return "acme"
            case "slug":
                return self.slug(case.body, number)
            case "id":
                ids = ["u1", "g1", "s1", "u2", "g2", "u/3"]
                return ids[number % len(ids)]
            case _:
                return getattr(self, name)

    def note(self, name, case, answer):
        """What a call has made of them."""
        at = case.path_parameters or {}
        if at.get("app") != self.app or not 200 <= answer.status_code < 300:
            return
        match name:
            case "delete_app":
                self.make()
            case "start_session":
                self.sync = answer.json()["sync_id"]
            case "complete_session" | "abandon_session" | "fail_session" | "exclude_types":
                if at.get("sync") == self.sync:
                    self.start()
            case "create_task":
                self.task = answer.json()["id"]
            case "resolve_task":
                self.assign()
            case "update_resource_type" | "register_resource_type":
                types = call("GET", f"apps/{self.app}/resource-types/?limit=1000")["results"]
                self.types = {of["slug"]: of["type"] for of in types}


THINGS = Things()


def name_of(case):
    return case.operation.definition.raw.get("operationId")


def is_meant_to_be_wrong(case):
    component = case.meta and case.meta.components.get(ParameterLocation.PATH)
    return component is not None and component.mode == GenerationMode.NEGATIVE


@schemathesis.hook
def before_call(_context, case, _kwargs):
    if not case.path_parameters or is_meant_to_be_wrong(case):
        return
    # There the ids of the calls before are used.
    linked = case.meta is not None and case.meta.phase.name == TestPhase.STATEFUL
    text = json.dumps([case.operation.label, dict(case.path_parameters), repr(case.query), repr(case.body)])
    for name in case.path_parameters:
        if linked and name != "tenant":
            continue
        number = int.from_bytes(hashlib.blake2b(f"{name} {text}".encode(), digest_size=4).digest())
        if number % MADE_UP[name]:
            case.path_parameters[name] = THINGS.value(name, case, number // MADE_UP[name])


@schemathesis.hook
def after_call(_context, case, response):
    THINGS.note(name_of(case), case, response)
