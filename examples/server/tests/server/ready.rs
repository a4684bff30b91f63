//! Whether the server says that it is ready, over a backend that fails when it is told to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use headcount::{Command, Config, Fingerprint};
use headcount_server::auth::Keys;
use headcount_server::backend::{Backend, CarriedOut, Encoded, Pending, Then, Unavailable};
use headcount_server::fingerprint::FingerprintKey;
use headcount_server::machine::now;
use headcount_server::tenant::Tenant;
use headcount_server::{Server, Settings};
use tokio::net::TcpListener;

use crate::support::{KEY, call};

#[derive(Debug)]
struct Fragile {
    tenant: RwLock<Tenant>,
    is_broken: AtomicBool,
    /// Whether it drops commands without an answer.
    is_gone: AtomicBool,
    commands: AtomicUsize,
}

impl Backend for Fragile {
    fn tenants(&self) -> usize {
        1
    }

    fn catch_up(&self, _: usize) -> Pending<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn show(&self, _: usize, reader: &mut dyn FnMut(&Tenant)) {
        reader(&self.tenant.read().expect("a lock"));
    }

    fn submit(&self, _: usize, command: Encoded, then: Then) {
        self.commands.fetch_add(1, Ordering::Relaxed);
        if self.is_gone.load(Ordering::Relaxed) {
            return drop(then);
        }
        if self.is_broken.load(Ordering::Relaxed) {
            return then(Err(Unavailable("the disk of acme is full".to_owned())));
        }
        let command: Command<'_> = postcard::from_bytes(command.as_bytes()).expect("a command");
        let mut tenant = self.tenant.write().expect("a lock");
        let reply = tenant.carry_out(now(), &command);
        then(Ok(CarriedOut { engine: &tenant.engine, reply }));
    }

    fn fingerprint(&self, body: &[u8]) -> Fingerprint {
        FingerprintKey::new([0; 16]).of(body)
    }

    fn stop(&self) {}
}

#[test]
fn a_server_whose_store_fails_is_not_ready_until_it_takes_commands_again() {
    let backend = Arc::new(Fragile {
        tenant: RwLock::new(Tenant::new(Config::new(), 100)),
        is_broken: AtomicBool::new(false),
        is_gone: AtomicBool::new(false),
        commands: AtomicUsize::new(0),
    });
    let keys = Keys::new(vec![("acme".into(), KEY.into())], Vec::new()).expect("keys");
    let server = Server::over(Arc::<Fragile>::clone(&backend), keys, Settings::BODY_BYTES_MAX, None);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    runtime.spawn(server.serve(listener, std::future::pending()));
    let asked = |path: &str| call(&address, "GET", path, None, None).expect("a reply");
    let create = || {
        let body = r#"{"name": "App"}"#;
        call(&address, "POST", "/org/acme/api/v1/bridge/apps/", Some(KEY), Some(body))
            .expect("a reply")
            .status
    };
    let wait_until_ready = || {
        let begun = Instant::now();
        while asked("/readyz").status != 200 {
            assert!(begun.elapsed() < Duration::from_secs(10), "it is never ready again");
            std::thread::sleep(Duration::from_millis(50));
        }
    };

    assert_eq!((asked("/readyz").status, create()), (200, 201));
    for way in [&backend.is_broken, &backend.is_gone] {
        way.store(true, Ordering::Relaxed);
        assert_eq!(create(), 503);
        let (before, begun) = (backend.commands.load(Ordering::Relaxed), Instant::now());
        for _ in 0..5 {
            let reply = asked("/readyz");
            assert_eq!((reply.status, &reply.body["code"]), (503, &"unavailable".into()));
            assert!(!reply.body.to_string().contains("acme"), "{reply:?}");
        }
        // Whoever asks makes it try, but at most once a second.
        let tries = backend.commands.load(Ordering::Relaxed) - before;
        assert!(tries as u64 <= begun.elapsed().as_secs() + 1, "{tries} tries");
        assert_eq!(asked("/healthz").status, 200);
        way.store(false, Ordering::Relaxed);
        wait_until_ready();
        assert_eq!(create(), 201);
    }
}
