package redshift_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
)

func TestServerErrors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err                     redshift.ServerError
		text                    string
		retry, permission, load bool
		hint                    string // in it; "" for none
	}{
		"1023": {
			err:  redshift.ServerError{Code: "XX000", Message: "1023", Detail: "Serializable isolation violation on table in Redshift"},
			text: "1023: Serializable isolation violation on table in Redshift", retry: true, hint: "try again",
		},
		"syntax of a value": {
			err:  redshift.ServerError{Code: "22P02", Message: `invalid input syntax for integer: "sec"ret"`},
			text: "invalid input syntax for integer: (redacted) (SQLSTATE 22P02)", hint: "correct the expression",
		},
		"range of a value": {
			err:  redshift.ServerError{Code: "22003", Message: `value "12345678901" is out of range for type integer`},
			text: "value (redacted) is out of range for type integer (SQLSTATE 22003)", hint: "correct the expression",
		},
		"value of a statement that was described": {
			err:  redshift.ServerError{Code: "22P02", Message: `invalid input syntax for integer: "mine"`, Described: true},
			text: `invalid input syntax for integer: "mine" (SQLSTATE 22P02)`, hint: "correct the expression",
		},
		"digit": {
			err:  redshift.ServerError{Code: "XX000", Message: "Invalid digit, Value 's', Pos 0, Type: Integer", Detail: "-----\n  error:  Invalid digit, Value 's', Pos 0, Type: Integer\n  code:      1207\n  context:   secret"},
			text: "Invalid digit, Value redacted, Pos 0, Type: Integer",
		},
		"encoding": {
			err:  redshift.ServerError{Code: "22021", Message: `invalid byte sequence for encoding "UTF8"`},
			text: `invalid byte sequence for encoding "UTF8" (SQLSTATE 22021)`,
		},
		"1018":     {err: redshift.ServerError{Code: "XX000", Message: "1018", Detail: "Relation does not exist"}, text: "1018: Relation does not exist", retry: true},
		"deadlock": {err: redshift.ServerError{Code: "40P01", Message: "deadlock detected"}, text: "deadlock detected (SQLSTATE 40P01)", retry: true},
		"snapshot": {err: redshift.ServerError{Code: "40001", Message: "could not serialize access due to concurrent update"}, text: "could not serialize access due to concurrent update (SQLSTATE 40001)", retry: true},
		"permission": {
			err:  redshift.ServerError{Code: "42501", Message: "permission denied for relation orders"},
			text: "permission denied for relation orders (SQLSTATE 42501)", permission: true, hint: "grant the user",
		},
		"schema permission": {
			err:  redshift.ServerError{Code: "42501", Message: "permission denied for schema sales"},
			text: "permission denied for schema sales (SQLSTATE 42501)", permission: true, hint: "usage (and create",
		},
		"password": {
			err:  redshift.ServerError{Severity: "FATAL", Code: "28P01", Message: `password authentication failed for user "etl"`},
			text: `password authentication failed for user "etl" (SQLSTATE 28P01)`, hint: "password_from",
		},
		"role": {
			err: redshift.ServerError{
				Code:    "XX000",
				Message: "User arn:aws:redshift:eu-west-1:1:dbuser:c/u is not authorized to assume IAM Role arn:aws:iam::1:role/r",
				Detail:  "\n  -----------------------------------------------\n  error:  User arn:aws:redshift:eu-west-1:1:dbuser:c/u is not authorized to assume IAM Role arn:aws:iam::1:role/r\n  code:      8001\n",
			},
			text: "is not authorized to assume IAM Role", hint: "trust policy",
		},
		"access": {
			err:  redshift.ServerError{Code: "XX000", Message: "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid X,ExtRid Y,CanRetry 1"},
			text: "S3ServiceException:Access Denied", hint: "s3:PutObject",
		},
		"access to key": {
			err:  redshift.ServerError{Code: "XX000", Message: "S3ServiceException:User is not authorized to perform: kms:Decrypt; Access Denied,Status 403,Error AccessDenied"},
			text: "kms:Decrypt", hint: "kms:GenerateDataKey and kms:Decrypt",
		},
		"key disabled": {
			err:  redshift.ServerError{Code: "XX000", Message: "S3ServiceException:arn:aws:kms:eu-west-1:1:key/x is disabled.,Status 400,Error KMS.DisabledException"},
			text: "is disabled", hint: "enable the KMS key",
		},
		"region": {
			err:  redshift.ServerError{Code: "XX000", Message: "S3ServiceException:The bucket you are attempting to access must be addressed using the specified endpoint.,Status 301,Error PermanentRedirect"},
			text: "PermanentRedirect", hint: "stage.region",
		},
		"disk full": {err: redshift.ServerError{Code: "53100", Message: "Disk Full", Detail: "node: 1 error: x"}, text: "Disk Full (SQLSTATE 53100)", hint: "disks are full"},
		"dependents": {
			err:  redshift.ServerError{Code: "2BP01", Message: "cannot drop table t because other objects depend on it"},
			text: "cannot drop table t", hint: "mode replace",
		},
		"load": {
			err:  redshift.ServerError{Code: "XX000", Message: "Load into table 't' failed.  Check 'stl_load_errors' system table for details."},
			text: "Load into table", load: true,
		},
		"load on a workgroup": {
			err:  redshift.ServerError{Code: "XX000", Message: "Load into table 't' failed.  Check 'sys_load_error_detail' system table for details."},
			text: "Load into table", load: true,
		},
		"scan": {
			err:  redshift.ServerError{Code: "XX000", Message: "Spectrum Scan Error", Detail: "\n  ----\n  error:  Spectrum Scan Error\n  code:      15007\n  context:   File 'x' has an incompatible schema\n"},
			text: "Spectrum Scan Error: File 'x' has an incompatible schema",
		},
		"syntax": {err: redshift.ServerError{Code: "42601", Message: `syntax error at or near "x"`}, text: "syntax error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := fmt.Errorf("copy public.orders: %w", &tc.err)
			if !strings.Contains(err.Error(), tc.text) {
				t.Errorf("text %q, want %q in it", err, tc.text)
			}
			if n := strings.Count(err.Error(), tc.text); n > 1 {
				t.Errorf("text %q says the same %d times", err, n)
			}
			if got := redshift.Retryable(err); got != tc.retry {
				t.Errorf("retryable: %v", got)
			}
			if got := redshift.IsPermission(err); got != tc.permission {
				t.Errorf("permission: %v", got)
			}
			if got := redshift.IsLoadError(err); got != tc.load {
				t.Errorf("load error: %v", got)
			}
			hint := redshift.HintFor(err)
			if (hint == "") != (tc.hint == "") || !strings.Contains(hint, tc.hint) || strings.Contains(hint, "\n") {
				t.Errorf("hint %q, want %q in it", hint, tc.hint)
			}
		})
	}
	other := errors.New("1023 permission denied stl_load_errors")
	if redshift.Retryable(other) || redshift.IsPermission(other) || redshift.IsLoadError(other) || redshift.HintFor(other) != "" {
		t.Error("an error that is not the server's was classified")
	}
}

