//! The engine as an inspector would call it: no command line, no terminal, no program.

use std::ops::ControlFlow;
use std::sync::Mutex;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use webhook_cli::delivery::{Delivery, Signing, Timestamp, id};
use webhook_cli::dispatch::Dispatch;
use webhook_cli::http::{Client, ClientOptions, Target};
use webhook_cli::provider::{Catalogue, Keyring};
use webhook_cli::replay::{Replay, ReplayError, ReplayEvent, Selection};
use webhook_cli::store::{Log, Run, Writer};

use super::logged::{SECRET, YEAR, fill, ibakepro, log, olympus};
use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;
use crate::harness::sender::{keyring, now};
use crate::peers::hmac_hex;

/// The moment of every replay here.
const NOW: i64 = 2_000_000_000;

/// What an inspector has when it starts.
struct Inspector {
    catalogue: Catalogue,
    keyring: Keyring,
    dispatch: Dispatch,
}

impl Inspector {
    fn new(writer: Option<Writer>) -> Self {
        let catalogue = Catalogue::builtin();
        let keyring = keyring(&catalogue, SECRET);
        let client = Client::new(&ClientOptions::default()).unwrap();
        Self {
            catalogue,
            keyring,
            dispatch: Dispatch::new(client, writer, || Timestamp::from_seconds(NOW)),
        }
    }

    fn replay(&self, selection: Selection, endpoint: &Endpoint) -> Replay<'_> {
        let clock = || Timestamp::from_seconds(NOW);
        let random = || StdRng::seed_from_u64(7);
        Replay {
            selection,
            endpoint: Some(Target::parse(&endpoint.url("/hook")).unwrap()),
            dispatch: Some(&self.dispatch),
            ..Replay::new(&self.catalogue, &self.keyring, clock, random)
        }
    }
}

/// A future that any thread may run, as a server has it.
fn on_any_thread<T: Send>(future: T) -> T {
    future
}

/// How each delivery of a replay was signed and answered.
type Sendings = Vec<(Signing, Option<u16>)>;

/// Runs a replay until it has sent `most`.
fn run(replay: &Replay<'_>, most: usize) -> Result<Sendings, ReplayError> {
    run_until(replay, most, || ())
}

/// Runs a replay until it has sent `most`, which the observer then also tells to `reached`.
fn run_until(
    replay: &Replay<'_>,
    most: usize,
    reached: impl FnOnce() + Send,
) -> Result<Sendings, ReplayError> {
    let mut sent = Vec::new();
    let mut reached = Some(reached);
    let mut observer = |event: ReplayEvent<'_>| {
        if let ReplayEvent::Sent(prepared, attempt) = event {
            sent.push((prepared.signing, attempt.status()));
        }
        if sent.len() < most {
            ControlFlow::Continue(())
        } else {
            if let Some(reached) = reached.take() {
                reached();
            }
            ControlFlow::Break(())
        }
    };
    let running = replay.run(std::future::pending(), &mut observer);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(on_any_thread(running))?;
    Ok(sent)
}

fn one(delivery: &Delivery) -> Selection {
    Selection::Deliveries(vec![delivery.clone()])
}

#[test]
fn a_signature_that_holds_is_kept_and_a_stale_one_is_made_afresh_at_the_given_time() {
    let inspector = Inspector::new(None);
    let endpoint = Endpoint::ok();
    let kept = ibakepro(1, NOW - YEAR);
    let sent = run(&inspector.replay(one(&kept), &endpoint), 9).unwrap();
    assert_eq!(sent, [(Signing::Kept, Some(200))]);
    let stale = olympus(2, NOW - YEAR);
    let sent = run(&inspector.replay(one(&stale), &endpoint), 9).unwrap();
    assert_eq!(sent, [(Signing::Fresh, Some(200))]);

    let [first, second] = endpoint.seen().try_into().unwrap();
    assert_eq!(first.body, kept.request.body);
    let signature = kept.request.headers.text("X-Webhook-Signature").unwrap();
    assert_eq!(first.header("X-Webhook-Signature"), signature);
    assert_eq!(second.body, stale.request.body);
    assert_eq!(second.target(), "/hook?shop=1");
    let mac = hmac_hex(SECRET, &[format!("{NOW}.").as_bytes(), &stale.request.body]);
    let signature = format!("t={NOW},v1={mac}");
    assert_eq!(second.header("X-Olympus-Signature"), signature);
}

