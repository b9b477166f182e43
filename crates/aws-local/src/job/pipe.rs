//! Pipe mode: a channel as a stream through the FIFOs `/opt/ml/input/data/<channel>_<epoch>`.
//!
//! One thread for each channel of each host. The FIFO of an epoch is there before the reader can want it: that of epoch 0
//! before training, that of the next one as soon as the current one was opened. A reader that closes early ends the
//! epoch; the next FIFO starts from the beginning of the data.
//!
//! Invariant: the folder was opened before the job ran, and each FIFO is opened in it by name without following links
//! and checked to be a FIFO, so a job that puts something else there gets nothing written.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, mkfifoat, unlinkat};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::Value;

use super::channel::{Channel, SourceKind};
use super::objects::{Found, Objects, S3Uri};
use super::place::Place;

/// How often a writer looks whether a reader came, or whether the job has ended.
const LOOK_PERIOD: Duration = Duration::from_millis(20);
/// The first word of a record (MXNet RecordIO), which also says that the record is whole.
const RECORD_MAGIC: u32 = 0xced7_230a;
/// A record's length has 29 bits.
const RECORD_BYTES_MAX: u64 = (1 << 29) - 1;
/// One line of an augmented manifest. SageMaker: 100,000 characters.
const MANIFEST_LINE_BYTES_MAX: usize = 400_000;

/// The writer of one channel of one host.
pub(super) struct Feeder {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), String>>,
}

/// What one epoch sends.
enum Item {
    Object(Found),
    /// The value of an attribute.
    Text(String),
}

struct Feed {
    folder: OwnedFd,
    channel: Channel,
    found: Vec<Found>,
    objects: Objects,
    stop: Arc<AtomicBool>,
}

impl Feeder {
    /// Makes the FIFO of epoch 0 and waits for its reader.
    pub(super) fn start(place: &Place, channel: &Channel, found: Vec<Found>, objects: &Objects) -> io::Result<Feeder> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let folder = open(&place.ml().join("input/data"), flags, Mode::empty())?;
        let stop = Arc::new(AtomicBool::new(false));
        let feed = Feed { folder, channel: channel.clone(), found, objects: objects.clone(), stop: Arc::clone(&stop) };
        feed.make(0)?;
        let thread = thread::Builder::new().name("pipe".to_owned()).spawn(move || feed.run())?;
        Ok(Feeder { stop, thread })
    }

    /// The host has ended. The error is the user's: data that could not be sent.
    pub(super) fn finish(self) -> Result<(), String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the writer of a pipe died".to_owned())?
    }
}

impl Feed {
    fn name(&self, epoch: u64) -> String {
        format!("{}_{epoch}", self.channel.name)
    }

