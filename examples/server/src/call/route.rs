//! Which call a method and a path ask for, and what the API's document says of it.

use super::order::{self, Handler};
use super::{Body, Path, Query, Read, Write};

/// What every path of the API begins with.
pub const PREFIX: &str = "/org/{tenant}/api/v1/bridge";

/// How many segments of a path are the prefix's, and which of them names the tenant.
pub(super) const PREFIX_SEGMENTS: usize = 6;
pub(super) const TENANT_SEGMENT: usize = 2;

/// The methods that calls have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "HTTP says it")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As HTTP writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether a request's method asks for it. HEAD asks for what GET does; the connection leaves the body out.
    pub(super) fn is_asked_by(self, method: &str) -> bool {
        self.as_str() == method || (self == Self::Get && method == "HEAD")
    }

    /// The header `Allow`.
    pub(super) fn allow(methods: &[Self]) -> String {
        let names =
            methods.iter().map(|method| if *method == Self::Get { "GET, HEAD" } else { method.as_str() });
        names.collect::<Vec<_>>().join(", ")
    }
}

/// A status, what it means, and the name of its body's schema; empty where it has no body.
pub type Answer = (u16, &'static str, &'static str);

/// A call at its place.
#[derive(Debug)]
pub struct Route {
    /// What the API's document calls it.
    pub name: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path behind [`PREFIX`] and a slash. A part in braces is a parameter.
    pub path: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// The name of its body's schema; empty if it takes none.
    pub body: &'static str,
    /// The fields that its body may have at the top.
    pub body_fields: &'static [&'static str],
    /// Whether no body stands for one that says nothing.
    pub body_may_be_absent: bool,
    /// Whether it makes something, and knows the header `Idempotency-Key`.
    pub makes: bool,
    /// Its answers. Those that all calls have are not among them.
    pub answers: &'static [Answer],
    /// The query's parameters that it knows, each with the name by which it is described.
    pub query: QueryNames,
    /// The names of its path's parameters.
    pub(super) names: &'static [&'static str],
    pub(super) handler: Handler,
}

/// The names of a query's parameters, and by which names they are described.
#[derive(Clone, Copy, Debug)]
pub struct QueryNames {
    names: &'static [&'static str],
    described: &'static [&'static str],
}

impl QueryNames {
    const fn of<Q: Query>() -> Self {
        assert!(Q::NAMES.len() == Q::DESCRIBED.len(), "each parameter is described");
        Self { names: Q::NAMES, described: Q::DESCRIBED }
    }

    /// Each with the name by which it is described.
    pub fn iter(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.names.iter().copied().zip(self.described.iter().copied())
    }
}

impl Route {
    /// A call that reads: a GET.
    pub const fn read<R: Read>(
        path: &'static str,
        summary: &'static str,
        answers: &'static [Answer],
    ) -> Self {
        assert!(parameters(path) == R::Path::NAMES.len(), "a route has the parameters of its path's type");
        Self {
            name: R::NAME,
            method: Method::Get,
            path,
            summary,
            body: "",
            body_fields: &[],
            body_may_be_absent: true,
            makes: false,
            answers,
            query: QueryNames::of::<R::Query>(),
            names: R::Path::NAMES,
            handler: Handler::Read(order::read::<R>),
        }
    }

    /// A call that carries out a command.
    pub const fn write<W: Write>(
        method: Method,
        path: &'static str,
        summary: &'static str,
        body: &'static str,
        answers: &'static [Answer],
    ) -> Self {
        assert!(parameters(path) == W::Path::NAMES.len(), "a route has the parameters of its path's type");
        assert!(
            <W::Body<'static> as Body<'static, W::Path>>::IS_TAKEN != body.is_empty(),
            "a body that is taken is told of"
        );
        Self {
            name: W::NAME,
            method,
            path,
            summary,
            body,
            body_fields: <W::Body<'static> as Body<'static, W::Path>>::FIELDS,
            body_may_be_absent: <W::Body<'static> as Body<'static, W::Path>>::MAY_BE_ABSENT,
            makes: W::MAKES,
            answers,
            query: QueryNames::of::<W::Query>(),
            names: W::Path::NAMES,
            handler: Handler::Write(order::write_boxed::<W>),
        }
    }

    /// Whether it carries out a command: a key that may only read does not do for it.
    pub const fn writes(&self) -> bool {
        matches!(self.handler, Handler::Write(_))
    }

    /// Whether the parameters are those of its path's type, in their order.
    pub fn has_the_parameters_of_its_type(&self) -> bool {
        self.parameters().eq(self.names.iter().copied())
    }

    /// The names of the parameters, as the path has them.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        segments(self.path).filter_map(parameter)
    }

    /// What the call is about, in a word: the noun of its path.
    pub fn noun(&self) -> &'static str {
        let mut words =
            segments(self.path).filter(|segment| !segment.is_empty() && parameter(segment).is_none());
        let first = words.next().unwrap_or_default();
        match words.next() {
            Some(noun @ ("resource-types" | "sync" | "records" | "tasks")) => noun,
            _ => first,
        }
    }

    /// Which segments are no parameters: of two routes that a path fits, the one with the first such is meant.
    pub(super) fn literals(&self) -> Vec<bool> {
        segments(self.path).map(|segment| parameter(segment).is_none()).collect()
    }
}

/// How many parameters a path has.
const fn parameters(path: &str) -> usize {
    let (bytes, mut at, mut count) = (path.as_bytes(), 0, 0);
    while at < bytes.len() {
        count += (bytes[at] == b'{') as usize;
        at += 1;
    }
    count
}

/// The name of the parameter that a segment of a route's path is.
fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// The segments of a route's path.
pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
}

/// The values that a path has for the parameters of a pattern, if it fits.
pub(super) fn matches<'s, 'p>(
    mut pattern: impl Iterator<Item = &'p str>,
    path: &'s [Option<String>],
) -> Option<Vec<&'s str>> {
    let mut values = Vec::new();
    for segment in path {
        let (expected, found) = (pattern.next()?, segment.as_deref()?);
        match parameter(expected) {
            // A thing has a name.
            Some(_) if found.is_empty() => return None,
            Some(_) => values.push(found),
            None if expected == found => {}
            None => return None,
        }
    }
    pattern.next().is_none().then_some(values)
}
