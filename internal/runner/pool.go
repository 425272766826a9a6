package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/redshift"
)

// pool lends sessions, no more at once than its size. Sessions are opened when first needed and used again.
type pool struct {
	name  string // source or target
	open  func(ctx context.Context) (Session, error)
	slots chan struct{}

	mu   sync.Mutex
	idle []Session // nobody else uses these; under mu
}

func newPool(name string, open func(ctx context.Context) (Session, error), size int) *pool {
	return &pool{name: name, open: open, slots: make(chan struct{}, size)}
}

// get waits for a free slot and lends a session. Every session got is given back by put.
func (p *pool) get(ctx context.Context) (Session, error) {
	if err := p.slot(ctx); err != nil {
		return nil, err
	}
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return p.connect(ctx)
		}
		s := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if !s.Broken() {
			return s, nil
		}
		if err := s.Close(ctx); err != nil { // it has ended while nobody used it
			<-p.slots
			return nil, err
		}
	}
}

// fresh is get, but for a session that nobody used before: one that answers for what the others cannot.
func (p *pool) fresh(ctx context.Context) (Session, error) {
	if err := p.slot(ctx); err != nil {
		return nil, err
	}
	return p.connect(ctx)
}

func (p *pool) slot(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a session: %w", context.Cause(ctx))
	}
}

// connect opens a session for a slot that the caller has.
func (p *pool) connect(ctx context.Context) (Session, error) {
	var s Session
	err := effect.Do(ctx, p.name+" open", func(ctx context.Context) (err error) {
		s, err = p.open(ctx)
		return err
	})
	if err != nil {
		<-p.slots
		return nil, err
	}
	return &told{Session: s, side: p.name}, nil
}

// told is a session whose every statement is an effect.
type told struct {
	Session
	side string
}

func (s *told) Exec(ctx context.Context, sql redshift.SQL) (n int64, err error) {
	err = effect.Do(ctx, s.side+" "+verb(sql), func(ctx context.Context) (err error) {
		n, err = s.Session.Exec(ctx, sql)
		return err
	})
	return n, err
}

func (s *told) Query(ctx context.Context, sql redshift.SQL, each func(row []*string) error) error {
	return effect.Do(ctx, s.side+" "+verb(sql), func(ctx context.Context) error { return s.Session.Query(ctx, sql, each) })
}

// verb is a statement's first word.
func verb(sql redshift.SQL) string {
	word, _, _ := strings.Cut(sql.String(), " ")
	word, _, _ = strings.Cut(word, "\n")
	return word
}

// put takes a session back. One that is broken, or of which the caller does not know the state, is closed.
func (p *pool) put(ctx context.Context, s Session, usable bool) error {
	defer func() { <-p.slots }()
	if usable && !s.Broken() {
		p.mu.Lock()
		p.idle = append(p.idle, s)
		p.mu.Unlock()
		return nil
	}
	return s.Close(ctx)
}

// close closes the idle sessions. All lent ones must be back.
func (p *pool) close(ctx context.Context) error {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	var all error
	for _, s := range idle {
		all = errors.Join(all, s.Close(ctx))
	}
	return all
}
