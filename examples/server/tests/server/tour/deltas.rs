//! What comes beside rolls and stays beyond them: deltas, attributes, checkpoints.

use serde_json::{Value, json};

use super::{Company, Tour, person, teams};

pub fn beside_a_roll(tour: &mut Tour, company: &Company) {
    tour.chapter("Events in the middle of a roll");
    tour.say(
        "On Sunday the roll has read its pages. Before it pushes them, two events come: Bob has left, and Zoe is new. \
         Deltas need no session, and count at once.",
    );
    let sync = tour.start(&company.id, "sunday");
    let sync = company.sync(&sync);
    let accounts = format!("{}records/account/", company.app);
    tour.call("POST", &format!("{accounts}deactivate/"), json!({"ids": ["bob", "nobody"]}));
    tour.call("PUT", &accounts, json!({"records": [person("zoe", "sales")]}));
    tour.say(
        "The page is older: it still has Bob, and not Zoe. It does not undo what the events said, and the cleanup leaves \
         Zoe alone.",
    );
    tour.push(&sync, "team", teams());
    tour.push(&sync, "seat", json!([{"id": "basic", "name": "Basic"}]));
    let page = json!({"records": [person("ann", "tech"), person("bob", "tech"), person("eve", "sales")]});
    tour.call("PUT", &format!("{sync}account/"), page);
    tour.call("POST", &format!("{sync}complete/"), Value::Null);
    tour.cleaned_up(&sync);
    tour.call("GET", &format!("{accounts}bob/"), Value::Null);
    tour.call("GET", &format!("{accounts}zoe/"), Value::Null);
}

pub fn attributes(tour: &mut Tour, company: &Company) {
    tour.chapter("Attributes");
    tour.say("Beside its fixed fields a record has attributes. A change in one of them is a change.");
    let accounts = format!("{}records/account/", company.app);
    let mut ann = person("ann", "tech");
    ann["attributes"] = json!({"department": "R&D", "manager": "eve", "cost_center": 4711, "remote": true, "skills": ["Rust", "SQL"]});
    tour.call("PUT", &accounts, json!({"records": [ann]}));
    tour.call("GET", &format!("{accounts}ann/"), Value::Null);
    tour.say("Each attribute is held to its rules. Any other value is of a wrong type.");
    ann["attributes"] = json!({"cost_center": 47.11, "address": {"city": "Ulm"}});
    tour.call("PUT", &accounts, json!({"records": [ann]}));
}

pub fn checkpoints(tour: &mut Tour, company: &Company) {
    tour.chapter("A connector that starts anew");
    tour.say(
        "A connector leaves a text with its session. When it starts anew, it reads there where it stood.",
    );
    let sync = tour.start(&company.id, "long roll");
    let sync = company.sync(&sync);
    let text = "accounts, behind page 17";
    tour.call("POST", &format!("{sync}checkpoint/"), json!({"checkpoint": text}));
    tour.say("Where it cannot go on, it says why. Nobody goes.");
    tour.call("POST", &format!("{sync}fail/"), json!({"reason": "the source answers 503"}));
    tour.say("A step that the session's status does not allow names the status.");
    tour.call("POST", &format!("{sync}complete/"), Value::Null);
}
