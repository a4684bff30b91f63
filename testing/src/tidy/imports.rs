//! Who imports whom, held against the map of floors.
//!
//! Every path that begins with `crate` or `super` is an import: in `use`, in code, and in the texts of attributes,
//! where serde takes paths. What `lib.rs` exports again counts as what it is, not as the root's.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};

use super::code::{
    self, Code, body, brackets, inside, is_documentation, is_path_separator, is_punct, is_word, line,
};
use super::{Fault, Map, Sources};

type Path = Vec<String>;

/// An import, and the module that it is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    file: String,
    line: usize,
    /// As it is written.
    written: String,
    from: Path,
    to: Path,
}

impl Import {
    fn fault(&self, what: impl std::fmt::Display) -> Fault {
        Fault::new(&self.file, self.line, format!("`{}`: {what}", self.written))
    }
}

/// Every import that goes up, every circle, and every module that the table in `lib.rs` does not name.
pub fn faults(sources: &Sources) -> Vec<Fault> {
    let lib = sources.get("lib.rs").map_or("", String::as_str);
    let map = match Map::parse(lib) {
        Ok(map) => map,
        Err(faults) => return faults,
    };
    let (imports, mut faults) = imports(sources);
    let modules: BTreeSet<Path> = sources.keys().map(|file| module_path(file)).collect();
    for module in map.modules() {
        let path: Path = module.split('/').map(str::to_owned).collect();
        if !modules.iter().any(|other| other.starts_with(&path)) {
            faults.push(Fault::new("lib.rs", 1, format!("the table names `{module}`, which is no module")));
        }
    }
    for file in sources.keys().filter(|file| !code::is_of_tests(file)) {
        let path = module_path(file);
        if !path.is_empty() && map.module_of(&path).is_none() {
            faults.push(Fault::new(file, 1, format!("the table does not name `{}`", path.join("/"))));
        }
    }
    let mut rest = Vec::new();
    for import in imports {
        let (Some(from), Some(to)) = (map.module_of(&import.from), map.module_of(&import.to)) else {
            continue;
        };
        match (map.floor(from), map.floor(to)) {
            (Some(lower), Some(higher)) if lower < higher => faults
                .push(import.fault(format!("`{from}` on floor {lower} imports `{to}` on floor {higher}"))),
            _ => rest.push((from.to_owned(), to.to_owned(), import)),
        }
    }
    faults.extend(circles(&rest));
    let roots = rest.iter().filter_map(|(_, _, import)| {
        Some((import.from.first()?.clone(), import.to.first()?.clone(), import.clone()))
    });
    faults.extend(circles(&roots.collect::<Vec<_>>()));
    faults.sort();
    faults.dedup();
    faults
}

/// The shortest way by imports from one module to another, if there is one: each import with its file and line.
///
/// For absences that are promised: no table knows what a session is, not by way of others either.
pub fn chain(sources: &Sources, from: &str, to: &str) -> Vec<Fault> {
    let split = |module: &str| -> Path { module.split('/').map(str::to_owned).collect() };
    let (from, to) = (split(from), split(to));
    let (imports, _) = imports(sources);
    let mut reached = BTreeSet::new();
    let begin = imports.iter().filter(|import| import.from.starts_with(&from));
    let mut ways: Vec<Vec<&Import>> = begin.map(|import| vec![import]).collect();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let Some(at) = way.last().map(|import| &import.to) else { continue };
            if at.starts_with(&to) {
                return way.into_iter().map(|import| import.fault(import.to.join("/"))).collect();
            }
            if !reached.insert(at) {
                continue;
            }
            // What the module of the item imports, and what the modules in it do.
            let next = imports.iter().filter(|next| next.from.starts_with(at) || at.starts_with(&next.from));
            longer.extend(next.map(|next| [way.as_slice(), &[next]].concat()));
        }
        ways = longer;
    }
    Vec::new()
}

