//! The manual: what two nodes say to each other, what an attacker can do, how to contribute.
//! Text only.
//!
//! # Words
//! | word | meaning |
//! |---|---|
//! | node | a member named in `ha.cf`; at most 8 |
//! | link | one medium a heartbeat travels on; at most 8 |
//! | beat | the periodic heartbeat; it carries the sender's whole state, so any beat repairs a lost one |
//! | group | one `haresources` line: home node, addresses, scripts; at most 16 |
//! | incarnation | one start of one node's agent, named by 64 random bits |
//! | claim | by what right a node holds a group: home bit, epoch, node |
//! | grant | "idle, owner = you, epoch + 1" in the beats of the node that released a group |
//!
//! # Wire format
//! The layout of every frame stands in [`crate::wire::native`]. What it promises:
//! 1. Small: a steady beat of two nodes and four groups is 40 bytes.
//! 2. Authentic: a 96-bit tag, verified before the body is read. It covers a context that is not
//!    carried (dialect and cluster name), the sender's incarnation, and every byte before it.
//!    Every key of `authkeys` verifies; the `auth` line signs. To change a key without a gap, add
//!    the new one everywhere, then move `auth` everywhere, then remove the old one.
//! 3. Fresh: see proof of life.
//! 4. Whole state: node state, per group state, owner and claim, per peer what is heard of it.
//! 5. Reliable where needed: control words are numbered and asked for again. Nothing waits.
//! 6. Quiet: what is refused costs a counter.
//!
//! # Proof of life
//! An incarnation is itself a challenge: nobody can have signed an answer to it before it began.
//! Every frame has a number; every beat echoes the newest number heard of each peer.
//! * The proven life of a peer is believed if its counter is higher than any before, and it
//!   echoes a frame of ours that left within `deadtime`. So no accepted beat is older than that.
//! * Another life is only invited: a Hello goes back. It replaces the proven one when a Hello of
//!   it names our incarnation and a frame that left within `deadtime` and after the doubt began.
//! * A verdict forgets the life. It must prove itself again.
//! * A frame that says "I do not hear you" cannot prove its age. All it can do is make us give way.
//! * A question (Ask) proves nothing; it is answered.
//!
//! # Serial lines
//! A line carries 1920 bytes a second at 19200 baud, so a beat of four groups (44 bytes with framing,
//! see [`crate::serial`]) takes 23 ms. The shell gives each line a [`crate::serial::Line`], which keeps
//! the newest of what waits and says when it may leave: control words first; then beats, own and those
//! passed on, with half of the line between them; then what proves a life, with all that is left, for
//! nothing is steady before; questions only where they make no beat late. On a line every Hello names
//! the newest frame of a life that has not heard us, and while there is one the beats are Hellos.
//! * An echo has to return within `deadtime`: a beat there, a `keepalive` of waiting, a beat back. A
//!   proof takes four Hellos of 22 bytes more each, some of which wait for one another.
//! * Bytes that lay in a buffer while a node was away are frames whose echo is old: no sign of life.
//!   If its clock stood still it cannot know that, and believes the dead for one `deadtime` more; what
//!   a peer said meanwhile of its own claims is in the same bytes, and is read before anything is held.
//!
//! # Rings
//! With more than two nodes, a node passes on what it accepts from one serial line to its other serial
//! lines, unchanged: the first copy only, no questions, never back. So each frame passes each node at
//! most once, and what was refused passes none. Three nodes in a ring may lose any one cable; nodes in a
//! row prove themselves through those between them, which must know them first. An echo then takes so
//! many hops more each way, and `deadtime` has to leave room for it: with three nodes and four groups at
//! 19200 baud 100 ms and 500 ms are steady. What comes by Ethernet is not passed on.
//!
//! # Transfer
//! A group that nobody holds goes to its home, whether or not `auto_failback` would call it back later (as
//! with heartbeat, so that two homes share the load after a power cut), else to the first able node.
//! The node that placement names claims it, and starts it when every
//! live peer has echoed the claim and names it owner. With no live peer, after a grant, or named
//! by a leaving holder, it starts at once.
//!
//! A group that another holds: the node that should have it sends ip-request, every half beat.
//! The holder, if its own placement agrees, stops the group and shows the grant in every beat:
//! that is the lasting ip-request-resp, so that a lost one repairs itself. A grant stands until
//! the grantee is gone, holds the group, or is seen idle after it has seen the grant.
//!
//! A person's takeover is an ip-request that says so, and a claim with the home bit, whichever node
//! makes it: who sees that a node holds a group by this bit and is not its home knows that it was
//! moved, and leaves it there. So nothing depends on the word that asked for the move. The holder
//! gives the bit up when it is told to. `move` and `unmove` typed elsewhere are words for that node.
//! Maintenance is a number in every beat, odd while it lasts; a node takes over what is newer.
//!
//! Two holders (after a partition): home bit, then higher epoch, then lower index wins. The loser
//! stops at the first fresh winning claim. The winner announces again when the loser is idle.
//!
//! A group that its holder could not stop is started nowhere else while that node lives. It hands
//! over all others; then its shell no longer kicks the watchdog. Peers know from its Hellos which
//! time-out is armed: after its death they wait for `deadtime`, the time-out and 2 s, and for ever
//! if it had none. A node that could not stop something and is no longer heard keeps to that: it
//! has itself reset, although it may have something left to serve.
//!
//! # Connectivity
//! A beat carries how many targets its sender reaches. A node is passed over while an able one
//! reaches more, once that has lasted for max(2 keepalive, deadping / 2), and until it has been
//! over for as long; each node sees that of itself a keepalive before others do, so that a holder
//! hands over unasked. A holder gives way to a better connected node only if that reaches more by
//! its newest beat, so that views of different moments cannot send a group round in a circle.
//!
//! A group that may run once at most is started from a claim that every other node has seen and
//! none objects to, from a grant, or when the others left or were fenced. A dead node may be cut
//! off and go on; two that cannot hear each other never both start it, whoever else they hear.
//! What was known of a node's end is void as soon as anybody hears it again and, where there are
//! three or more, as soon as this node misses anything that another one says.
//!
//! # Order
//! A group that comes after another is started by a node that sees that one held, in its own state or
//! in a beat. Where both stop, the action that stops the other is withheld until it has stopped, and the
//! addresses of that one are held until then, unless another's claim wins or the loop is unwell. A group
//! that goes with another is placed where that one is claimed, or is being handed to, and is claimed only
//! by a node that claims that one; so the two never compete for each other's place.
//!
//! # Another configuration
//! A life may take up another configuration: groups go on under their new numbers by their keys. Before
//! that nothing is under way here, what goes or changes has been stopped and shows until then that
//! it is being stopped, so that nobody starts it. Beats have as many groups as their sender was told
//! of, which their length says; of a peer whose digest of groups is another one only its life and what
//! it hears is believed. Words of before are gone. A configuration whose digest is by chance that of
//! the old one is refused.
//!
//! # Beside a real heartbeat
//! With `protocol linux-ha` a node of two is a member beside heartbeat 3.0.6: its messages
//! ([`crate::wire::linux_ha`]) are signs of life by their numbers, and the translation says what a beat of
//! the peer would say. Transfers, placement and everything that is done to groups are the same. Where the
//! rules of the two differ:
//!
//! | question | between two of us | beside a heartbeat |
//! |---|---|---|
//! | what moves | single groups | the groups at home here, those at home there, or both |
//! | who decides a move | the holder, by its own placement or a request | the holder offers (`me`), the other accepts (`other`); nothing is stopped before |
//! | going home | the home asks, every half beat | the holder offers, once it hears that the home is stable; one that forgets is reminded at most five times |
//! | a person's takeover | a request to the holder | `hb_takeover`, again after 5 s as long as it stands |
//! | a transfer that does not end | a grant stands until it is taken | given up after 60 s (heartbeat: an hour); an offer after 10 s, as there. What the peer did not start is offered again later |
//! | what is at home there, and nobody has | placement | the peer is asked for it (`hb_takeover`); if it does not offer it in 10 s it is claimed, and started after 2 s of claim |
//! | when a peer is dead | silent for our `deadtime` | silent for the `dt` it announces |
//! | freshness | an echo within `deadtime` | generation and number only: a recorded message of the present life that was missed counts, none that was heard |
//! | both hold a group | home, epoch, index | this node keeps it: a heartbeat that missed it gives up everything and restarts within 2 s. One that did not keeps what is at home there after 5 s, and what is at home here after 10 s |
//! | whether it hears us | by its echo | taken for granted |
//! | ping targets | the score in every beat | `num_ping_nodes`, `you_are_dead`, `abort_giveup` of its `ipfail`; unknown counts as ours |
//! | a failed start | the group moves | its class is offered; heartbeat does not tell of its own failures. An offer is refused while one of its groups failed here |
//! | a failed stop | known to the other, which waits for the watchdog | heartbeat has no word for it: this node leaves without a goodbye, so that nothing is started before its `dt` |
//! | `auto_failback legacy` | as `on` | nobody says what it holds: the home asks (`ip-request`) and is answered when the group has stopped. What this node gives up, leaves behind, or finds free at its start or after a silence it says to be free unasked, for a heartbeat asks once. What runs here and may run there is asked for until that is answered; what the peer takes without asking is let go. Ping targets move nothing |
//! | `policy at-most-one` | held even across a partition | held here; the other node takes what it wants |
//! | maintenance | on every node | on this node: it offers and accepts nothing |
//! | keys | every key verifies, one signs | the same; classic frames, because heartbeat verifies netstrings with its own key only |
//!
//! A node that stands by for groups no longer does once it has accepted them. The last 256 messages are
//! kept to be said again; for older ones the peer is told that they are gone, and forgets the gap. A gap
//! of the peer's is asked for after 100 ms, every 300 ms, 40 times at most.
//!
//! # Threat model
//! *Someone on the wire without the key* can record, replay, delay, drop and forge. Forgeries and
//! replays change nothing but counters, and draw at most one Hello per quarter beat, link and
//! kind; nobody passes them on. Dropping everything is a cut cable: both sides serve, as with any pair of nodes.
//! A live man in the middle who holds frames back can delay one verdict by `deadtime`; frames in
//! which a peer said that it does not hear us can be kept and used to make us give way while that
//! peer lives.
//!
//! *Someone with the key* is a member. *Someone with root on a node* is that node.
//!
//! Beats are not secret: an eavesdropper learns which node holds which group.
//!
//! `crc` keeps noise out of a cable between two boards and nobody else.
//!
//! An early boot without randomness mixes hardware addresses, boot time and the stored generation
//! under the key. If all of them repeat, an earlier life's frames could be replayed to a peer that
//! has forgotten it; its counter still has to be higher.
//!
//! # Contributing
//! * One room, one idea, one word. 300 lines are normal, 400 are the limit.
//! * A state owns its data and its deadlines. `become_x` is the only writer of state x; `on_y` and
//!   `decide_y` decide. No wildcard arm in a match on a state or a message.
//! * Time is an argument. Instants end in `_at` or `_until`.
//! * In the core nothing panics, indexes, allocates or wraps. The lints hold it.
//! * `unsafe` stands in `src/shell/sys.rs` (and `sys/`), each block with its reason.
//! * Text and bytes become values at the door; inside nothing is checked twice.
//! * A bug gets the test that shows it first: a story in `tests/scenarios`, or a unit test whose
//!   name is a sentence about behaviour.
//! * A dependency has its reason and its bytes beside it in `Cargo.toml`.
