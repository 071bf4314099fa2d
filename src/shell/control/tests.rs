use std::thread;

use std::io::Read;
use std::os::unix::net::UnixStream;

use super::*;
use crate::clock;

/// Answers every request by what it means, until `clients` have been served.
fn serve_until(control: &Control, reactor: &'static Reactor, mut done: impl FnMut() -> bool) {
    let config = crate::testing::config(2);
    while !done() {
        let until = clock::now().after(Duration::from_millis(20));
        let (_, ready) = reactor.sleep(&[control.as_raw_fd()], until);
        if ready.contains(0) {
            control.accept(reactor);
        }
        reactor.run_tasks();
        while let Some(asked) = control.poll_asked() {
            let reply = asked.request(&config).map(|request| format!("{request:?}"));
            let reply = reply.map_err(str::to_owned);
            asked.answer(reply);
            reactor.wake();
        }
    }
}

fn with_server<T: Send + 'static>(client: impl FnOnce(PathBuf) -> T + Send + 'static) -> T {
    let rundir = crate::testing::folder();
    let control = Control::open(&rundir).unwrap();
    let client = thread::spawn(move || client(rundir));
    serve_until(&control, Reactor::new(), || client.is_finished());
    control.close();
    client.join().unwrap()
}

#[test]
fn a_request_is_answered_and_the_connection_ends() {
    let (good, bad) = with_server(|rundir| {
        (
            ask(&rundir, "standby group1").unwrap(),
            ask(&rundir, "standby group7").unwrap_err(),
        )
    });
    assert!(
        good.starts_with("Order(Order { command: Standby(Group("),
        "{good}"
    );
    assert!(matches!(bad, AskError::Refused(why) if why.contains("group of haresources")));
}

#[test]
fn a_request_longer_than_the_limit_is_refused() {
    let reply = with_server(|rundir| ask(&rundir, &"x".repeat(MAX_REQUEST)));
    assert!(matches!(reply, Err(AskError::Refused(why)) if why.contains("256")),);
}

#[test]
fn more_clients_than_the_limit_are_told_so_and_the_silent_ones_are_dropped() {
    let (fifth, silent) = with_server(|rundir| {
        let path = rundir.join(SOCKET);
        let mut silent: Vec<_> = (0..MAX_CONNECTIONS)
            .map(|_| UnixStream::connect(&path).unwrap())
            .collect();
        thread::sleep(std::time::Duration::from_millis(200));
        let fifth = ask(&rundir, "status");
        let mut rest = String::new();
        silent[0].read_to_string(&mut rest).unwrap();
        (fifth, (rest, ask(&rundir, "status").unwrap()))
    });
    assert!(matches!(fifth, Err(AskError::Refused(why)) if why == "busy"));
    assert_eq!(silent, (String::new(), "Status { json: false }".to_owned()));
}

#[test]
fn nobody_answers_where_nothing_runs() {
    let rundir = crate::testing::folder();
    assert!(matches!(ask(&rundir, "status"), Err(AskError::NotRunning)));
    drop(Control::open(&rundir).unwrap()); // As after a crash: the socket is still there.
    assert!(matches!(ask(&rundir, "status"), Err(AskError::NotRunning)));
}

#[test]
fn a_second_program_is_refused_and_the_first_undisturbed() {
    with_server(|rundir| {
        assert!(Control::open(&rundir).err().unwrap().contains("already"));
        ask(&rundir, "status").unwrap();
    });
}

#[test]
fn the_socket_of_a_dead_program_is_replaced() {
    let rundir = crate::testing::folder();
    drop(Control::open(&rundir).unwrap());
    let again = Control::open(&rundir).unwrap();
    let mode = std::fs::metadata(rundir.join(SOCKET)).unwrap();
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    again.close();
    assert!(!rundir.join(SOCKET).exists());
}

#[test]
fn requests_are_heartbeats_words() {
    let config = crate::testing::config(2);
    let command = |line| parse(line, &config);
    assert_eq!(command("status --json"), Ok(Request::Status { json: true }));
    assert_eq!(
        command("settled failback"),
        Ok(Request::Settled(Selection::Foreign))
    );
    assert!(matches!(command("standby"), Ok(Request::Order(_))));
    let (from, json) = (Some(7), true);
    assert_eq!(
        command("events --json 7"),
        Ok(Request::Events { from, json })
    );
    for bad in [
        "",
        "stop",
        "events -1",
        "events x",
        "status xml",
        "standby a b",
        "takeover \u{1b}",
    ] {
        assert!(command(bad).is_err(), "{bad}");
    }
}

proptest::proptest! {
    #[test]
    fn any_line_is_a_request_or_an_error_of_one_line(line in "\\PC{0,64}|(status|standby|takeover|events|move|settled) ?\\PC{0,40}") {
        let config = crate::testing::config(2);
        if let Err(why) = parse(&line, &config) {
            assert!(!why.contains('\n') && why.len() < 400, "{why}");
        }
    }
}