/// The modules that lead back to themselves, each circle once, with an import for each of its steps.
fn circles(edges: &[(String, String, Import)]) -> Vec<Fault> {
    let mut graph: BTreeMap<&str, BTreeMap<&str, &Import>> = BTreeMap::new();
    for (from, to, import) in edges.iter().filter(|(from, to, _)| from != to) {
        graph.entry(from).or_default().entry(to).or_insert(import);
    }
    let mut found: Vec<BTreeSet<&str>> = Vec::new();
    let mut faults = Vec::new();
    for start in graph.keys() {
        let Some(circle) = circle(&graph, start) else { continue };
        let modules: BTreeSet<&str> = circle.iter().map(|(from, _)| *from).collect();
        if found.contains(&modules) {
            continue;
        }
        found.push(modules);
        let names: Vec<&str> = circle.iter().map(|(from, _)| *from).collect();
        let steps: Vec<String> = circle
            .iter()
            .map(|(_, import)| format!("{}:{} `{}`", import.file, import.line, import.written))
            .collect();
        let what = format!("a circle {} → {}: {}", names.join(" → "), names[0], steps.join(", "));
        faults.push(Fault::new(&circle[0].1.file, circle[0].1.line, what));
    }
    faults
}

/// The shortest way from a module back to it: each module of the way, and the import that leads on from it.
fn circle<'e>(
    graph: &BTreeMap<&'e str, BTreeMap<&'e str, &'e Import>>,
    start: &'e str,
) -> Option<Vec<(&'e str, &'e Import)>> {
    let mut ways: Vec<(&str, Vec<(&str, &Import)>)> = vec![(start, Vec::new())];
    let mut reached = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for (at, way) in ways {
            for (to, import) in graph.get(at).into_iter().flatten() {
                let mut way = way.clone();
                way.push((at, *import));
                if *to == start {
                    return Some(way);
                }
                if reached.insert(*to) {
                    longer.push((*to, way));
                }
            }
        }
        ways = longer;
    }
    None
}

/// The imports of all files, each resolved to the module or the item that it names.
fn imports(sources: &Sources) -> (Vec<Import>, Vec<Fault>) {
    let (codes, mut faults) = code::read(sources);
    let modules: BTreeSet<String> =
        sources.keys().filter_map(|file| module_path(file).into_iter().next()).collect();
    let exports =
        codes.iter().find(|code| code.file == "lib.rs").map(|code| exports(&code.tokens)).unwrap_or_default();
    if let Some(glob) = exports.iter().find(|path| path.to.last().is_some_and(|last| last == "*")) {
        faults.push(Fault::new("lib.rs", glob.line, "a glob hides what it exports"));
    }
    let mut imports = Vec::new();
    for code in codes.iter().filter(|code| code.file != "lib.rs") {
        let mut found = Vec::new();
        collect(code, &code.tokens, &module_path(code.file), &mut found);
        for mut import in found {
            let Some(first) = import.to.first() else { continue };
            if !modules.contains(first) {
                let exported = exports.iter().find(|export| export.name == *first);
                match exported {
                    // What the root has from another crate is nobody's.
                    Some(export) if !export.to.first().is_some_and(|first| modules.contains(first)) => {
                        continue;
                    }
                    Some(export) => import.to = export.to.clone(),
                    None => {
                        faults.push(import.fault("nothing in lib.rs has this name"));
                        continue;
                    }
                }
            }
            imports.push(import);
        }
    }
    imports.sort();
    (imports, faults)
}

/// A name that `lib.rs` has from elsewhere.
struct Export {
    name: String,
    line: usize,
    to: Path,
}

fn exports(tokens: &[TokenTree]) -> Vec<Export> {
    let mut exports = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| is_word(token, "use")) {
        let end =
            tokens[at..].iter().position(|token| is_punct(token, ';')).map_or(tokens.len(), |end| at + end);
        let tree = &tokens[at + 1..end];
        let tree = if tree.first().is_some_and(|first| is_word(first, "crate") || is_word(first, "self")) {
            &tree[3..]
        } else {
            tree
        };
        for (name, to) in leaves(tree, &[]) {
            exports.push(Export { name, line: line(token), to });
        }
    }
    exports
}

