package storetest

import (
	"context"
	"fmt"
	"net"
	neturl "net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Proxy is a network between clients and a server, which can be slow, closed or cut. It passes from the start.
type Proxy struct {
	t        testing.TB
	listener *net.TCPListener
	dial     func(context.Context) (net.Conn, error)

	mu       sync.Mutex
	delay    time.Duration
	refusing bool
	dark     bool // cut
	ended    bool // with the test
	pairs    map[*pair]bool
	all      sync.WaitGroup
}

// pair is a client's connection and its continuation to the server.
type pair struct {
	client *net.TCPConn
	server net.Conn
	dark   chan struct{} // closed when the connection is cut: nothing passes any more
	closed chan struct{}
	once   sync.Once
}

func (x *pair) close() {
	x.once.Do(func() {
		close(x.closed)
		_ = x.client.SetLinger(0) // a reset, so that the other side hears at once
		_ = x.client.Close()
		_ = x.server.Close()
	})
}

// NewProxy listens at a free port of this host, and goes on to a server's address, until the test ends.
func NewProxy(t testing.TB, network, address string) *Proxy {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{t: t, listener: l.(*net.TCPListener), pairs: map[*pair]bool{}}
	p.dial = func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, network, address) }
	p.all.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		p.ended = true // also for what was accepted a moment ago
		p.mu.Unlock()
		p.endAll()
		p.all.Wait()
	})
	return p
}

// NewDatabaseProxy is NewProxy to the server of a connection string, and returns it as it leads through the proxy.
func NewDatabaseProxy(t testing.TB, url string) (p *Proxy, through string) {
	t.Helper()
	c, err := pgconn.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	network, address := pgconn.NetworkAddress(c.Host, c.Port)
	p = NewProxy(t, network, address)
	return p, fmt.Sprintf("postgres://%s/%s?user=%s&password=%s&sslmode=disable", p.Addr(), neturl.PathEscape(c.Database), neturl.QueryEscape(c.User), neturl.QueryEscape(c.Password))
}

// Addr is where it listens: host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Delay has every piece of data wait, in both directions.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Refuse resets all connections, and each new one, until Heal.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	p.refusing = true
	p.mu.Unlock()
	p.endAll()
}

// CanCut reports whether the kernel drops packets for a test: not every one does.
func (p *Proxy) CanCut() bool {
	return dropAll(p.listener) == nil && dropNone(p.listener) == nil
}

// Cut loses every packet of the clients, and all that the server says, until Heal. Neither side hears of it: the kernel drops what comes in, without
// an acknowledgement. What was cut stays so also after Heal, as a connection that a firewall has forgotten.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dark = true
	if err := dropAll(p.listener); err != nil {
		p.t.Fatalf("cutting the network: %v", err)
	}
	for x := range p.pairs {
		select {
		case <-x.dark:
			continue
		default:
		}
		close(x.dark)
		_ = dropAll(x.client) // an error: it has just been closed
	}
}

// Heal lets new connections pass.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay, p.refusing = 0, false
	if p.dark {
		p.dark = false
		if err := dropNone(p.listener); err != nil {
			p.t.Fatalf("healing the network: %v", err)
		}
	}
}

func (p *Proxy) endAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for x := range p.pairs {
		x.close()
	}
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.AcceptTCP()
		if err != nil {
			return
		}
		p.all.Go(func() { p.connect(conn) })
	}
}

func (p *Proxy) connect(client *net.TCPConn) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	server, err := p.dial(ctx)
	p.mu.Lock()
	if err != nil || p.refusing || p.ended {
		p.mu.Unlock()
		_ = client.SetLinger(0)
		_ = client.Close()
		if err == nil {
			_ = server.Close()
		}
		return
	}
	x := &pair{client: client, server: server, dark: make(chan struct{}), closed: make(chan struct{})}
	if p.dark { // it came with the cut
		close(x.dark)
		_ = dropAll(client)
	}
	p.pairs[x] = true
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.pump(server, client, x) })
	p.pump(client, server, x)
	both.Wait()
	p.mu.Lock()
	delete(p.pairs, x)
	p.mu.Unlock()
}

// pump passes data in one direction until either side ends.
func (p *Proxy) pump(to, from net.Conn, x *pair) {
	defer x.close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		delay := p.delay
		p.mu.Unlock()
		if err == nil && delay > 0 {
			select {
			case <-time.After(delay):
			case <-x.closed:
			}
		}
		select {
		case <-x.dark: // not even an end gets through
			<-x.closed
			return
		default:
		}
		if err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
