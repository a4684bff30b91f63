//! The page at `/`, as a browser shows it.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::given::{app, complete, push, start, synced_app};
use crate::support::{READ_ONLY_KEY, Server};

const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";

/// The page, opened with a read-only key.
fn signed_in(server: &Server) -> Option<Browser> {
    let browser = Browser::start()?;
    browser.open(&server.address);
    browser.type_into("Tenant", "acme");
    browser.type_into("Key", READ_ONLY_KEY);
    browser.click("Look");
    browser.see("Tenant acme");
    Some(browser)
}

fn accounts(ids: &[&str]) -> Value {
    let account = |id: &&str| json!({"id": id, "username": format!("{id}-name"), "memberships": {"team": [{"id": "g1", "name": "Desk"}]}});
    ids.iter().map(account).collect()
}

#[test]
fn the_page_comes_with_a_policy_and_without_a_key() {
    let server = Server::start(None, &[]);
    let (reply, headers) = server.with_headers("GET", "/", None);
    assert_eq!(reply.status, 200);
    let policy = headers["content-security-policy"].to_str().expect("ASCII");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(
        (&headers["x-content-type-options"], &headers["x-frame-options"]),
        (&"nosniff".parse().expect("a value"), &"DENY".parse().expect("a value"))
    );
}

#[test]
fn a_person_looks_from_the_apps_to_what_a_completion_would_take_away() {
    let server = Server::start(None, &[]);
    let (app, first) = synced_app(&server);
    assert_eq!(push(&server, &app, &first, "account", &accounts(&["u1", "u2", "u3"])).status, 200);
    complete(&server, &app, &first);
    let second = start(&server, &app);
    assert_eq!(push(&server, &app, &second, "account", &accounts(&["u1"])).status, 200);
    let Some(browser) = signed_in(&server) else { return };

    browser.see("1 app");
    browser.click("App");
    browser.see("On record");
    browser.see("completed");
    browser.click("in progress");
    browser.see("What completing now would take away");
    browser.see("2 records would become inactive: 2 of account.");
    // One of those who would go is a link to who that is.
    browser.click("u2");
    browser.see("u2-name");
    browser.see("Memberships and assignments");
    browser.click("g1");
    browser.see("Active members");
    browser.see("3 accounts");
    assert_eq!(browser.complaints(), [""; 0]);

    // What goes on meanwhile shows without a reload.
    browser.open(&format!("{}/#/app/{app}/session/{second}", server.address));
    browser.see("2 records would become inactive");
    assert_eq!(push(&server, &app, &second, "account", &accounts(&["u2"])).status, 200);
    browser.click("Look again");
    browser.see("1 record would become inactive: 1 of account.");
    complete(&server, &app, &second);
    browser.see("Ended");
    browser.see("completed");
}

#[test]
fn a_person_finds_a_record_by_its_id_and_follows_the_changes() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let odd = "50% of/a b?#é";
    assert_eq!(push(&server, &app, &session, "account", &accounts(&[odd, "u2"])).status, 200);
    complete(&server, &app, &session);
    let Some(browser) = signed_in(&server) else { return };

    browser.click("App");
    browser.click("Records");
    browser.see("2 records of account");
    browser.type_into("Id", &format!("{odd}{ENTER}"));
    browser.see(&format!("{odd}-name"));
    browser.click("Records");
    browser.type_into("Id", &format!("nobody{ENTER}"));
    browser.see("no record \"nobody\" of resource type \"account\" in this app");

    browser.click("Changes");
    browser.see("session ended");
    browser.see("record created");
    assert_eq!(server.call("POST", "apps/", Some(&json!({"name": "Another"}))).status, 201);
    browser.see("app created");
    browser.see("Another");
    // The browser tells of the 404, and of nothing else.
    let complaints = browser.complaints();
    assert!(complaints.iter().all(|told| told.contains("404")), "{complaints:?}");
}

/// An id or a name that would be a program, were it read as HTML.
const HOSTILE: [&str; 4] = [
    "<img src=x onerror=\"document.owned=1\">",
    "</script><script>document.owned=1</script>",
    "javascript:document.owned=1",
    "<svg/onload=document.owned=1>'\"`${document.owned=1}",
];

