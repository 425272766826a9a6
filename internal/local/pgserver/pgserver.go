package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// socketPort is the port in the socket's name. Every server has a socket folder of its own, so that all can use the same.
const socketPort = 5432

// Options say what kind of server to run.
type Options struct {
	// Dir is the data folder. It is made if missing, and holds the data until the next Start.
	Dir string
	// CacheDir keeps templates of new data folders; by default sealift/postgres under the user's cache folder.
	CacheDir string
	// Superuser is the server's first role.
	Superuser string
	// Bootstrap installs what every new server must hold. Its outcome is cached under BootstrapKey, so the key must
	// change whenever what Bootstrap does changes.
	Bootstrap    func(ctx context.Context, s *Server) error
	BootstrapKey string
	// Settings are written into postgresql.conf, over the defaults of this package. They are not part of the template.
	Settings map[string]string
	// Log takes the server's own messages; nil drops them.
	Log *slog.Logger
}

// Server is a running PostgreSQL.
type Server struct {
	inst      Installation
	process   *process
	superuser string
	dir       string
	socket    *socket
	port      uint16 // in the socket's name
}

// Start starts a server on o.Dir and waits until it accepts connections. The server runs until Close; ctx limits only
// the start.
func Start(ctx context.Context, o Options) (*Server, error) {
	inst, err := Find(ctx)
	if err != nil {
		return nil, err
	}
	a, err := serverAccount()
	if err != nil {
		return nil, err
	}
	if o, err = o.withDefaults(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(o.Dir, "PG_VERSION")); errors.Is(err, fs.ErrNotExist) {
		if err := create(ctx, inst, a, o); err != nil {
			return nil, fmt.Errorf("create the data folder %s: %w", o.Dir, err)
		}
	} else if err != nil {
		return nil, err
	}
	return start(ctx, inst, a, o)
}

func (o Options) withDefaults() (Options, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Superuser == "" {
		o.Superuser = "postgres"
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, err
	}
	o.Dir = dir
	if o.CacheDir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return o, fmt.Errorf("find a folder for templates: %w", err)
		}
		o.CacheDir = filepath.Join(cache, "sealift", "postgres")
	}
	return o, nil
}

// start starts a server on a folder that exists.
func start(ctx context.Context, inst Installation, a *account, o Options) (*Server, error) {
	if err := checkVersion(inst, o.Dir); err != nil {
		return nil, err
	}
	if err := endStale(o.Dir, o.Log); err != nil {
		return nil, err
	}
	port, err := o.port()
	if err != nil {
		return nil, err
	}
	socket, err := openSocket(a, o.Dir)
	if err != nil {
		return nil, fmt.Errorf("make room for PostgreSQL's socket: %w", err)
	}
	s := &Server{inst: inst, superuser: o.Superuser, dir: o.Dir, socket: socket, port: port}
	if err := s.run(ctx, a, o); err != nil {
		return nil, errors.Join(err, socket.close())
	}
	return s, nil
}

func (s *Server) run(ctx context.Context, a *account, o Options) error {
	if err := writeConfig(a, o, s.socket.server); err != nil {
		return fmt.Errorf("configure PostgreSQL in %s: %w", o.Dir, err)
	}
	cmd, release, err := command(s.inst, a, "postgres", o.Dir)
	if err != nil {
		return err
	}
	if s.process, err = spawn(ctx, cmd, release, o.Log); err != nil {
		hint := ""
		if a != nil && !folderByDescriptor {
			hint = fmt.Sprintf("; as root it runs as user %s, who must be able to reach that folder", a.name)
		}
		return fmt.Errorf("start %s in %s%s: %w", s.inst.Version, o.Dir, hint, err)
	}
	return nil
}

// Close stops the server and waits until its last process has ended. Open sessions are ended.
func (s *Server) Close() error {
	return errors.Join(s.process.stop(), s.socket.close())
}

// Done is closed when the server has ended, be it by Close or by itself.
func (s *Server) Done() <-chan struct{} { return s.process.done }

// Superuser is the server's first role.
func (s *Server) Superuser() string { return s.superuser }

// Version is the server's version as `postgres --version` prints it.
func (s *Server) Version() string { return s.inst.Version }

