package local

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/sealift/sealift/internal/local/aws"
	"github.com/sealift/sealift/internal/local/aws/durable"
	"github.com/sealift/sealift/internal/local/aws/imds"
	"github.com/sealift/sealift/internal/local/aws/oidc"
	"github.com/sealift/sealift/internal/local/aws/redshiftapi"
)

// Where everything is: one region, and two accounts with a warehouse each.
const (
	Region        = "eu-west-1"
	SourceAccount = "111111111111"
	TargetAccount = "222222222222"
	LoaderAccount = "333333333333"
	SourceCluster = "source"
	TargetCluster = "target"
	Database      = "dev"
	MasterUser    = "awsuser"
)

// The ports of a stand-in that is told no others.
const (
	DefaultPort          = 4566
	DefaultWarehousePort = 5439
)

// Options say what kind of stand-in to run.
type Options struct {
	Dir             string        // keeps everything; made if missing
	Port            int           // of the AWS endpoints; 0 is DefaultPort
	WarehousePort   int           // of the source, the target's is the next; 0 is DefaultWarehousePort
	AnyPort         bool          // take free ports where none is given
	Slices          int           // of each warehouse; 0 is 4
	RoleDelay       time.Duration // until a role attached to a cluster can be used
	IAMDelay        time.Duration // until a new user or role is seen by those who assume it or name it
	RuleDelay       time.Duration // until a rule of a security group, or its end, is seen
	GrantDelay      time.Duration // until a KMS grant, or its end, is seen
	CacheDir        string        // of templates of data folders; by default below the user's cache folder
	InstanceRole    string        // ARN of the role of the EC2 instance that the metadata service pretends to be
	IdleSession     time.Duration // how long a client may be silent outside of a transaction; 0 is 4 hours
	IdleTransaction time.Duration // and in one; 0 is 6 hours
	Log             *slog.Logger  // nil discards

	// LegacyClientSideEncryption makes COPY and UNLOAD take a MASTER_SYMMETRIC_KEY, as they did until 2026-04-30.
	LegacyClientSideEncryption bool
}

// Server is a running stand-in.
type Server struct {
	// Cloud is the AWS side, for tests that look behind the API or break something.
	Cloud *aws.Cloud

	dir   string
	lock  *folderLock
	ca    *authority
	fleet *fleet
	http  *http.Server
	port  int
	done  chan error // what serving HTTP answered
	imds  *http.Server
	told  chan error // what serving metadata answered
	at    string     // the metadata service's address
	env   []EnvVar   // but for the warehouses' URLs
}

