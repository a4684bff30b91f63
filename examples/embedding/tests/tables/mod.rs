//! The rows of the tables, and what they should be.

#![allow(unreachable_pub, reason = "the module is of two tests")]

use std::collections::BTreeSet;

use headcount::{AttributeView, Engine, Kind, RecordFilter, RecordView};
use headcount_embedding::Projection;

/// Every row of every table, as text.
pub fn in_tables(projection: &Projection) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    for table in ["app", "resource_type", "account", "resource", "reference"] {
        let mut select = projection.connection().prepare(&format!("SELECT * FROM {table}")).expect("a table");
        let columns = select.column_count();
        let mut found = select.query([]).expect("rows");
        while let Some(row) = found.next().expect("a row") {
            let values = (0..columns).map(|column| match row.get_ref(column).expect("a value") {
                rusqlite::types::ValueRef::Null => "-".to_owned(),
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                other => other.as_str().expect("text").to_owned(),
            });
            rows.insert(format!("{table} {}", values.collect::<Vec<_>>().join("|")));
        }
    }
    rows
}

/// What the tables should hold, read from the engine alone.
pub fn in_engine(engine: &Engine) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
    for app in engine.apps() {
        let id = app.id();
        let synced = app.last_synced_at().map_or("-".to_owned(), |at| at.as_millis().to_string());
        rows.insert(format!("app {id}|{}|{}|{synced}", app.name(), app.configuration_status().as_str()));
        for of in app.resource_types() {
            let of_id = of.id();
            rows.insert(format!("resource_type {id}|{of_id}|{}|{}|{}", of.slug(), of.name(), of.kind()));
            for record in app.records(of.slug(), RecordFilter::All).expect("a type") {
                let (key, active) = (record.id(), u8::from(record.is_active()));
                let fields = if of.kind() == Kind::Account {
                    let status = record.status().expect("a status").as_str();
                    let fields = [
                        record.email(),
                        record.username(),
                        record.first_name(),
                        record.last_name(),
                        record.display_name(),
                    ];
                    let texts = fields.map(text).join("|");
                    format!("account {id}|{of_id}|{key}|{active}|{status}|{texts}|{}", attributes(record))
                } else {
                    let placeholder = u8::from(record.is_placeholder());
                    let fields = [record.name(), record.description()];
                    let texts = fields.map(text).join("|");
                    format!(
                        "resource {id}|{of_id}|{key}|{active}|{placeholder}|{texts}|{}",
                        attributes(record)
                    )
                };
                rows.insert(fields);
                for target in record.references() {
                    rows.insert(format!(
                        "reference {id}|{of_id}|{key}|{}|{}",
                        target.resource_type().id(),
                        target.id()
                    ));
                }
            }
        }
    }
    rows
}

/// As JSON, of texts that need no escape.
fn attributes(record: RecordView<'_>) -> String {
    let pairs = record.attributes().map(|(name, value)| {
        let value = match value {
            AttributeView::Text(text) => format!("\"{text}\""),
            AttributeView::Integer(integer) => integer.to_string(),
            AttributeView::Boolean(boolean) => boolean.to_string(),
            AttributeView::Texts(texts) => {
                format!("[{}]", texts.map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(","))
            }
        };
        format!("\"{name}\":{value}")
    });
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
}