// Socket is where other programs find the server's Unix socket: the folder, and the number in the socket's name. The
// path may be longer than they can use.
func (s *Server) Socket() (dir string, port uint16) { return s.socket.others, s.port }

// Config answers how to connect as a user to a database, with session settings as startup parameters. Whoever can reach
// the socket is trusted; nothing of the environment (PGHOST, PGPASSFILE and the like) has a say.
func (s *Server) Config(user, database string, settings map[string]string) (*pgconn.Config, error) {
	cfg, err := pgconn.ParseConfig("host=" + s.socket.ours + " sslmode=disable target_session_attrs=any")
	if err != nil {
		return nil, err
	}
	cfg.Port, cfg.User, cfg.Password, cfg.Database = s.port, user, "", database
	cfg.RuntimeParams = map[string]string{}
	maps.Copy(cfg.RuntimeParams, settings)
	cfg.TLSConfig, cfg.Fallbacks = nil, nil
	return cfg, nil
}

// Connect connects as a user to a database.
func (s *Server) Connect(ctx context.Context, user, database string, settings map[string]string) (*pgconn.PgConn, error) {
	cfg, err := s.Config(user, database, settings)
	if err != nil {
		return nil, err
	}
	return pgconn.ConnectConfig(ctx, cfg)
}

// defaults are the settings of a server whose data is for trying things out: fast, small, and told to keep quiet about
// statements, which may hold secrets.
func defaults() map[string]string {
	return map[string]string{
		"listen_addresses":                "",
		"port":                            fmt.Sprint(socketPort),
		"unix_socket_permissions":         "0700",
		"fsync":                           "off",
		"synchronous_commit":              "off",
		"full_page_writes":                "off",
		"wal_level":                       "minimal",
		"max_wal_senders":                 "0",
		"shared_buffers":                  "32MB",
		"max_connections":                 "200",
		"max_locks_per_transaction":       "256",
		"max_parallel_workers_per_gather": "2",
		"jit":                             "off",
		"autovacuum":                      "on",
		"password_encryption":             "md5",
		"timezone":                        "UTC",
		"log_timezone":                    "UTC",
		"datestyle":                       "ISO, MDY",
		"client_encoding":                 "UTF8",
		"lc_messages":                     "C",
		"log_destination":                 "stderr",
		"logging_collector":               "off",
		"log_line_prefix":                 "",
		"log_min_messages":                "log",
		"log_min_error_statement":         "panic",
		"log_checkpoints":                 "off",
	}
}

// writeConfig writes the folder's whole configuration anew, so that a new release's settings hold in an old folder too.
func writeConfig(a *account, o Options, socketDir string) error {
	settings := defaults()
	maps.Copy(settings, o.Settings)
	settings["unix_socket_directories"] = socketDir
	var conf strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		value := strings.ReplaceAll(settings[name], `\`, `\\`)
		fmt.Fprintf(&conf, "%s = '%s'\n", name, strings.ReplaceAll(value, "'", "''"))
	}
	for name, text := range map[string]string{
		"postgresql.conf": conf.String(),
		"pg_hba.conf":     "local all all trust\n",
		"pg_ident.conf":   "",
	} {
		path := filepath.Join(o.Dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
		if err := a.own(path); err != nil {
			return err
		}
	}
	return nil
}

// checkVersion refuses a folder that another major version of PostgreSQL made.
func checkVersion(inst Installation, dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "PG_VERSION"))
	if err != nil {
		return fmt.Errorf("read the version of data folder %s: %w", dir, err)
	}
	if made := strings.TrimSpace(string(text)); made != fmt.Sprint(inst.Major) {
		return fmt.Errorf("the data in %s was made by PostgreSQL %s, and the one found in %s is %d; set %s to the older one's folder, or start anew in an empty folder",
			dir, made, inst.BinDir, inst.Major, EnvBinDir)
	}
	return nil
}

// port is the one in the settings, which matters to a server that is told to listen on more than its socket.
func (o Options) port() (uint16, error) {
	text, ok := o.Settings["port"]
	if !ok {
		return socketPort, nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("port of PostgreSQL: %w", err)
	}
	return uint16(port), nil
}
