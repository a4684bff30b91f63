//! A body that is a page of records: of a session, or a delta.

use headcount::{IgnoredFields, Kind, Limits, Page, PageSeed};

use crate::call::{Body, Malformed, OfPage, OfType};

/// A page.
#[derive(Debug)]
pub struct PageBody<'b>(pub Page<'b>);

impl<'b> PageBody<'b> {
    fn of(
        bytes: &'b [u8],
        kind: Kind,
        limits: &Limits,
        ignored: &mut IgnoredFields,
    ) -> Result<Self, Malformed> {
        let mut parser = serde_json::Deserializer::from_slice(bytes);
        let page = PageSeed::new(kind, limits).deserialize_noting(&mut parser, ignored);
        let page = page.and_then(|page| parser.end().map(|()| page));
        page.map(Self).map_err(|error| Malformed::unparsed(&error))
    }
}

impl<'b> Body<'b, OfPage> for PageBody<'b> {
    const FIELDS: &'static [&'static str] = &["records"];

    fn read(
        bytes: &'b [u8],
        at: &OfPage,
        limits: &Limits,
        ignored: &mut IgnoredFields,
    ) -> Result<Self, Malformed> {
        Self::of(bytes, at.kind, limits, ignored)
    }
}

impl<'b> Body<'b, OfType> for PageBody<'b> {
    const FIELDS: &'static [&'static str] = &["records"];

    fn read(
        bytes: &'b [u8],
        at: &OfType,
        limits: &Limits,
        ignored: &mut IgnoredFields,
    ) -> Result<Self, Malformed> {
        Self::of(bytes, at.kind, limits, ignored)
    }
}
