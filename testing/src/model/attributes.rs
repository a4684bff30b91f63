//! SPEC 3.10: attributes.

use std::collections::BTreeMap;

use headcount::{AttributeValue, Attributes, FaultCode, Limits};

use super::check;

/// Those that count, by name.
pub(super) fn counting(sent: &Option<Attributes<'_>>) -> BTreeMap<String, AttributeValue<'static>> {
    // Of a name given twice the later value counts, a null too.
    let mut later = BTreeMap::new();
    for attribute in sent.iter().flatten() {
        later.insert(attribute.name.to_string(), attribute.value.clone());
    }
    let present = later.into_iter().filter_map(|(name, value)| Some((name, value?.into_owned())));
    present.filter(|(_, value)| !is_absent(value)).collect()
}

fn is_absent(value: &AttributeValue<'_>) -> bool {
    match value {
        AttributeValue::Text(text) => text.is_empty(),
        AttributeValue::Texts(texts) => texts.is_empty(),
        AttributeValue::Integer(_) | AttributeValue::Boolean(_) | AttributeValue::WrongType(_) => false,
    }
}

/// What is wrong with the attributes of a record.
pub(super) fn faults(sent: &Option<Attributes<'_>>, limits: &Limits) -> Vec<(String, FaultCode)> {
    let counting = counting(sent);
    let whole = || "attributes".to_owned();
    if counting.len() > limits.attributes_per_record_max as usize {
        return vec![(whole(), FaultCode::TooManyAttributes)];
    }
    let mut faults = Vec::new();
    let texts: usize = counting.iter().map(|(name, value)| name.len() + bytes(value)).sum();
    if texts > limits.attribute_bytes_max as usize {
        faults.push((whole(), FaultCode::AttributesTooLarge));
    }
    for (name, value) in &counting {
        let path = format!("attributes.{}", check::path_segment(name));
        let text_fault = |text: &str| check::fault(text, true, limits.attribute_text_chars_max);
        if let Some(code) = check::fault(name, true, limits.attribute_name_chars_max) {
            faults.push((path, code));
            continue;
        }
        match value {
            AttributeValue::WrongType(_) => faults.push((path, FaultCode::WrongType)),
            AttributeValue::Text(text) => faults.extend(text_fault(text).map(|code| (path, code))),
            AttributeValue::Texts(texts) if texts.len() > limits.attribute_texts_max as usize => {
                faults.push((path, FaultCode::TooLong));
            }
            AttributeValue::Texts(texts) => {
                let found = texts.iter().enumerate();
                let found = found.filter_map(|(at, text)| Some((format!("{path}[{at}]"), text_fault(text)?)));
                faults.extend(found);
            }
            AttributeValue::Integer(_) | AttributeValue::Boolean(_) => {}
        }
    }
    faults
}

fn bytes(value: &AttributeValue<'_>) -> usize {
    match value {
        AttributeValue::Text(text) => text.len(),
        AttributeValue::Texts(texts) => texts.iter().map(|text| text.len()).sum(),
        AttributeValue::Integer(_) | AttributeValue::Boolean(_) | AttributeValue::WrongType(_) => 0,
    }
}
