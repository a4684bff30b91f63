//! What somebody who runs the server sees of it: figures, readiness, ids of requests, and the log.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::given::{app, complete, push, start, synced_app};
use crate::support::{KEY, READ_ONLY_KEY, Server};

/// What Prometheus is answered.
fn scraped(address: &str, key: Option<&str>) -> (u16, String) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let agent: ureq::Agent = config.into();
    let mut request = agent.get(format!("{address}/metrics"));
    if let Some(key) = key {
        request = request.header("Authorization", format!("Api-Key {key}"));
    }
    let mut response = request.call().expect("an answer");
    if response.status() == 200 {
        assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    }
    let text = response.body_mut().read_to_string().expect("a text");
    (response.status().as_u16(), text)
}

fn own(server: &Server) -> String {
    let (status, text) = scraped(&server.address, Some(READ_ONLY_KEY));
    assert_eq!(status, 200, "{text}");
    text
}

#[track_caller]
fn expect_lines(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|found| found == *line), "no line {line} in\n{text}");
    }
}

/// The value of the one series with this name and these labels.
fn value(text: &str, series: &str) -> f64 {
    let found: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' ')).collect();
    assert_eq!(found.len(), 1, "{series} in\n{text}");
    found[0].parse().expect("a number")
}

fn accounts(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"id": id, "username": "x"})).collect()
}

fn set_guard(server: &Server, app: &str, guard: &Value) {
    let reply = server.call("PATCH", &format!("apps/{app}/"), Some(&json!({"guard": guard})));
    assert_eq!(reply.status, 200, "{reply:?}");
}

fn try_complete(server: &Server, app: &str, session: &str, body: &Value) -> u16 {
    server.call("POST", &format!("apps/{app}/sync/{session}/complete/"), Some(body)).status
}

#[test]
fn figures_tell_of_pages_records_faults_guards_and_sessions() {
    let server = Server::start(None, &[]);
    let (app, first) = synced_app(&server);
    assert_eq!(push(&server, &app, &first, "account", &accounts(&["u1", "u2", "u3", "u4"])).status, 200);
    complete(&server, &app, &first);

    let second = start(&server, &app);
    // The same body as before, a lenient one with a fault, and one that is refused.
    assert_eq!(push(&server, &app, &second, "account", &accounts(&["u1", "u2", "u3", "u4"])).status, 200);
    let lenient = json!({"records": [{"id": "u5", "username": "x"}, {"id": 7}]});
    let path = format!("apps/{app}/sync/{second}/account/?mode=lenient");
    assert_eq!(server.call("PUT", &path, Some(&lenient)).status, 200);
    assert_eq!(
        push(&server, &app, &second, "account", &json!([{"id": ""}, {"id": "u6", "email": 1}])).status,
        400
    );
    complete(&server, &app, &second);

    let third = start(&server, &app);
    assert_eq!(push(&server, &app, &third, "account", &accounts(&["u1"])).status, 200);
    set_guard(&server, &app, &json!({"max_count": 2}));
    assert_eq!(try_complete(&server, &app, &third, &json!({})), 409);
    assert_eq!(try_complete(&server, &app, &third, &json!({"force": true})), 202);
    complete(&server, &app, &third);
    let leavers = json!({"ids": ["u1", "nobody"]});
    assert_eq!(
        server.call("POST", &format!("apps/{app}/records/account/deactivate/"), Some(&leavers)).status,
        200
    );
    let abandoned = start(&server, &app);
    let open = start(&server, &app);
    assert_eq!(try_complete(&server, &app, &abandoned, &json!({})), 409);

    let text = own(&server);
    expect_lines(
        &text,
        &[
            "headcount_pages_total{tenant=\"acme\",how=\"strict\",outcome=\"taken\"} 2",
            "headcount_pages_total{tenant=\"acme\",how=\"strict\",outcome=\"refused\"} 1",
            "headcount_pages_total{tenant=\"acme\",how=\"repeated\",outcome=\"taken\"} 1",
            "headcount_pages_total{tenant=\"acme\",how=\"lenient\",outcome=\"taken\"} 1",
            "headcount_records_total{tenant=\"acme\",outcome=\"created\"} 5",
            "headcount_records_total{tenant=\"acme\",outcome=\"unchanged\"} 5",
            "headcount_records_total{tenant=\"acme\",outcome=\"rejected\"} 1",
            "headcount_record_faults_total{tenant=\"acme\"} 5",
            "headcount_guard_refusals_total{tenant=\"acme\",limit=\"max_count\"} 1",
            "headcount_guard_refusals_total{tenant=\"acme\",limit=\"max_percent\"} 0",
            "headcount_refused_commands_total{tenant=\"acme\",step=\"complete\",code=\"guard_exceeded\"} 1",
            "headcount_refused_commands_total{tenant=\"acme\",step=\"complete\",code=\"wrong_state\"} 1",
            "headcount_sessions_started_total{tenant=\"acme\"} 5",
            "headcount_sessions_ended_total{tenant=\"acme\",status=\"completed\"} 3",
            "headcount_sessions_ended_total{tenant=\"acme\",status=\"abandoned\"} 1",
            "headcount_deactivations_total{tenant=\"acme\",by=\"cleanup\"} 4",
            "headcount_deactivations_total{tenant=\"acme\",by=\"delta\"} 1",
            "headcount_session_seconds_count{tenant=\"acme\"} 4",
            "headcount_apps{tenant=\"acme\"} 1.0",
            "headcount_records_held{tenant=\"acme\",state=\"active\"} 0.0",
            "headcount_records_held{tenant=\"acme\",state=\"inactive\"} 5.0",
            "headcount_open_sessions{tenant=\"acme\",status=\"in_progress\"} 1.0",
            "headcount_open_sessions{tenant=\"acme\",status=\"completing\"} 0.0",
        ],
    );
    let age = "headcount_open_session_age_seconds_max{tenant=\"acme\",status=\"in_progress\"}";
    let before = value(&text, age);
    std::thread::sleep(Duration::from_millis(20));
    assert!(value(&own(&server), age) > before, "an open session grows older");
    let path = format!("apps/{app}/sync/{open}/abandon/");
    assert_eq!(server.call("POST", &path, None).status, 204);
    assert_eq!(value(&own(&server), age), 0.0);
    assert!(value(&text, "headcount_queue_seconds_count{tenant=\"acme\"}") > 0.0);
    assert!(value(&text, "headcount_engine_seconds_sum{tenant=\"acme\"}") > 0.0);
}