#[test]
fn a_new_id_is_of_the_chance_that_is_given() {
    let inspector = Inspector::new(None);
    let endpoint = Endpoint::ok();
    let delivery = olympus(1, NOW);
    let mut replay = inspector.replay(one(&delivery), &endpoint);
    replay.changes.new_id = true;
    replay.times = 2;
    run(&replay, 9).unwrap();
    let ids: Vec<_> = endpoint
        .seen()
        .iter()
        .map(|seen| seen.json()["id"].clone())
        .collect();
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], "evt_0001");
}

/// The run with this id, of the deliveries that a log holds.
fn of_log<'a>(
    inspector: &'a Inspector,
    log: &Log,
    endpoint: &Endpoint,
    run: Run,
    resume: bool,
) -> Replay<'a> {
    Replay {
        run: Some(run),
        resume,
        reader: Some(Mutex::new(log.reader().unwrap())),
        ..inspector.replay(Selection::Query(Box::default()), endpoint)
    }
}

#[test]
fn a_run_that_was_ended_early_is_resumed() {
    const MANY: usize = 5;
    let sandbox = Sandbox::new();
    fill(&sandbox, (0..MANY).map(|number| ibakepro(number, now())));
    let log = log(&sandbox);
    let inspector = Inspector::new(Some(log.writer().unwrap()));
    // The third is under way until the end is decided, however late the answers are kept.
    let (endpoint, gate) = Endpoint::gated(2);
    let begun = Run {
        id: id::run(),
        started_at: Timestamp::now(),
        selection: "everything".into(),
        endpoint: None,
    };
    let first = of_log(&inspector, &log, &endpoint, begun.clone(), false);
    let sent = run_until(&first, 2, || gate.open()).unwrap().len();
    assert_eq!(sent, endpoint.count());
    assert!((2..=3).contains(&sent), "{sent}");

    let found = log.reader().unwrap().last_run("everything", None).unwrap();
    assert_eq!(found.as_ref(), Some(&begun));
    let second = of_log(&inspector, &log, &endpoint, begun, true);
    assert_eq!(run(&second, MANY).unwrap().len(), MANY - sent);
    assert_eq!(super::interrupting::bodies(&endpoint.seen()).len(), MANY);
    assert_eq!(endpoint.count(), MANY);
}

#[test]
fn what_cannot_be_sent_is_an_error_of_the_engine() {
    let inspector = Inspector::new(None);
    let endpoint = Endpoint::ok();
    let nothing = inspector.replay(Selection::Deliveries(Vec::new()), &endpoint);
    assert!(matches!(
        run(&nothing, 9),
        Err(ReplayError::NothingSelected)
    ));
    let mut nowhere = inspector.replay(one(&olympus(1, NOW)), &endpoint);
    nowhere.endpoint = None;
    let found = run(&nowhere, 9);
    assert!(matches!(
        found,
        Err(ReplayError::NoEndpoint {
            missing: 1,
            all: 1,
            ..
        })
    ));
    let mut unsigned = inspector.replay(one(&olympus(1, NOW)), &endpoint);
    let empty = Keyring::default();
    unsigned.keyring = &empty;
    unsigned.signing = Some(Signing::Fresh);
    let found = run(&unsigned, 9);
    assert!(matches!(found, Err(ReplayError::NoSecret { provider, .. }) if provider == "olympus"));
    assert_eq!(endpoint.count(), 0);
}

// The clock stands, so that no pause comes before the first delivery.
#[tokio::test(start_paused = true)]
async fn a_stop_that_is_ready_wins_over_a_delivery_that_is() {
    let mut inspector = Inspector::new(None);
    inspector.keyring = Keyring::default();
    let endpoint = Endpoint::ok();
    let mut unsigned = inspector.replay(one(&olympus(1, NOW)), &endpoint);
    // Signing fails at once.
    unsigned.signing = Some(Signing::Fresh);
    for _ in 0..20 {
        let observer = &mut |_: ReplayEvent<'_>| ControlFlow::Continue(());
        let ended = unsigned.run(std::future::ready(()), observer).await;
        assert!(ended.is_ok(), "{ended:?}");
    }
    assert_eq!(endpoint.count(), 0);
}
