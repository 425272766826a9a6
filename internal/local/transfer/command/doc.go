// Package command reads the text of Redshift's COPY and UNLOAD: every option of the manual's grammar, in any order,
// and every pair of options that exclude each other.
//
// It is pure: it sees tokens and answers values or an error with a SQLSTATE. It knows nothing of S3, of PostgreSQL or
// of whether the table exists. Start from ParseCopy, ParseUnload and Redact.
package command

import "github.com/sealift/sealift/internal/local/dialect"

// Mode is what a statement's text does not say of how it is to be read.
type Mode struct {
	CaseSensitive bool // enable_case_sensitive_identifier is on
	ClientSide    bool // client-side encryption is as it was before 2026-04-30
}

// SQLSTATEs that reading a statement can answer with.
const (
	codeSyntax       = "42601"
	codeNotSupported = "0A000"
	codeInvalid      = "22023" // invalid parameter value
)

func failf(code, message string) *dialect.Error { return &dialect.Error{Code: code, Message: message} }

// refused is the answer to what Redshift has and the stand-in does not imitate.
func refused(what string) *dialect.Error {
	return &dialect.Error{Code: codeNotSupported, Message: what + " is not imitated by the stand-in", Hint: "see docs/standin.md"}
}

// ended is the answer to client-side encryption, which AWS switched off in COPY and UNLOAD on 2026-04-30 (Redshift
// manual, r_UNLOAD and r_COPY, banner).
func ended(what string) *dialect.Error {
	return &dialect.Error{
		Code:    codeNotSupported,
		Message: what + " is no longer supported: client-side encryption in COPY and UNLOAD ended on 2026-04-30",
		Hint: "use server-side encryption: KMS_KEY_ID 'key' ENCRYPTED in UNLOAD, and nothing in COPY; " +
			"sealift local up --legacy-encryption brings the old forms back",
	}
}
