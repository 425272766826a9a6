package transfer

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/local/transfer/envelope"
)

const masterKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// The statements of the AWS Unload/Copy utility, there and back, when client-side encryption is brought back.
//
//standin:imitates UNLOAD: MASTER_SYMMETRIC_KEY, when brought back by a switch | DG t_unloading_encrypted_files
//standin:imitates COPY: MASTER_SYMMETRIC_KEY ENCRYPTED, when brought back by a switch | DG c_loading-encrypted-files
func TestClientSideEncryption(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.ClientSide = true
	s.sql("CREATE TABLE t AS SELECT i, CASE WHEN i % 3 > 0 THEN repeat(md5(i::text), 40) END AS x FROM generate_series(1, 30000) i; CREATE TABLE u (LIKE t)")
	const with = "'aws_iam_role=arn:aws:iam::111111111111:role/r;master_symmetric_key=" + masterKey + "'"
	for _, compression := range []string{"gzip", ""} {
		s.store.clear()
		s.must("unload ('select * from t') to 's3://b/x/' credentials " + with + " manifest encrypted " + compression + " null as 'NULL_STRING__' delimiter '^' addquotes escape allowoverwrite")
		for _, key := range s.store.keys() {
			o := s.store.objects["b/"+key]
			if o.enc != (Encryption{}) {
				t.Errorf("%s asks for %+v besides", key, o.enc)
			}
			_, told := o.meta["x-amz-unencrypted-content-length"]
			if !envelope.Sealed(o.meta) || o.meta["x-amz-matdesc"] != "{}" || len(o.data)%16 != 0 || told != (len(o.data) <= heldBack) {
				t.Errorf("%s: %d bytes, metadata %v", key, len(o.data), o.meta)
			}
			if strings.Contains(string(o.data), "entries") || strings.Contains(string(o.data), "NULL_STRING__") {
				t.Errorf("%s lies in clear", key)
			}
		}
		if compression == "" && len(s.store.objects["b/x/0000_part_00"].data) <= heldBack {
			t.Error("no object is large enough to be begun before its length is known")
		}
		s.sql("TRUNCATE u")
		s.must("copy u from 's3://b/x/manifest' credentials " + with + " manifest encrypted " + compression + " null as 'NULL_STRING__' dateformat 'auto' timeformat 'auto' delimiter '^' removequotes escape compupdate off")
		if got := s.query("(SELECT * FROM t EXCEPT ALL SELECT * FROM u) UNION ALL (SELECT * FROM u EXCEPT ALL SELECT * FROM t)"); len(got) > 0 {
			t.Errorf("%d rows differ", len(got))
		}
	}
	// The manifest's lengths are those of the objects. Without encryption it can be read as well.
	var m manifest
	plain, err := unsealManifest(s)
	if err == nil {
		err = json.Unmarshal([]byte(plain), &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range m.Entries {
		if got := int64(len(s.store.get(t, e.URL))); *e.Meta.ContentLength != got {
			t.Errorf("%s: %d, is %d", e.URL, *e.Meta.ContentLength, got)
		}
	}
	s.store.put("s3://b/clear", plain)
	s.sql("TRUNCATE u")
	const load = "null as 'NULL_STRING__' delimiter '^' removequotes escape"
	if r := s.must("copy u from 's3://b/clear' manifest encrypted credentials " + with + load); r.Rows != 30000 {
		t.Error(r)
	}

	// What does not fit together.
	s.store.put("s3://b/plain", "1^x\n")
	other := strings.ReplaceAll(with, masterKey, "AAAA"+masterKey[4:])
	for _, tt := range []struct{ sql, message string }{
		{"copy u from 's3://b/plain' encrypted credentials " + with + load, "not client-side encrypted"},
		{"copy u from 's3://b/x/0000' encrypted credentials " + other + load, "another master symmetric key"},
		{"copy u from 's3://b/x/manifest' manifest encrypted credentials " + other + load, "another master symmetric key"},
		{"copy u from 's3://b/x/manifest' manifest " + role + load, "invalid JSON"},
		{"copy u from 's3://b/x/0000' " + role + load, "stl_load_errors"},
	} {
		if e := s.refused(tt.sql); !strings.Contains(e.Message+e.Detail, tt.message) {
			t.Errorf("%s:\ngot %s\nwant %s", tt.sql, e.Message, tt.message)
		}
	}
	// Failures of S3 come up wherever the object is begun.
	for _, op := range []string{"create", "write", "commit"} {
		s.store.fail = func(is, _, _ string) error {
			if is == op {
				return &StoreError{Code: "SlowDown", Status: 503}
			}
			return nil
		}
		e := s.refused("unload ('select * from t') to 's3://b/f" + op + "' encrypted credentials " + with)
		if !strings.Contains(e.Message, "SlowDown") || s.store.open != 0 {
			t.Errorf("%s: %s, %d open", op, e.Message, s.store.open)
		}
	}
}

func unsealManifest(s *session) (string, error) {
	k, err := envelope.ParseMasterKey(masterKey)
	if err != nil {
		return "", err
	}
	o := s.store.objects["b/x/manifest"]
	r, err := k.NewReader(strings.NewReader(string(o.data)), o.meta)
	if err != nil {
		return "", err
	}
	return readAll(s.tb, r), nil
}

// Without the switch every form is answered as ended, before anything is run or asked of S3.
//
//standin:differs UNLOAD: client-side encryption | refused as ended with SQLSTATE 0A000 unless a switch brings it back; the real wording is not known | DG r_UNLOAD
//standin:differs COPY: client-side encryption | refused as ended with SQLSTATE 0A000 unless a switch brings it back; the real wording is not known | DG r_COPY
func TestClientSideEncryptionHasEnded(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a int)")
	const credentials = "credentials 'aws_iam_role=arn:aws:iam::111111111111:role/r;master_symmetric_key=" + masterKey + "'"
	var codes []string
	for _, sql := range []string{
		"unload ('select 1') to 's3://b/x' encrypted master_symmetric_key '" + masterKey + "'" + role,
		"unload ('select 1') to 's3://b/x' encrypted " + credentials,
		"unload ('select 1') to 's3://b/x' encrypted " + role,
		"copy t from 's3://b/x' encrypted master_symmetric_key '" + masterKey + "'" + role,
		"copy t from 's3://b/x' encrypted " + credentials,
		"copy t from 's3://b/x' encrypted " + role,
	} {
		e := s.refused(sql)
		codes = append(codes, e.Code)
		if !strings.Contains(e.Message, "ended on 2026-04-30") || strings.Contains(e.Message+e.Hint+e.Detail, masterKey) {
			t.Error(e)
		}
	}
	if diff := cmp.Diff(strings.Fields(strings.Repeat("0A000 ", 6)), codes); diff != "" {
		t.Error(diff)
	}
	if len(s.access.asked) > 0 {
		t.Error("S3 was asked", s.access.asked)
	}
}
