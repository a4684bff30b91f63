//! Pages: what is rejected alone, what is ignored, what stays.

use serde_json::{Value, json};

use super::{Company, Tour, everybody, person, teams};

pub fn first_roll(tour: &mut Tour) -> Company {
    tour.chapter("A roll");
    tour.say(
        "A connector calls the roll of an app: it opens a session, pushes all that it sees, and completes. First the \
         app, and its types.",
    );
    let created = tour.call("POST", "apps/", json!({"name": "Acme HR"}));
    let id = tour.name("app", &created["id"]);
    let app = format!("apps/{id}/");
    let types = format!("{app}resource-types/");
    let account = tour.call("POST", &types, json!({"slug": "account", "name": "Account", "type": "account"}));
    tour.name("account type", &account["id"]);
    tour.quietly("POST", &types, json!({"slug": "team", "name": "Team", "type": "group"}));
    tour.quietly("POST", &types, json!({"slug": "seat", "name": "Seat", "type": "license"}));
    tour.say("The types `team`, of groups, and `seat`, of licenses, are registered alike. Then the roll.");
    let started = tour.call("POST", &format!("{app}sync/"), Value::Null);
    let company = Company { app, id };
    let monday = tour.name("monday", &started["sync_id"]);
    let sync = company.sync(&monday);
    tour.call("PUT", &format!("{sync}team/"), json!({"records": teams()}));
    tour.call("PUT", &format!("{sync}account/"), json!({"records": everybody()}));
    tour.push(&sync, "seat", json!([{"id": "basic", "name": "Basic"}]));
    tour.call("POST", &format!("{sync}complete/"), Value::Null);
    tour.cleaned_up(&sync);
    tour.say("The cleanup runs behind the answer. Soon the session shows that it is over, and what it did.");
    tour.call("GET", &sync, Value::Null);
    company
}

pub fn lenient_pages(tour: &mut Tour, company: &Company) {
    tour.chapter("A page with bad records");
    tour.say(
        "On Tuesday Eve's address has a blank in it, and the source gives a number as Bob's id. In strict mode the page \
         is refused whole, with every fault in it. A value of a wrong type is such a fault.",
    );
    let tuesday = tour.start(&company.id, "tuesday");
    let sync = company.sync(&tuesday);
    tour.push(&sync, "team", teams());
    tour.push(&sync, "seat", json!([{"id": "basic", "name": "Basic"}]));
    let mut eve = person("eve", "sales");
    eve["email"] = "eve @acme.example".into();
    let mut bob = person("bob", "tech");
    bob["id"] = 7.into();
    let page = json!({"records": [person("ann", "tech"), bob, eve, person("kim", "sales")]});
    tour.call("PUT", &format!("{sync}account/"), page.clone());
    tour.say(
        "In lenient mode each bad record is rejected alone. Eve is on record, so her record is retained: she is at the \
         source, only unreadable.",
    );
    tour.call("PUT", &format!("{sync}account/?mode=lenient"), page);
    tour.say(
        "Nobody knows whose id 7 is. So a preview shows that completing now would take Bob, and not Eve.",
    );
    let preview = tour.call("GET", &format!("{sync}preview/"), Value::Null);
    tour.name("plan of tuesday", &preview["plan"]);
    tour.say("Bob is pushed again, with his id. Then nobody goes.");
    tour.call("PUT", &format!("{sync}account/"), json!({"records": [person("bob", "tech")]}));
    tour.quietly("POST", &format!("{sync}complete/"), Value::Null);
    tour.cleaned_up(&sync);
    tour.call("GET", &format!("{}records/account/eve/", company.app), Value::Null);
}

pub fn ignored_fields(tour: &mut Tour, company: &Company) {
    tour.chapter("A misspelt field");
    tour.say(
        "A pushed record replaces the stored one whole, and fields that the server does not know are ignored. So a \
         misspelt `membership` takes Ann out of her team. The header `Ignored-Fields` of the answer names it, each time \
         that the page comes.",
    );
    let typo = tour.start(&company.id, "typo");
    let sync = company.sync(&typo);
    let page = json!({
        "records": [{
            "id": "ann", "email": "ann@acme.example", "membership": {"team": [{"id": "tech"}]}, "kostenstelle für": 7
        }],
        "total": 1
    });
    tour.call("PUT", &format!("{sync}account/"), page);
    tour.say("The right page puts her back.");
    tour.call("PUT", &format!("{sync}account/"), json!({"records": [person("ann", "tech")]}));
    tour.say("Every call that takes a body has it.");
    let patch = json!({"nmae": "Acme", "guard": {"max_cuont": 3}});
    tour.call("PATCH", &company.app, patch);
    tour.quietly("POST", &format!("{sync}abandon/"), Value::Null);
}

pub fn references_out_of_scope(tour: &mut Tour, company: &Company) {
    tour.chapter("A roll of people alone");
    tour.say(
        "A session can be opened for some types only. Its cleanup leaves the others alone, and so do its accounts: \
         references to a type that is out of scope stay as they are, unless the account names the type.",
    );
    let scope = json!({"scope": ["account"]});
    let started = tour.call("POST", &format!("{}sync/", company.app), scope);
    let people = tour.name("people", &started["sync_id"]);
    let sync = company.sync(&people);
    let alone = |id: &str| json!({"id": id, "email": format!("{id}@acme.example")});
    let mut kim = alone("kim");
    kim["memberships"] = json!({"team": []});
    let page = json!({"records": [alone("ann"), alone("bob"), alone("eve"), kim]});
    tour.call("PUT", &format!("{sync}account/"), page);
    tour.quietly("POST", &format!("{sync}complete/"), Value::Null);
    tour.cleaned_up(&sync);
    tour.say("Ann is still in her team. Kim is in none: her record said so with an empty list.");
    tour.call("GET", &format!("{}records/account/ann/", company.app), Value::Null);
    tour.call("GET", &format!("{}records/team/sales/members/", company.app), Value::Null);
}