#[test]
fn what_a_connector_sent_is_shown_and_does_nothing() {
    let server = Server::start(None, &[]);
    let hostile = app(&server, HOSTILE[0]);
    let body = json!({"slug": "account", "name": HOSTILE[1], "type": "account"});
    assert_eq!(server.call("POST", &format!("apps/{hostile}/resource-types/"), Some(&body)).status, 201);
    let body = json!({"slug": "team", "name": HOSTILE[2], "type": "group"});
    assert_eq!(server.call("POST", &format!("apps/{hostile}/resource-types/"), Some(&body)).status, 201);
    let first = start(&server, &hostile);
    let record = |id: &&str| {
        json!({"id": id, "username": id, "display_name": id, "attributes": {*id: id},
            "memberships": {"team": [{"id": id, "name": id}]}})
    };
    let records: Value = HOSTILE.iter().map(record).collect();
    let reply = push(&server, &hostile, &first, "account", &records);
    assert_eq!(reply.status, 200, "{reply:?}");
    complete(&server, &hostile, &first);
    let session = start(&server, &hostile);
    let checkpoint = json!({"checkpoint": HOSTILE[0]});
    server.call("POST", &format!("apps/{hostile}/sync/{session}/checkpoint/"), Some(&checkpoint));
    let failed = start(&server, &hostile);
    server.call("POST", &format!("apps/{hostile}/sync/{failed}/fail/"), Some(&json!({"reason": HOSTILE[1]})));
    let open = start(&server, &hostile);
    let Some(browser) = signed_in(&server) else { return };

    let record = "%3Cimg%20src%3Dx%20onerror%3D%22document.owned%3D1%22%3E";
    for (place, seen) in [
        (String::new(), HOSTILE[0]),
        ("changes".to_owned(), HOSTILE[3]),
        (format!("app/{hostile}"), HOSTILE[1]),
        (format!("app/{hostile}/session/{session}"), HOSTILE[0]),
        (format!("app/{hostile}/session/{open}"), HOSTILE[3]),
        (format!("app/{hostile}/session/{failed}"), HOSTILE[1]),
        (format!("app/{hostile}/records/account"), HOSTILE[2]),
        (format!("app/{hostile}/record/account/{record}"), HOSTILE[0]),
        (format!("app/{hostile}/record/team/{record}"), HOSTILE[0]),
        // What the address says is not to be trusted either.
        (format!("app/{hostile}/record/{record}/{record}"), "no resource type"),
        (format!("app/{record}"), "no app"),
    ] {
        browser.open(&format!("{}/#/{place}", server.address));
        browser.see(seen);
        let found = browser.run(
            "return [document.owned ?? null, document.querySelectorAll('img, svg, main script').length]",
        );
        assert_eq!(found, json!([null, 0]), "{place}");
        let links = "return [...document.links].every((of) => of.protocol === 'http:')";
        assert_eq!(browser.run(links), true, "{place}");
    }
    let complaints = browser.complaints();
    assert!(complaints.iter().all(|told| told.contains("404")), "{complaints:?}");
}

#[test]
fn the_policy_holds_where_the_page_would_not() {
    let server = Server::start(None, &[]);
    let Some(browser) = signed_in(&server) else { return };
    // In a task of the page's own: what the driver runs by itself is not held to the policy.
    browser.run(
        "const tries = [
             () => { document.body.innerHTML = '<img src=x onerror=document.owned=1>'; },
             () => { document.body.append(Object.assign(document.createElement('script'), {text: 'document.owned = 1'})); },
             () => { new Function('document.owned = 1')(); },
             () => { document.body.setAttribute('onclick', 'document.owned = 1'); document.body.click(); },
             () => { location.href = 'javascript:document.owned=1'; },
         ];
         setTimeout(() => {
             for (const one of tries) { try { one(); } catch { document.refused = (document.refused ?? 0) + 1; } }
             setTimeout(() => { document.tried = true; }, 100);
         });",
    );
    browser.wait_for("return document.tried ?? null");
    assert_eq!(browser.run("return document.owned ?? null"), Value::Null);
    assert!(browser.run("return document.refused").as_u64() >= Some(3));
    assert!(!browser.complaints().is_empty(), "the browser tells of what the policy forbade");
}

#[test]
fn a_wrong_key_is_told_and_a_forgotten_one_is_gone() {
    let server = Server::start(None, &[]);
    let Some(browser) = Browser::start() else { return };
    browser.open(&server.address);
    // By keyboard alone: the focus is where one begins.
    browser.wait_for_focus("tenant");
    browser.press(&["a", "c", "m", "e", TAB, "x", ENTER]);
    browser.see("no valid key");
    browser.wait_for_focus("key");
    let letters: Vec<String> = READ_ONLY_KEY.chars().map(String::from).collect();
    let mut keys: Vec<&str> = letters.iter().map(String::as_str).collect();
    keys.push(ENTER);
    browser.press(&keys);
    browser.see("No app yet.");
    assert_eq!(browser.run("return document.activeElement.tagName"), "H1");

    // It is this tab's, and lasts over a reload.
    browser.run("location.reload()");
    browser.see("No app yet.");
    browser.click("Forget the key");
    browser.see("a read-only key is enough");
    assert_eq!(
        browser.run("return [sessionStorage.length, localStorage.length, document.cookie]"),
        json!([0, 0, ""])
    );
    browser.open(&format!("{}/#/changes", server.address));
    browser.see("a read-only key is enough");
}

#[test]
fn the_page_has_names_for_what_is_read_aloud() {
    let server = Server::start(None, &[]);
    let things = crate::given::things(&server);
    let Some(browser) = signed_in(&server) else { return };
    let (app, session) = (&things.app, &things.session);
    for place in [
        "".into(),
        "changes".into(),
        format!("app/{app}"),
        format!("app/{app}/session/{session}"),
        format!("app/{app}/records/account"),
    ] {
        browser.open(&format!("{}/#/{place}", server.address));
        browser.see("Tenant acme");
        let unnamed = browser.run(
            "const text = (of) => (of.textContent || of.getAttribute('aria-label') || '').trim();
             return [...document.querySelectorAll('a, button, h1, h2, nav, section, progress, th[scope=row]')]
                 .filter((of) => !text(of) && !of.closest('[hidden]'))
                 .concat([...document.querySelectorAll('input, select')].filter((of) => of.labels.length === 0))
                 .map((of) => of.outerHTML);",
        );
        assert_eq!(unnamed, json!([]), "{place}");
        let outline = browser.run("return [document.documentElement.lang, document.querySelectorAll('main').length, document.querySelectorAll('h1').length]");
        assert_eq!(outline, json!(["en", 1, 1]), "{place}");
    }
}