// row makes the row of an answer; "NULL" is NULL.
func row(values ...string) []*string {
	out := make([]*string, len(values))
	for i, v := range values {
		if v != "NULL" {
			out[i] = &v
		}
	}
	return out
}

func TestParseLoadError(t *testing.T) {
	t.Parallel()
	got, err := redshift.ParseLoadError(row("s3://b/0002_part_00.zst   ", "18213", "city  ", "varchar   ", "20        ", "1204", "String length exceeds DDL length  ", "99133"))
	if err != nil {
		t.Fatal(err)
	}
	want := redshift.LoadError{
		File: "s3://b/0002_part_00.zst", Line: 18213, Column: "city", Type: "varchar", Length: "20", Code: 1204,
		Reason: "String length exceeds DDL length", Query: 99133,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := got.String(); s != "column city VARCHAR(20): String length exceeds DDL length" {
		t.Error(s)
	}
	if h := got.Hint(); !strings.Contains(h, "wider") {
		t.Error(h)
	}
	got, err = redshift.ParseLoadError(row("NULL", "NULL", "NULL", "NULL", "NULL", "9999", "NULL", "NULL"))
	if err != nil || got.String() != "load error 9999" || !strings.Contains(got.Hint(), "9999") {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range [][]*string{nil, row("a"), row("f", "x", "c", "t", "1", "1204", "r", "1"), row("f", "1", "c", "t", "1", "", "r", "1")} {
		if got, err := redshift.ParseLoadError(bad); err == nil {
			t.Errorf("taken: %+v", got)
		}
	}
}