    fn make(&self, epoch: u64) -> io::Result<()> {
        match mkfifoat(&self.folder, self.name(epoch).as_str(), Mode::S_IRUSR | Mode::S_IWUSR) {
            // Something of that name is the job's own; it gets what it put there.
            Ok(()) | Err(Errno::EEXIST) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn run(&self) -> Result<(), String> {
        let say = |error: io::Error| format!("channel {} could not be sent: {error}", self.channel.name);
        for epoch in 0.. {
            let Some(fifo) = self.open(epoch).map_err(say)? else { return Ok(()) };
            self.make(epoch + 1).map_err(say)?;
            let mut pipe = Pipe { fifo, stop: &self.stop };
            match self.send(epoch, &mut pipe) {
                Ok(()) => {}
                // The reader has seen enough, or the job has ended.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                Err(error) => return Err(say(error)),
            }
            let _ = unlinkat(&self.folder, self.name(epoch).as_str(), UnlinkatFlags::NoRemoveDir);
        }
        Ok(())
    }

    /// Waits for a reader; `None` when the job has ended.
    fn open(&self, epoch: u64) -> io::Result<Option<File>> {
        let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        while !self.stop.load(Ordering::Relaxed) {
            match openat(&self.folder, self.name(epoch).as_str(), flags, Mode::empty()) {
                Ok(opened) => {
                    let file = File::from(opened);
                    return Ok(file.metadata()?.file_type().is_fifo().then_some(file));
                }
                Err(Errno::ENXIO | Errno::EINTR) => thread::sleep(LOOK_PERIOD),
                // The job put something else there, or took it away.
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }

    fn send(&self, epoch: u64, pipe: &mut Pipe<'_>) -> io::Result<()> {
        let mut items = self.items()?;
        if let Some(seed) = self.channel.shuffle_seed {
            items.shuffle(&mut StdRng::seed_from_u64(seed.wrapping_add(epoch)));
        }
        for item in items.into_iter().flatten() {
            match item {
                Item::Object(object) => self.send_object(&object, pipe)?,
                Item::Text(text) => self.send_bytes(&mut text.as_bytes(), text.len() as u64, pipe)?,
            }
        }
        Ok(())
    }

    /// What is shuffled: an object, or the attributes of a line of an augmented manifest.
    fn items(&self) -> io::Result<Vec<Vec<Item>>> {
        let SourceKind::AugmentedManifest(attributes) = &self.channel.kind else {
            return Ok(self.found.iter().map(|object| vec![Item::Object(object.clone())]).collect());
        };
        let mut items = Vec::new();
        for manifest in &self.found {
            let text = std::fs::read_to_string(&manifest.path)?;
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                if line.len() > MANIFEST_LINE_BYTES_MAX {
                    return Err(invalid("a line of the augmented manifest is too long".to_owned()));
                }
                items.push(attributes.iter().map(|name| self.attribute(line, name)).collect::<io::Result<_>>()?);
            }
        }
        Ok(items)
    }

    fn attribute(&self, line: &str, name: &str) -> io::Result<Item> {
        let line: Value =
            serde_json::from_str(line).map_err(|error| invalid(format!("a line is not JSON: {error}")))?;
        let value = line.get(name).ok_or_else(|| invalid(format!("a line has no attribute {name}")))?;
        if !name.ends_with("-ref") {
            return Ok(Item::Text(value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
        }
        let uri = S3Uri::parse(value.as_str().unwrap_or_default()).map_err(invalid)?;
        let path = self.objects.file(&uri).ok_or_else(|| invalid(format!("{uri} does not exist")))?;
        Ok(Item::Object(Found { relative: path.clone(), path }))
    }

    fn send_object(&self, object: &Found, pipe: &mut Pipe<'_>) -> io::Result<()> {
        let mut file = File::open(&object.path)?;
        match (self.channel.is_gzip, self.channel.is_record_io) {
            (false, _) => {
                let length = file.metadata()?.len();
                self.send_bytes(&mut file, length, pipe)
            }
            (true, false) => io::copy(&mut MultiGzDecoder::new(file), pipe).map(drop),
            (true, true) => {
                // A record begins with its length, which is known when it is unpacked.
                let mut unpacked = tempfile::tempfile()?;
                let length = io::copy(&mut MultiGzDecoder::new(file).take(RECORD_BYTES_MAX + 1), &mut unpacked)?;
                unpacked.rewind()?;
                self.send_bytes(&mut unpacked, length, pipe)
            }
        }
    }

    fn send_bytes(&self, bytes: &mut dyn Read, length: u64, pipe: &mut Pipe<'_>) -> io::Result<()> {
        let padding = if self.channel.is_record_io {
            let word = u32::try_from(length).ok().filter(|_| length <= RECORD_BYTES_MAX);
            let word = word.ok_or_else(|| invalid(format!("{length} bytes do not fit into a RecordIO record")))?;
            pipe.write_all(&RECORD_MAGIC.to_le_bytes())?;
            pipe.write_all(&word.to_le_bytes())?;
            (4 - word % 4) % 4
        } else {
            0
        };
        io::copy(&mut bytes.take(length), pipe)?;
        pipe.write_all(&[0; 3][..padding as usize])
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// A FIFO that is written until its reader is gone or the job has ended; both are `BrokenPipe`.
struct Pipe<'a> {
    fifo: File,
    stop: &'a AtomicBool,
}

impl Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            match self.fifo.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let _ = poll(&mut [PollFd::new(self.fifo.as_fd(), PollFlags::POLLOUT)], PollTimeout::from(100_u16));
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
