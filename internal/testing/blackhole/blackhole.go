// Package blackhole is a proxy before a database whose open connections can go silent, as they do when a firewall
// forgets them or a node of a cluster is lost. New connections work.
package blackhole

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Form is how a silent connection behaves towards those who write to it.
type Form int

const (
	// Acknowledging takes all that is sent and passes nothing on.
	Acknowledging Form = iota
	// Stalled takes nothing more: once the buffers between are full, what is sent is not acknowledged.
	Stalled
)

// Which connections go silent.
type Which int

const (
	// All connections that are open.
	All Which = iota
	// Listeners are connections over which LISTEN was sent.
	Listeners
	// Others are all but the listeners.
	Others
)

// Proxy passes connections on to a database.
type Proxy struct {
	mu   sync.Mutex
	open []*connection
}

type connection struct {
	mu       sync.Mutex
	listens  bool
	silent   bool
	form     Form
	released chan struct{} // closed when the test ends
}

// Before starts a proxy before the database of a connection string, until the test ends, and returns it with the
// connection string that goes through it.
func Before(t testing.TB, target string) (*Proxy, string) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	network, server := "tcp", u.Host
	if query := u.Query(); query.Get("host") != "" {
		port := query.Get("port")
		if port == "" {
			port = "5432"
		}
		network, server = "unix", query.Get("host")+"/.s.PGSQL."+port
		query.Del("host")
		query.Del("port")
		u.RawQuery = query.Encode()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	released := make(chan struct{})
	t.Cleanup(func() { close(released); _ = l.Close() })
	p := &Proxy{}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.join(client, network, server, released)
		}
	}()
	u.Host = l.Addr().String()
	return p, u.String()
}

func (p *Proxy) join(client net.Conn, network, server string, released chan struct{}) {
	behind, err := net.Dial(network, server)
	if err != nil {
		_ = client.Close()
		return
	}
	c := &connection{released: released}
	p.mu.Lock()
	p.open = append(p.open, c)
	p.mu.Unlock()
	go func() {
		<-released
		_, _ = client.Close(), behind.Close()
	}()
	go c.pass(behind, client, true)
	go c.pass(client, behind, false)
}

// Listening says over how many connections LISTEN was sent.
func (p *Proxy) Listening() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		c.mu.Lock()
		if c.listens {
			n++
		}
		c.mu.Unlock()
	}
	return n
}

// Silence makes connections that are open now go silent, for ever, and says how many. The database hears nothing more
// of them, not even that they were closed.
func (p *Proxy) Silence(which Which, form Form) (silenced int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		c.mu.Lock()
		if !c.silent && (which == All || c.listens == (which == Listeners)) {
			c.silent, c.form = true, form
			silenced++
		}
		c.mu.Unlock()
	}
	return silenced
}

func (c *connection) state() (silent bool, form Form) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.silent, c.form
}

// pass copies until one side ends. On a silent connection it copies nothing, and the other side learns of no end.
func (c *connection) pass(to, from net.Conn, fromClient bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		silent, form := c.state()
		switch {
		case silent && form == Stalled:
			<-c.released
			return
		case err != nil:
			if err == io.EOF && !silent {
				_ = to.Close()
			}
			return
		case silent:
			continue
		}
		if fromClient && bytes.Contains(buffer[:n], []byte("LISTEN ")) {
			c.mu.Lock()
			c.listens = true
			c.mu.Unlock()
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
