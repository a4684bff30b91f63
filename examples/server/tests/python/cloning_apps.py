import requests

BASE_URL = "https://developer.idenhq.com/org/acme"
HEADERS = {
    "Authorization": "Api-Key <your-api-key>",
    "Content-Type": "application/json",
}

# Create the parent app first (or use an existing one)
parent = requests.post(
    f"{BASE_URL}/api/v1/bridge/apps/",
    headers=HEADERS,
    json={"name": "Jira - Engineering"},
).json()
parent_app_id = parent["id"]

# Register resource types on the parent
for rt in [
    {"slug": "project", "name": "Project", "type": "group"},
    {"slug": "role", "name": "Role", "type": "group"},
    {"slug": "account", "name": "Account", "type": "account"},
]:
    requests.post(
        f"{BASE_URL}/api/v1/bridge/apps/{parent_app_id}/resource-types/",
        headers=HEADERS,
        json=rt,
    ).raise_for_status()

# Create cloned apps
for name in ["Jira - Legal", "Jira - Finance"]:
    clone = requests.post(
        f"{BASE_URL}/api/v1/bridge/apps/",
        headers=HEADERS,
        json={"name": name, "clone_from": parent_app_id},
    )
    clone.raise_for_status()
    print(f"Created clone: {clone.json()['name']} ({clone.json()['id']})")

# The guide's next script speaks of these two.
engineering_app_id = parent_app_id
legal_app_id = clone.json()["id"]

import time
import requests

BASE_URL = "https://developer.idenhq.com/org/acme"
HEADERS = {
    "Authorization": "Api-Key <your-api-key>",
    "Content-Type": "application/json",
}


def sync_instance(app_id, groups, accounts):
    """Run a full sync for one instance."""
    # Start sync
    sync_id = requests.post(
        f"{BASE_URL}/api/v1/bridge/apps/{app_id}/sync/",
        headers=HEADERS,
    ).json()["sync_id"]

    # Push groups, then accounts
    requests.put(
        f"{BASE_URL}/api/v1/bridge/apps/{app_id}/sync/{sync_id}/project/",
        headers=HEADERS,
        json={"records": groups},
    ).raise_for_status()

    requests.put(
        f"{BASE_URL}/api/v1/bridge/apps/{app_id}/sync/{sync_id}/account/",
        headers=HEADERS,
        json={"records": accounts},
    ).raise_for_status()

    # Complete
    requests.post(
        f"{BASE_URL}/api/v1/bridge/apps/{app_id}/sync/{sync_id}/complete/",
        headers=HEADERS,
    ).raise_for_status()

    # Poll until done
    while True:
        status = requests.get(
            f"{BASE_URL}/api/v1/bridge/apps/{app_id}/sync/{sync_id}/",
            headers=HEADERS,
        ).json()
        if status["status"] in ("completed", "error", "abandoned"):
            return status
        time.sleep(5)


# Sync each instance with its own data
sync_instance(
    engineering_app_id,
    groups=[{"id": "p1", "name": "Backend"}, {"id": "p2", "name": "Frontend"}],
    accounts=[
        {"id": "u1", "email": "alice@acme.com", "memberships": {"project": [{"id": "p1"}]}},
    ],
)

sync_instance(
    legal_app_id,
    groups=[{"id": "p10", "name": "Contracts"}, {"id": "p11", "name": "Compliance"}],
    accounts=[
        {"id": "u50", "email": "carol@acme.com", "memberships": {"project": [{"id": "p10"}]}},
    ],
)

# Adding a resource type via any app in the clone group
requests.post(
    f"{BASE_URL}/api/v1/bridge/apps/{legal_app_id}/resource-types/",
    headers=HEADERS,
    json={"slug": "license", "name": "License", "type": "license"},
).raise_for_status()

# Now all apps in the clone group (Engineering, Legal, Finance) can sync licenses