#[test]
fn figures_are_a_tenants_own_and_want_its_key() {
    let server = Server::start(None, &["--tenant", "hidden=hidden-key"]);
    app(&server, "App");
    assert_eq!(scraped(&server.address, None).0, 401);
    assert_eq!(scraped(&server.address, Some("wrong")).0, 401);
    for (key, tenant) in
        [(KEY, "acme"), (READ_ONLY_KEY, "acme"), ("hidden-key", "hidden"), ("other-key", "other")]
    {
        let (status, text) = scraped(&server.address, Some(key));
        assert_eq!(status, 200);
        let series = text.lines().filter(|line| !line.starts_with('#'));
        let tenants: BTreeSet<&str> = series
            .map(|line| {
                line.split("tenant=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("none")
            })
            .collect();
        assert_eq!(tenants, [tenant].into(), "of {key}");
    }
    let (reply, _) = server.with_headers("POST", "/metrics", Some(KEY));
    assert_eq!(reply.status, 405);
}

#[test]
fn an_address_for_prometheus_has_the_figures_of_all_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let server = Server::logged(&log, &["--metrics-listen", "127.0.0.1:0", "--log-format", "json"]);
    app(&server, "App");
    let told = wait_for_line(&log, |line| line["message"] == "figures are told");
    let address = format!("http://{}", told["address"].as_str().expect("an address"));
    let (status, text) = scraped(&address, None);
    assert_eq!(status, 200);
    for tenant in ["acme", "other"] {
        assert!(text.contains(&format!("headcount_apps{{tenant=\"{tenant}\"}}")), "{text}");
    }
    expect_lines(
        &text,
        &["headcount_http_requests_total{method=\"POST\",status=\"201\"} 1", "headcount_ready 1.0"],
    );
    if cfg!(target_os = "linux") {
        assert!(value(&text, "process_resident_memory_bytes") > 1e6);
    }
    is_well_formed(&text);
    for (path, status) in [("/readyz", 200), ("/healthz", 200), ("/", 404), ("/openapi.json", 404)] {
        let reply = crate::support::call(&address, "GET", path, Some(KEY), None).expect("a reply");
        assert_eq!(reply.status, status, "{path}");
    }
}

#[test]
fn figures_tell_of_disk_and_snapshots() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Some(&folder.path().join("data")), &["--commands-per-snapshot", "5"]);
    for _ in 0..12 {
        app(&server, "App");
    }
    let begun = Instant::now();
    let snapshots = "headcount_snapshot_seconds_count{tenant=\"acme\"}";
    while value(&own(&server), snapshots) < 1.0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "no snapshot is told");
        std::thread::sleep(Duration::from_millis(20));
    }
    let text = own(&server);
    assert_eq!(value(&text, "headcount_disk_seconds_count{tenant=\"acme\"}"), 12.0);
    assert!(value(&text, "headcount_disk_seconds_sum{tenant=\"acme\"}") > 0.0);
    assert!(value(&text, "headcount_snapshot_bytes{tenant=\"acme\"}") > 100.0);
    assert!(value(&text, "headcount_snapshot_timestamp_seconds{tenant=\"acme\"}") > 1.6e9);
    expect_lines(&text, &["headcount_snapshot_failures_total{tenant=\"acme\"} 0"]);
    while value(&own(&server), "headcount_snapshot_under_way{tenant=\"acme\"}") > 0.0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "a snapshot does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// As the text format wants it: a type before the series of a family, each series once.
