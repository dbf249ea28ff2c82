//! What answers the calls of test suites, under `/_control`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use tokio::time::timeout;

use super::answer::{ClockJson, IdleJson};
use super::form::{AdvanceForm, FaultsForm, SnapshotForm, span};
use super::guard::ListQuery;
use crate::emulate::{ApiRefusal, Emulator};
use crate::http::{Called, JsonBody, json};

/// How long a call waits for quiet where it does not say.
const PATIENCE: Duration = Duration::from_secs(30);

fn clock_json(emulator: &Emulator) -> ClockJson {
    let (running, pending) = emulator.backlog();
    ClockJson {
        now: emulator.now().to_string(),
        speed: emulator.clock().speed.to_string(),
        running,
        pending,
    }
}

pub(super) async fn clock(State(emulator): State<Arc<Emulator>>) -> Called {
    Ok(json(200, &clock_json(&emulator)))
}

pub(super) async fn set_clock(
    State(emulator): State<Arc<Emulator>>,
    JsonBody(form): JsonBody<AdvanceForm>,
) -> Called {
    let speed = form.speed.as_deref().map(str::parse).transpose();
    let speed = speed.map_err(|reason: String| ApiRefusal::unusable("invalid_speed", reason))?;
    let length = span("advance", form.advance.as_deref())?;
    if speed.is_none() && length.is_none() {
        let message = "the body has neither `advance` nor `speed`";
        return Err(ApiRefusal::unusable("missing_member", message));
    }
    if let Some(speed) = speed {
        emulator.set_speed(speed).await?;
    }
    if let Some(length) = length {
        emulator.advance(length).await?;
    }
    Ok(json(200, &clock_json(&emulator)))
}

pub(super) async fn faults(State(emulator): State<Arc<Emulator>>) -> Called {
    Ok(json(200, &FaultsForm::from(emulator.faults())))
}

pub(super) async fn set_faults(
    State(emulator): State<Arc<Emulator>>,
    JsonBody(form): JsonBody<FaultsForm>,
) -> Called {
    emulator.set_faults(form.faults()?);
    Ok(json(200, &FaultsForm::from(emulator.faults())))
}

pub(super) async fn reset(State(emulator): State<Arc<Emulator>>) -> Called {
    emulator.reset().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn snapshot(State(emulator): State<Arc<Emulator>>) -> Called {
    let snapshot = emulator.snapshot().await?;
    Ok(json(201, &SnapshotForm { snapshot }))
}

pub(super) async fn restore(
    State(emulator): State<Arc<Emulator>>,
    JsonBody(form): JsonBody<SnapshotForm>,
) -> Called {
    emulator.restore(&form.snapshot).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Waits until nothing is under way or due, or the time is over.
pub(super) async fn idle(State(emulator): State<Arc<Emulator>>, query: ListQuery) -> Called {
    let longest = span("timeout", query.timeout.as_deref())?.unwrap_or(PATIENCE);
    let idle = timeout(longest, emulator.until_idle()).await.is_ok();
    Ok(json(200, &IdleJson { idle }))
}
