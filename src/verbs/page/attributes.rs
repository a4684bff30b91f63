//! The attributes of a page's records, from raw to what will be stored of them.

use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;

use super::faults::Finding;
use crate::store::write_attribute;
use crate::values::{Attribute, AttributeValue, FaultCode, Limits, Rule, describe, path_segment};

/// What the attributes of records are checked with, and what came of those before.
#[derive(Debug)]
pub(super) struct AttributeCheck {
    name: Rule,
    text: Rule,
    limits: Limits,
    /// The places of those of the record at hand that count, by name.
    counting: Vec<usize>,
    /// Those of all records as they will be stored, one behind the other.
    runs: Vec<u8>,
}

impl AttributeCheck {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            name: Rule::Required { chars_max: limits.attribute_name_chars_max },
            text: Rule::Required { chars_max: limits.attribute_text_chars_max },
            limits: *limits,
            counting: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// How many bytes there are of the records so far.
    pub(super) const fn len(&self) -> usize {
        self.runs.len()
    }

    /// Forgets those of a record that is rejected.
    pub(super) fn truncate(&mut self, len: usize) {
        self.runs.truncate(len);
    }

    pub(super) fn into_runs(self) -> Vec<u8> {
        self.runs
    }

    /// Adds the attributes of a record, and answers where they are. Each fault in them is told in the order of their
    /// names; then nothing of them is added.
    pub(super) fn add(
        &mut self,
        attributes: &[Attribute<'_>],
        tell: &mut dyn FnMut(&Finding<'_>),
    ) -> Range<usize> {
        let start = self.runs.len();
        if attributes.is_empty() {
            return start..start;
        }
        self.count(attributes);
        let mut is_kept = true;
        self.tell_faults(attributes, &mut |finding| {
            is_kept = false;
            tell(finding);
        });
        if is_kept {
            for attribute in self.counting.iter().map(|&at| &attributes[at]) {
                let value = attribute.present().expect("what is absent does not count");
                write_attribute(&attribute.name, value, &mut self.runs);
            }
        }
        start..self.runs.len()
    }

    /// Finds those that count: of each name the last, unless it is as good as absent.
    fn count(&mut self, attributes: &[Attribute<'_>]) {
        let name = |at: usize| &*attributes[at].name;
        self.counting.clear();
        self.counting.extend(0..attributes.len());
        // In the order of a connector that sorts them, this compares each with the next.
        self.counting.sort_unstable_by(|&a, &b| name(a).cmp(name(b)).then(b.cmp(&a)));
        self.counting.dedup_by(|at, last| name(*at) == name(*last));
        self.counting.retain(|&at| attributes[at].present().is_some());
    }

    fn tell_faults(&self, attributes: &[Attribute<'_>], tell: &mut dyn FnMut(&Finding<'_>)) {
        let (count, count_max) = (self.counting.len(), self.limits.attributes_per_record_max);
        let field = || "attributes".into();
        if count > count_max as usize {
            // One fault stands for all that is in them.
            let (found, expected) =
                (|| format!("{count} attributes"), || format!("at most {count_max} attributes"));
            let code = FaultCode::TooManyAttributes;
            tell(&Finding { code, field: &field, found: &found, expected: &expected });
            return;
        }
        let counting = self.counting.iter().map(|&at| &attributes[at]);
        let bytes: usize = counting.clone().map(Attribute::bytes).sum();
        let bytes_max = self.limits.attribute_bytes_max;
        if bytes > bytes_max as usize {
            let (found, expected) =
                (|| format!("{bytes} bytes"), || format!("at most {bytes_max} bytes of names and texts"));
            let code = FaultCode::AttributesTooLarge;
            tell(&Finding { code, field: &field, found: &found, expected: &expected });
        }
        counting.for_each(|attribute| self.tell_faults_of(attribute, tell));
    }

    /// Of one whose name is at fault, the value is not looked at: it would have the same path.
    fn tell_faults_of(&self, attribute: &Attribute<'_>, tell: &mut dyn FnMut(&Finding<'_>)) {
        let name = &*attribute.name;
        let field = || format!("attributes.{}", path_segment(name));
        if let Some(code) = self.name.fault(name) {
            let (found, expected) = (|| describe(name, code), || self.name.expected());
            return tell(&Finding { code, field: &field, found: &found, expected: &expected });
        }
        let mut look_at = |text: &str, place: Option<usize>| {
            let Some(code) = self.text.fault(text) else { return };
            let field = || place.map_or_else(field, |place| format!("{}[{place}]", field()));
            let (found, expected) = (|| describe(text, code), || self.text.expected());
            tell(&Finding { code, field: &field, found: &found, expected: &expected });
        };
        match attribute.present() {
            Some(AttributeValue::Text(text)) => look_at(text, None),
            Some(AttributeValue::Texts(texts)) => {
                let (count, count_max) = (texts.len(), self.limits.attribute_texts_max);
                if count > count_max as usize {
                    let (found, expected) =
                        (|| format!("{count} texts"), || format!("at most {count_max} texts"));
                    let code = FaultCode::TooLong;
                    tell(&Finding { code, field: &field, found: &found, expected: &expected });
                } else {
                    (0..).zip(texts).for_each(|(place, text)| look_at(text, Some(place)));
                }
            }
            Some(AttributeValue::WrongType(found)) => {
                let (found, expected) = (
                    || found.as_str().into(),
                    || "a text, an integer of 64 bits, a boolean or a list of texts".into(),
                );
                let code = FaultCode::WrongType;
                tell(&Finding { code, field: &field, found: &found, expected: &expected });
            }
            Some(AttributeValue::Integer(_) | AttributeValue::Boolean(_)) | None => {}
        }
    }
}
