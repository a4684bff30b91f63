//! A cluster of processes as its clients see it, while nodes are killed, cut off, slow, new, or lost. No command that
//! was acknowledged is lost, and after each phase all nodes have the same digest at the same place of the log.

#![allow(unreachable_pub, reason = "the modules are of one test")]

mod calls;
mod cluster;
mod connectors;
mod cut;
mod grown;
mod guides;
mod killed;
mod limits;
mod links;
mod moved;
mod slow;
