//! A completion as serde writes it: as it always did where it names no plan.
//!
//! In formats for people a plan that is not there is left out. In others a number comes first; 0 and 1 are what was
//! written for the flag when there were no plans.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::arguments::Completion;
use super::plan::Plan;

#[derive(Serialize, Deserialize)]
#[serde(rename = "Completion")]
struct Named {
    force: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plan: Option<Plan>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "Completion")]
enum Numbered {
    Guarded,
    Forced,
    GuardedPlan(Plan),
    ForcedPlan(Plan),
}

impl Serialize for Completion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { force, plan } = *self;
        if serializer.is_human_readable() {
            return Named { force, plan }.serialize(serializer);
        }
        let numbered = match (force, plan) {
            (false, None) => Numbered::Guarded,
            (true, None) => Numbered::Forced,
            (false, Some(plan)) => Numbered::GuardedPlan(plan),
            (true, Some(plan)) => Numbered::ForcedPlan(plan),
        };
        numbered.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Completion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let Named { force, plan } = Named::deserialize(deserializer)?;
            return Ok(Self { force, plan });
        }
        let (force, plan) = match Numbered::deserialize(deserializer)? {
            Numbered::Guarded => (false, None),
            Numbered::Forced => (true, None),
            Numbered::GuardedPlan(plan) => (false, Some(plan)),
            Numbered::ForcedPlan(plan) => (true, Some(plan)),
        };
        Ok(Self { force, plan })
    }
}
