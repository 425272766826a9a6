package faulty

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Direction of a message.
type Direction byte

// The directions.
const (
	Asked    Direction = '>' // from the program to the server
	Answered Direction = '<' // from the server to the program
)

// Place is one message, addressed so that it is found again in a run that goes the same way.
type Place struct {
	Server     string // the proxy's name
	Connection int    // from 1, in the order of their coming; HTTP counts requests over all connections, and says 1
	Direction  Direction
	Message    int // from 1, each direction by itself
}

// String is the address as people write it: target/2>7 is the seventh message of the program on its second connection.
func (p Place) String() string {
	return fmt.Sprintf("%s/%d%c%d", p.Server, p.Connection, p.Direction, p.Message)
}

// ParsePlace reads what String writes.
func ParsePlace(s string) (Place, error) {
	bad := fmt.Errorf("place %q is not like target/2>7", s)
	server, rest, ok := strings.Cut(s, "/")
	i := strings.IndexAny(rest, "<>")
	if !ok || i < 0 || server == "" {
		return Place{}, bad
	}
	c, err1 := strconv.Atoi(rest[:i])
	m, err2 := strconv.Atoi(rest[i+1:])
	if err1 != nil || err2 != nil || c < 1 || m < 1 {
		return Place{}, bad
	}
	return Place{server, c, Direction(rest[i]), m}, nil
}

// Kind is what is done to a message.
type Kind string

// The kinds of faults.
const (
	// Cut ends the connection in good order, without the message.
	Cut Kind = "cut"
	// Reset ends it with RST, without the message.
	Reset Kind = "reset"
	// BlackHole lets nothing through any more, in either direction, and ends nothing.
	BlackHole Kind = "black hole"
	// Truncate lets half of the message through, then ends the connection.
	Truncate Kind = "truncate"
	// Delay holds the message back for Network.Delay.
	Delay Kind = "delay"
	// Lose has the server carry out what was asked, keeps its whole answer back, and ends the connection with RST. For
	// messages of the program.
	Lose Kind = "lose"
	// Refuse answers 503 SlowDown in the server's place. At an answer, what was asked has been done all the same. HTTP only.
	Refuse Kind = "refuse"
)

// Kinds that make sense at a message of a PostgreSQL connection or an HTTP request.
var (
	AskedSQL     = []Kind{Cut, Reset, BlackHole, Truncate, Delay, Lose}
	AnsweredSQL  = []Kind{Cut, Reset, BlackHole, Truncate, Delay}
	AskedHTTP    = []Kind{Cut, Reset, BlackHole, Delay, Refuse}
	AnsweredHTTP = []Kind{Cut, Reset, BlackHole, Truncate, Delay, Refuse}
)

// Fault is harm at one place.
type Fault struct {
	Place Place
	Kind  Kind
	// Times is how many requests in a row are struck, so that a program's retries are too. HTTP only; 0 is one.
	Times int
	// Linger keeps the server from learning that the program is gone, as when a gateway forgot the connection: its
	// session stays, with whatever it holds.
	Linger bool
	// Do, if set, is called once the message is there and before harm is done to it.
	Do func()
}

// Message is one that was seen.
type Message struct {
	Place Place
	What  string // what it is, for people: its type, and the beginning of a statement or path
	Last  bool   // it ends an answer: nothing more comes before the program asks again
}

// Network is what the proxies of one program have in common. It is safe for concurrent use.
type Network struct {
	delay time.Duration

	mu          sync.Mutex
	generation  int            // of runs; connections of earlier runs are not counted
	connections map[string]int // by server
	requests    map[string]int // by server, for HTTP
	faults      []Fault
	seen        []Message
	struck      int
	begun       int           // the run of the last Begin; what earlier ones left open is ended
	lingers     map[int]bool  // runs whose connections are kept open on the server's side when they end by themselves
	kept        []func()      // ends what was left open by faults
	watch       func(Message) // called with each message before it is passed on
}

// New makes a Network that delays by d where it delays.
func New(d time.Duration) *Network {
	n := &Network{delay: d}
	n.Begin()
	return n
}

// Begin starts a new run: counting begins at one, and these faults are to happen. What earlier faults left open is ended.
func (n *Network) Begin(faults ...Fault) {
	n.mu.Lock()
	n.generation++
	n.connections, n.requests = map[string]int{}, map[string]int{}
	n.faults, n.seen, n.struck, n.watch = slices.Clone(faults), nil, 0, nil
	n.begun, n.lingers = n.generation, map[int]bool{}
	kept := n.kept
	n.kept = nil
	n.mu.Unlock()
	for _, end := range kept {
		end()
	}
}

// Next starts counting anew, for another process of the same run, and leaves open what faults have left open: what
// lingers on the server is what that process has to deal with.
func (n *Network) Next(faults ...Fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.generation++
	n.connections, n.requests = map[string]int{}, map[string]int{}
	n.faults, n.seen, n.struck, n.watch = slices.Clone(faults), nil, 0, nil
}

// Linger makes the server not learn of this run's connections that end without a farewell.
func (n *Network) Linger() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lingers[n.generation] = true
}

// Watch calls f with each message of this run, before it is passed on. The message waits until f returns.
func (n *Network) Watch(f func(Message)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.watch = f
}

// Seen are the messages of this run so far.
func (n *Network) Seen() []Message {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.seen)
}

// Struck is how many messages of this run were harmed.
func (n *Network) Struck() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.struck
}

// connect numbers a new connection.
func (n *Network) connect(server string) (generation, connection int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.connections[server]++
	return n.generation, n.connections[server]
}

// request numbers a new request.
func (n *Network) request(server string) (generation, request int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.requests[server]++
	return n.generation, n.requests[server]
}

// pass records a message and answers what to do to it, nil for nothing.
func (n *Network) pass(generation int, m Message) *Fault {
	n.mu.Lock()
	if generation != n.generation {
		n.mu.Unlock()
		return nil
	}
	n.seen = append(n.seen, m)
	watch := n.watch
	var fault *Fault
	for i := range n.faults {
		if n.faults[i].covers(m.Place) {
			f := n.faults[i]
			fault = &f
			n.struck++
			break
		}
	}
	n.mu.Unlock()
	if watch != nil {
		watch(m)
	}
	if fault != nil && fault.Do != nil {
		fault.Do()
	}
	return fault
}

func (f *Fault) covers(p Place) bool {
	from := f.Place
	return from.Server == p.Server && from.Connection == p.Connection && from.Direction == p.Direction &&
		p.Message >= from.Message && p.Message < from.Message+max(f.Times, 1)
}

// keep remembers how to end something that a fault left open, until the next Begin. It answers false when that has come
// already.
func (n *Network) keep(generation int, end func()) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if generation < n.begun {
		return false
	}
	n.kept = append(n.kept, end)
	return true
}

// keeps tells whether a connection of that run whose client just vanished stays open on the server's side.
func (n *Network) keeps(generation int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lingers[generation]
}

// wait is how long a delayed message takes.
func (n *Network) wait() {
	timer := time.NewTimer(n.delay)
	defer timer.Stop()
	<-timer.C
}
