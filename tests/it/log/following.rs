//! `webhook log tail`.

use super::*;

/// A running `webhook log tail`.
struct Tail {
    child: Child,
    lines: Receiver<String>,
    talk: Receiver<String>,
}

impl Tail {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        let mut command = sandbox.command(&[&["log", "tail"], args].concat());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            lines: lines_of(child.stdout.take().unwrap()),
            talk: lines_of(child.stderr.take().unwrap()),
            child,
        }
    }

    fn next(&self) -> String {
        self.lines
            .recv_timeout(PATIENCE)
            .expect("a line comes in time")
    }

    fn next_id(&self) -> String {
        let line: Value = serde_json::from_str(&self.next()).expect("a JSON line");
        line["id"].as_str().unwrap().into()
    }

    fn next_talk(&self) -> String {
        self.talk
            .recv_timeout(PATIENCE)
            .expect("it is said in time")
    }

    /// Ends it as Ctrl-C does; returns what it had still to say, and how it ended.
    fn stop(mut self) -> (Vec<String>, ExitStatus) {
        let id = self.child.id().to_string();
        let killed = std::process::Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap();
        assert!(killed.success());
        let status = self.child.wait().unwrap();
        let rest = self.lines.iter().collect();
        (rest, status)
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines_of(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    lines
}

#[test]
fn what_comes_after_the_start_is_printed_once_and_in_order() {
    let sandbox = filled(&numbered(4));
    let tail = Tail::start(&sandbox, &["--json", "-n", "2", "--event", "order.created"]);
    // Where these are out, the place to follow from is fixed.
    assert_eq!([tail.next_id(), tail.next_id()], [id(2), id(3)]);
    keep(
        &sandbox,
        &[capture(4), with(capture(5), &[("/event", "x.y".into())])],
    );
    assert_eq!(tail.next_id(), id(4));
    keep(&sandbox, &[capture(6)]);
    assert_eq!(tail.next_id(), id(6));
    let (rest, status) = tail.stop();
    assert_eq!((rest, status.code()), (vec![], Some(0)));
}

#[test]
fn what_came_since_a_time_is_printed_first() {
    let sandbox = filled(&numbered(4));
    let since = numbered(4)[2]["received_at"].as_str().unwrap().to_owned();
    let tail = Tail::start(&sandbox, &["--json", "--since", &since]);
    assert_eq!([tail.next_id(), tail.next_id()], [id(2), id(3)]);
    keep(&sandbox, &[capture(4)]);
    assert_eq!(tail.next_id(), id(4));
    assert_eq!(tail.stop().1.code(), Some(0));
}

#[test]
fn it_waits_for_a_log_and_goes_on_with_the_next_one() {
    let sandbox = Sandbox::new();
    let tail = Tail::start(&sandbox, &["--json"]);
    assert!(tail.next_talk().contains("waiting for the first delivery"));
    keep(&sandbox, &[capture(0)]);
    assert_eq!(tail.next_id(), id(0));

    std::fs::remove_dir_all(sandbox.log_file().parent().unwrap()).unwrap();
    keep(&sandbox, &[capture(1)]);
    assert_eq!(tail.next_id(), id(1));
    assert_eq!(tail.stop().1.code(), Some(0));
}

#[test]
fn people_get_the_lines_of_listen_and_nothing_that_a_terminal_obeys() {
    let sandbox = filled(&[with(capture(0), &[("/request/body", HOSTILE.into())])]);
    let tail = Tail::start(&sandbox, &["-n", "1"]);
    let first = tail.next();
    assert!(
        first.contains("-->") && first.contains("order.created"),
        "{first}"
    );
    assert_eq!(tail.next(), "  {");
    assert_eq!(tail.next(), "    \"note\": \"\\u007f\\u009b2J\\u202e\"");
    assert_eq!(tail.stop().1.code(), Some(0));
}

#[test]
fn what_cannot_be_followed_is_wrong_usage() {
    let run = filled(&numbered(1))
        .run(&["log", "tail", "--failed"])
        .expect(2);
    assert!(
        run.stderr.contains("hint: `webhook log --failed`"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_reader_that_is_gone_ends_it_quietly() {
    let sandbox = filled(&numbered(1));
    let mut command = sandbox.command(&["log", "tail", "--json", "-n", "1"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    keep(&sandbox, &[capture(1)]);
    let mut talk = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut talk)
        .unwrap();
    assert_eq!((talk.as_str(), child.wait().unwrap().code()), ("", Some(0)));
}
