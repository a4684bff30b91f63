//! The table of floors in the documentation of `lib.rs`.

use std::collections::BTreeMap;

use super::Fault;

/// On which floor each module stands; a module may import from its own floor and from those below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// By the module's path under `src`, `values` or `values/id`: its floor, from 1 at the bottom.
    floors: BTreeMap<String, u32>,
}

const HEADER: &str = "//! | floor | module | what it is |";

impl Map {
    /// Reads the table, which begins with `//! | floor | module | what it is |`: a row for each module, or for
    /// several of one floor with commas between them.
    pub fn parse(lib: &str) -> Result<Self, Vec<Fault>> {
        let mut map = Self::default();
        let mut faults = Vec::new();
        let lines = (1..).zip(lib.lines().map(str::trim));
        let mut rows = lines
            .skip_while(|(_, line)| *line != HEADER)
            .skip(1)
            .take_while(|(_, line)| line.starts_with("//! |"));
        if rows.next().is_none_or(|(_, rule)| !rule.chars().all(|char| "/! |:-".contains(char))) {
            faults.push(Fault::new("lib.rs", 1, format!("there is no table that begins `{HEADER}`")));
        }
        for (number, row) in rows {
            if let Err(what) = map.add(row) {
                faults.push(Fault::new("lib.rs", number, what));
            }
        }
        let highest = map.floors.values().copied().max().unwrap_or(0);
        let missing = (1..=highest).filter(|floor| !map.floors.values().any(|other| other == floor));
        faults.extend(
            missing.map(|floor| Fault::new("lib.rs", 1, format!("no module stands on floor {floor}"))),
        );
        if faults.is_empty() { Ok(map) } else { Err(faults) }
    }

    fn add(&mut self, row: &str) -> Result<(), String> {
        let cells: Vec<&str> = row.trim_start_matches("//! |").split('|').map(str::trim).collect();
        let [floor, modules, _, ..] = *cells else { return Err("a row has three cells".to_owned()) };
        let floor = floor.parse().ok().filter(|floor| *floor > 0);
        let floor = floor.ok_or("a floor is a number from 1")?;
        for module in modules.split(',') {
            let module = module.trim().trim_matches('`').trim_end_matches('/').trim_end_matches(".rs");
            if module.is_empty() {
                return Err("a row names a module".to_owned());
            }
            if self.floors.insert(module.to_owned(), floor).is_some() {
                return Err(format!("`{module}` stands on two floors"));
            }
        }
        Ok(())
    }

    /// The floor of a module that the table names.
    pub fn floor(&self, module: &str) -> Option<u32> {
        self.floors.get(module).copied()
    }

    /// Every module that the table names.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.floors.keys().map(String::as_str)
    }

    /// The module of the table that a path belongs to: the longest that it begins with.
    pub(super) fn module_of(&self, path: &[String]) -> Option<&str> {
        (1..=path.len()).rev().find_map(|length| {
            let (name, _) = self.floors.get_key_value(path[..length].join("/").as_str())?;
            Some(name.as_str())
        })
    }
}
