package local

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/local/aws"
	"github.com/sealift/sealift/internal/local/aws/redshiftapi"
	"github.com/sealift/sealift/internal/local/aws/redshiftdata"
	"github.com/sealift/sealift/internal/local/wire"
)

// fleet holds the running warehouses. It is what Redshift's API starts and stops clusters through.
type fleet struct {
	dir    string // a folder below it for each warehouse
	cache  string
	slices int
	// clientSide brings client-side encryption back.
	clientSide bool
	// How long clients may be silent; see Options.
	idleSession, idleTransaction time.Duration

	tls   *tls.Config
	log   *slog.Logger
	vault *vault
	cloud *aws.Cloud // set once, before the first warehouse

	mu      sync.Mutex // guards running
	running map[redshiftapi.Name]*warehouse
}

func (f *fleet) folder(n redshiftapi.Name) string {
	return filepath.Join(f.dir, n.Account+"-"+n.Region+"-"+n.ID)
}

// launch starts a warehouse and answers its port.
func (f *fleet) launch(ctx context.Context, c redshiftapi.Cluster, password string) (int, error) {
	w := &warehouse{
		name: c.Name, dir: f.folder(c.Name), slices: f.slices, clientSide: f.clientSide, tls: f.tls, cloud: f.cloud, cache: f.cache,
		idleSession: f.idleSession, idleTransaction: f.idleTransaction,
		log: f.log.With("warehouse", c.ID),
	}
	if err := w.start(ctx, c.Port, c.Database, c.MasterUser, password); err != nil {
		return 0, fmt.Errorf("start warehouse %s: %w", c.ID, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running[c.Name] = w
	return w.port, nil
}

func (f *fleet) take(n redshiftapi.Name) *warehouse {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.running[n]
	delete(f.running, n)
	return w
}

func (f *fleet) warehouse(n redshiftapi.Name) (*warehouse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w := f.running[n]; w != nil {
		return w, nil
	}
	return nil, fmt.Errorf("warehouse %s does not run", n.ID)
}

// Start makes a warehouse for CreateCluster.
func (f *fleet) Start(ctx context.Context, c redshiftapi.Cluster, masterPassword string) (string, int, error) {
	// Left behind by a cluster of the same name whose creation was cut off.
	if err := os.RemoveAll(f.folder(c.Name)); err != nil {
		return "", 0, err
	}
	port, err := f.launch(ctx, c, masterPassword)
	return host, port, err
}

// Stop ends a warehouse for DeleteCluster, and removes its data.
func (f *fleet) Stop(_ context.Context, c redshiftapi.Cluster) error {
	var err error
	if w := f.take(c.Name); w != nil {
		err = w.stop() //nolint:contextcheck // stopping has time limits of its own
	}
	return errors.Join(err, os.RemoveAll(f.folder(c.Name)), f.vault.forget(c.Name))
}

// Reboot ends all sessions and starts the warehouse again.
func (f *fleet) Reboot(ctx context.Context, c redshiftapi.Cluster) error {
	w := f.take(c.Name)
	if w == nil {
		return fmt.Errorf("warehouse %s does not run", c.ID)
	}
	if err := w.stop(); err != nil { //nolint:contextcheck // stopping has time limits of its own
		return err
	}
	_, err := f.launch(ctx, c, "")
	return err
}

// SetMasterPassword changes the master user's password.
func (f *fleet) SetMasterPassword(ctx context.Context, c redshiftapi.Cluster, password string) error {
	w, err := f.warehouse(c.Name)
	if err != nil {
		return err
	}
	if err := w.setPassword(ctx, c.MasterUser, password); err != nil {
		return err
	}
	return f.vault.change(c.Name, password)
}

// Enter logs in to a warehouse for the Data API.
func (f *fleet) Enter(ctx context.Context, n redshiftapi.Name, user, password, database string) (*redshiftdata.Conn, error) {
	f.mu.Lock()
	var server *wire.Server
	if w := f.running[n]; w != nil {
		server = w.server
	}
	f.mu.Unlock()
	if server == nil {
		return nil, fmt.Errorf("warehouse %s does not run", n.ID)
	}
	return enter(ctx, server, user, password, database)
}

// stop ends all warehouses, at once.
func (f *fleet) stop() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	errs := make(chan error, len(f.running))
	for _, w := range f.running {
		go func() { errs <- w.stop() }()
	}
	var all []error
	for range f.running {
		all = append(all, <-errs)
	}
	clear(f.running)
	return errors.Join(all...)
}