// Up starts a stand-in and waits until everything in it can be used. It runs until Close; ctx limits only the start.
func Up(ctx context.Context, o Options) (_ *Server, err error) {
	if o, err = o.withDefaults(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("start the stand-in: %w", err)
	}
	s := &Server{dir: o.Dir}
	defer func() { //nolint:contextcheck // stopping has time limits of its own
		if err != nil {
			err = errors.Join(fmt.Errorf("start the stand-in in %s: %w", o.Dir, err), s.Close())
		}
	}()
	if s.lock, err = lockFolder(o.Dir); err != nil {
		return nil, err
	}
	if err := removeIfThere(filepath.Join(o.Dir, stateName)); err != nil { // of a stand-in that was killed
		return nil, err
	}
	if s.ca, err = openAuthority(o.Dir); err != nil {
		return nil, err
	}
	cert, err := s.ca.server()
	if err != nil {
		return nil, err
	}
	tlsConfig := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}

	passwords, err := openVault(filepath.Join(o.Dir, secretsName))
	if err != nil {
		return nil, err
	}
	s.fleet = &fleet{
		vault: passwords, dir: filepath.Join(o.Dir, "warehouses"), cache: o.CacheDir, slices: o.Slices, tls: tlsConfig, log: o.Log,
		clientSide:  o.LegacyClientSideEncryption,
		idleSession: o.IdleSession, idleTransaction: o.IdleTransaction,
		running: map[redshiftapi.Name]*warehouse{},
	}
	s.Cloud, err = aws.New(aws.Options{
		Instance: imds.Instance{ID: "i-0123456789abcdef0", Account: LoaderAccount, Region: Region, PublicIP: "127.0.0.1", PrivateIP: "127.0.0.1", Role: o.InstanceRole},
		Dir:      filepath.Join(o.Dir, "aws"), Region: Region, Fleet: s.fleet, Warehouses: s.fleet, RoleDelay: o.RoleDelay, IAMDelay: o.IAMDelay, GrantDelay: o.GrantDelay, RuleDelay: o.RuleDelay, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	s.fleet.cloud = s.Cloud
	if err := s.listen(ctx, o, tlsConfig); err != nil {
		return nil, err
	}
	if err := s.startWarehouses(ctx, o); err != nil {
		return nil, err
	}
	if err := s.makeEnv(); err != nil {
		return nil, err
	}
	state := State{Version: stateVersion, PID: os.Getpid(), Port: s.port, Env: s.Env()}
	if err := durable.Save(filepath.Join(o.Dir, stateName), state); err != nil {
		return nil, err
	}
	o.Log.Info("this is a stand-in, not AWS: nothing here leaves this machine", "dir", o.Dir, "port", s.port)
	return s, nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Slices == 0 {
		o.Slices = defaultSlices
	}
	if !o.AnyPort {
		if o.Port == 0 {
			o.Port = DefaultPort
		}
		if o.WarehousePort == 0 {
			o.WarehousePort = DefaultWarehousePort
		}
	}
	if o.Dir == "" {
		return o, errors.New("start the stand-in: no folder was given")
	}
	dir, err := filepath.Abs(o.Dir)
	o.Dir = dir
	return o, err
}

func removeIfThere(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// listen begins to serve the AWS endpoints.
func (s *Server) listen(ctx context.Context, o Options, tlsConfig *tls.Config) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)))
	if err != nil {
		return err
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	s.Cloud.Issuer.Call("https://localhost:" + strconv.Itoa(s.port) + oidc.Path)
	s.http = &http.Server{
		Handler:           s.Cloud.Handler(),
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	s.done = make(chan error, 1)
	both := listenBoth(l, tlsConfig)
	go func() { s.done <- s.http.Serve(both) }()

	// Never at the real address, 169.254.169.254: other programs of this machine would ask it.
	m, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.at = m.Addr().String()
	s.imds = &http.Server{Handler: s.Cloud.Metadata, ReadHeaderTimeout: 30 * time.Second, ErrorLog: s.http.ErrorLog}
	s.told = make(chan error, 1)
	go func() { s.told <- s.imds.Serve(m) }()
	return nil
}

// The warehouses of a new folder.
var (
	sourceName = redshiftapi.Name{Account: SourceAccount, Region: Region, ID: SourceCluster}
	targetName = redshiftapi.Name{Account: TargetAccount, Region: Region, ID: TargetCluster}
)

// startWarehouses starts all warehouses at once: those the folder knows, or, in a new folder, source and target.
func (s *Server) startWarehouses(ctx context.Context, o Options) error {
	if s.fleet.vault.fresh {
		if err := s.fleet.vault.make(sourceName, targetName); err != nil {
			return err
		}
	}
	clusters := s.Cloud.Redshift.Clusters()
	for _, name := range []redshiftapi.Name{sourceName, targetName} {
		known := slices.ContainsFunc(clusters, func(c redshiftapi.Cluster) bool { return c.Name == name })
		if _, wanted := s.fleet.vault.password(name); wanted && !known {
			clusters = append(clusters, redshiftapi.Cluster{
				Name: name, NodeType: "ra3.xlplus", Nodes: 2, Database: Database, MasterUser: MasterUser, PubliclyAccessible: true,
			})
		}
	}
	errs := make(chan error, len(clusters))
	for _, c := range clusters {
		go func() { errs <- s.startWarehouse(ctx, o, c) }()
	}
	var all []error
	for range clusters {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

func (s *Server) startWarehouse(ctx context.Context, o Options, c redshiftapi.Cluster) error {
	switch {
	case c.Name == sourceName:
		c.Port = o.WarehousePort
	case c.Name == targetName && o.WarehousePort != 0:
		c.Port = o.WarehousePort + 1
	case o.AnyPort:
		c.Port = 0
	}
	password, _ := s.fleet.vault.password(c.Name) // needed by new warehouses only, and those have one
	port, err := s.fleet.launch(ctx, c, password)
	if err != nil {
		return err
	}
	c.Host, c.Port = host, port
	return s.Cloud.Redshift.Register(c)
}

// makeEnv says what clients need to know, but for the URLs of the warehouses.
func (s *Server) makeEnv() error {
	key, secret, err := s.Cloud.IAM.AdminKey()
	if err != nil {
		return err
	}
	s.env = []EnvVar{
		// By address: SDKs then put bucket names into the path, and need no names of their own for them.
		{"AWS_ENDPOINT_URL", "https://127.0.0.1:" + strconv.Itoa(s.port)},
		// The SDK for Go takes a first role, by a web identity token or a profile, by this one alone: without it, the token would go to AWS.
		{"AWS_ENDPOINT_URL_STS", "https://127.0.0.1:" + strconv.Itoa(s.port)},
		{"AWS_REGION", Region},
		{"AWS_DEFAULT_REGION", Region}, // what older tools read
		{"AWS_ACCESS_KEY_ID", key},
		{"AWS_SECRET_ACCESS_KEY", secret},
		{"AWS_CA_BUNDLE", s.ca.file},
		{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://" + s.at},
		{"PGSSLROOTCERT", s.ca.file},
	}
	return nil
}

// Env answers the variables that clients of the stand-in need. They hold secrets. A warehouse that was deleted has no
// URL.
func (s *Server) Env() []EnvVar {
	env := append([]EnvVar(nil), s.env...)
	for _, c := range s.Cloud.Redshift.Clusters() {
		var variable string
		switch c.Name {
		case sourceName:
			variable = "REDSHIFT_SOURCE_URL"
		case targetName:
			variable = "REDSHIFT_TARGET_URL"
		default:
			continue
		}
		password, _ := s.fleet.vault.password(c.Name)
		u := url.URL{
			Scheme: "postgresql", User: url.UserPassword(c.MasterUser, password),
			Host: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), Path: "/" + c.Database,
			RawQuery: url.Values{"sslmode": {"verify-full"}, "sslrootcert": {s.ca.file}}.Encode(),
		}
		env = append(env, EnvVar{variable, u.String()})
	}
	return env
}

// Var answers one of the variables of Env, "" if there is none of that name.
func (s *Server) Var(name string) string {
	for _, v := range s.Env() {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// Close stops everything and waits for it. The folder keeps the data.
func (s *Server) Close() error {
	var errs []error
	if s.lock != nil {
		errs = append(errs, removeIfThere(filepath.Join(s.dir, stateName)))
	}
	if s.http != nil {
		errs = append(errs, s.http.Close())
		if err := <-s.done; !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
	}
	if s.imds != nil {
		errs = append(errs, s.imds.Close())
		if err := <-s.told; !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
	}
	if s.Cloud != nil {
		s.Cloud.Close()
	}
	if s.fleet != nil {
		errs = append(errs, s.fleet.stop())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
	}
	return errors.Join(errs...)
}
