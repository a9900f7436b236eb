//! A sandbox and successive bot processes: what they were sent, what they handled and what they
//! saved.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use smalld::{Json, json};
use smalld_sandbox::{Builder, Sandbox};

use crate::bot;
use crate::process::{Process, read, until};

/// An event that was handled, from the bot's diary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Handled {
    pub(crate) number: u64,
    pub(crate) seq: u64,
    /// The number of the process.
    pub(crate) run: u64,
    pub(crate) replay: bool,
}

pub(crate) struct Deployment {
    pub(crate) sandbox: Sandbox,
    folder: PathBuf,
    saves_sessions: bool,
    /// More environment variables of the bots.
    variables: Vec<(&'static str, String)>,
    runs: AtomicU64,
    /// How many numbers were sent. The first is 1.
    numbers: AtomicU64,
}

impl Deployment {
    /// With bots that save their sessions.
    pub(crate) async fn new(sandbox: Builder) -> Self {
        static FOLDERS: AtomicU64 = AtomicU64::new(0);
        let nth = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("smalld-processes-{}-{nth}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self {
            sandbox: sandbox.start().await.unwrap(),
            folder,
            saves_sessions: true,
            variables: Vec::new(),
            runs: AtomicU64::new(0),
            numbers: AtomicU64::new(0),
        }
    }

    pub(crate) fn without_sessions(mut self) -> Self {
        self.saves_sessions = false;
        self
    }

    pub(crate) fn with(mut self, variable: &'static str, value: &str) -> Self {
        self.variables.push((variable, value.to_owned()));
        self
    }

    /// Starts the next process; the first is number 1.
    pub(crate) fn start(&self) -> Process {
        let run = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        let mut variables = vec![
            ("SMALLD_TOKEN", self.sandbox.token().to_owned()),
            ("SMALLD_BASE_URL", self.sandbox.base_url().to_owned()),
            (bot::FOLDER, self.folder.to_str().unwrap().to_owned()),
            (bot::RUN, run.to_string()),
        ];
        if self.saves_sessions {
            let file = self.sessions_file();
            variables.push((bot::SESSIONS, file.to_str().unwrap().to_owned()));
        }
        variables.extend(self.variables.iter().cloned());
        Process::start(variables, self.log(run))
    }

    /// Starts a process and waits until it has saved a session that the next could resume.
    pub(crate) async fn start_first(&self) -> Process {
        let process = self.start();
        let saved = until(|| self.session().is_some()).await;
        assert!(saved, "{}", self.story());
        process
    }

    /// The number of the newest process.
    pub(crate) fn run(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Sends the next number and what the bot is to do with it.
    pub(crate) fn send(&self, mut d: Json) -> u64 {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        d["number"] = json!(number);
        self.sandbox.dispatch("NUMBERED", d);
        number
    }

    pub(crate) fn sent(&self) -> u64 {
        self.numbers.load(Ordering::Relaxed)
    }

    pub(crate) fn handled(&self) -> Vec<Handled> {
        let diary = read(&self.folder.join(bot::DIARY));
        let whole = diary.rfind('\n').map_or("", |end| &diary[..end]);
        whole.lines().map(handled).collect()
    }

    /// The times each number was handled, in order.
    pub(crate) fn by_number(&self) -> BTreeMap<u64, Vec<Handled>> {
        let mut numbers = BTreeMap::<_, Vec<_>>::new();
        for handled in self.handled() {
            numbers.entry(handled.number).or_default().push(handled);
        }
        numbers
    }

    /// The numbers that were sent and not handled.
    pub(crate) fn missing(&self) -> Vec<u64> {
        let handled = self.by_number();
        let sent = 1..=self.sent();
        sent.filter(|number| !handled.contains_key(number))
            .collect()
    }

    /// Waits until every number has been handled.
    pub(crate) async fn all_are_handled(&self) {
        let handled = until(|| self.missing().is_empty()).await;
        assert!(
            handled,
            "{:?} are missing\n{}",
            self.missing(),
            self.story()
        );
    }

    /// Asserts that no number was handled twice.
    pub(crate) fn none_is_handled_twice(&self) {
        let twice = |(_, handled): &(u64, Vec<Handled>)| handled.len() > 1;
        let twice: Vec<_> = self.by_number().into_iter().filter(twice).collect();
        assert!(twice.is_empty(), "{twice:?}\n{}", self.story());
    }

    /// What is saved of the first shard.
    pub(crate) fn saved(&self) -> Option<Json> {
        let text = read(&self.sessions_file());
        let mut json: Json = serde_json::from_str(&text).ok()?;
        Some(json["shards"][0].take())
    }

    /// The session that the next process would resume.
    pub(crate) fn session(&self) -> Option<Json> {
        let session = self.saved()?["session"].take();
        session.is_object().then_some(session)
    }

    /// A number of the saved session.
    pub(crate) fn of_session(&self, field: &str) -> u64 {
        let session = self.session();
        session.map_or(0, |session| session[field].as_u64().unwrap_or(0))
    }

    /// Changes what is saved of the first shard.
    pub(crate) fn change_saved(&self, change: impl FnOnce(&mut Json)) {
        let mut json: Json = serde_json::from_str(&read(&self.sessions_file())).unwrap();
        change(&mut json["shards"][0]);
        std::fs::write(self.sessions_file(), json.to_string()).unwrap();
    }

    /// The logs of all processes, shown if a test fails.
    pub(crate) fn story(&self) -> String {
        let mut story = format!("saved: {:?}\n", self.saved());
        for run in 1..=self.run() {
            let _ = writeln!(story, "process {run}:\n{}", read(&self.log(run)));
        }
        story
    }

    fn log(&self, run: u64) -> PathBuf {
        self.folder.join(format!("log-{run}"))
    }

    fn sessions_file(&self) -> PathBuf {
        self.folder.join("sessions.json")
    }
}

fn handled(line: &str) -> Handled {
    let mut words = line.split(' ');
    let mut number = || words.next().unwrap().parse().unwrap();
    let (number, seq, run) = (number(), number(), number());
    let replay = words.next() == Some("true");
    Handled {
        number,
        seq,
        run,
        replay,
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Random numbers. `SMALLD_TEST_SEED` sets the seed, which is printed.
pub(crate) fn chance() -> fastrand::Rng {
    let given = std::env::var("SMALLD_TEST_SEED").ok();
    let seed = given.and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("SMALLD_TEST_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}
