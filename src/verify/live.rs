//! An input that may stay open: a thread reads it, so that what was found is shown while nothing more
//! comes, and a signal ends it as its own end would.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// How long is waited for more before what was found is shown, and how long after a signal for what
/// the writer still has to say.
pub const TICK: Duration = Duration::from_millis(200);
/// Bytes that are read at once, and how many such pieces are read ahead.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 4;

/// Is told that nothing more is there, and for how many ticks already.
pub type OnWait = Box<dyn FnMut(u32)>;

/// What a thread reads from a pipe.
pub struct LiveReader {
    pieces: Receiver<io::Result<Vec<u8>>>,
    rest: io::Cursor<Vec<u8>>,
    on_wait: OnWait,
    interrupted: Arc<AtomicBool>,
}

impl LiveReader {
    /// Reads what `open` gives, which may take as long as it likes.
    pub fn start<R: Read>(
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
        on_wait: OnWait,
    ) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(PIECES);
        thread::Builder::new().spawn(move || {
            let mut reader = match open() {
                Ok(reader) => reader,
                Err(error) => return drop(sender.send(Err(error))),
            };
            let mut buffer = vec![0; PIECE];
            loop {
                let piece = match reader.read(&mut buffer) {
                    Ok(0) => return,
                    Ok(length) => Ok(buffer.iter().take(length).copied().collect()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let failed = piece.is_err();
                if sender.send(piece).is_err() || failed {
                    return;
                }
            }
        })?;
        Ok(Self {
            pieces,
            rest: io::Cursor::default(),
            on_wait,
            interrupted: interrupted()?,
        })
    }

    /// The next piece; `None` at the end.
    fn next_piece(&mut self) -> Option<io::Result<Vec<u8>>> {
        if let Ok(piece) = self.pieces.try_recv() {
            return Some(piece);
        }
        for ticks in 0.. {
            (self.on_wait)(ticks);
            match self.pieces.recv_timeout(TICK) {
                Ok(piece) => return Some(piece),
                Err(RecvTimeoutError::Timeout) if !self.interrupted.load(Ordering::Relaxed) => {}
                Err(_) => break,
            }
        }
        None
    }
}

impl Read for LiveReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.rest.read(buffer)?;
        if read > 0 {
            return Ok(read);
        }
        match self.next_piece() {
            None => Ok(0),
            Some(piece) => {
                self.rest = io::Cursor::new(piece?);
                self.rest.read(buffer)
            }
        }
    }
}

/// Is true once the first SIGINT or SIGTERM has come; a second one ends the program.
fn interrupted() -> io::Result<Arc<AtomicBool>> {
    static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    if let Some(interrupted) = INTERRUPTED.get() {
        return Ok(Arc::clone(interrupted));
    }
    let interrupted = Arc::clone(INTERRUPTED.get_or_init(Arc::default));
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&interrupted))?;
        flag::register(signal, Arc::clone(&interrupted))?;
    }
    Ok(interrupted)
}
