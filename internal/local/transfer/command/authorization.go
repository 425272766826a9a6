package command

import (
	"strings"

	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/transfer/envelope"
)

// Authorization is who COPY and UNLOAD act as towards AWS: a chain of roles, or access keys.
type Authorization struct {
	// Roles is the chain of role ARNs; empty without keys it is the warehouse's default role.
	Roles []string

	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
}

// ByKeys tells whether the statement brought access keys instead of a role.
func (a Authorization) ByKeys() bool { return a.AccessKeyID != "" }

// Redshift's own words for a CREDENTIALS string that it cannot read (DG copy-parameters-authorization).
const badCredentials = "Invalid credentials. Must be of the format: credentials 'aws_access_key_id=<access-key-id>;" +
	"aws_secret_access_key=<secret-access-key>[;token=<temporary-session-token>]'"

// authorization gathers the clauses that say who a statement acts as. They may stand among the other options.
type authorization struct {
	Authorization
	mode          Mode
	master        *envelope.MasterKey
	byRole        bool
	byKeys        bool // ACCESS_KEY_ID ... SECRET_ACCESS_KEY ...
	byCredentials bool
}

// clause takes one clause of authorization if one comes next.
func (a *authorization) clause(c *cursor) (bool, *dialect.Error) {
	switch {
	case c.word("IAM_ROLE"):
		if a.byRole {
			return true, redundant()
		}
		a.byRole = true
		c.word("AS")
		if c.word("DEFAULT") {
			return true, nil
		}
		arns, _, err := c.literal()
		if err != nil {
			return true, err
		}
		a.Roles, err = roleChain(arns)
		return true, err
	case c.word("ACCESS_KEY_ID"):
		a.byKeys = true
		return true, a.key(c, &a.AccessKeyID)
	case c.word("SECRET_ACCESS_KEY"):
		a.byKeys = true
		return true, a.key(c, &a.SecretAccessKey)
	case c.word("SESSION_TOKEN"), c.word("TOKEN"):
		a.byKeys = true
		return true, a.key(c, &a.SessionToken)
	case isWord(c.peek(), "CREDENTIALS"), isWord(c.peek(), "WITH") && isWord(c.at(1), "CREDENTIALS"):
		c.word("WITH")
		c.word("CREDENTIALS")
		if a.byCredentials {
			return true, redundant()
		}
		a.byCredentials = true
		args, err := c.asLiteral()
		if err != nil {
			return true, err
		}
		return true, a.credentials(args)
	}
	return false, nil
}

func (a *authorization) key(c *cursor, to *string) *dialect.Error {
	if *to != "" {
		return redundant()
	}
	value, err := c.asLiteral()
	if err != nil {
		return err
	}
	if value == "" {
		return failf(codeInvalid, badCredentials)
	}
	*to = value
	return nil
}

// credentials reads the string of CREDENTIALS: case-sensitive, without blanks.
func (a *authorization) credentials(args string) *dialect.Error {
	for part := range strings.SplitSeq(strings.TrimSuffix(args, ";"), ";") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || value == "" || strings.ContainsAny(value, " \t\r\n") {
			return failf(codeInvalid, badCredentials)
		}
		switch name {
		case "aws_iam_role":
			roles, err := roleChain(value)
			if err != nil {
				return err
			}
			a.Roles = roles
		case "aws_access_key_id":
			a.AccessKeyID = value
		case "aws_secret_access_key":
			a.SecretAccessKey = value
		case "token":
			a.SessionToken = value
		case "master_symmetric_key":
			if err := a.masterKey("master_symmetric_key", value); err != nil {
				return err
			}
		default:
			return failf(codeInvalid, badCredentials)
		}
	}
	if (len(a.Roles) > 0) == a.ByKeys() || a.ByKeys() != (a.SecretAccessKey != "") || (a.SessionToken != "" && !a.ByKeys()) {
		return failf(codeInvalid, badCredentials)
	}
	return nil
}

// masterKey takes the key of client-side encryption.
func (a *authorization) masterKey(option, value string) *dialect.Error {
	if !a.mode.ClientSide {
		return ended(option)
	}
	if a.master != nil {
		return redundant()
	}
	var err error
	if a.master, err = envelope.ParseMasterKey(value); err != nil {
		return failf(codeInvalid, "Invalid "+option+": "+err.Error())
	}
	return nil
}

// check answers whether exactly one way of authorization was given, and given whole.
func (a *authorization) check() *dialect.Error {
	ways := 0
	for _, given := range []bool{a.byRole, a.byKeys, a.byCredentials} {
		if given {
			ways++
		}
	}
	switch {
	case ways == 0:
		return failf(codeSyntax, "CREDENTIALS argument is required but not supplied")
	case ways > 1:
		return failf(codeSyntax, "only one of IAM_ROLE, ACCESS_KEY_ID/SECRET_ACCESS_KEY and CREDENTIALS can be given")
	case a.byKeys && (a.AccessKeyID == "" || a.SecretAccessKey == ""):
		return failf(codeSyntax, "ACCESS_KEY_ID and SECRET_ACCESS_KEY must be given together")
	}
	return nil
}

// roleChain reads one role ARN, or several with commas and no blanks between them (MG authorizing-redshift-service).
func roleChain(text string) ([]string, *dialect.Error) {
	roles := strings.Split(text, ",")
	for _, r := range roles {
		if !isRoleARN(r) {
			return nil, failf(codeInvalid, "Invalid IAM role \""+r+"\": a role is named by its ARN, several with commas and no blanks between them")
		}
	}
	return roles, nil
}

func isRoleARN(s string) bool {
	parts := strings.SplitN(s, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || parts[3] != "" || len(parts[4]) != 12 {
		return false
	}
	if p := parts[1]; p != "aws" && p != "aws-cn" && p != "aws-us-gov" {
		return false
	}
	if strings.Trim(parts[4], "0123456789") != "" || strings.ContainsAny(s, " \t\r\n") {
		return false
	}
	name, ok := strings.CutPrefix(parts[5], "role/")
	return ok && name != ""
}

func redundant() *dialect.Error { return failf(codeSyntax, "conflicting or redundant options") }
