//! Records as a person wants to see them: what they say, and nothing of what they do not.

use alloc::borrow::Cow;
use core::fmt::{Debug, Formatter, Result};

use super::attribute::{Attribute, AttributeValue};
use super::record::{Account, Group, Reference, ReferenceList};

impl Debug for Account<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self {
            id,
            email,
            username,
            first_name,
            last_name,
            display_name,
            status,
            memberships,
            assignments,
            attributes,
        } = self;
        let mut account = f.debug_struct("Account");
        account.field("id", id);
        let texts: [(&str, &Option<Cow<'_, str>>); 6] = [
            ("email", email),
            ("username", username),
            ("first_name", first_name),
            ("last_name", last_name),
            ("display_name", display_name),
            ("status", status),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                account.field(name, text);
            }
        }
        for (name, lists) in [("memberships", memberships), ("assignments", assignments)] {
            if !lists.is_empty() {
                account.field(name, &Lists(lists));
            }
        }
        if let Some(attributes) = attributes {
            account.field("attributes", &Values(attributes));
        }
        account.finish()
    }
}

impl Debug for Group<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { id, name, description, attributes } = self;
        let mut group = f.debug_struct("Group");
        group.field("id", id).field("name", name);
        if let Some(description) = description {
            group.field("description", description);
        }
        if let Some(attributes) = attributes {
            group.field("attributes", &Values(attributes));
        }
        group.finish()
    }
}

impl Debug for ReferenceList<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        Lists(core::slice::from_ref(self)).fmt(f)
    }
}

/// The id, and the name behind it, if there is one.
impl Debug for Reference<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { id, name } = self;
        id.fmt(f)?;
        name.as_ref().map_or(Ok(()), |name| write!(f, " ({name:?})"))
    }
}

/// By slug.
struct Lists<'s, 'a>(&'s [ReferenceList<'a>]);

impl Debug for Lists<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut map = f.debug_map();
        for ReferenceList { slug, references } in self.0 {
            match references {
                Some(references) => map.entry(slug, references),
                None => map.entry(slug, &None::<()>),
            };
        }
        map.finish()
    }
}

/// By name.
struct Values<'s, 'a>(&'s [Attribute<'a>]);

impl Debug for Values<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut map = f.debug_map();
        for Attribute { name, value } in self.0 {
            match value {
                Some(AttributeValue::Text(text)) => map.entry(name, text),
                Some(AttributeValue::Integer(integer)) => map.entry(name, integer),
                Some(AttributeValue::Boolean(boolean)) => map.entry(name, boolean),
                Some(AttributeValue::Texts(texts)) => map.entry(name, texts),
                Some(AttributeValue::WrongType(_)) | None => map.entry(name, value),
            };
        }
        map.finish()
    }
}
