//! Reading, and what a person does by hand.

use serde_json::{Value, json};

use super::{Company, Tour};
use crate::support::{KEY, READ_ONLY_KEY, Server};

pub fn dead_groups(tour: &mut Tour, company: &Company) {
    tour.chapter("A membership in a dead group");
    tour.say(
        "The team Engineering is dissolved, and Ann's own record still names it: a membership that looks alive and is \
         not. `state=dangling` finds such records, and `members/` who refers to them.",
    );
    let teams = format!("{}records/team/", company.app);
    tour.call("POST", &format!("{teams}deactivate/"), json!({"ids": ["tech"]}));
    tour.call("GET", &format!("{teams}?state=dangling"), Value::Null);
    tour.call("GET", &format!("{teams}tech/members/"), Value::Null);
}

pub fn lists(tour: &mut Tour, company: &Company) {
    tour.chapter("Lists that change while they are read");
    tour.say(
        "\"Do you have this id?\" is one call. Whoever pages through a list by number misses people when somebody in \
         front of them goes; whoever reads on from behind a record does not.",
    );
    let accounts = format!("{}records/account/", company.app);
    tour.call("GET", &format!("{accounts}nobody/"), Value::Null);
    tour.call("GET", &format!("{accounts}?state=active&after=ann&limit=1"), Value::Null);
    tour.say("What the app's sessions did is kept: newest first.");
    tour.call("GET", &format!("{}sync/?limit=1", company.app), Value::Null);
}

pub fn changes(tour: &mut Tour, company: &Company) {
    tour.chapter("What has changed");
    tour.say("Whoever keeps a copy reads what changed behind the last change that it knows.");
    let last = tour.quietly("GET", "changes/?after=18446744073709551615", Value::Null)["last_seq"].clone();
    let last = last.as_u64().expect("a number");
    let changes = tour.quietly("GET", &format!("changes/?after={}", last - 6), Value::Null);
    for change in changes["results"].as_array().expect("a list") {
        assert_eq!(change["app"], company.id, "only one app changes");
    }
    tour.call("GET", &format!("changes/?after={}", last - 6), Value::Null);
    tour.say(
        "This server keeps the last 40. It says so rather than leave a gap: the copy is to be made anew.",
    );
    tour.call("GET", "changes/?after=0", Value::Null);
}

pub fn erasure(tour: &mut Tour, company: &Company) {
    tour.chapter("Somebody asked to be forgotten");
    tour.say("One inactive record is erased by its id, whenever it became inactive. Who is active stays.");
    let accounts = format!("{}records/account/", company.app);
    tour.call("DELETE", &format!("{accounts}ann/"), Value::Null);
    tour.call("DELETE", &format!("{accounts}kim/"), Value::Null);
    tour.call("GET", &format!("{accounts}kim/"), Value::Null);
}

pub fn options(tour: &mut Tour, company: &Company) {
    tour.chapter("What the server is started with");
    tour.say("A tenant may have keys that read and do not write (`--read-only-key acme=…`).");
    tour.key = READ_ONLY_KEY.to_owned();
    tour.call("GET", &company.app, Value::Null);
    tour.call("DELETE", &company.app, Value::Null);
    tour.key = KEY.to_owned();
    tour.say("This server was started with `--limit id_chars_max=400`, since names of directories are long.");
    let name = format!("CN=Ann,OU={},DC=acme", "x".repeat(283));
    assert_eq!(name.len(), 301);
    let long = json!({"records": [{"id": name, "username": "ann2"}]});
    tour.call("PUT", &format!("{}records/account/", company.app), long);
    let longer = json!({"records": [{"id": "x".repeat(401), "username": "ann3"}]});
    tour.call("PUT", &format!("{}records/account/", company.app), longer);
    tour.say(
        "Another server has `--default-guard max_percent=10,min_count=20`, which each new app begins with, and \
         `--session-idle-timeout 1s` (a day unless set): a connector that died leaves no session open for ever.",
    );
    tour.server = Server::start(
        None,
        &["--default-guard", "max_percent=10,min_count=20", "--session-idle-timeout", "1s"],
    );
    let other = tour.quietly("POST", "apps/", json!({"name": "Other"}));
    let other = tour.name("other app", &other["id"]);
    tour.call("GET", &format!("apps/{other}/"), Value::Null);
    let dead = tour.start(&other, "dead roll");
    let sync = format!("apps/{other}/sync/{dead}/");
    tour.shows(&sync, "error");
    tour.call("GET", &sync, Value::Null);
}
