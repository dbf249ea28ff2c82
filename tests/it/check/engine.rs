//! The checks as a program calls them, without a command line and without a terminal.

use std::future::{pending, ready};
use std::ops::ControlFlow;

use webhook_cli::check::{CheckContext, CheckEnd, CheckEvent, Planned, Runner, plan, select};
use webhook_cli::delivery::{CheckOutcome, Finding, Severity, Timestamp, Trigger};
use webhook_cli::dispatch::{Dispatch, EndpointClient};
use webhook_cli::http::{Client, ClientOptions, Target, install_crypto_provider};
use webhook_cli::provider::{Catalogue, Provider};
use webhook_cli::signature::{Key, Secret};

use crate::harness::endpoint::{Endpoint, Reply};

/// How often a race is run that has to come out one way.
const MANY: usize = 20;

/// Runs the checks that `only` names against a handler; stops where `goes_on` says so.
fn run(
    endpoint: &Endpoint,
    only: &str,
    stop: impl Future<Output = ()>,
    goes_on: impl Fn(&Finding) -> bool,
) -> (CheckEnd, Vec<Finding>, Vec<u16>) {
    install_crypto_provider();
    let catalogue = Catalogue::builtin();
    let provider = catalogue.iter().next().expect("a provider");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let client = runtime.block_on(async { client(endpoint) });
    let secret = Secret::new("the secret", b"whsec_1".to_vec());
    let key = Key::new(&provider.definition.signature, &secret).expect("a key");
    let (mut found, mut refusals) = (Vec::new(), Vec::new());
    let mut observe = |event: CheckEvent<'_>| match event {
        CheckEvent::Refused(status) => {
            refusals.push(status);
            ControlFlow::Continue(())
        }
        CheckEvent::Finding(finding) => {
            found.push(finding.clone());
            if goes_on(finding) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        }
    };
    let planned = planned(provider, only);
    let end = runtime.block_on(runner(provider, &key, &client).run(planned, &mut observe, stop));
    (end.expect("checks run"), found, refusals)
}

fn client(endpoint: &Endpoint) -> EndpointClient {
    let dispatch = || {
        let client = Client::new(&ClientOptions::default()).expect("a client");
        Dispatch::new(client, None, webhook_cli::delivery::Timestamp::now)
    };
    let target = Target::parse(&format!("http://{}/hook", endpoint.address)).expect("a target");
    EndpointClient::new(dispatch(), target, Trigger::Test, None)
}

fn planned(provider: &Provider, only: &str) -> Vec<Planned> {
    select(plan(provider, None), &[only.to_owned()], &[]).expect("checks")
}

fn runner<'a>(provider: &'a Provider, key: &'a Key, endpoint: &'a EndpointClient) -> Runner<'a> {
    let clock = || Timestamp::from_seconds(1_770_000_000);
    let context = CheckContext::new(provider, key, "/hook".into(), clock, 1);
    Runner::new(context, endpoint, None, false, &|_| ())
}

#[test]
fn each_check_is_told_as_it_ends() {
    let (end, found, refusals) = run(&Endpoint::ok(), "signature", pending(), |_| true);
    assert!(
        matches!(
            end,
            CheckEnd::Done {
                is_gone: false,
                limited: None
            }
        ),
        "{end:?}"
    );
    assert!(refusals.is_empty(), "{refusals:?}");
    let forged: Vec<_> = found
        .iter()
        .filter(|finding| finding.severity == Severity::Forgery)
        .collect();
    assert!(forged.len() > 5, "{found:?}");
    for finding in forged {
        assert_eq!(finding.outcome, CheckOutcome::Fail, "{}", finding.id);
        let advice = finding.advice.as_ref().expect("what to do");
        assert!(advice.reproduce.starts_with("curl "), "{}", finding.id);
    }
}

#[test]
fn nothing_is_sent_after_the_observer_says_so() {
    let endpoint = Endpoint::ok();
    let (end, found, _) = run(&endpoint, "signature", pending(), |_| false);
    assert!(matches!(end, CheckEnd::Stopped), "{end:?}");
    assert_eq!(found.len(), 1);
    assert_eq!(
        endpoint.count(),
        1 + found[0].requests,
        "the greeting and one check"
    );
}

#[test]
fn a_stop_that_is_asked_for_before_the_start_sends_no_check() {
    let endpoint = Endpoint::ok();
    let (end, found, _) = run(&endpoint, "signature", ready(()), |_| true);
    assert!(matches!(end, CheckEnd::Stopped), "{end:?}");
    assert!(found.is_empty());
    assert_eq!(endpoint.count(), 0);
}

#[tokio::test]
async fn a_stop_that_is_ready_wins_over_a_check_that_is() {
    install_crypto_provider();
    let catalogue = Catalogue::builtin();
    let provider = catalogue.iter().next().expect("a provider");
    let client = client(&Endpoint::ok());
    let secret = Secret::new("the secret", b"whsec_1".to_vec());
    let key = Key::new(&provider.definition.signature, &secret).expect("a key");
    let mut planned = planned(provider, "signature");
    // It fails at once.
    planned[0].event = "no.such.event".into();
    let mut observe = |_: CheckEvent<'_>| ControlFlow::Continue(());
    for _ in 0..MANY {
        let runner = runner(provider, &key, &client);
        let end = runner.run(planned.clone(), &mut observe, ready(())).await;
        assert!(matches!(end, Ok(CheckEnd::Stopped)), "{end:?}");
    }
}

#[test]
fn a_handler_that_refuses_all_proves_nothing_by_refusals() {
    let (end, found, _) = run(&Endpoint::script(&[401]), "signature", pending(), |_| true);
    assert!(matches!(end, CheckEnd::Refused(401)), "{end:?}");
    assert!(found.is_empty());
    let (end, found, refusals) = run(&Endpoint::script(&[401]), "order", pending(), |_| true);
    assert!(matches!(end, CheckEnd::Refused(401)), "{end:?}");
    assert!(found.is_empty() && refusals.is_empty());
    let (end, found, refusals) = run(&Endpoint::script(&[422]), "order", pending(), |_| true);
    assert!(matches!(end, CheckEnd::Done { .. }), "{end:?}");
    assert_eq!(refusals, [422]);
    assert!(found.iter().all(|one| one.outcome == CheckOutcome::Fail));
}

#[test]
fn who_drops_the_connection_is_there() {
    let endpoint = Endpoint::start(|_, _| Reply::Hangup);
    let (end, found, _) = run(&endpoint, "prompt/tenth", pending(), |_| true);
    assert!(
        matches!(
            end,
            CheckEnd::Done {
                is_gone: false,
                limited: None
            }
        ),
        "{end:?}"
    );
    assert_eq!(found[0].outcome, CheckOutcome::Warn);
}
