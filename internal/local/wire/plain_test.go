package wire

import (
	"bufio"
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sealift/sealift/internal/local/dialect"
)

func TestShapes(t *testing.T) {
	t.Parallel()
	var h shapes
	learn := func(text string) {
		st := dialect.Split(text)[0]
		h.learn(text, st, dialect.Translate(st, dialect.Env{}))
	}
	for _, text := range []string{"select a from t where a = 17;", "select b from t where b = '17'", "select top 5 c from t where c=1", "select d, stl_query.query from stl_query where d = 5"} {
		learn(text)
	}
	for text, want := range map[string]bool{
		"select a from t where a = 18;":                           true,
		"select a from t where a = 123456789012345678;":           true,
		"select a from t where a = 18":                            false,
		"select a from t where a = 1.8;":                          false,
		"select a from t where a = 18x;":                          false,
		"select a from t where a = -1;":                           false,
		"SELECT a from t where a = 18;":                           false,
		"select a from t where a = 18; drop table t":              false,
		"select b from t where b = '17'":                          true,
		"select b from t where b = '18'":                          false,
		"select top 5 c from t where c=1":                         false, // translated
		"select d, stl_query.query from stl_query where d = 5":    false, // the history must be written first
		"select a from t where a = 1" + strings.Repeat("0", 2000): false,
		"select a from t where a = 1/**/;":                        false,
		"select a from t where a = 1--;\n;":                       false,
		"select a from t where a = 1$1;":                          false,
		"select a from t where a =\t\n1;":                         false,
	} {
		if _, ok := h.find([]byte(text)); ok != want {
			t.Errorf("%s: %v", text, ok)
		}
	}
	for n := range 10 * maxShapes {
		learn(fmt.Sprintf("select %d from t", n))
	}
	if len(h.tails) > maxShapes {
		t.Errorf("%d shapes are kept", len(h.tails))
	}
}

// What a session has learned to pass on is answered, kept in the history and found in errors as if it had not.
func TestPlain(t *testing.T) {
	t.Parallel()
	s := start(t, nil, `create table plain_t (n int, "N" int)`)
	_, f := s.talk(t)
	for _, tt := range []struct{ sql, want string }{
		{"select 1 as a where 1 = 1 ; ", "columns a:23\nrow 1\nSELECT 1\nI"},
		{"select 1 as a where 1 = 2 ; ", "columns a:23\nSELECT 0\nI"},
		{"select n, n / 0 from plain_t where n = 5", "columns n:23 ?column?:23\nSELECT 0\nI"},
		{"insert into plain_t values (6, 7)", "INSERT 0 1\nI"},
		{"select n, n / 0 from plain_t where n = 6", "columns n:23 ?column?:23\nERROR 22012 division by zero\nI"},
		{"select count(*) from plain_t where n = 6", "columns count:20\nrow 1\nSELECT 1\nI"},
		{"begin", "BEGIN\nT"},
		{"select count(*) from plain_t where n = 7", "columns count:20\nrow 0\nSELECT 1\nT"},
		{"rollback", "ROLLBACK\nI"},
		{`select "N" from plain_t`, "columns n:23\nrow 6\nSELECT 1\nI"},
		{"set enable_case_sensitive_identifier to true", "SET\nI"},
		{`select "N" from plain_t`, "columns N:23\nrow 7\nSELECT 1\nI"},
		{`select "N" from plain_t`, "columns N:23\nrow 7\nSELECT 1\nI"},
		{"reset enable_case_sensitive_identifier", "RESET\nI"},
		{`select "N" from plain_t`, "columns n:23\nrow 6\nSELECT 1\nI"},
	} {
		if diff := cmp.Diff(tt.want, answers(t, f, &pgproto3.Query{String: tt.sql})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.sql, diff)
		}
	}
	var kept []string
	s.history.mu.Lock()
	for _, q := range s.history.kept[:5] {
		kept = append(kept, fmt.Sprintf("%d %s %q %d %s", q.ID, q.Verb, q.Text, q.Rows, q.ErrorCode))
	}
	s.history.mu.Unlock()
	want := []string{
		`1001 SELECT "select 1 as a where 1 = 1" 1 `, `1002 SELECT "select 1 as a where 1 = 2" 0 `,
		`1003 SELECT "select n, n / 0 from plain_t where n = 5" 0 `, `1004 INSERT "insert into plain_t values (6, 7)" 1 `,
		`1005 SELECT "select n, n / 0 from plain_t where n = 6" 0 22012`,
	}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("history (-want +got)\n%s", diff)
	}
}

