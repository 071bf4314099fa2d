//! What only one flow does, where a row of steps would not say it.

use std::time::{Duration, Instant};

use super::agent::Kind;
use super::pair::{A, B, NAMES, Pair};
use super::play::Play;
use super::wire::field;

impl Play {
    /// The switch is cut, the null-modem is not.
    pub(crate) fn cut_network(&mut self) -> Result<(), String> {
        self.pair.cut_network();
        Ok(())
    }

    /// The null-modem is cut, the switch is not.
    pub(crate) fn cut_line(&mut self) -> Result<(), String> {
        self.pair.cut_line();
        Ok(())
    }

    /// Ours starts again and again, by a graceful stop and by `kill -9` in turn.
    pub(crate) fn restart_ours(&mut self) -> Result<(), String> {
        let [ours, _] = self.ours()?;
        let times = std::env::var("RESTARTS").ok();
        let times = times.and_then(|number| number.parse().ok()).unwrap_or(200);
        for time in 0..times {
            if time % 2 == 0 {
                self.stop(ours)?;
            } else {
                self.kill(ours)?;
            }
            let active = self.start_ours();
            active.map_err(|why| format!("restart {time}: {why}"))?;
        }
        // A life killed amid a handover leaves a real one waiting for its last word, for up to an hour, or
        // until that node is dead: heartbeat's defect 8.
        self.kill(ours)?;
        std::thread::sleep(Duration::from_secs(4));
        self.start_ours()
    }

    /// Ours is stopped gracefully as soon as it is active: then the real one offers it its groups.
    pub(crate) fn leave_at_once(&mut self) -> Result<(), String> {
        let [ours, _] = self.ours()?;
        for time in 0..20 {
            self.stop(ours)?;
            let active = self.start_ours();
            active.map_err(|why| format!("restart {time}: {why}"))?;
        }
        Ok(())
    }

    /// Starts ours, and waits until both call it active; nobody takes that for a replay.
    fn start_ours(&mut self) -> Result<(), String> {
        let [ours, other] = self.ours()?;
        self.pair.start(ours);
        self.pair.within(30, |pair| {
            let wanted = [(ours, other), (other, ours), (ours, ours)];
            let said = wanted.map(|(at, of)| pair.cl_status(at, &["nodestatus", NAMES[of]]));
            if said.iter().all(|word| word == "active") {
                return Ok(());
            }
            Err(format!("{said:?}"))
        })?;
        let log = self.pair.kinds[other].log(&self.pair.machines[other]);
        match log.lines().find(|line| line.contains("replay")) {
            Some(line) => Err(line.to_owned()),
            None => Ok(()),
        }
    }

    /// Nothing happens, and no real one's log says that something had; ours may tell how loaded the machine is.
    pub(crate) fn fifteen_quiet_minutes(&mut self) -> Result<(), String> {
        let minutes = std::env::var("MINUTES").ok();
        let minutes = minutes.and_then(|number| number.parse().ok()).unwrap_or(15);
        let said = |pair: &Pair, node: usize| -> Vec<String> {
            let log = pair.kinds[node].log(&pair.machines[node]);
            log.lines().map(str::to_owned).collect()
        };
        let before = [A, B].map(|node| said(&self.pair, node).len());
        let end = Instant::now() + Duration::from_secs(60 * minutes);
        while Instant::now() < end {
            std::thread::sleep(Duration::from_secs(10));
            for node in [A, B] {
                let told = self.pair.cl_status(node, &["rscstatus"]);
                if told != "local" {
                    return Err(format!("{} says {told:?}", NAMES[node]));
                }
            }
        }
        let real = |node: &usize| self.pair.kinds[*node] == Kind::Real;
        for node in [A, B].into_iter().filter(real) {
            let lines = said(&self.pair, node).split_off(before[node]);
            // A loaded machine is late now and then, and this says nothing of the other node.
            let rest: Vec<_> = lines
                .iter()
                .filter(|line| !NOISE.iter().any(|noise| line.contains(noise)))
                .collect();
            if !rest.is_empty() {
                return Err(format!("{} said {rest:#?}", NAMES[node]));
            }
        }
        Ok(())
    }

    /// Both asked for what was lost, and got it.
    pub(crate) fn asked_again(&mut self) -> Result<(), String> {
        let heard = self.pair.tap.heard();
        for name in NAMES {
            let asks = |message: &&Vec<u8>| {
                field(message, "t") == "NS_rexmit" && field(message, "src") == name
            };
            let count = heard.iter().filter(asks).count();
            self.figures
                .push(format!("{name} asked {count} times for what was lost"));
            if count < 10 {
                return Err(format!("{name} asked {count} times for what was lost"));
            }
        }
        for node in [A, B] {
            let log = self.pair.kinds[node].log(&self.pair.machines[node]);
            if let Some(line) = log.lines().find(|line| line.contains("rretrievably")) {
                return Err(line.to_owned());
            }
        }
        Ok(())
    }

    /// Remembers what alpha is to others while it does not run: its generation and its name's number.
    pub(crate) fn keep_identity(&mut self) -> Result<(), String> {
        self.identity = Some(self.read_identity()?);
        Ok(())
    }

    /// alpha is the same node, in a later life than when it was last looked at.
    pub(crate) fn same_identity(&mut self) -> Result<(), String> {
        let now = self.read_identity()?;
        let before = self.identity.replace(now.clone()).expect("kept before");
        if now.0 <= before.0 || now.1 != before.1 {
            return Err(format!("it was {before:x?}, and is {now:x?}"));
        }
        Ok(())
    }

    fn read_identity(&self) -> Result<(u32, Vec<u8>), String> {
        let folder = self.pair.machines[A].disk.join("varlib");
        let text = std::fs::read_to_string(folder.join("hb_generation"));
        let text = text.map_err(|e| format!("hb_generation: {e}"))?;
        let number = text.trim().parse();
        let number = number.map_err(|e| format!("hb_generation: {text:?}: {e}"))?;
        let uuid = std::fs::read(folder.join("hb_uuid"));
        let uuid = uuid.map_err(|e| format!("hb_uuid: {e}"))?;
        Ok((number, uuid))
    }

    /// Which node is ours, and the other.
    fn ours(&self) -> Result<[usize; 2], String> {
        let ours = [A, B]
            .into_iter()
            .find(|n| self.pair.kinds[*n] == Kind::Ours);
        let ours = ours.ok_or("none of them is ours")?;
        Ok([ours, 1 - ours])
    }
}

/// Parts of what heartbeat says of its own lateness.
const NOISE: &[&str] = &[
    "Late heartbeat: Node",
    "delayed",
    "was taking too long",
    "took too long to execute",
];
