//! A body that is a page of records: of a session, or a delta.

use headcount::{Kind, Limits, Page, PageSeed};
use serde::de::DeserializeSeed;

use crate::call::{Body, Malformed, OfPage, OfType};

/// A page.
#[derive(Debug)]
pub struct PageBody<'b>(pub Page<'b>);

impl<'b> PageBody<'b> {
    fn of(bytes: &'b [u8], kind: Kind, limits: &Limits) -> Result<Self, Malformed> {
        let mut parser = serde_json::Deserializer::from_slice(bytes);
        let page = PageSeed::new(kind, limits).deserialize(&mut parser);
        let page = page.and_then(|page| parser.end().map(|()| page));
        page.map(Self).map_err(|error| Malformed::unparsed(&error))
    }
}

impl<'b> Body<'b, OfPage> for PageBody<'b> {
    fn read(bytes: &'b [u8], at: &OfPage, limits: &Limits) -> Result<Self, Malformed> {
        Self::of(bytes, at.kind, limits)
    }
}

impl<'b> Body<'b, OfType> for PageBody<'b> {
    fn read(bytes: &'b [u8], at: &OfType, limits: &Limits) -> Result<Self, Malformed> {
        Self::of(bytes, at.kind, limits)
    }
}