fn is_well_formed(text: &str) {
    let (mut families, mut series) = (BTreeSet::new(), BTreeSet::new());
    let mut family = "";
    for line in text.lines() {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            family = typed.split(' ').next().expect("a name");
            assert!(families.insert(family), "{family} twice");
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            assert!(name.starts_with(family) && value.parse::<f64>().is_ok(), "{line}");
            assert!(series.insert(name), "{name} twice");
        }
    }
    assert!(families.len() > 25, "{families:?}");
}

#[test]
fn every_answer_has_an_id_and_a_sane_one_is_kept() {
    let server = Server::start(None, &[]);
    let answered = |path: &str, id: Option<&str>| {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let agent: ureq::Agent = config.into();
        let mut request = agent.get(format!("{}{path}", server.address));
        if let Some(id) = id {
            request = request.header("X-Request-Id", id);
        }
        let response = request.call().expect("an answer");
        response.headers()["x-request-id"].to_str().expect("an id of ASCII").to_owned()
    };
    for path in
        ["/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/nosuch", "/org/acme/api/v1/bridge/apps/"]
    {
        assert_eq!(answered(path, Some("call-7:1")), "call-7:1", "{path}");
        let made = answered(path, None);
        assert!(uuid::Uuid::parse_str(&made).is_ok(), "{path}: {made}");
        assert_ne!(answered(path, Some("no \"id\"")), "no \"id\"", "{path}");
    }
}

/// The lines of a log in JSON so far. The last may be half written.
fn lines(log: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).expect("a log");
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn wait_for_line(log: &Path, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        match lines(log).into_iter().find(&wanted) {
            Some(line) => return line,
            None if begun.elapsed() > Duration::from_secs(10) => panic!("no such line in {:#?}", lines(log)),
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

#[test]
fn each_step_of_a_session_is_a_line_with_the_requests_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let server = Server::logged(&log, &["--log-format", "json"]);
    let (app, first) = synced_app(&server);
    assert_eq!(push(&server, &app, &first, "account", &accounts(&["u1", "u2", "u3"])).status, 200);
    complete(&server, &app, &first);
    set_guard(&server, &app, &json!({"max_percent": 50}));
    let second = start(&server, &app);
    assert_eq!(push(&server, &app, &second, "account", &accounts(&["u1"])).status, 200);
    assert_eq!(try_complete(&server, &app, &second, &json!({})), 409);
    let reason = "two\nlines \u{1b}[31m";
    let body = json!({"reason": reason});
    assert_eq!(server.call("POST", &format!("apps/{app}/sync/{second}/fail/"), Some(&body)).status, 200);

    let of = |session: &str, message: &str| {
        let line = wait_for_line(&log, |line| line["session"] == session && line["message"] == message);
        assert_eq!((&line["tenant"], &line["app"]), (&json!("acme"), &json!(app)), "{line}");
        line
    };
    let id = |line: &Value| line["span"]["id"].as_str().map(str::to_owned);
    let started = of(&first, "session started");
    let completing = of(&first, "session completing");
    let ended = of(&first, "session ended");
    let refused = of(&second, "session refused by its guard");
    let failed = of(&second, "session ended");
    assert_eq!(
        (&ended["status"], &ended["created"], &ended["pages"]),
        (&json!("completed"), &json!(3), &json!(1))
    );
    assert_eq!(
        (&refused["limit"], &refused["figure"], &refused["base"]),
        (&json!("max_percent"), &json!(2), &json!(3))
    );
    assert_eq!((&refused["level"], &refused["step"]), (&json!("WARN"), &json!("complete")));
    assert_eq!((&failed["status"], &failed["reason"]), (&json!("error"), &json!(reason)));
    let ids: BTreeSet<_> = [&started, &completing, &refused, &failed].into_iter().map(id).collect();
    assert!(ids.len() == 4 && !ids.contains(&None), "{ids:?}");
    // Its cleanup ended it, behind the answer.
    assert_eq!(id(&ended), id(&completing));
}

#[test]
fn a_log_in_a_file_has_no_colours_and_a_line_for_each_event() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let server = Server::logged(&log, &["--log-level", "info,headcount_server::observe=debug"]);
    let (app, session) = synced_app(&server);
    let body = json!({"reason": "two\nlines \u{1b}[31m"});
    assert_eq!(server.call("POST", &format!("apps/{app}/sync/{session}/fail/"), Some(&body)).status, 200);
    assert!(server.terminate());
    let text = std::fs::read_to_string(&log).expect("a log");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let begins = |line: &str| line.starts_with("20") && line.contains('T');
    assert!(text.lines().all(begins), "{text}");
    let ended = text.lines().find(|line| line.contains("session ended")).expect("a line");
    assert!(ended.contains("request{id="), "{ended}");
    assert!(text.contains("answered"), "{text}");
}

#[test]
fn a_level_that_is_none_is_refused_in_words() {
    let refused = Server::try_start(None, &["--log-level", "verbose"]).err().expect("no server");
    assert!(refused.contains("found \"verbose\", expected a level (error, warn, info"), "{refused}");
}
