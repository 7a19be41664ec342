//! Threads that answer questions: two readers with query-only connections, one for searches, which
//! drops the one that is under way when another one comes, and one for texts, whose next job replaces
//! the one that waits. A text that takes longer than its deadline is called too
//! complex and its thread left to itself, so that it holds up no other text (SAFETY M7); what it
//! brings late is shown if the message is still open. What is asked of the disk has a thread for
//! each question: a folder of a server that is gone holds up nothing of the store.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::tui::app::event::{Answer, Question, Ticket};
use crate::tui::app::view::Body;

use super::Incoming;
use super::desk::Desk;

const READERS: usize = 2;
/// A stack that a deep HTML text fits in.
const STACK: usize = 8 << 20;
/// How long a text may take before it is called too complex.
const DEADLINE: Duration = Duration::from_millis(900);
/// Texts that may be past their deadline at a time.
const LATE: usize = 4;
/// Questions of the disk that may wait for it at a time.
const OF_FILES: usize = 8;
const NO_DISK: &str = "The disk does not answer.";
const TOO_COMPLEX: &str = "This text is too complex to be shown. H shows its source, V its parts.";

struct Job {
    ticket: Ticket,
    question: Question,
    post: Sender<Incoming>,
}

#[derive(Default)]
struct Queues {
    questions: VecDeque<Job>,
    text: Option<Job>,
    search: Option<Job>,
    over: bool,
}

struct Shared {
    queues: Mutex<Queues>,
    work: Condvar,
    desk: Desk,
    late: AtomicUsize,
    of_files: AtomicUsize,
}

/// The threads; they end when it is dropped and their work is done.
pub struct Pool {
    shared: Arc<Shared>,
    started: Mutex<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Questions,
    Texts,
    Searches,
}

impl Pool {
    /// A pool whose threads start with the first question.
    pub fn new(desk: Desk) -> Self {
        Self {
            shared: Arc::new(Shared {
                queues: Mutex::default(),
                work: Condvar::new(),
                desk,
                late: AtomicUsize::new(0),
                of_files: AtomicUsize::new(0),
            }),
            started: Mutex::new(false),
        }
    }

    /// Answers on this thread.
    pub fn answer_here(&self, question: &Question) -> Answer {
        self.shared.desk.answer(question)
    }

    /// Has a thread answer.
    pub fn ask(&self, ticket: Ticket, question: Question, post: &Sender<Incoming>) {
        self.start();
        let job = Job {
            ticket,
            post: post.clone(),
            question,
        };
        if job.question.is_of_files() {
            return of_files(&self.shared, job);
        }
        let mut queues = lock(&self.shared.queues);
        match job.question {
            Question::Body { .. } => queues.text = Some(job),
            Question::Search(_) => {
                queues.search = Some(job);
                self.shared.desk.drop_search();
            }
            _ => queues.questions.push_back(job),
        }
        drop(queues);
        self.shared.work.notify_all();
    }

    fn start(&self) {
        let mut started = lock(&self.started);
        if std::mem::replace(&mut *started, true) {
            return;
        }
        let kinds =
            std::iter::repeat_n(Kind::Questions, READERS).chain([Kind::Texts, Kind::Searches]);
        for kind in kinds {
            let shared = self.shared.clone();
            let spawned = std::thread::Builder::new()
                .name("reader".to_owned())
                .stack_size(STACK)
                .spawn(move || work(&shared, kind));
            if let Err(error) = spawned {
                tracing::error!(%error, "a reader did not start");
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        lock(&self.shared.queues).over = true;
        self.shared.work.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(shared: &Arc<Shared>, kind: Kind) {
    while let Some(job) = next(shared, kind) {
        match kind {
            Kind::Questions | Kind::Searches => answer(shared, &job),
            Kind::Texts => text(shared, job),
        }
    }
}

fn answer(shared: &Shared, job: &Job) {
    let answered = catch_unwind(AssertUnwindSafe(|| shared.desk.answer(&job.question)));
    let answer = answered
        .unwrap_or_else(|_| Answer::Failed("This could not be read: see the log file.".to_owned()));
    // The loop may be over already.
    let _ = job
        .post
        .send(Incoming::Answer(job.ticket, Box::new(answer)));
}

/// Has a thread of its own look at the disk.
fn of_files(shared: &Arc<Shared>, job: Job) {
    let (ticket, post) = (job.ticket, job.post.clone());
    let refused = || {
        let answer = Answer::Failed(NO_DISK.to_owned());
        // The loop may be over already.
        let _ = post.send(Incoming::Answer(ticket, Box::new(answer)));
    };
    if shared.of_files.fetch_add(1, Ordering::SeqCst) >= OF_FILES {
        shared.of_files.fetch_sub(1, Ordering::SeqCst);
        return refused();
    }
    let own = shared.clone();
    let spawned = std::thread::Builder::new()
        .name("files".to_owned())
        .spawn(move || {
            answer(&own, &job);
            own.of_files.fetch_sub(1, Ordering::SeqCst);
        });
    if let Err(error) = spawned {
        shared.of_files.fetch_sub(1, Ordering::SeqCst);
        tracing::error!(%error, "a file cannot be looked at");
        refused();
    }
}

/// Has a thread of its own make the text, and waits for it no longer than the deadline.
fn text(shared: &Arc<Shared>, job: Job) {
    let (ticket, post) = (job.ticket, job.post.clone());
    let too_complex = || {
        let body = Answer::Body(Body::Failed(TOO_COMPLEX.to_owned()));
        // The loop may be over already.
        let _ = post.send(Incoming::Answer(ticket, Box::new(body)));
    };
    if shared.late.load(Ordering::SeqCst) >= LATE {
        return too_complex();
    }
    let (done, finished) = channel::<()>();
    let own = shared.clone();
    own.late.fetch_add(1, Ordering::SeqCst);
    let spawned = std::thread::Builder::new()
        .name("text".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            answer(&own, &job);
            own.late.fetch_sub(1, Ordering::SeqCst);
            drop(done);
        });
    if let Err(error) = spawned {
        shared.late.fetch_sub(1, Ordering::SeqCst);
        tracing::error!(%error, "a text cannot be made");
        return too_complex();
    }
    if finished.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout) {
        too_complex();
    }
}

fn next(shared: &Shared, kind: Kind) -> Option<Job> {
    let mut queues = lock(&shared.queues);
    loop {
        if queues.over {
            return None;
        }
        let job = match kind {
            Kind::Questions => queues.questions.pop_front(),
            Kind::Texts => queues.text.take(),
            Kind::Searches => queues.search.take(),
        };
        if job.is_some() && kind == Kind::Searches {
            // Under this lock, so that the one that takes its place ends it.
            shared.desk.begin_search();
        }
        if job.is_some() {
            return job;
        }
        queues = shared
            .work
            .wait(queues)
            .unwrap_or_else(PoisonError::into_inner);
    }
}
