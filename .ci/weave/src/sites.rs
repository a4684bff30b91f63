//! Where in a file its mutants lie.

use std::collections::BTreeMap;
use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Arm, BinOp, Block, Expr, ExprBinary, ExprMatch, ExprStruct, ExprUnary, File, ImplItemFn, ItemFn,
    TraitItemFn, UnOp,
};

use crate::Mutant;
use crate::text::{Lines, Span};

/// What the text at a site is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Expression,
    /// The name of a field that is the name of its value, too.
    Shorthand,
    Guard,
    Body,
    Arm,
    /// Behind the last arm of a match, without a comma there or with one.
    End {
        comma: bool,
    },
}

/// What a mutant has in the place of a text.
#[derive(Debug)]
pub(crate) struct Alternative {
    pub(crate) number: usize,
    pub(crate) text: String,
}

#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) range: Range<usize>,
    pub(crate) form: Form,
    pub(crate) alternatives: Vec<Alternative>,
}

/// The sites of a file's mutants, and the mutants that have none.
pub(crate) fn find(file: &File, lines: &Lines<'_>, mutants: Vec<Mutant>) -> (Vec<Site>, Vec<Mutant>) {
    let mut by_start = BTreeMap::<(usize, usize), Vec<Mutant>>::new();
    for mutant in mutants {
        by_start.entry(mutant.span.start).or_default().push(mutant);
    }
    let mut finder = Finder { lines, by_start, sites: Vec::new() };
    finder.visit_file(file);
    (finder.sites, finder.by_start.into_values().flatten().collect())
}

struct Finder<'l> {
    lines: &'l Lines<'l>,
    by_start: BTreeMap<(usize, usize), Vec<Mutant>>,
    sites: Vec<Site>,
}

impl Finder<'_> {
    /// Takes the mutants of a genre that begin here.
    fn take(&mut self, start: (usize, usize), genre: &str) -> Vec<Mutant> {
        let Some(all) = self.by_start.remove(&start) else { return Vec::new() };
        let (taken, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|mutant| mutant.genre == genre);
        if !left.is_empty() {
            self.by_start.insert(start, left);
        }
        taken
    }

    fn span(&self, node: &impl Spanned) -> Span {
        let span = node.span();
        Span::at(span.start(), span.end())
    }

    fn range(&self, node: &impl Spanned) -> Range<usize> {
        self.lines.range(self.span(node))
    }

    fn text(&self, node: &impl Spanned) -> &str {
        self.lines.text(self.range(node))
    }

    fn add(&mut self, range: Range<usize>, form: Form, alternatives: Vec<Alternative>) {
        if !alternatives.is_empty() {
            self.sites.push(Site { range, form, alternatives });
        }
    }

    fn body(&mut self, block: &Block) {
        let start = self.span(block).start;
        let mut found = self.take(start, "FnValue");
        // The span is that of what stands in the braces.
        if let Some(first) = block.stmts.first() {
            let start = self.span(first).start;
            found.extend(self.take(start, "FnValue"));
        }
        let alternatives = found.into_iter().map(|m| Alternative { number: m.number, text: m.replacement });
        let range = self.range(block);
        self.add(range, Form::Body, alternatives.collect());
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.body(&item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.body(&item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default {
            self.body(block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_expr_binary(&mut self, node: &'ast ExprBinary) {
        // What binds a name cannot be wrapped.
        if !(matches!(node.op, BinOp::And(_)) && (has_let(&node.left) || has_let(&node.right))) {
            let start = self.span(&node.op).start;
            let found = self.take(start, "BinaryOperator");
            let (left, right) = (self.text(&*node.left).to_owned(), self.text(&*node.right).to_owned());
            let alternatives = found.into_iter().map(|mutant| Alternative {
                number: mutant.number,
                text: format!("{left} {} {right}", mutant.replacement),
            });
            let (range, alternatives) = (self.range(node), alternatives.collect());
            self.add(range, Form::Expression, alternatives);
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'ast ExprUnary) {
        if !matches!(node.op, UnOp::Deref(_)) {
            let start = self.span(&node.op).start;
            let found = self.take(start, "UnaryOperator");
            let operand = self.text(&*node.expr).to_owned();
            let alternatives = found.into_iter().map(|mutant| Alternative {
                number: mutant.number,
                text: format!("{} {operand}", mutant.replacement),
            });
            let (range, alternatives) = (self.range(node), alternatives.collect());
            self.add(range, Form::Expression, alternatives);
        }
        visit::visit_expr_unary(self, node);
    }

    fn visit_expr_struct(&mut self, node: &'ast ExprStruct) {
        if let Some(rest) = &node.rest {
            for field in &node.fields {
                let start = self.span(field).start;
                let found = self.take(start, "StructField");
                let (rest, member) = (self.text(&**rest).to_owned(), self.text(&field.member).to_owned());
                let alternatives = found
                    .into_iter()
                    .map(|mutant| Alternative { number: mutant.number, text: format!("({rest}).{member}") });
                let form = if field.colon_token.is_some() { Form::Expression } else { Form::Shorthand };
                let (range, alternatives) = (self.range(&field.expr), alternatives.collect());
                self.add(range, form, alternatives);
            }
        }
        visit::visit_expr_struct(self, node);
    }

    /// Arms that can be switched off cover nothing: the compiler wants one that does.
    fn visit_expr_match(&mut self, node: &'ast ExprMatch) {
        let is_mutated = |arm: &Arm| {
            let at = self.by_start.get(&self.span(arm).start);
            at.is_some_and(|found| found.iter().any(|mutant| mutant.genre == "MatchArm"))
        };
        if node.arms.iter().any(is_mutated)
            && let Some(last) = node.arms.last()
        {
            let close = node.brace_token.span.close();
            let end = self.lines.range(Span::at(close.start(), close.start()));
            let none = Alternative { number: 0, text: String::new() };
            self.add(end, Form::End { comma: last.comma.is_none() }, vec![none]);
        }
        visit::visit_expr_match(self, node);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        let start = self.span(arm).start;
        let deleted = self.take(start, "MatchArm");
        let behind = self.range(&arm.pat).end;
        let guard = arm.guard.as_ref().map(|(_, guard)| self.range(&**guard));
        let end = guard.clone().map_or(behind, |guard| guard.end);
        let none = |m: Mutant| Alternative { number: m.number, text: String::new() };
        self.add(behind..end, Form::Arm, deleted.into_iter().map(none).collect());
        if let Some((_, guard)) = &arm.guard {
            let start = self.span(&**guard).start;
            let found = self.take(start, "MatchArmGuard");
            let range = self.range(&**guard);
            let alternatives =
                found.into_iter().map(|m| Alternative { number: m.number, text: m.replacement });
            self.add(range, Form::Guard, alternatives.collect());
        }
        visit::visit_arm(self, arm);
    }
}

fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) if matches!(binary.op, BinOp::And(_)) => {
            has_let(&binary.left) || has_let(&binary.right)
        }
        _ => false,
    }
}
