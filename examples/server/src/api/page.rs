//! A body that is a page of records.

use headcount::{Limits, Page, PageSeed};
use serde::de::DeserializeSeed;

use crate::call::{Body, Malformed, OfPage};

/// A page.
#[derive(Debug)]
pub struct PageBody<'b>(pub Page<'b>);

impl<'b> Body<'b, OfPage> for PageBody<'b> {
    fn read(bytes: &'b [u8], at: &OfPage, limits: &Limits) -> Result<Self, Malformed> {
        let mut parser = serde_json::Deserializer::from_slice(bytes);
        let page = PageSeed::new(at.kind, limits).deserialize(&mut parser);
        let page = page.and_then(|page| parser.end().map(|()| page));
        page.map(Self).map_err(|error| Malformed::unparsed(&error))
    }
}
