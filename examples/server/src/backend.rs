//! What the calls talk to: it holds the tenants' engines, and carries out their commands.
//!
//! [`Machine`](crate::machine::Machine) does it on one machine, with a journal of its own or none. What replicates
//! commands to others does it behind the same trait, and the calls do not know the difference.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use headcount::{Command, Engine, Error, Fingerprint, Reply};
use tokio::sync::oneshot;

use crate::observe::about::About;
use crate::tenant::Tenant;

/// Holds the engines of some tenants. A tenant is named by its place among them, which is that of its key (see
/// [`Keys`](crate::auth::Keys)).
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// How many tenants there are.
    fn tenants(&self) -> usize;

    /// Waits until what is read next holds all that was acknowledged before this was called. Each call of the API
    /// begins with it.
    ///
    /// # Errors
    /// Where that cannot be known.
    fn catch_up(&self, tenant: usize) -> Pending<'_>;

    /// Shows the tenant as it is between two commands, once and before it returns. Commands of the tenant may have to
    /// wait meanwhile.
    fn show(&self, tenant: usize, reader: &mut dyn FnMut(&Tenant));

    /// Takes a command, and returns at once. `then` is called when the command was carried out and cannot be lost any
    /// more, or is not carried out. Where it is dropped uncalled, it is not known which.
    fn submit(&self, tenant: usize, command: Encoded, then: Then);

    /// What a body is known by, for as long as the engines remember pages.
    fn fingerprint(&self, body: &[u8]) -> Fingerprint;

    /// Whether it goes on by itself with cleanups that were begun and are not at their end. Then a task that runs one
    /// leaves it to the backend where a step is not carried out.
    fn goes_on_with_cleanups(&self) -> bool {
        false
    }

    /// Carries out the commands that wait, and ends. Blocks for as long as that takes. Commands that come later are
    /// refused.
    fn stop(&self);
}

/// Something that is waited for.
pub type Pending<'b> = Pin<Box<dyn Future<Output = Result<(), Unavailable>> + Send + 'b>>;

/// What is done when a command was carried out, or was not.
pub type Then = Box<dyn FnOnce(Result<CarriedOut<'_>, Unavailable>) + Send>;

/// What a command came to.
#[derive(Debug)]
pub struct CarriedOut<'e> {
    /// The tenant's engine as the command left it.
    pub engine: &'e Engine,
    /// What it answered.
    pub reply: Result<Reply, Error>,
}

/// Why a command got no reply: what to tell the client.
#[derive(Clone, Debug)]
pub struct Unavailable(pub String);

/// A command in postcard: what is journaled is what is applied.
#[derive(Clone, Debug)]
pub struct Encoded {
    bytes: Vec<u8>,
    about: About,
}

impl Encoded {
    /// Of this command.
    ///
    /// # Errors
    /// Of postcard: it encodes every command.
    pub fn new(command: &Command<'_>) -> Result<Self, Unavailable> {
        let bytes = postcard::to_stdvec(command).map_err(|error| Unavailable(error.to_string()))?;
        Ok(Self { bytes, about: About::of(command) })
    }

    /// As it is journaled.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the command is about.
    pub const fn about(&self) -> About {
        self.about
    }
}

impl dyn Backend {
    /// What `reader` makes of the tenant.
    pub fn read<T>(&self, tenant: usize, reader: impl FnOnce(&Tenant) -> T) -> T {
        let (mut reader, mut read) = (Some(reader), None);
        self.show(tenant, &mut |tenant| read = reader.take().map(|reader| reader(tenant)));
        read.expect("a backend shows the tenant before it returns")
    }

    /// Carries out a command, and answers what `then` makes of its reply and the engine as it left it.
    ///
    /// # Errors
    /// Where it was not carried out, or it is not known whether it was.
    pub async fn apply<T: Send + 'static>(
        &self,
        tenant: usize,
        command: Encoded,
        then: impl FnOnce(&Engine, Result<Reply, Error>) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let then = move |carried_out: Result<CarriedOut<'_>, Unavailable>| {
            // The client may be gone: its command is carried out all the same.
            let _ = answer.send(carried_out.map(|CarriedOut { engine, reply }| then(engine, reply)));
        };
        self.submit(tenant, command, Box::new(then));
        answered.await.map_err(|_| Unavailable("the server is stopping".to_owned()))?
    }
}
