//! SPEC 1, 2 and 3.3: what texts may be.

use headcount::{Error, FaultCode, Limits};

/// Errors repeat at most 64 characters of what was refused.
pub(super) fn short(text: &str) -> String {
    if text.chars().count() <= 64 { text.to_owned() } else { text.chars().take(64).chain(['…']).collect() }
}

/// A record's id as a fault tells it.
pub(super) fn usable_id(id: &str, chars_max: u32) -> Option<String> {
    (!id.is_empty() && !id.contains('\0')).then(|| told_id(id, chars_max))
}

/// An id as an error tells it.
pub(super) fn told_id(id: &str, chars_max: u32) -> String {
    if id.chars().count() <= chars_max as usize { id.to_owned() } else { short(id) }
}

/// A slug or a name in the path of a fault. What Rust itself escapes is more, and changes with its version.
pub(super) fn path_segment(slug: &str) -> String {
    short(slug).chars().map(escaped).collect()
}

/// In hexadecimal, what is escaped as a number.
const ESCAPED: [(u32, u32); 10] = [
    (0x0, 0x1f),
    (0x7f, 0x9f),
    (0xad, 0xad),
    (0x61c, 0x61c),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0xfeff, 0xfeff),
    (0xfff9, 0xfffb),
    (0xe0000, 0xe007f),
];

fn escaped(char: char) -> String {
    let number = u32::from(char);
    match char {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '"' | '\\' => format!("\\{char}"),
        _ if ESCAPED.iter().any(|(first, last)| (*first..=*last).contains(&number)) => {
            format!("\\u{{{number:x}}}")
        }
        _ => char.to_string(),
    }
}

/// The first that is wrong: missing, too long, a NUL.
pub(super) fn fault(text: &str, required: bool, chars_max: u32) -> Option<FaultCode> {
    if text.is_empty() {
        return required.then_some(FaultCode::Required);
    }
    if text.chars().count() > chars_max as usize {
        return Some(FaultCode::TooLong);
    }
    text.contains('\0').then_some(FaultCode::Nul)
}

pub(super) fn email_fault(email: &str, chars_max: u32) -> Option<FaultCode> {
    let fault = fault(email, false, chars_max);
    let parts: Vec<&str> = email.split('@').collect();
    let is_email = parts.len() == 2
        && parts.iter().all(|part| !part.is_empty())
        && !email.chars().any(|char| char.is_whitespace() || char.is_control());
    fault.or((!email.is_empty() && !is_email).then_some(FaultCode::InvalidEmail))
}

fn refuse(field: &'static str, fault: Option<FaultCode>) -> Result<(), Error> {
    fault.map_or(Ok(()), |code| super::invalid(field, code))
}

pub(super) fn name(field: &'static str, name: &str, limits: &Limits) -> Result<(), Error> {
    refuse(field, fault(name, true, limits.text_chars_max))
}

pub(super) fn reason(field: &'static str, reason: &str, limits: &Limits) -> Result<(), Error> {
    refuse(field, fault(reason, true, limits.reason_chars_max))
}

pub(super) fn slug(field: &'static str, slug: &str, limits: &Limits) -> Result<(), Error> {
    let is_slug = slug.chars().all(|char| char.is_ascii_alphanumeric() || "-_".contains(char));
    refuse(field, fault(slug, true, limits.slug_chars_max).or((!is_slug).then_some(FaultCode::InvalidSlug)))
}

pub(super) fn checkpoint(field: &'static str, text: &str, limits: &Limits) -> Result<(), Error> {
    let too_long = text.len() > limits.checkpoint_bytes_max as usize;
    refuse(field, if too_long { Some(FaultCode::TooLong) } else { fault(text, false, u32::MAX) })
}

pub(super) fn opaque(field: &'static str, text: &str, required: bool, limits: &Limits) -> Result<(), Error> {
    let too_long = text.len() > limits.opaque_bytes_max as usize;
    refuse(field, if too_long { Some(FaultCode::TooLong) } else { fault(text, required, u32::MAX) })
}
