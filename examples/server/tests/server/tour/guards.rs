//! Guards, and plans that a person can approve.

use serde_json::{Value, json};

use super::{Company, Tour, everybody, person, teams};

/// A session of which all pages but those of teams were pushed.
fn people_and_seats(tour: &mut Tour, company: &Company, name: &str) -> String {
    let sync = tour.start(&company.id, name);
    let sync = company.sync(&sync);
    tour.push(&sync, "account", everybody());
    tour.push(&sync, "seat", json!([{"id": "basic", "name": "Basic"}]));
    sync
}

pub fn missing_pages(tour: &mut Tour, company: &Company) {
    tour.chapter("A list that could not be read");
    tour.say(
        "\"Could not list\" is not \"there are none\". With `require_pages` a session is completed only if it got a page \
         of each type that had something; an empty page will do. On Wednesday the teams cannot be listed.",
    );
    tour.call("PATCH", &company.app, json!({"guard": {"require_pages": true}}));
    let sync = people_and_seats(tour, company, "wednesday");
    tour.call("POST", &format!("{sync}complete/"), Value::Null);
    tour.say(
        "The connector takes the type out of the session, for good: its cleanup leaves the teams alone.",
    );
    tour.call("POST", &format!("{sync}exclude/"), json!({"types": ["team"]}));
    tour.call("POST", &format!("{sync}complete/"), Value::Null);
    tour.cleaned_up(&sync);
    tour.call("GET", &format!("{}records/team/?state=active", company.app), Value::Null);
}

pub fn single_types(tour: &mut Tour, company: &Company) {
    tour.chapter("A guard on each type");
    tour.say(
        "Both teams could go under a guard on the whole, since they are few beside the people. `max_type_percent` holds \
         for each type by itself.",
    );
    let guard = json!({"max_percent": 50, "max_type_percent": 40, "min_count": 1});
    tour.call("PATCH", &company.app, json!({ "guard": guard }));
    let sync = people_and_seats(tour, company, "thursday");
    tour.call("PUT", &format!("{sync}team/"), json!({"records": []}));
    tour.call("POST", &format!("{sync}complete/"), Value::Null);
    tour.say(
        "The session goes on. One team of two is half of them, but figures up to `min_count` pass every percentage, so \
         that a small directory is not held up.",
    );
    tour.call("PUT", &format!("{sync}team/"), json!({"records": [teams()[1]]}));
    let preview = tour.call("GET", &format!("{sync}preview/"), Value::Null);
    tour.name("plan of thursday", &preview["plan"]);
    tour.say("If a person says that it is right, the guard is waived for this one session.");
    tour.call("POST", &format!("{sync}waive-guard/"), Value::Null);
    tour.say("Here nobody does, and the session is abandoned. What was pushed stays, and nobody goes.");
    tour.call("POST", &format!("{sync}abandon/"), Value::Null);
}

pub fn removals(tour: &mut Tour, company: &Company) {
    tour.chapter("A guard on memberships");
    tour.say(
        "Memberships can vanish though nobody does. `max_removals` counts the references that the pages of one session \
         take from active accounts. A page that would pass it is refused whole.",
    );
    tour.call("PATCH", &company.app, json!({"guard": {"max_removals": 1}}));
    let sync = tour.start(&company.id, "friday");
    let sync = company.sync(&sync);
    let alone = |id: &str| json!({"id": id, "email": format!("{id}@acme.example")});
    let page = json!({"records": [alone("ann"), alone("bob"), alone("eve")]});
    tour.call("PUT", &format!("{sync}account/"), page);
    tour.quietly("POST", &format!("{sync}abandon/"), Value::Null);
}

pub fn plans(tour: &mut Tour, company: &Company) {
    tour.chapter("A plan that is approved");
    tour.say(
        "A preview names whom completing now would mark, and has a plan: a value of just these records. To complete with \
         the plan is to do what was looked at, or nothing.",
    );
    tour.call("PATCH", &company.app, json!({"guard": null}));
    let sync = tour.start(&company.id, "saturday");
    let sync = company.sync(&sync);
    tour.push(&sync, "team", teams());
    tour.push(&sync, "seat", json!([{"id": "basic", "name": "Basic"}]));
    tour.push(&sync, "account", json!([person("ann", "tech"), person("bob", "tech")]));
    let preview = tour.call("GET", &format!("{sync}preview/"), Value::Null);
    let plan = tour.name("plan of Kim and Eve", &preview["plan"]);
    tour.say(
        "While somebody looks at it, Eve's page comes in. So the plan is another by now, and is refused.",
    );
    tour.push(&sync, "account", json!([person("eve", "sales")]));
    tour.call("POST", &format!("{sync}complete/"), json!({ "plan": plan }));
    let preview = tour.call("GET", &format!("{sync}preview/"), Value::Null);
    let plan = tour.name("plan of Kim", &preview["plan"]);
    tour.say("This one is approved. Kim has left.");
    tour.call("POST", &format!("{sync}complete/"), json!({ "plan": plan }));
    tour.cleaned_up(&sync);
    tour.call("GET", &format!("{}records/account/?state=inactive", company.app), Value::Null);
}