// FuzzShape: what has the shape of a text that needs no translation needs none either.
func FuzzShape(f *testing.F) {
	for _, s := range []string{
		"select a from t where a = 17;", "select x::varchar(70000) from t where a=1", "select cast(a as decimal(40, 3)) where 1 = 1",
		"select top 5 a", "select a from t where 1 and b = 2 limit 7", "select dateadd(day, 1, a) from t where a > 5 and b<=6 or c<>8 -- 9", "select '5' where a = 5",
	} {
		f.Add(s, uint32(12))
	}
	f.Fuzz(func(t *testing.T, text string, number uint32) {
		statements := dialect.Split(text)
		if len(statements) != 1 {
			return
		}
		var h shapes
		h.learn(text, statements[0], dialect.Translate(statements[0], dialect.Env{}))
		var other strings.Builder // with another number in place of each
		for i := 0; i < len(text); i++ {
			if text[i] < '0' || text[i] > '9' {
				other.WriteByte(text[i])
			} else if i == 0 || text[i-1] < '0' || text[i-1] > '9' {
				fmt.Fprint(&other, number)
			}
		}
		tail, ok := h.find([]byte(other.String()))
		if !ok {
			return
		}
		same := dialect.Split(other.String())
		if len(same) != 1 || same[0].Text != other.String()[:other.Len()-tail] || !untouched(same[0], dialect.Translate(same[0], dialect.Env{})) {
			t.Errorf("%q is taken for one like %q", other.String(), text)
		}
	})
}

// FuzzReceive reads what a client may send and compares it with what the driver's own decoder makes of it.
func FuzzReceive(f *testing.F) {
	var all []byte
	for _, m := range []pgproto3.FrontendMessage{
		&pgproto3.Query{String: "select 1"}, &pgproto3.Parse{Name: "a", Query: "b", ParameterOIDs: []uint32{705}},
		&pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "a", ParameterFormatCodes: []int16{1}, Parameters: [][]byte{nil, []byte("x")}, ResultFormatCodes: []int16{0, 1}},
		&pgproto3.Describe{ObjectType: 'S', Name: "a"}, &pgproto3.Execute{Portal: "p", MaxRows: 3}, &pgproto3.Close{ObjectType: 'P'}, &pgproto3.Flush{},
		&pgproto3.Sync{}, &pgproto3.CopyData{Data: []byte("x")}, &pgproto3.CopyDone{}, &pgproto3.CopyFail{Message: "m"}, &pgproto3.Terminate{},
	} {
		b, err := m.Encode(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		all = append(all, b...)
	}
	f.Add(all)
	f.Add([]byte("Q\xff\xff\xff\xff"))
	f.Add([]byte("Q\x00\x00\x00\x03"))
	f.Fuzz(func(t *testing.T, said []byte) {
		const most = 1 << 10
		c := &client{r: bufio.NewReaderSize(bytes.NewReader(said), 64), most: most}
		theirs := pgproto3.NewBackend(bytes.NewReader(said), nil)
		theirs.SetMaxBodyLen(most)
		for {
			kind, body, err := c.receive()
			var got pgproto3.FrontendMessage
			if err == nil {
				got, err = decode(kind, body)
			}
			want, wantErr := theirs.Receive()
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%v, theirs says %v", err, wantErr)
			}
			if err != nil {
				return
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%#v, theirs is %#v", got, want)
			}
		}
	})
}
