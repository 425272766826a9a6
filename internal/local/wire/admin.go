package wire

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/dialect"
)

// admin asks PostgreSQL as its superuser: passwords, users, groups. One connection serves all; it is opened when first
// needed and again after it broke.
type admin struct {
	pg PostgreSQL

	mu   sync.Mutex // held while conn is used
	conn *pgconn.PgConn
}

// adminDatabase exists in every server, and nobody can drop it.
const adminDatabase = "postgres"

// query runs one statement with text arguments and answers its rows.
func (a *admin) query(ctx context.Context, sql string, args ...string) ([][][]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn == nil || a.conn.IsClosed() {
		cfg, err := a.pg.Config(a.pg.Superuser(), adminDatabase, map[string]string{"application_name": "warehouse"})
		if err != nil {
			return nil, err
		}
		if a.conn, err = pgconn.ConnectConfig(ctx, cfg); err != nil {
			a.conn = nil
			return nil, err
		}
	}
	values := make([][]byte, len(args))
	for i, arg := range args {
		values[i] = []byte(arg)
	}
	result := a.conn.ExecParams(ctx, sql, values, nil, nil, nil).Read()
	return result.Rows, result.Err
}

func (a *admin) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return a.conn.Close(ctx)
}

// dbUser is a user of the warehouse.
type dbUser struct {
	name      string
	oid       uint32
	superuser bool
	timeout   time.Duration // SESSION TIMEOUT, 0 for none
	password  string        // md5 and the digest of password and name, "" where the password is disabled
}

// user looks a user up; ok is false if there is none who may log in.
func (a *admin) user(ctx context.Context, name string) (u dbUser, ok bool, err error) {
	rows, err := a.query(ctx, `SELECT oid, rolsuper,
		CASE WHEN rolvaliduntil IS NULL OR rolvaliduntil > now() THEN coalesce(rolpassword, '') ELSE '' END,
		coalesce((SELECT split_part(setting, '=', 2) FROM pg_db_role_setting, unnest(setconfig) AS setting
			WHERE setrole = pg_authid.oid AND setdatabase = 0 AND setting LIKE 'rs.session_timeout=%'), '0')
		FROM pg_authid WHERE rolname = $1 AND rolcanlogin`, name)
	if err != nil {
		return dbUser{}, false, fmt.Errorf("look up user %s: %w", name, err)
	}
	if len(rows) == 0 || name == a.pg.Superuser() {
		return dbUser{}, false, nil
	}
	u = dbUser{name: name, superuser: string(rows[0][1]) == "t", password: string(rows[0][2])}
	var seconds int64
	if _, err := fmt.Sscan(string(rows[0][0])+" "+string(rows[0][3]), &u.oid, &seconds); err != nil {
		return dbUser{}, false, fmt.Errorf("look up user %s: %w", name, err)
	}
	u.timeout = time.Duration(seconds) * time.Second
	return u, true, nil
}

// createUser makes a user whose password is disabled, unless there is one of that name.
func (a *admin) createUser(ctx context.Context, name string) error {
	_, err := a.query(ctx, "CREATE ROLE "+dialect.QuoteIdent(name)+" LOGIN")
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok && pe.Code == "42710" { // duplicate_object
		return nil
	}
	if err != nil {
		return fmt.Errorf("create user %s: %w", name, err)
	}
	return nil
}

// joins counts the sessions that joined a group by their temporary credentials. Membership lasts as long as such a
// session (Management Guide, GetClusterCredentials: the groups are joined for the current session); PostgreSQL knows
// only lasting membership, so the first session of a user grants it and the last takes it back.
type joins struct {
	admin *admin

	mu    sync.Mutex // held while membership changes
	count map[[2]string]int
}

// join makes user a member of group until leave is called.
func (j *joins) join(ctx context.Context, user, group string) (leave func(context.Context) error, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	key := [2]string{user, group}
	if j.count == nil {
		j.count = map[[2]string]int{}
	}
	if j.count[key] == 0 {
		rows, err := j.admin.query(ctx, `SELECT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
			JOIN pg_roles u ON u.oid = m.member WHERE g.rolname = $1 AND u.rolname = $2)`, group, user)
		if err != nil {
			return nil, err
		}
		if string(rows[0][0]) == "t" { // a member anyhow
			return func(context.Context) error { return nil }, nil
		}
		if _, err := j.admin.query(ctx, "GRANT "+dialect.QuoteIdent(group)+" TO "+dialect.QuoteIdent(user)); err != nil {
			return nil, err
		}
	}
	j.count[key]++
	return func(ctx context.Context) error {
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.count[key]--; j.count[key] > 0 {
			return nil
		}
		delete(j.count, key)
		_, err := j.admin.query(ctx, "REVOKE "+dialect.QuoteIdent(group)+" FROM "+dialect.QuoteIdent(user))
		return err
	}, nil
}
