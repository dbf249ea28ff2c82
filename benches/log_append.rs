//! How many deliveries of 1 KiB a second the log takes, by how many wait at once.
//!
//! `cargo bench --bench log_append`: rows per second, and what a row waits for its receipt.

use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use webhook_cli::delivery::{
    Delivery, DeliverySource, Headers, Request, Status, Timestamp, Verdict, id,
};
use webhook_cli::store::{Log, Writer};

/// Deliveries that are submitted together and waited for together.
const BATCHES: [usize; 4] = [1, 10, 100, 1000];
/// How long each size is measured.
const DURATION: Duration = Duration::from_secs(3);
/// Bytes in a body.
const BODY_BYTES: usize = 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let log = Log::open(folder.path().join("log.db"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    println!(
        "{:>6} {:>10} {:>10} {:>10}",
        "batch", "rows/s", "p50 ms", "p99 ms"
    );
    for batch in BATCHES {
        runtime.block_on(measure(&log.writer()?, batch))?;
    }
    let (rows, _) = log.reader()?.counts()?;
    let bytes = fs::metadata(log.path())?.len();
    println!("{rows} rows, {} MiB", bytes >> 20);
    Ok(())
}

async fn measure(writer: &Writer, batch: usize) -> Result<(), Box<dyn Error>> {
    let mut waits = Histogram::<u64>::new(3)?;
    let body = Bytes::from(vec![b'x'; BODY_BYTES]);
    let began = Instant::now();
    let mut rows = 0_u32;
    while began.elapsed() < DURATION {
        let submitted = Instant::now();
        let mut receipts = Vec::with_capacity(batch);
        for _ in 0..batch {
            receipts.push(writer.submit(Arc::new(delivery(rows, &body))).await);
            rows += 1;
        }
        for receipt in receipts {
            receipt.await?;
        }
        waits.record(u64::try_from(submitted.elapsed().as_micros())?)?;
    }
    let rate = f64::from(rows) / began.elapsed().as_secs_f64();
    let [p50, p99] = [0.5, 0.99].map(|q| Duration::from_micros(waits.value_at_quantile(q)));
    println!(
        "{batch:>6} {rate:>10.0} {:>10.2} {:>10.2}",
        p50.as_secs_f64() * 1e3,
        p99.as_secs_f64() * 1e3
    );
    Ok(())
}

/// As large and as full as what a provider sends.
fn delivery(number: u32, body: &Bytes) -> Delivery {
    let headers = [
        ("Host", "localhost:4400".to_owned()),
        ("User-Agent", "Olympus-Webhooks/1.0".to_owned()),
        ("Content-Type", "application/json".to_owned()),
        ("Content-Length", BODY_BYTES.to_string()),
        ("X-Olympus-Event", "order.created".to_owned()),
        (
            "X-Olympus-Signature",
            format!("t={number},v1={number:064x}"),
        ),
    ];
    Delivery {
        id: id::delivery(),
        received_at: Timestamp::now(),
        source: DeliverySource::Listen,
        remote: Some("127.0.0.1:50812".into()),
        provider: Some("olympus".into()),
        event: Some("order.created".into()),
        event_id: Some(format!("evt_{number:016x}")),
        duplicate_of: None,
        verdict: Verdict::new(Status::Valid),
        request: Request::post(
            "/webhooks/olympus",
            headers.into_iter().collect::<Headers>(),
            body.clone(),
        ),
        response_status: Some(200),
    }
}