/// The paths of a use tree, `a::{b, c::D as E}`: the name that each gets, and the path. Of any other path, the path.
fn leaves(tokens: &[TokenTree], prefix: &[String]) -> Vec<(String, Path)> {
    let mut path = prefix.to_vec();
    let mut at = 0;
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(word)) => path.push(word.to_string()),
            Some(token) if is_punct(token, '*') => path.push("*".to_owned()),
            Some(token) => {
                let Some(list) = body(token) else { break };
                let tokens = inside(list);
                return code::between_commas(&tokens)
                    .into_iter()
                    .flat_map(|part| leaves(part, &path))
                    .collect();
            }
            None => break,
        }
        if !is_path_separator(tokens.get(at + 1..).unwrap_or_default()) {
            break;
        }
        at += 3;
    }
    let renamed = match tokens.get(at + 1..) {
        Some([keyword, TokenTree::Ident(name), ..]) if is_word(keyword, "as") => Some(name.to_string()),
        _ => None,
    };
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let name = renamed.or_else(|| path.last().cloned()).unwrap_or_default();
    vec![(name, path)]
}

/// The imports among these tokens, which stand in the module `here`.
fn collect(code: &Code<'_>, tokens: &[TokenTree], here: &[String], imports: &mut Vec<Import>) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let (true, Some(TokenTree::Ident(name)), Some(inner)) =
            (is_word(token, "mod"), tokens.get(at + 1), tokens.get(at + 2).and_then(body))
        {
            let below = [here, &[name.to_string()]].concat();
            collect(code, &inside(inner), &below, imports);
            at += 3;
            continue;
        }
        let is_rooted = is_word(token, "crate") || is_word(token, "super");
        if is_rooted && is_path_separator(&tokens[at + 1..]) && !(at > 0 && is_punct(&tokens[at - 1], ':')) {
            path(code.file, line(token), &tokens[at..], here, imports);
        }
        if let TokenTree::Group(group) = token {
            let before = at.checked_sub(1).map(|at| &tokens[at]);
            if before.is_some_and(|before| is_punct(before, '#')) && brackets(token).is_some() {
                if before.is_some_and(|before| !is_documentation(before, group)) {
                    attribute(code.file, &inside(group), here, imports);
                }
            } else {
                collect(code, &inside(group), here, imports);
            }
        }
        at += 1;
    }
}

/// `#[serde(with = "crate::parse::text")]` imports, too.
fn attribute(file: &str, tokens: &[TokenTree], here: &[String], imports: &mut Vec<Import>) {
    code::walk(tokens, &mut |tokens| {
        for token in tokens {
            let TokenTree::Literal(literal) = token else { continue };
            let Some(stream) = code::string(literal).and_then(|text| text.parse::<TokenStream>().ok()) else {
                continue;
            };
            let text: Vec<TokenTree> = stream.into_iter().collect();
            if text.first().is_some_and(|first| is_word(first, "crate") || is_word(first, "super")) {
                path(file, line(token), &text, here, imports);
            }
        }
    });
}

/// The import, or the imports of a use tree, that begin with these tokens.
fn path(file: &str, line: usize, tokens: &[TokenTree], here: &[String], imports: &mut Vec<Import>) {
    let (mut base, mut rest, mut written) = (Path::new(), tokens, String::new());
    if is_word(&tokens[0], "super") {
        base = here.to_vec();
    }
    while let Some(first) = rest.first().filter(|first| is_word(first, "super") || is_word(first, "crate")) {
        if is_word(first, "super") {
            base.pop();
        }
        written.push_str(&format!("{first}::"));
        rest = rest.get(3..).unwrap_or_default();
    }
    for (_, to) in leaves(rest, &base) {
        let named = to.get(base.len()..).unwrap_or_default().join("::");
        let import = Import {
            file: file.to_owned(),
            line,
            written: format!("{written}{named}"),
            from: here.to_vec(),
            to,
        };
        imports.push(import);
    }
}

/// `table/mod.rs` is `table`, `table/index.rs` is `table/index`, `lib.rs` the root.
fn module_path(file: &str) -> Path {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { Path::new() } else { path.split('/').map(str::to_owned).collect() }
}
